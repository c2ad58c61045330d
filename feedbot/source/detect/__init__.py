"""The lists on a page, found without being told where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from feedbot.model import ListingRule
from feedbot.source.detect.find import Candidate, find
from feedbot.source.detect.rule import rule_for
from feedbot.source.page import Page
from feedbot.source.row import Context
from feedbot.source.selectors import compile_rule

__all__ = ["Detected", "detect"]


@dataclass(frozen=True, slots=True)
class Detected:
    """A list that was found.

    rule:   finds it again
    rows:   how many it has; dated: how many of them with a date
    why:    what speaks for it, in words
    likely: it looks like a list; others are one where known items prove it
    """

    rule: ListingRule
    rows: int
    dated: int
    why: str
    likely: bool = True


def detect(
    page: Page,
    *,
    url: str,
    zone: ZoneInfo,
    language: str | None,
    now: datetime | None,
    known: bool = False,
) -> list[Detected]:
    """The lists on a page, the likeliest first; none where nothing on it is a list.

    language: of the page's dates
    now:      the moment of the fetch, aware: no news is dated after it
    known:    items of the list are known, so that unlikely ones come too, after the likely
    """
    found = find(page, language=language, now=now)
    context = Context(page, compile_rule(ListingRule("*")), url, zone, language, now)
    out = []
    for one in sorted(found.candidates, key=lambda one: not one.is_list):
        rule = rule_for(found.outline, one, context) if known or one.is_list else None
        if rule is not None:
            rows = len(one.group.rows)
            dated = min(round(one.features.dated * rows), rows)
            out.append(Detected(rule, rows, dated, _why(one, rule, dated), one.is_list))
    return out


def _why(one: Candidate, rule: ListingRule, dated: int) -> str:
    """For people: "16 rows, 16 with a date, 16 with a link: div.views-row"."""
    rows = len(one.group.rows)
    days = f"{dated} with a date" if rule.day is None else f"under dates ({rule.day})"
    return f"{rows} rows, {days}, {round(one.features.linked * rows)} with a link: {rule.item}"
