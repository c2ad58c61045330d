"""The pictures of a feed's entry: those it attaches, else those in its text, else its thumbnail.

RSS 2.0 enclosures, Media RSS (https://www.rssboard.org/media-rss), iTunes images, and JSON Feed's
image, banner_image and attachments (https://www.jsonfeed.org/version/1.1/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from feedbot.source.page import absolute, parse_page

#: As many as an album takes.
MOST = 10
_SMALL = 64  # pixels; smileys, buttons and what counts readers


def of_entry(entry: Mapping[str, Any], html: str, url: str) -> tuple[str, ...]:
    """Absolute URLs, best first, of an entry as feedparser has it; `html`: its text."""
    attached = [
        enclosure.get("href")
        for enclosure in entry.get("enclosures") or ()
        if str(enclosure.get("type", "")).startswith("image/")
    ]
    thumbnails = [media.get("url") for media in entry.get("media_thumbnail") or ()]
    thumbnails.append((entry.get("image") or {}).get("href"))
    return (
        _absolute([*attached, *_media(entry)], url)
        or in_html(html, url)
        or _absolute(thumbnails, url)[:1]
    )


def of_json(item: Mapping[str, Any], html: str, url: str) -> tuple[str, ...]:
    """The same of an item of a JSON Feed."""
    attachments = item.get("attachments")
    attached = [
        attachment.get("url")
        for attachment in (attachments if isinstance(attachments, list) else ())
        if isinstance(attachment, dict)
        and str(attachment.get("mime_type", "")).startswith("image/")
    ]
    main = item.get("image") or item.get("banner_image")
    return _absolute([main, *attached], url) or in_html(html, url)


def in_html(html: str, url: str) -> tuple[str, ...]:
    """The images of a text, in their order; those that are said to be tiny are none."""
    if "<img" not in html.lower():
        return ()
    root = parse_page(f"<body>{html}</body>", url).root
    sources = [img.get("src") for img in root.iter("img") if not _tiny(img.get)]
    return _absolute(sources, url)


def _tiny(attribute: Any) -> bool:
    sizes = (str(attribute(name) or "").removesuffix("px") for name in ("width", "height"))
    return any(size.isdecimal() and int(size) <= _SMALL for size in sizes)


def _media(entry: Mapping[str, Any]) -> Iterable[str]:
    """Media RSS: one picture in several sizes is one, the widest."""
    widest: dict[str, tuple[int, str]] = {}
    for media in entry.get("media_content") or ():
        url = media.get("url")
        if not url or not (
            media.get("medium") == "image" or str(media.get("type", "")).startswith("image/")
        ):
            continue
        width = str(media.get("width", ""))
        wide = int(width) if width.isdecimal() else 0
        key = url.partition("?")[0] if wide else url
        if key not in widest or wide > widest[key][0]:
            widest[key] = (wide, url)
    return [url for _, url in widest.values()]


def _absolute(stated: Iterable[Any], url: str) -> tuple[str, ...]:
    links = (absolute(one, url) for one in stated if isinstance(one, str))
    web = (link for link in links if link and urlsplit(link).scheme in ("http", "https"))
    return tuple(dict.fromkeys(web))[:MOST]
