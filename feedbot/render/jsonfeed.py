"""A document as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from feedbot.render.document import Article, Document, Place, rfc3339

CONTENT_TYPE = "application/feed+json; charset=utf-8"
ENDING = "json"
_VERSION = "https://jsonfeed.org/version/1.1"
_ABOUT = "https://www.rfc-editor.org/rfc/rfc6721"


def render_json(document: Document) -> bytes:
    """The document as UTF-8 bytes; keys in a fixed order, what is not known left out."""
    place = document.place
    feed: dict[str, Any] = {
        "version": _VERSION,
        "title": document.title,
        "home_page_url": document.link,
        "feed_url": place.url(place.name, ENDING),
        "next_url": place.url(place.prev, ENDING),  # older entries, as RFC 5005's prev-archive
        "language": document.language,
        "authors": [{"name": document.author}],
        "hubs": [{"type": "WebSub", "url": place.hub}] if place.hub else None,
        "items": [_item(article, place) for article in document.articles],
        "_deleted": _deleted(document),
    }
    text = json.dumps(_known(feed), ensure_ascii=False, indent=1)
    return text.encode() + b"\n"


def _item(article: Article, place: Place) -> dict[str, Any]:
    image = article.image
    attachment: dict[str, Any] = {}
    if image and image.type:
        size = {"size_in_bytes": image.length} if image.length else {}
        attachment = {"url": image.url, "mime_type": image.type, **size}
    return _known(
        {
            "id": article.id,
            "url": article.link,
            "title": article.title,
            "content_html": article.content or article.summary,
            "summary": article.text or None,
            "image": image.url if image else None,
            "date_published": rfc3339(article.published),
            "date_modified": rfc3339(article.updated),
            "authors": [{"name": article.author}] if article.author else None,
            "tags": list(article.categories) or None,
            "attachments": [attachment] if attachment else None,
            "_source": _source(article, place),
        }
    )


def _source(article: Article, place: Place) -> dict[str, Any] | None:
    """Where an entry of a combined feed was taken from; JSON Feed has no word of its own."""
    if article.origin is None:
        return None
    origin = article.origin
    return _known(
        {
            "id": origin.id,
            "title": origin.title,
            "home_page_url": origin.url,
            "feed_url": place.url(origin.name, ENDING),
        }
    )


def _deleted(document: Document) -> dict[str, Any] | None:
    stones = [{"ref": stone.id, "when": rfc3339(stone.when)} for stone in document.tombstones]
    return {"about": _ABOUT, "entries": stones} if stones else None


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
