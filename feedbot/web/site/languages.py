"""The languages of the pages: their words by gettext, their dates and numbers by Babel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from feedbot.render.language import locale

_WEB = Path(__file__).parent.parent
#: The names of the languages there are, in themselves.
LANGUAGES = {"en": "English", "ru": "Русский"}


@dataclass(frozen=True, eq=False)
class Language:
    """One of them, with the templates in its words."""

    code: str
    words: NullTranslations
    templates: Environment

    def day(self, when: date) -> str:
        """A day with its weekday."""
        return format_date(when, "full", locale(self.code))

    def short_day(self, when: date) -> str:
        """A day."""
        return format_date(when, "long", locale(self.code))

    def time(self, when: datetime) -> str:
        """The time of day by the clock that `when` has."""
        return format_time(when.time(), "short", locale=locale(self.code))

    def month(self, when: date) -> str:
        """A month by its name, without the year."""
        return format_date(when, "LLLL", locale(self.code))

    def number(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=locale(self.code))


@cache
def language(code: str) -> Language:
    """The language of this code, one of LANGUAGES."""
    words = Translations.load(_WEB / "locale", [code], "site")
    templates = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    templates.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made = Language(code, words, templates)
    templates.globals |= {"number": made.number, "language": code, "LANGUAGES": LANGUAGES}
    return made
