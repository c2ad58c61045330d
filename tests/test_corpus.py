"""The labels of the corpus are true of its pages, and the corpus is as broad as it should be."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import date
from functools import cache
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from tests.corpus import FOLDER, CorpusPage, CorpusRow, corpus, listings, redesigns

LANGUAGES = set("en ru de fr es zh ar uk pl tr ja pt it he el ko cs".split())
ENCODINGS = set(
    "utf-8 cp1251 koi8-r cp1252 iso-8859-1 iso-8859-2 iso-8859-7 windows-1250 windows-1255 cp1256 "
    "gbk gb18030 cp932 cp949".split()
)
NO_LISTS = set(
    "script consent login challenge blocked maintenance parked article contact empty".split()
)
#: Says a day without its number.
RELATIVE = re.compile(r"\b(?:yesterday|ago|вчера|сегодня|назад|gestern|vor)\b|昨天|小时前", re.I)
HARMLESS = re.compile(r"(?:^|\.)example(?:\.(?:org|com|net))?$")
every_page = pytest.mark.parametrize("page", corpus().values(), ids=lambda page: page.name)
every_listing = pytest.mark.parametrize("page", listings(), ids=lambda page: page.name)
every_redesign = pytest.mark.parametrize(
    ("before", "after"), redesigns(), ids=lambda page: page.name
)


@cache
def tree(name: str) -> html.HtmlElement:
    parser = html.HTMLParser(encoding="utf-8")
    return html.document_fromstring(corpus()[name].text.encode(), parser=parser)


def words(text: str) -> str:
    """Letters and digits, one space between, each script's digits as 0 to 9."""
    plain = "".join(str(unicodedata.digit(c, c)) if c.isdigit() else c for c in text)
    return " ".join(re.findall(r"[^\W_]+", plain.lower()))


@cache
def readable(name: str) -> str:
    """What a person, or a reader of the screen, gets from a page."""
    page = tree(name)
    shown = page.xpath("//text()[not(parent::script or parent::style)]")
    return words(" ".join(shown + page.xpath("//@title | //@alt | //@aria-label")))


@cache
def linked(name: str) -> frozenset[str]:
    """Addresses of links, and of places in the page itself: a row may have an id and no link."""
    page = tree(name)
    return frozenset(page.xpath("//@href")) | {f"#{place}" for place in page.xpath("//@id")}


def tag_path(page: CorpusPage) -> str:
    """The tags above a row's link, most rows' way; classes apart."""
    hrefs = {row.href for row in page.items}
    paths: Counter[str] = Counter()
    for link in tree(page.name).xpath("//*[@href or @id]"):
        if hrefs & {link.get("href"), f"#{link.get('id')}"}:
            paths["/".join(e.tag for e in link.iterancestors())] += 1
    return paths.most_common(1)[0][0]


def url(page: CorpusPage, row: CorpusRow) -> str:
    base = next(iter(tree(page.name).xpath("//base/@href")), page.base_url)
    return urljoin(base, row.href)


@every_listing
def test_every_link_stands_in_its_page(page: CorpusPage) -> None:
    hrefs = [row.href for row in page.items]
    assert [href for href in hrefs if href not in linked(page.name)] == []
    assert len(set(hrefs)) == len(hrefs)


@every_listing
def test_every_title_summary_and_author_can_be_read(page: CorpusPage) -> None:
    said = [x for row in page.items for x in (row.title, row.summary, row.author) if x]
    assert [x for x in said if words(x) not in readable(page.name)] == []


@every_listing
def test_every_image_stands_in_its_page(page: CorpusPage) -> None:
    images = [row.image for row in page.items if row.image]
    assert [image for image in images if image not in page.text.replace("&amp;", "&")] == []


@every_listing
def test_every_day_is_said_and_none_lies_ahead(page: CorpusPage) -> None:
    text = readable(page.name) + words(" ".join(row.href for row in page.items))
    days = [row.date for row in page.items if row.date]
    relative = RELATIVE.search(text)
    said = [day for day in days if re.search(rf"(?<![1-9]){day.day}(?!\d)", text)]
    assert len(said) == len(days) or relative
    assert all(day <= page.today for day in days)


@every_page
def test_bytes_are_in_the_encoding_that_is_named(page: CorpusPage) -> None:
    marked = page.raw.startswith(b"\xef\xbb\xbf")
    assert page.raw.decode(page.encoding).encode(page.encoding) == page.raw
    assert "\ufffd" not in page.text
    assert not marked or page.encoding == "utf-8"
    assert page.content_type.startswith("text/html")


@every_page
def test_pages_are_nobodys(page: CorpusPage) -> None:
    host = urlsplit(page.base_url).hostname or ""
    assert HARMLESS.search(host), host
    if page.timezone:
        ZoneInfo(page.timezone)


@every_redesign
def test_redesign_has_the_same_rows_and_newer_ones(before: CorpusPage, after: CorpusPage) -> None:
    def titles(page: CorpusPage) -> Counter[str]:
        return Counter(row.title for row in page.items)

    def dated(page: CorpusPage) -> Counter[tuple[str, date]]:
        return Counter((row.title, row.date) for row in page.items if row.date)

    assert titles(before) - titles(after) == Counter()
    assert 1 <= (titles(after) - titles(before)).total() <= 4
    assert after.today >= before.today
    assert tag_path(before) != tag_path(after)
    if dated(before) and dated(after):
        assert dated(before) - dated(after) == Counter()
        assert max(day for _, day in dated(after)) >= max(day for _, day in dated(before))


def test_every_listing_has_a_redesign() -> None:
    first = {page.name for page in listings() if page.redesign_of is None}
    assert Counter(before.name for before, _ in redesigns()) == Counter(first)
    assert all(before.family == after.family for before, after in redesigns())


def test_about_half_of_the_redesigns_have_new_links() -> None:
    def urls(page: CorpusPage) -> set[str]:
        return {url(page, row) for row in page.items}

    moved = [after for before, after in redesigns() if not urls(before) & urls(after)]
    assert 0.4 <= len(moved) / len(redesigns()) <= 0.7


def test_structures_are_many() -> None:
    owners: dict[str, set[str]] = {}
    for page in listings():
        owners.setdefault(tag_path(page), set()).add(page.family)
    alone = {next(iter(families)) for families in owners.values() if len(families) == 1}
    assert len(alone) >= 20


def test_breadth() -> None:
    pages = listings()
    firsts = [page for page in pages if page.redesign_of is None]
    languages = Counter(page.language for page in firsts)
    assert len(firsts) == len({page.family for page in firsts}) >= 44
    assert set(languages) == LANGUAGES
    assert languages["ru"] >= 8
    assert {page.encoding for page in pages} >= ENCODINGS
    assert any(page.raw.startswith(b"\xef\xbb\xbf") for page in pages)
    for encoding in ("cp1251", "cp1252"):  # declared nowhere
        assert any(
            page.encoding == encoding and b"charset" not in page.raw + page.content_type.encode()
            for page in pages
        ), encoding


def test_pages_without_a_list_are_of_all_kinds() -> None:
    others = [page for page in corpus().values() if page.kind is not None]
    assert {page.kind for page in others} == NO_LISTS
    assert [page.name for page in others if page.items] == []


def test_size() -> None:
    sizes = {file.name: file.stat().st_size for file in FOLDER.rglob("*.*")}
    assert sum(sizes.values()) < 4_000_000
    assert max(sizes.values()) < 200_000
