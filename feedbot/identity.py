"""What makes two rows the same thing: canonical links, title keys, fingerprints. Pure.

A key is for comparing, never for publishing: an entry's `id` is minted once and owes nothing to it.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from feedbot.model import Item, PageDate, day_of

#: Query parameters that say where a visitor came from, never what the page is.
_TRACKING_PREFIXES = ("utm_", "mtm_", "hsa_", "pk_", "oly_", "vero_")
_TRACKING_NAMES = frozenset(
    "fbclid gclid gclsrc gbraid wbraid dclid msclkid yclid ysclid twclid ttclid igshid igsh"
    " li_fat_id mc_cid mc_eid _hsenc _hsmi _ga _gl _openstat s_cid cmpid at_medium at_campaign"
    " ref_src ref_url fb_action_ids fb_source wickedid".split()
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_WORDS = re.compile(r"[\W_]+")
_UNRESERVED = "!$&'()*+,;=:@/~-._"


def link_key(url: str) -> str:
    """The link as compared: http or https, bare or www host, with tracking or without: one.

    Queries and fragments stay, because some sites tell rows apart by nothing else.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:  # a row's broken link still has to compare equal to itself
        return url.strip()
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    with_port = f"{host}:{port}" if port and port != _DEFAULT_PORTS.get(parts.scheme) else host
    plain_path = unquote(parts.path, errors="surrogateescape")
    path = quote(plain_path, _UNRESERVED, errors="surrogateescape")
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="replace")
        if not _is_tracking(name.lower())
    )
    key = with_port + (path.rstrip("/") or "/")
    if kept:
        key += "?" + urlencode(kept, errors="replace")
    return key + (f"#{parts.fragment}" if parts.fragment else "")


def host_of(url: str) -> str:
    """Whose turn a request counts as: its host, bare or www; "" where it names none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").removeprefix("www.")


def _is_tracking(name: str) -> bool:
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)


def title_key(title: str, when: PageDate) -> str:
    """Hash of a title's words and its day; case, spacing and punctuation do not count."""
    return _digest([words(title), _day(when)])


def words(title: str) -> str:
    """A title's words as compared."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return _NOT_WORDS.sub(" ", folded).strip() or folded.strip()


def fingerprint(item: Item) -> str:
    """Full-width hash of what a reader would notice; decides *changed*, never identity.

    Pictures, authors and categories are left out: sites rotate and re-tag them without news.
    """
    return _digest(
        [
            " ".join(item.title.split()),
            link_key(item.link),
            item.date.isoformat() if item.date and not item.drifts else "",
            " ".join(item.summary.split()),
            item.content or "",
        ]
    )


def _day(when: PageDate) -> str:
    day = day_of(when)
    return day.isoformat() if day else ""


def _digest(parts: Sequence[str]) -> str:
    text = json.dumps(parts, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """An item with the keys it can be recognised by.

    guid, link_key: None where they do not tell this row from the others of its response
    article_key:    what makes it the same article in another source
    """

    item: Item
    guid: str | None
    link_key: str | None
    title_key: str
    fingerprint: str
    article_key: str


def identify(items: Sequence[Item], page_url: str) -> tuple[Row, ...]:
    """Give every item of one response its keys; `page_url` is where the list itself lives."""
    links = [link_key(item.link) for item in items]
    link_counts = Counter(links)
    guid_counts = Counter(item.guid for item in items if item.guid)
    home = {link_key(page_url)}
    rows = []
    for item, link in zip(items, links, strict=True):
        telling = link_counts[link] == 1 and link not in home and not _is_root(link)
        title = title_key(item.title, None if item.drifts else item.date)
        rows.append(
            Row(
                item=item,
                guid=item.guid if item.guid and guid_counts[item.guid] == 1 else None,
                link_key=link if telling else None,
                title_key=title,
                fingerprint=fingerprint(item),
                article_key=_digest([link] if telling else [link, title]),
            )
        )
    return tuple(rows)


def _is_root(link: str) -> bool:
    """A bare host names a site, not an article: feeds of one item often link only to it."""
    return link.endswith("/") and link.count("/") == 1
