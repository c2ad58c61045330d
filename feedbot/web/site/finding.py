"""The page of a search: what was found, newest first, with the words marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from feedbot.search import Query, marked, passage
from feedbot.store.catalogue import Listed
from feedbot.web.site.text import whole_text
from feedbot.web.site.views import View, brief, by_day

ROWS = 20
#: Further than this nothing is counted.
MOST = 1_000


def search_page(
    view: View, text: str, query: Query, found: Sequence[Listed], number: int
) -> dict[str, Any]:
    """The page. `found` is one row longer than what is shown, where there is more."""
    shown = found[:ROWS]
    older = shown[-1].place if len(found) > ROWS else None
    many = number > MOST
    return {
        "text": text,
        "asked": bool(query.wanted),
        "number": number,
        "count": view.language.number(MOST if many else number) + ("+" if many else ""),
        "days": by_day(view, shown, lambda one: _marked(view, one, query)),
        "older": view.to("search", q=text, before=older) if older is not None else "",
        "indexed": False,
    }


def _marked(view: View, one: Listed, query: Query) -> dict[str, Any]:
    row = brief(view, one)
    text = "\n".join(whole_text(one.entry.summary, one.entry.content))
    shown = passage(text, query) if text else Markup("")
    return row | {"title": marked(row["title"], query), "summary": [shown] if shown else []}
