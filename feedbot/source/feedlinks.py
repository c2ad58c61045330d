"""Where a feed says its older entries are: RFC 5005 for Atom and RSS, `next_url` of a JSON Feed."""

from __future__ import annotations

import json

from lxml import etree

from feedbot.errors import ParseError
from feedbot.source.feed import without_doctype
from feedbot.source.page import absolute

_ATOM = "{http://www.w3.org/2005/Atom}link"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
#: An archived feed's older documents (section 4), else the next page of a paged one (section 3).
_RELATIONS = ("prev-archive", "next")


def older_documents(text: str, url: str) -> tuple[str, ...]:
    """The documents that a decoded feed from `url` names for its older entries, likeliest first."""
    body = text.lstrip("\ufeff \t\r\n\0")
    if body.startswith("{"):
        return _in_json(body, url)
    try:
        data = without_doctype(body).encode("utf-8", "ignore")
        root = etree.fromstring(
            data, etree.XMLParser(encoding="utf-8", recover=True, resolve_entities=False)
        )
    except (ParseError, etree.LxmlError, ValueError):
        return ()
    if root is None:
        return ()
    named: dict[str, str] = {}
    for link in (*root.findall(_ATOM), *root.findall(f"./channel/{_ATOM}")):
        parents = [one.get(_BASE) for one in (link, *link.iterancestors())]
        base = url
        for stated in reversed([one for one in parents if one]):
            base = absolute(stated, base) or base
        to = absolute(link.get("href"), base)
        if to is not None:
            named.setdefault((link.get("rel") or "").strip().lower(), to)
    return tuple(named[relation] for relation in _RELATIONS if relation in named)


def _in_json(body: str, url: str) -> tuple[str, ...]:
    """JSON Feed 1.1, top level: `next_url`."""
    try:
        stated = json.loads(body).get("next_url")
    except (ValueError, RecursionError, AttributeError):
        return ()
    to = absolute(stated, url) if isinstance(stated, str) else None
    return (to,) if to else ()
