from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, ListingRule, SourceKind
from feedbot.source.listing import read_listing
from feedbot.source.text import decode

PAGES = Path(__file__).parent / "data" / "pages"
LONDON = ZoneInfo("Europe/London")
URL = "https://example.org/news/index.html"


def read(html: str, rule: ListingRule, url: str = URL) -> Listing:
    return read_listing(html, rule, url=url, zone=LONDON, language="en")


def page(name: str, rule: ListingRule) -> Listing:
    return read(decode((PAGES / name).read_bytes(), "text/html"), rule)


def row(html: str, **rule: Any) -> Item:
    """The one row of a page, in a div."""
    listing = read(
        f"<html><body><div class=r>{html}</div></body></html>", ListingRule(".r", **rule)
    )
    (item,) = listing.items
    return item


# --- whole pages ---------------------------------------------------------------------------------


def test_paragraphs_with_the_date_before_the_title() -> None:
    listing = page("paragraphs.html", ListingRule(".event"))
    assert (listing.kind, listing.title, listing.language) == (
        SourceKind.HTML,
        "Embassy: latest events",
        "en",
    )
    assert listing.warnings == ()
    first, second, third = listing.items
    assert first == Item(
        title="Remarks at a news conference after the council’s videoconference, Moscow,"
        " May 26, 2020",
        link="https://example.org/article/1001",
        date=date(2020, 5, 27),
        summary="The council has met via videoconference. Considering the difficult situation,"
        " its preparations were approached with certain precautions.",
    )
    assert second.summary == "", "the title again, in other punctuation"
    assert third.summary == (
        "The orchestra plays at noon.\nDoors are closed.\n\nA recording stays online."
    )


def test_a_table() -> None:
    listing = page("table.html", ListingRule(".notices tr"))
    assert [(item.date, item.title, item.link, item.summary) for item in listing.items] == [
        (date(2020, 6, 3), "Road closed near the bridge",
         "https://example.org/news/notice.php?id=31", "until further notice"),
        (date(2020, 6, 2), "Water off on Mill Lane",
         "https://example.org/news/notice.php?id=30", ""),
        (date(2020, 6, 1), "Library opens again", f"{URL}#n29", "on weekdays"),
        (None, "Market hall reopens", "https://example.org/news/notice.php?id=28", "soon"),
    ]  # fmt: skip
    assert [item.own_link for item in listing.items] == [True, True, False, True]


def test_a_table_by_its_columns() -> None:
    rule = ListingRule(
        ".notices tr", title="td:nth-child(2)", date="td:first-child", summary="td:last-child"
    )
    listing = page("table.html", rule)
    assert [item.summary for item in listing.items] == [
        "until further notice",
        "",
        "on weekdays",
        "",
    ]
    assert listing.warnings == ("row 4: date not understood: 'soon'",)


def test_a_definition_list_with_a_base_address() -> None:
    listing = page("dl.html", ListingRule("dt", summary="+ dd"))
    assert [(item.title, item.link, item.date, item.summary) for item in listing.items] == [
        ("Version 2", "https://static.example/news/v2.html", date(2020, 5, 27), "Faster, smaller."),
        ("Version 1", "https://static.example/news/v1.html", date(2020, 4, 2), "The first one."),
    ]


def test_time_elements_and_links_around_headings() -> None:
    listing = page("time.html", ListingRule("article", image="img"))
    assert [(item.title, item.link, item.date) for item in listing.items] == [
        ("Third post", "https://example.org/p/3", datetime(2020, 5, 27, 7, 15, tzinfo=UTC)),
        ("Second post", "https://example.org/p/2", date(2020, 5, 26)),
        ("First post", "https://example.org/p/1", datetime(2020, 5, 25, 20, 5, tzinfo=UTC)),
    ]
    assert listing.items[0].image == "https://example.org/i/3.jpg"
    assert listing.items[1].image is None


@pytest.mark.parametrize("name", ["russian-windows-1251.html", "russian-koi8-r.html"])
def test_russian_pages(name: str) -> None:
    listing = page(name, ListingRule(".news li"))
    assert listing.title == "Новости"
    assert listing.items == (
        Item(
            title="О работе консульского отдела в июне",
            link="https://example.org/fnapr/12",
            date=date(2020, 5, 27),
            summary="Приём граждан ведётся по записи. Просим заранее проверить документы.",
        ),
        Item(
            title="Онлайн-концерт ко дню памяти",
            link="https://example.org/fnapr/11",
            date=date(2020, 5, 9),
        ),
    )


def test_rows_without_dates_and_links() -> None:
    listing = page("undated.html", ListingRule("li"))
    assert [(item.title, item.own_link) for item in listing.items] == [
        ("First thing", True), ("Only text here", False), ("A script", False),
        ("Write to us", False), ("Second thing", True),
    ]  # fmt: skip
    assert all(item.date is None for item in listing.items)
    assert listing.warnings == ("row 5: left out: it has neither text nor link",)
    links = [item.link for item in listing.items]
    assert len(set(links)) == 5
    assert all(link.startswith("https://example.org/") for link in links)


def test_of_two_dates_the_one_that_stands_alone_is_believed() -> None:
    listing = page("two-dates.html", ListingRule(".row"))
    assert [item.date for item in listing.items] == [
        date(2020, 6, 12),  # nothing stands alone: "published" is a word
        date(2020, 5, 21),
        date(2020, 5, 22),
    ]
    chosen = page("two-dates.html", ListingRule(".row", date="span"))
    assert [item.date for item in chosen.items] == [date(2020, 5, 20), date(2020, 5, 21), None]


def test_dates_in_the_future_are_told_as_they_are() -> None:
    listing = page("future.html", ListingRule(".e"))
    assert [item.date for item in listing.items] == [date(2031, 1, 1), date(2020, 5, 28)]
    assert [item.title for item in listing.items] == ["Opening night", "Press day"]


# --- one thing at a time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ("<a href=a.html>T</a>", "https://example.org/news/a.html"),
        ("<a href='/a?id=1#c2'>T</a>", "https://example.org/a?id=1#c2"),
        ("<a href='//other.example/x'>T</a>", "https://other.example/x"),
        ("<a href='?page=2'>T</a>", "https://example.org/news/index.html?page=2"),
        ("<a href='../up'>T</a>", "https://example.org/up"),
        ("<a href=' /a b\n\"c '>T</a>", "https://example.org/a%20b%0A%22c"),
        ("<a href='HTTP://Example.org/X'>T</a>", "HTTP://Example.org/X"),
        ("<a href='/новости'>T</a>", "https://example.org/новости"),
        ("<a href='#top'>top</a><a href=b>T</a>", "https://example.org/news/b"),
        ("<a href='mailto:a@b'>m</a><a href=b>T</a>", "https://example.org/news/b"),
        ("<a href='http://[bad'>m</a><a href=b>T</a>", "https://example.org/news/b"),
    ],
)
def test_links_are_absolute(html: str, link: str) -> None:
    assert row(html).link == link


@pytest.mark.parametrize(
    "html",
    ["T", "<a href='#x'>T</a>", "<a href='javascript:go()'>T</a>", "<a href=''>T</a>", "<a>T</a>",
     "<a href='tel:1'>T</a>", "<a href='data:text/html,x'>T</a>", "<a href='http://'>T</a>"],
)  # fmt: skip
def test_what_is_no_link_gives_the_page_with_a_fragment(html: str) -> None:
    item = row(html)
    assert not item.own_link
    assert item.link.startswith(f"{URL}#row-")
    assert item.title == "T"
    assert row(html).link == item.link, "stable"
    assert row(html.replace("T", "Other")).link != item.link


def test_the_fragment_is_the_rows_own_id() -> None:
    html = "<html><body><p id='n 1'>Text</p><p><a name=n2></a>More</p></body></html>"
    listing = read(html, ListingRule("p"), url=f"{URL}?a=1#old")
    assert [item.link for item in listing.items] == [f"{URL}?a=1#n%201", f"{URL}?a=1#n2"]


@pytest.mark.parametrize(
    ("html", "rule", "title"),
    [
        ("<h3>Head</h3><a href=x>Read more</a>", {}, "Head"),
        ("<a href=x><img src=i></a><a href=x>Words</a>", {}, "Words"),
        ("<a href=x><img src=i alt='A bridge'></a>", {}, "A bridge"),
        ("<a href=x title='Said'></a>", {}, "Said"),
        ("<a href=/x></a>", {}, "https://example.org/x"),
        ("<a href=x>27.05.2020</a> Words", {}, "Words"),
        ("<a href=x>27.05.2020 - Words</a>", {}, "Words"),
        ("27 May 2020: Words", {}, "Words"),
        ("<a href=x>Words, 27 May 2020</a> 27 May 2020", {}, "Words"),
        ("<a href=x>Words of 27 May 2020</a> 27 May 2020", {}, "Words of 27 May 2020"),
        ("<a href=x>Words <i>27 May 2020</i></a>", {}, "Words"),
        ("<a href=x>In <b>May</b>\n 2020</a>", {}, "In May 2020"),
        ("<a href=x>Short</a><b>Long one</b>", {"title": "b"}, "Long one"),
        ("<b></b><b>Second</b><a href=x>L</a>", {"title": "b"}, "Second"),
        ("<a href=x title=Full>Cut…</a>", {"title": "a@title"}, "Full"),
        ("<a href=x>L</a>", {"title": "b"}, "L"),
        ("<p>First paragraph.</p><p>Second.</p>", {}, "First paragraph."),
    ],
)
def test_titles(html: str, rule: dict[str, str], title: str) -> None:
    assert row(html, **rule).title == title


def test_the_titles_own_link_is_taken_before_the_first() -> None:
    html = "<a href=/tag>Tag</a><h3><a href=/story>Story</a></h3>"
    assert row(html, title="h3").link == "https://example.org/story"
    assert row(html, title="h3 a").link == "https://example.org/story"
    assert row(html).link == "https://example.org/tag"
    assert row(f"<a href=/all>{'<h3>Story</h3>'}</a>", title="h3").link == "https://example.org/all"
    assert row(html, title="h3", link="a").link == "https://example.org/tag"


def test_the_row_itself_may_be_the_link() -> None:
    html = "<html><body><a class=c href=/1>27.05.2020 <h3>One</h3><p>Text</p></a></body></html>"
    (item,) = read(html, ListingRule("a.c")).items
    assert item == Item("One", "https://example.org/1", date=date(2020, 5, 27), summary="Text")
    inner = "<html><body><a href=/1><span class=c>One</span></a></body></html>"
    assert read(inner, ListingRule(".c")).items[0].link == "https://example.org/1"


def test_attributes_and_xpath() -> None:
    html = """<html><body><ul>
    <li data-when=2020-05-27 data-to=/x><i>Words</i><img data-src=/i.png></li></ul></body></html>"""
    rule = ListingRule(
        "xpath://li", title="xpath:normalize-space(i)", link="@data-to", date="@data-when",
        image="xpath:.//img@data-src",
    )  # fmt: skip
    (item,) = read(html, rule).items
    assert item == Item(
        "Words", "https://example.org/x", date=date(2020, 5, 27), summary="",
        image="https://example.org/i.png",
    )  # fmt: skip
    native = ListingRule("li", link="xpath:@data-to", date="xpath:./@data-when")
    assert read(html, native).items[0].date == date(2020, 5, 27)
    assert read(html, native).items[0].link == "https://example.org/x"


def test_a_date_format_rules_out_guessing() -> None:
    html = "<b>05/06/2020</b> <a href=x>Words</a>"
    assert row(html, date="b").date == date(2020, 5, 6)
    assert row(html, date="b", date_format="%d/%m/%Y").date == date(2020, 6, 5)
    listing = read(f"<p>{html}</p>", ListingRule("p", date="b", date_format="%d.%m.%Y"))
    assert listing.items[0].date is None
    assert listing.warnings == ("row 1: date not understood: '05/06/2020'",)


@pytest.mark.parametrize(
    ("html", "summary"),
    [
        ("<a href=x>T</a> — words", "words"),
        ("<a href=x>T</a> | 27.05.2020 | words |", "words"),
        ("27.05.2020 - <a href=x>T</a>", ""),
        ("<a href=x>T</a><p>t!</p>", ""),
        ("<a href=x>T</a><p>T</p><p>More words</p>", "More words"),
        ("<a href=x>T</a><p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<a href=x>T</a><p>One <b>bold</b>,\n two</p>", "One bold, two"),
        ("<a href=x>T</a><p>Words</p><a href=x>Read more →</a>", "Words"),
        ("<a href=x>T</a><p>Words on 27.05.2020 there</p>", "Words on 27.05.2020 there"),
        ("<a href=x>T</a><p>27.05.2020: words</p>", "words"),
        ("<a href=x>T</a><script>var x</script><style>p{}</style><p hidden>h</p>tail", "tail"),
        ("<a href=x>T</a><p>a\xa0\u200bb\u00ad&#8203;&#x202E;&#1;c</p>", "a bc"),
        ("<a href=x>T</a><p>• one</p><p>• • •</p>", "one"),
        (
            "<a href=x>T</a><p>می\u200cخواهم x\u200d y 👩\u200d🚀</p>",
            "می\u200cخواهم x y 👩\u200d🚀",
        ),
    ],
)
def test_summaries_are_what_is_left(html: str, summary: str) -> None:
    assert row(html).summary == summary


def test_a_chosen_summary_and_a_title_from_text() -> None:
    html = "<b>27.05.2020</b> Some words<p>One</p><p>Two</p>"
    item = row(html, summary="p", date="b")
    assert (item.title, item.summary) == ("Some words", "One\n\nTwo")


def test_a_long_row_without_a_title_keeps_its_text() -> None:
    text = "word " * 200
    item = row(text)
    assert item.title.endswith("word…")
    assert len(item.title) <= 300
    assert item.summary == text.strip()


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "message"),
    [
        ("", "empty"),
        (" \n\ufeff\0", "empty"),
        ('{"items": ["<p>"]}', "JSON"),
        ("%PDF-1.7 <a>", "PDF"),
        ("\x89PNG\r\n<a>", "image"),
        ("Not found", "no markup"),
        ("<html><title>Sign in</title><p>x</html>", "no rows on the page 'Sign in': .*'.news li'"),
        ("<html><ul class=news><li></li></ul>", "no row could be read .*neither text nor link"),
    ],
)
def test_no_listing_is_an_error_that_says_why(html: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read(html, ListingRule(".news li"))


def test_one_bad_row_never_loses_the_rest() -> None:
    # A namespace node is neither element nor text; only the second row gives one.
    rule = ListingRule("p", title="xpath:self::p[@bad]/namespace::xml | a[not(../@bad)]")
    html = "<html><body><p><a href=1>One</a><p bad><a href=2>Two</a><p><a href=3>Three</a>"
    listing = read(html, rule)
    assert [item.title for item in listing.items] == ["One", "Three"]
    (warning,) = listing.warnings
    assert warning.startswith("row 2: left out: ")


def test_a_page_cut_off_anywhere_keeps_its_whole_rows() -> None:
    html = decode((PAGES / "paragraphs.html").read_bytes(), None)
    whole = page("paragraphs.html", ListingRule(".event")).items
    cut = html[: html.index("Online concert") + 6]
    items = read(cut, ListingRule(".event")).items
    assert items[:2] == whole[:2]
    assert items[2].title == "Online"


def test_deep_nesting_is_no_crash() -> None:
    deep = "<div>" * 100_000
    html = f"<html><body><p class=r><a href=1>One</a></p>{deep}<p class=r>x</p>"
    assert read(html, ListingRule(".r")).items[0].title == "One"
    inside = f"<html><body><div class=r><a href=1>One</a>{'<b>' * 100_000}x"
    assert read(inside, ListingRule(".r")).items[0].title == "One"


@pytest.mark.parametrize("unit", ["a", " ", "2020 ", "-", "&#8203;", "<br>", "\u200d", "1.", "é"])
def test_a_megabyte_in_one_row_is_read_in_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    item = row(f"<a href=x>T</a> {text}")
    assert time.process_time() - start < 6
    assert item.title == "T"


def test_warnings_are_counted_after_twenty() -> None:
    html = "<html>" + "<p><i>soon</i><a href=x>T</a></p>" * 30
    warnings = read(html, ListingRule("p", date="i")).warnings
    assert len(warnings) == 21
    assert warnings[-1] == "10 more rows like these"


# --- any input -----------------------------------------------------------------------------------

PARTS = (
    *(
        "<p>",
        "</p>",
        "<a href=x>",
        "<a href='#'>",
        "</a>",
        "<li>",
        "<table>",
        "<tr>",
        "<td>",
        "<h3>",
    ),
    *("27.05.2020", "text", " - ", "<br>", "<time datetime='2020-05-27'>", "<!--", "-->", "\x00"),
    *("<base href=/b>", "<script>", "</script>", "&amp;", "&#0;", "\ud800", "<p hidden>"),
    *("<img alt=i>", "Read more"),
)
MARKUP = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(), MARKUP),
    st.sampled_from([ListingRule("p"), ListingRule("*", title="a", date="time", summary="p")]),
)
def test_any_text_gives_a_listing_or_a_parse_error(html: str, rule: ListingRule) -> None:
    try:
        listing = read(html, rule)
    except ParseError:
        return
    for item in listing.items:
        assert item.title
        assert "\n" not in item.title
        assert item.link.startswith("https://example.org/")
        item.title.encode()
        item.summary.encode()
