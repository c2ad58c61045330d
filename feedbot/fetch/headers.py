"""What an answer's status and headers say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

#: A server that asks for more is mistaken or hostile; one poll a week costs it nothing.
MAX_RETRY_AFTER = timedelta(days=7)


def retry_after(value: str, now: datetime) -> datetime | None:
    """The moment a Retry-After header (RFC 9110 section 10.2.3) names, in UTC, a week off at most.

    None where it names none to come.
    """
    value = value.strip()
    latest = now + MAX_RETRY_AFTER
    if value.isdecimal():
        seconds = min(float(value), MAX_RETRY_AFTER.total_seconds())
        moment = now + timedelta(seconds=seconds)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        # An HTTP date is in GMT; of its three forms, asctime's does not say so.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(moment, latest) if moment > now else None


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """For how long an answer says that it stays fresh, less its Age (RFC 9111 sections 4.2, 5.2.2).

    None where it says nothing, or that it is to be asked for again each time.
    """
    said = {}
    for directive in headers.get("Cache-Control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        said[name] = value.strip('"')
    fresh = said.get("max-age", "")
    if not fresh.isdecimal() or "no-cache" in said or "no-store" in said:
        return None
    age = headers.get("Age", "")
    left = min(int(fresh[:10]), 10**9) - (int(age[:10]) if age.isdecimal() else 0)
    return timedelta(seconds=left) if left > 0 else None


def status_text(status: int) -> str:
    """A status with the standard's words; the server's own could say anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
