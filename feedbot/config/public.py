"""What the public pages show beside entries: their name, clocks, contact lines."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, model_validator

from feedbot.config.addresses import HttpUrl
from feedbot.config.amounts import Zone
from feedbot.config.sections import Section
from feedbot.config.texts import FilePath, Text
from feedbot.config.wording import WrongValueError, quoted

_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{2,30}")
_EMAIL = re.compile(r"[^@\s<>\"?&%]+@[^@\s<>\"?&%]+")


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise WrongValueError(
            f"{quoted(text)} is not a telephone number", 'write e.g. "+44 (0) 20 7946 0000"'
        )
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise WrongValueError(
            f"{quoted(text)} is not an address of mail", 'write e.g. "info@example.org"'
        )
    return text


Phone = Annotated[str, AfterValidator(_phone)]
Email = Annotated[str, AfterValidator(_email)]


class SiteClock(Section):
    """A clock at the top of the front page."""

    name: Text = Field(description="The city, as readers see it.")
    timezone: Zone = Field(description="Its time zone (IANA).")


class Contact(Section):
    """A way to reach those whose page it is."""

    label: Text | None = Field(default=None, description="What it is for.")
    phone: Phone | None = Field(default=None, description="A telephone number.")
    email: Email | None = Field(default=None, description="An address of mail.")
    url: HttpUrl | None = Field(default=None, description="A page.")

    @model_validator(mode="after")
    def _says_something(self) -> Contact:
        if not any((self.label, self.phone, self.email, self.url)):
            raise WrongValueError("says nothing", "give it a label, phone, email or url")
        return self


class Site(Section):
    """The public pages: what is watched, for readers."""

    public: bool = Field(
        default=True, description="Whether there are any; false: feeds and /healthz alone."
    )
    title: Text = Field(default="feedbot", description="The name of the site.")
    description: Text | None = Field(default=None, description="One sentence on what it is.")
    logo: FilePath | None = Field(
        default=None, description="A picture file beside the title: svg, png, webp, gif or jpg."
    )
    css: FilePath | None = Field(
        default=None, description="A file of CSS that is added to feedbot's own."
    )
    sources: Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, description="Names of the sources that are shown; left out: all."
    )
    lead: str | None = Field(
        default=None,
        description="The source whose newest entry is the leading article, under the source's"
        " title; left out: the newest entry of all that has a text.",
    )
    clocks: Annotated[tuple[SiteClock, ...], Strict(False)] = Field(
        default=(), description="Clocks at the top of the front page."
    )
    contacts: Annotated[tuple[Contact, ...], Strict(False)] = Field(
        default=(), description="Contact lines at the top of every page."
    )
