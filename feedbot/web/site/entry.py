"""The page of one entry: its text, where it comes from, what it said before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from feedbot.model import Entry
from feedbot.render.document import moment, plain_title
from feedbot.render.text import clip, one_line, safe_url
from feedbot.store.catalogue import Listed
from feedbot.web.site.text import (
    WEB,
    difference,
    direction,
    show_html,
    show_paragraphs,
    whole_text,
)
from feedbot.web.site.views import View, brief, title_of

_DESCRIPTION = 200  # UTF-16 units of what others show of a link


def entry_page(view: View, one: Listed, editions: Sequence[Entry]) -> dict[str, Any]:
    """An entry; `editions`: what it said, oldest first, the present last."""
    entry, source = one.entry, view.sources[one.source_id]
    link = safe_url(entry.link, WEB)
    text = " ".join(whole_text(entry.summary, entry.content))
    description = clip(one_line(entry.summary or text), _DESCRIPTION)
    return brief(view, one) | {
        "link": link,
        "host": link.split("/")[2].removeprefix("www.") if link else "",
        "page": safe_url(source.url, WEB),
        "author": plain_title(entry.author or ""),
        "image": safe_url(entry.image or "", WEB),
        "all_categories": entry.categories,
        "html": show_html(entry.content, view.say("Picture")) if entry.content else None,
        "paragraphs": show_paragraphs(entry.summary),
        "dir": direction(entry.title, text),
        "first_seen": _moment(view, one.first_seen),
        "gone_at": _moment(view, one.gone_at) if one.gone_at else None,
        "description": description,
        "revisions": _revisions(view, editions),
        "json_ld": _json_ld(view, one, description),
        "share": _share(view, entry),
        "published_iso": moment(entry.published, source.timezone).isoformat(timespec="seconds"),
    }


def retracted_page(view: View, one: Listed) -> dict[str, Any]:
    """An entry that was taken back: that it was, and nothing of what it said."""
    when = _moment(view, one.retracted_at) if one.retracted_at else None
    return {"retracted_at": when, "title": view.say("Taken back")}


def _moment(view: View, when: datetime) -> dict[str, str]:
    there = moment(when, view.plan.timezone)
    day, clock = view.language.short_day(there.date()), view.language.time(there)
    return {"iso": there.isoformat(timespec="seconds"), "text": f"{day}, {clock}"}


def _revisions(view: View, editions: Sequence[Entry]) -> list[dict[str, Any]]:
    """What changed from each edition to the next, the last change first."""
    return [_revision(view, old, new) for old, new in pairwise(editions)][::-1]


def _revision(view: View, old: Entry, new: Entry) -> dict[str, Any]:
    titles = [title_of(old)], [title_of(new)]
    before, after = (whole_text(one.summary, one.content) for one in (old, new))
    return {
        "when": _moment(view, new.updated),
        "title": difference(*titles),
        "text": difference(before, after),
        "link": safe_url(old.link, WEB) if old.link != new.link else None,
        "dir": direction(new.title, new.summary),
    }


def _share(view: View, entry: Entry) -> str:
    address = f"{view.base}/{view.prefix}{view.path}"
    return "https://t.me/share/url?" + urlencode({"url": address, "text": title_of(entry)})


def _json_ld(view: View, one: Listed, description: str) -> Markup:
    """The entry for machines (schema.org NewsArticle); no `<` in it could end its element."""
    entry, source = one.entry, view.sources[one.source_id]
    said: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": clip(title_of(entry), 110),
        "datePublished": moment(entry.published, source.timezone).isoformat(timespec="seconds"),
        "dateModified": moment(entry.updated, source.timezone).isoformat(timespec="seconds"),
        "mainEntityOfPage": f"{view.base}/{view.prefix}{view.path}",
        "inLanguage": source.language,
        "publisher": {"@type": "Organization", "name": source.author or source.title},
    }
    if description:
        said["description"] = description
    if link := safe_url(entry.link, WEB):
        said["isBasedOn"] = link
    if author := plain_title(entry.author or ""):
        said["author"] = {"@type": "Person", "name": author}
    text = json.dumps(said, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # every sign that HTML knows is escaped just above
