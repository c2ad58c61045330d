"""What the press site's addresses show: pages and feeds, as bytes in the site's encoding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedbot.demo.site.model import LONDON, MOSCOW, DayCounter, Event, Language, Links
from feedbot.demo.site.notices import long_date, texts
from feedbot.demo.site.press import PressSite
from feedbot.demo.site.seed import SEED

#: Where the leading article has a page of its own.
LEAD_PATH = "/article/433"
#: How many events one page of "all messages" shows.
ALL_ROWS = 20
_BASE = "http://press.example"


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered resource; `media_type` names a charset where one is declared."""

    body: bytes
    media_type: str
    status: int = 200


def render_page(site: PressSite, target: str = "/", base: str = _BASE) -> Page:
    """What `target` (path and query) shows now; a page of its own with status 404 if nothing.

    base: scheme and host the reader used, for the absolute addresses in feeds
    """
    parts = urlsplit(target)
    if parts.path == "/static/press.css":
        css = files(__package__).joinpath("templates/press.css").read_bytes()
        return Page(css, "text/css; charset=utf-8")
    if parts.path in _FEEDS:
        return _feed(site, parts.path, base)
    return _html(site, parts.path, parse_qs(parts.query))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("feedbot.demo.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _html(site: PressSite, path: str, query: Mapping[str, list[str]]) -> Page:
    found = _find(site, path, query)
    nothing = {"heading": _labels(site)["not_found"], "text": ""}
    template, context = found or ("notice.html", nothing)
    text = _environment().get_template(template).render(_context(site) | context)
    return Page(_encode(site, text), _media_type(site, "text/html"), 200 if found else 404)


def _find(
    site: PressSite, path: str, query: Mapping[str, list[str]]
) -> tuple[str, dict[str, Any]] | None:
    """The template of a page and what it alone needs to know."""
    if path == "/":
        return "home.html", {"article": SEED.article, "lead": LEAD_PATH}
    if path == "/all":
        return _all_messages(site, query.get("page", ["1"])[0])
    if path == LEAD_PATH:
        lead = SEED.article
        return _article(_labels(site)["lead"], lead.title, lead.day, lead.paragraphs)
    if event := site.find(path):
        section = _labels(site)["latest" if event.section == "press" else "lead"]
        return _article(section, event.title, event.day, (event.summary, *event.body))
    if info := _labels(site)["pages"].get(path):
        return "notice.html", {"heading": info["title"], "text": info["text"]}
    return None


def _article(
    section: str, title: str, day: date, paragraphs: tuple[str, ...]
) -> tuple[str, dict[str, Any]]:
    shown = [text for text in paragraphs if text]
    known = {"section": section, "heading": title, "day": day, "paragraphs": shown}
    return "article.html", known


def _all_messages(site: PressSite, number: str) -> tuple[str, dict[str, Any]] | None:
    pages = -(-len(site.events) // ALL_ROWS)
    if not re.fullmatch("[0-9]{1,6}", number) or not 1 <= int(number) <= pages:
        return None
    page = int(number)
    events = site.events[(page - 1) * ALL_ROWS : page * ALL_ROWS]
    return "all.html", {"events": events, "page": page, "pages": pages}


def _context(site: PressSite) -> dict[str, Any]:
    """What every page needs to know."""
    labels = _labels(site)
    return {
        "site": site,
        "t": labels,
        "charset": _declared(site),
        "today": long_date(site.today, site.language),
        "clocks": _clocks(site.now, labels),
        "contacts": (labels["contact"], *SEED.header.contacts[1:]),
        "counters": [counter.line(site.today) for counter in _counters(site)],
        "href": lambda path: _address(site, path),
        "short": lambda day: day.strftime("%d.%m.%Y"),
        "long": lambda day: long_date(day, site.language),
    }


def _labels(site: PressSite) -> dict[str, Any]:
    labels: dict[str, Any] = texts()["labels"][site.language]
    return labels


def _clocks(now: datetime, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    zones = {"moscow": MOSCOW, "london": LONDON}
    return [(labels[city], now.astimezone(zone).strftime("%H:%M")) for city, zone in zones.items()]


def _counters(site: PressSite) -> tuple[DayCounter, ...]:
    if site.language is Language.EN:
        return SEED.counters
    wordings = _labels(site)["counters"]
    return tuple(
        DayCounter(counter.since, text)
        for counter, text in zip(SEED.counters, wordings, strict=True)
    )


def _address(site: PressSite, path: str, base: str = "") -> str:
    host = {Links.RELATIVE: base, Links.BARE: f"http://{site.domain}"}
    return host.get(site.links, f"http://www.{site.domain}") + path


def _feed(site: PressSite, path: str, base: str) -> Page:
    template, media_type = _FEEDS[path]
    context = {
        "site": site,
        "t": _labels(site),
        "encoding": site.encoding,
        "self": base + path,
        "home": base + "/",
        "href": lambda event_path: _address(site, event_path, base),
        "published": _published,
        "edited": lambda event: event.edited or _published(event),
        "rfc822": format_datetime,
    }
    text = _environment().get_template(template).render(context)
    return Page(_encode(site, text), _media_type(site, media_type))


def _published(event: Event) -> datetime:
    return datetime.combine(event.day, time(12), LONDON).astimezone(UTC)


def _declared(site: PressSite) -> str:
    return site.encoding if site.declared is None else site.declared


def _media_type(site: PressSite, media_type: str) -> str:
    charset = _declared(site)
    return f"{media_type}; charset={charset}" if charset else media_type


def _encode(site: PressSite, text: str) -> bytes:
    return text.encode(site.encoding, "xmlcharrefreplace")


_FEEDS: Mapping[str, tuple[str, str]] = {
    "/rss.xml": ("rss.xml", "application/rss+xml"),
    "/atom.xml": ("atom.xml", "application/atom+xml"),
}
