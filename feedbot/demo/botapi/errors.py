"""The Bot API's own words for what it refuses.

https://core.telegram.org/bots/api#making-requests: `ok`, `error_code`, `description` and, where
waiting or another chat would help, `parameters` (ResponseParameters).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A refused call: HTTP status, description, and ResponseParameters."""

    def __init__(
        self, error_code: int, description: str, parameters: Mapping[str, Any] | None = None
    ) -> None:
        self.error_code = error_code
        self.description = description
        self.parameters = dict(parameters or {})
        super().__init__(description)

    def answer(self) -> dict[str, Any]:
        """The body that goes over the wire."""
        body = {"ok": False, "error_code": self.error_code, "description": self.description}
        return {**body, "parameters": self.parameters} if self.parameters else body


def bad_request(why: str) -> ApiError:
    """400 with a reason."""
    return ApiError(400, f"Bad Request: {why}")


def forbidden(why: str) -> ApiError:
    """403 with a reason."""
    return ApiError(403, f"Forbidden: {why}")


def too_many_requests(retry_after: int) -> ApiError:
    """429; retry_after in whole seconds."""
    why = f"Too Many Requests: retry after {retry_after}"
    return ApiError(429, why, {"retry_after": retry_after})


def migrated(to: int) -> ApiError:
    """400 of a basic group that became the supergroup `to`."""
    why = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, why, {"migrate_to_chat_id": to})
