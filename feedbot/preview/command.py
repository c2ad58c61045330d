"""`feedbot preview`: what would be found in a page, feed or file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.errors import ConfigError, FetchError, Problem
from feedbot.model import Source, SourceKind
from feedbot.preview.see import Sight, is_url, see
from feedbot.preview.words import document, searched, told


async def preview(
    settings: Settings,
    place: str,
    *,
    source_name: str | None = None,
    base_url: str | None = None,
    kind: str | None = None,
    number: int | None = None,
    explain: bool = False,
    as_json: bool = False,
) -> int:
    """Read `place` as the source would be and print its rows; 1 if there are none.

    kind, number: read it in this way, take this list of it, in place of what would be taken

    Raises ConfigError for a source that is not there or a file that cannot be read, FeedbotError
    for a list that is not there.
    """
    source = _source(settings, place, source_name)
    if kind is not None:
        source = replace(source, kind=SourceKind(kind))
    sight = await see(settings, source, place, base_url=base_url, number=number)
    problem = problem_of(sight, place)
    if as_json:
        print(json.dumps(document(sight, problem), indent=2, ensure_ascii=False))
    elif sight.listing is not None:
        print("\n".join(told(sight, sight.listing, columns(), explain=explain)))
    complain(sight, place, problem)
    return 0 if sight.is_sound else 1


def complain(sight: Sight, place: str, problem: str | None) -> None:
    """Say on stderr what is doubtful, and what is wrong and was looked for."""
    for warning in sight.listing.warnings if sight.listing else ():
        print(f"feedbot: {place}: {warning}", file=sys.stderr)
    for line in [problem, *searched(sight)] if problem else ():
        print(f"feedbot: {line}", file=sys.stderr)


def columns() -> int | None:
    """Of the terminal that is written to; None: it is none, and nothing need be cut."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


def _source(settings: Settings, place: str, name: str | None) -> Source:
    if name is None:
        return stranger(settings, place)
    for source in settings.effective_sources():
        if source.name == name:
            return replace(source, url=place) if is_url(place) else source
    known = ", ".join(source.name for source in settings.effective_sources()) or "none"
    raise ConfigError(
        [Problem("--source", name, "the configuration has no such source", f"it has: {known}")]
    )


def stranger(settings: Settings, place: str) -> Source:
    """A place that no configuration names, as a source."""
    return Source(
        name="preview",
        url=place if is_url(place) else Path(place).absolute().as_uri(),
        title="preview",
        timezone=ZoneInfo(settings.timezone),
        language=settings.language,
    )


def problem_of(sight: Sight, place: str) -> str | None:
    """Why there is nothing to show, in one line; None where there is something."""
    if sight.problem is not None:
        said = str(sight.problem)
        return said if isinstance(sight.problem, FetchError) else f"{place}: {said}"
    return None if sight.is_sound else f"{place}: there is nothing in it yet"
