"""What each page shows, as values for its template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

from feedbot.counters import days, local_date, milestones, wording_around
from feedbot.model import Counter, Entry, Source
from feedbot.render.document import moment, plain_title
from feedbot.render.text import safe_url
from feedbot.store.catalogue import Listed
from feedbot.web.site.languages import Language
from feedbot.web.site.plan import Contact, SiteClock, SitePlan
from feedbot.web.site.text import WEB, direction, show_html, show_paragraphs, whole_text

_SUMMARY = 400  # UTF-16 units of a text in a list
#: A leading article up to this length stands on the front page whole, a longer one so far.
_LEAD = 9_000
_PAST = 5  # milestones shown


@dataclass(frozen=True, slots=True)
class View:
    """Where and for whom a page is made.

    root: the way from the page to the site's root, relative, with a slash at its end
    base: the site's URL seen from outside, without one
    sources: those that are shown, by their numbers in the store
    path: of the page, without language and without a slash at its beginning
    """

    plan: SitePlan
    language: Language
    now: datetime
    root: str
    base: str
    sources: Mapping[int, Source]
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    bot: str = ""

    @property
    def prefix(self) -> str:
        """What stands before the paths of this language."""
        return "" if self.language.code == self.plan.language else f"{self.language.code}/"

    def to(self, path: str = "", **query: object) -> str:
        """A link to another page in this language."""
        asked = urlencode({name: value for name, value in query.items() if value})
        return f"{self.root}{self.prefix}{quote(path)}{'?' if asked else ''}{asked}"

    @property
    def asked(self) -> str:
        """The query of the page's address, with its question mark."""
        return f"?{urlencode(self.query)}" if self.query else ""

    def say(self, text: str) -> str:
        """A text of ours in the page's language."""
        return self.language.words.gettext(text)


def common(view: View) -> dict[str, Any]:
    """What all pages show."""
    plan, language = view.plan, view.language
    return {
        "view": view,
        "plan": plan,
        "clocks": (),
        "today": "",
        "contacts": [_contact(one) for one in plan.contacts],
        "canonical": f"{view.base}/{view.prefix}{view.path}{view.asked}",
        "others": [_other(view, code) for code in _languages(plan) if code != language.code],
        "stylesheet": f"{view.root}static/{plan.style.name}",
        "logo": f"{view.root}static/{plan.logo.name}" if plan.logo else "",
        "feeds": _feeds(view),
        "indexed": True,
    }


def timely(view: View) -> dict[str, Any]:
    """What the pages show that are made anew each minute: the day, and the clocks."""
    plan, here = view.plan, view.now.astimezone(view.plan.timezone)
    return {
        "today": view.language.day(here.date()),
        "today_iso": here.date().isoformat(),
        "clocks": [_clock(one, view.now.astimezone(one.timezone)) for one in plan.clocks],
        "script": f"{view.root}static/{plan.script.name}",
    }


def _languages(plan: SitePlan) -> list[str]:
    return [plan.language, *(code for code in ("en", "ru") if code != plan.language)]


def _other(view: View, code: str) -> dict[str, str]:
    prefix = "" if code == view.plan.language else f"{code}/"
    rest = f"{prefix}{view.path}{view.asked}"
    return {"code": code, "href": f"{view.root}{rest}", "url": f"{view.base}/{rest}"}


def _clock(clock: SiteClock, there: datetime) -> dict[str, str]:
    offset = f"{there:%z}"
    return {
        "name": clock.name,
        "time": f"{there:%H:%M}",
        "iso": there.isoformat(timespec="minutes"),
        "zone": clock.timezone.key,
        "offset": f"UTC{offset[:3]}:{offset[3:5]}",
    }


def _contact(one: Contact) -> dict[str, Any]:
    number = "".join(sign for sign in (one.phone or "").replace("(0)", "") if sign in "+0123456789")
    return {
        "label": one.label or "",
        "phone": one.phone or "",
        "tel": f"tel:{number}",
        "email": one.email or "",
        "url": one.url or "",
    }


def _feeds(view: View) -> list[dict[str, str]]:
    """The feeds that a reader is offered: of all together, or else of each source."""
    names = {"all": view.plan.title} if view.plan.whole else {}
    if not names:
        names = {name: source.title for name, source in view.plan.sources.items()}
    kinds = (("Atom", "application/atom+xml", "atom"), ("RSS", "application/rss+xml", "rss"))
    return [
        {
            "title": title,
            "format": format,
            "type": kind,
            "href": f"{view.root}feeds/{name}.{ending}",
        }
        for name, title in names.items()
        for format, kind, ending in kinds
    ]


def about(view: View) -> dict[str, Any]:
    """The sources, each with its page and its feeds."""
    kinds = (("Atom", "atom"), ("RSS", "rss"), ("JSON Feed", "json"))
    return {
        "sources": [
            {
                "title": one.title,
                "page": safe_url(one.url, WEB),
                "feeds": [
                    {"format": format, "href": f"{view.root}feeds/{one.name}.{ending}"}
                    for format, ending in kinds
                ],
            }
            for one in view.sources.values()
        ]
    }


def follow(view: View) -> dict[str, Any]:
    """Ways to subscribe: channels, the bot, feeds."""
    return {
        "channels": [
            {"name": name, "href": f"https://t.me/{name.removeprefix('@')}"}
            for name in view.plan.channels
        ],
        "bot": f"https://t.me/{view.bot}?start=site" if view.bot else "",
        "opml": f"{view.root}feeds/all.opml" if view.plan.whole else "",
        "hub": view.plan.hub,
    }


def brief(view: View, one: Listed) -> dict[str, Any]:
    """An entry in a list."""
    entry, source = one.entry, view.sources[one.source_id]
    when = moment(entry.published, source.timezone)
    text = entry.summary or "\n".join(whole_text("", entry.content)[:8])
    paragraphs = show_paragraphs(text, _SUMMARY) if text.strip() != entry.title.strip() else []
    return {
        "title": title_of(entry),
        "href": view.to(f"entries/{one.number}"),
        "date": when.date(),
        "iso": _stamp(entry, when),
        "time": view.language.time(when) if _has_time(entry) else "",
        "short_day": view.language.short_day(when.date()),
        "summary": paragraphs,
        "dir": direction(entry.title, entry.summary),
        "lang": source.language,
        "source": source.title,
        "source_href": view.to("all", source=source.name),
        "categories": entry.categories[:5],
        "gone": one.gone_at is not None,
        "changed": one.changed,
    }


def title_of(entry: Entry) -> str:
    """An entry's title in one line, never empty."""
    return plain_title(entry.title) or entry.link


def _has_time(entry: Entry) -> bool:
    return isinstance(entry.page_date, datetime) or entry.page_date is None


def _stamp(entry: Entry, when: datetime) -> str:
    return when.isoformat(timespec="seconds") if _has_time(entry) else when.date().isoformat()


def by_day(
    view: View, found: Iterable[Listed], shown: Callable[[Listed], dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Entries in the order given, those of one day together; `shown` makes a row, else `brief`."""
    rows = [shown(one) if shown else brief(view, one) for one in found]
    return [
        {"day": view.language.day(day), "iso": day.isoformat(), "rows": list(some)}
        for day, some in groupby(rows, key=lambda row: row["date"])
    ]


def lead(view: View, one: Listed) -> dict[str, Any]:
    """The leading article: its text in full, or its beginning."""
    entry = one.entry
    shown = brief(view, one)
    named = view.plan.lead is not None
    heading = shown["source"] if named or not entry.categories else entry.categories[0]
    shown |= {"heading": heading, "more": False, "html": None}
    if entry.content and len(entry.content) <= _LEAD:
        shown["html"] = show_html(entry.content, view.say("Picture"))
        return shown
    lines = whole_text(entry.summary, entry.content)
    text = "\n\n".join(lines)
    return shown | {"summary": show_paragraphs(text, _LEAD // 3), "more": len(text) > _LEAD // 3}


def counter_lines(view: View, *, whole: bool = False) -> list[dict[str, Any]]:
    """The counters as they read now; whole: with the days that stand out."""
    return [_counter(view, one, whole=whole) for one in view.plan.counters]


def _counter(view: View, counter: Counter, *, whole: bool) -> dict[str, Any]:
    today = local_date(counter, view.now)
    before, number, rest = wording_around(counter, days(counter, today))
    day = counter.since or counter.until
    shown = {
        "name": counter.name,
        "before": before,
        "number": number,
        "rest": rest,
        "lang": counter.language,
        "since": counter.since is not None,
        "day": view.language.short_day(day) if day else "",
        "day_iso": day.isoformat() if day else "",
        "feed": f"{view.root}feeds/counters/{counter.name}.atom" if counter.feed != "none" else "",
    }
    if whole:
        reached, coming = milestones(counter, today, _PAST)
        shown |= {
            "past": [_milestone(view, counter, one) for one in reached],
            "next": _milestone(view, counter, coming) if coming else None,
            "left": (coming - today).days if coming else 0,
        }
    return shown


def _milestone(view: View, counter: Counter, day: date) -> dict[str, Any]:
    start = counter.since or counter.until
    years = abs(day.year - start.year) if start else 0
    same = start is not None and (day.month, day.day) == (start.month, start.day)
    return {
        "iso": day.isoformat(),
        "day": view.language.short_day(day),
        "number": days(counter, day),
        "years": years if same else 0,
    }


def newer_and_older(
    view: View, path: str, asked: Mapping[str, object], found: Sequence[Listed], more: bool
) -> dict[str, str]:
    """Links to the pages beside one: each begins at a date, so it shows the same next year."""
    if not found:
        return {"newer": "", "older": ""}
    first, last = found[0].place, found[-1].place
    return {
        "newer": view.to(path, **asked, after=first),
        "older": view.to(path, **asked, before=last) if more else "",
    }
