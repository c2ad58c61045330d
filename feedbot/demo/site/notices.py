"""Neutral generated events: the older ones behind "all messages", and those the demo publishes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from babel.dates import format_date

from feedbot.demo.site.model import Event, Language

_ARCHIVE_SIZE = 36
_ARCHIVE_STEP = timedelta(days=3)


@cache
def texts() -> dict[str, Any]:
    """The bundled texts: `demo` and `archive` notices, and labels by language."""
    return tomllib.loads(files(__package__).joinpath("data/texts.toml").read_text("utf-8"))


def long_date(day: date, language: Language) -> str:
    """A day as people write it: `27 May 2020`, `27 мая 2020`."""
    return format_date(day, "d MMMM y", locale=language)


def demo_events(day: date, language: Language = Language.EN) -> tuple[Event, ...]:
    """Fourteen events dated on `day` (London), not yet published, in the order to publish them.

    They include a summary that repeats the title, none at all, and markup characters.
    """
    return tuple(_event(notice, day, language) for notice in texts()["demo"])


def correction(event: Event, language: Language = Language.EN) -> str:
    """A new title for an event whose particulars were corrected after it was published."""
    note = texts()["labels"][language]["corrected"]
    return f"{event.title} ({note})"


def archive(newest: date, language: Language = Language.EN) -> tuple[Event, ...]:
    """Events older than the seed's list, newest first, from `newest` (London) downwards."""
    notices = texts()["archive"]
    return tuple(
        _event(notices[index % len(notices)], newest - index * _ARCHIVE_STEP, language)
        for index in range(_ARCHIVE_SIZE)
    )


def numbered(events: tuple[Event, ...], newest: int) -> tuple[Event, ...]:
    """The events (newest first) with article numbers counting down from `newest`."""
    return tuple(replace(event, number=newest - index) for index, event in enumerate(events))


def _event(notice: dict[str, dict[str, str]], day: date, language: Language) -> Event:
    words = {
        "day": long_date(day, language),
        "soon": long_date(day + timedelta(days=7), language),
        "month": format_date(day, "LLLL y", locale=language),
    }
    return Event(
        day,
        notice["title"][language].format(**words),
        notice["summary"][language].format(**words),
        body=tuple(texts()["labels"][language]["body"]),
    )
