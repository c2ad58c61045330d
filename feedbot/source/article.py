"""An article's page to its text: HTML that is safe to publish, and what the page says of it.

    decode → parse → about (JSON-LD, meta) ─────────────────────────────→ Article
                └→ maintext: the part below the entry's title → trafilatura → nh3

trafilatura knows articles of all kinds, and may lose paragraphs; the part of the page that the
title heads is whole, and may have too much in it. So the first reads the second, and where it loses
prose the part is taken as it stands. Where no heading is found, it reads the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from feedbot.errors import ParseError
from feedbot.model import PageDate
from feedbot.source.about import about
from feedbot.source.maintext import MainText, find_heading, main_text
from feedbot.source.page import Page, absolute, parse_page, text_of
from feedbot.source.sanitise import sanitised
from feedbot.source.text import decode
from feedbot.source.tidy import one_line, says_something, words

#: What a page of text may come as.
MEDIA_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/xml"})
#: The most a text may have, in characters of its markup; what is beyond is left out.
MAX_CONTENT = 400_000
_MAX_PAGE = 2_000_000  # characters that are read
_MAX_ELEMENTS = 30_000
_MAX_READ = 300_000  # characters of markup that trafilatura gets: it takes seconds for a million
_WHOLE = 0.9  # of the prose, for a reading to have lost nothing
_INDENT = re.compile(r">\n\s*<")  # trafilatura's own
_LOG_IN = frozenset("login signin logon auth sso account register consent".split())
_NO_PAGES = frozenset(
    ".pdf .doc .docx .odt .rtf .xls .xlsx .ods .csv .ppt .pptx .odp .zip .rar .7z .gz .tar .exe"
    " .apk .dmg .epub .mp3 .ogg .wav .m4a .mp4 .avi .mov .webm .mkv .jpg .jpeg .png .gif .webp"
    " .svg .tif .tiff .ics .xml .json".split()
)


@dataclass(frozen=True, slots=True)
class Article:
    """What an article's page has to say.

    content:   sanitised HTML, links absolute, without its title
    image:     absolute URL of the one that stands for it
    published: a moment (aware UTC)
    section:   what kind of thing the site calls it
    """

    content: str
    author: str | None = None
    image: str | None = None
    published: datetime | None = None
    section: str | None = None


def not_a_page(link: str) -> str | None:
    """Why nothing can be read behind a link, told by its looks; None where it may be a page."""
    ending = PurePosixPath(urlsplit(link).path.lower()).suffix
    return f"no page: a {ending} file" if ending in _NO_PAGES else None


def exact_time(
    found: datetime | None, page_date: PageDate, zone: ZoneInfo, first_seen: datetime
) -> datetime | None:
    """The moment of publication that an article's page adds to what its list says.

    None where the list has one, where the two speak of different days, and for what lies ahead.
    """
    if found is None or isinstance(page_date, datetime) or found > first_seen:
        return None
    same = page_date is None or found.astimezone(zone).date() == page_date
    return found if same else None


def read_article(
    body: bytes, content_type: str | None, *, url: str, link: str, title: str, zone: ZoneInfo
) -> Article:
    """Read the page that was fetched for `link` from `url` (after redirects).

    title: the entry's
    zone:  of times that name none

    Raises ParseError where no article is in it, and nothing else.
    """
    page = parse_page(decode(body, content_type)[:_MAX_PAGE], url)
    if sum(1 for _ in page.root.iter()) > _MAX_ELEMENTS:
        raise ParseError(f"no article: more than {_MAX_ELEMENTS} elements on its page")
    said = about(page, zone)
    heading = find_heading(page, title)
    named = _speaks_of(title, (*said.titles, text_of(heading) if heading is not None else ""))
    _refuse_others(page, url, link, named=named)
    found = main_text(page, heading) if heading is not None else None
    html = _whole(found) if found else _by_trafilatura(_markup(page)[:_MAX_READ], precise=True)
    content = _bounded(sanitised(html or "", page.base))
    if not content or not says_something(text := _text(content)):
        raise ParseError("no article: there is no text on its page")
    if not named and words(text) in words(title):
        raise ParseError("no article: its page says no more than the title")
    return Article(
        content=content,
        author=said.author,
        image=said.image or _first_image(content, page.base),
        published=said.published,
        section=said.section or (found.section if found else None),
    )


def _speaks_of(title: str, names: tuple[str, ...]) -> bool:
    """Whether half of the title's words, or more, are in one of the names a page goes by."""
    wanted = set(words(title).split())
    return any(2 * len(wanted & set(words(name).split())) >= len(wanted) for name in names)


def _refuse_others(page: Page, url: str, link: str, *, named: bool) -> None:
    """Raise ParseError where another page came instead of the article's."""
    target, asked = urlsplit(url), urlsplit(link)
    moved = (target.path.rstrip("/"), target.query) != (asked.path.rstrip("/"), asked.query)
    parts = set(words(target.path).split())
    if moved and (parts & _LOG_IN or page.root.find(".//input[@type='password']") is not None):
        raise ParseError(f"no article: redirected to a log-in page, {_shown(url)}")
    if moved and not target.path.strip("/") and asked.path.strip("/"):
        raise ParseError(f"no article: redirected to the front page, {_shown(url)}")
    if moved and not named:
        raise ParseError(f"no article: redirected to another page, {_shown(url)}")
    if not named and page.root.find(".//input[@type='password']") is not None:
        raise ParseError("no article: a log-in page came instead")


def _shown(url: str) -> str:
    """A URL for a message: without its query, which can be a key to something."""
    return urlsplit(url)._replace(query="", fragment="").geturl()[:200]


def _whole(found: MainText) -> str:
    """The part of the page as trafilatura reads it, if that loses nothing; else as it stands."""
    large = len(found.html) > _MAX_READ
    read = None if found.rich or large else _by_trafilatura(found.html, precise=False)
    return read if read and len(_text(read)) >= _WHOLE * found.prose else found.html


def _by_trafilatura(html: str, *, precise: bool) -> str | None:
    """The text as trafilatura sees it, as HTML; None where it sees none or cannot read it."""
    # Loaded here: it is heavy, and many sources never need it.
    from trafilatura import extract

    try:
        found: str | None = extract(
            f"<html><body>{html}</body></html>",
            output_format="html",
            fast=True,
            favor_precision=precise,
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
    except Exception:  # whatever it cannot take, the page's own markup is still there
        return None
    return found and _INDENT.sub("><", found)


def _markup(page: Page) -> str:
    return str(etree.tostring(page.root, method="html", encoding="unicode"))


def _text(html: str) -> str:
    return one_line(text_of(_tree(html)))


def _tree(html: str) -> Any:
    return parse_page(f"<body>{html}</body>", "").root


def _bounded(content: str) -> str:
    """As many blocks of the content as may stay."""
    if len(content) <= MAX_CONTENT:
        return content
    kept: list[str] = []
    room = MAX_CONTENT
    body = _tree(content).find("body")
    while len(body) == 1 and len(body[0]):  # a wrapper around all of it
        body = body[0]
    for block in body:
        markup = etree.tostring(block, method="html", encoding="unicode")
        room -= len(markup)
        if room < 0:
            break
        kept.append(markup)
    return "".join(kept) + "<p>…</p>"


def _first_image(content: str, base: str) -> str | None:
    image = _tree(content).find(".//img[@src]")
    return absolute(image.get("src"), base) if image is not None else None
