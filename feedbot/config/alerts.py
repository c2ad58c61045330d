"""The section of the configuration that says how the operator is told that something is wrong."""

from __future__ import annotations

from pydantic import Field

from feedbot.config.addresses import SecretUrl
from feedbot.config.amounts import TimeOfDay
from feedbot.config.sections import Section


class Alerts(Section):
    """Roads to the operator beside telegram.admin_chat."""

    url: SecretUrl | None = Field(
        default=None,
        description="A webhook: gets a POST with JSON when something goes wrong, and when it ends.",
    )
    ping: SecretUrl | None = Field(
        default=None,
        description="A URL fetched every minute while feedbot itself is well: a dead-man's switch.",
    )
    daily: TimeOfDay | None = Field(
        default=None,
        description="When the admin chat gets the day's summary, without a sound; left out: never.",
    )
