"""A page to its lists, without selectors: what the tests of the finder share."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedbot.model import Item
from feedbot.source.detect import Detected, detect
from feedbot.source.listing import check_rule, read_listing, written_in
from feedbot.source.page import parse_page

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
URL = "https://press.example.org/news/"
ZONE = ZoneInfo("UTC")


def found(html: str, now: datetime = NOW, url: str = URL, language: str = "en") -> list[Detected]:
    page = parse_page(html, url)
    return detect(page, url=url, zone=ZONE, language=written_in(page, language), now=now)


def items(html: str, now: datetime = NOW, url: str = URL, language: str = "en") -> list[Item]:
    """The rows of the likeliest list, read by the rule that was made of it."""
    lists = found(html, now, url, language)
    if not lists:
        return []
    rule = lists[0].rule
    assert check_rule(rule) == []
    listing = read_listing(html, rule, url=url, zone=ZONE, language=language, now=now)
    return list(listing.items)
