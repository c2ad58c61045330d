"""What makes two rows the same thing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.identity import fingerprint, identify, link_key, title_key
from feedbot.model import Item

PAGE = "https://press.example.org/"


@pytest.mark.parametrize(
    "other",
    [
        "http://press.example.org/article/7",
        "https://www.press.example.org/article/7",
        "https://press.example.org:443/article/7",
        "https://PRESS.example.org/article/7/",
        "https://press.example.org/article/7?utm_source=x&fbclid=y",
        "https://press.example.org/%61rticle/7",
        "https://press.example.org./article/7",
        " https://press.example.org/article/7\n",
    ],
)
def test_one_article_in_many_spellings(other: str) -> None:
    assert link_key(other) == link_key("https://press.example.org/article/7")


@pytest.mark.parametrize(
    "other",
    [
        "https://press.example.org/article/8",
        "https://press.example.org/article/7?page=2",
        "https://press.example.org/article/7#b",
        "https://press.example.org:8443/article/7",
        "https://rus.press.example.org/article/7",
        "https://press.example.org/Article/7",
    ],
)
def test_what_tells_pages_apart_is_kept(other: str) -> None:
    assert link_key(other) != link_key("https://press.example.org/article/7")


def test_the_order_of_a_query_does_not_matter_but_its_values_do() -> None:
    assert link_key("http://a/?x=1&y=2") == link_key("http://a/?y=2&x=1")
    assert link_key("http://a/?x=1") != link_key("http://a/?x=2")


@given(st.text())
def test_a_link_key_comes_of_anything(url: str) -> None:
    assert link_key(url) == link_key(url)
    assert isinstance(link_key("http://" + url), str)


def test_titles_compare_by_their_words_and_day() -> None:
    day = date(2020, 5, 27)
    assert title_key("Victory  Day: a concert", day) == title_key("VICTORY DAY — A CONCERT", day)
    assert title_key("Victory Day", day) != title_key("Victory Day", None)
    assert title_key("Victory Day 75", day) != title_key("Victory Day 76", day)
    assert title_key("!?", None) != title_key("…", None)
    noon = datetime(2020, 5, 27, 12, tzinfo=UTC)
    assert title_key("Victory Day", day) == title_key("Victory Day", noon)


def test_a_fingerprint_moves_with_what_a_reader_would_notice() -> None:
    item = Item("A title", "https://a.example/1", date=date(2020, 5, 27), summary="Some words.")
    same = Item(
        "A  title ",
        "http://www.a.example/1?utm_medium=feed",
        date=date(2020, 5, 27),
        summary="Some\n words.",
        image="https://a.example/rotating.jpg",
        categories=("new tag",),
    )
    assert fingerprint(item) == fingerprint(same)
    assert len(fingerprint(item)) == 64
    for other in (
        Item("Another", item.link, date=item.date, summary=item.summary),
        Item(item.title, "https://a.example/2", date=item.date, summary=item.summary),
        Item(item.title, item.link, date=None, summary=item.summary),
        Item(item.title, item.link, date=item.date, summary="Other words."),
        Item(item.title, item.link, date=item.date, summary=item.summary, content="<p>x</p>"),
    ):
        assert fingerprint(other) != fingerprint(item)


def test_a_key_counts_only_where_it_tells_rows_apart() -> None:
    rows = identify(
        [
            Item("One", "https://a.example/agenda.pdf", guid="same"),
            Item("Two", "https://a.example/agenda.pdf", guid="same"),
            Item("Three", "https://a.example/3", guid="three"),
        ],
        PAGE,
    )
    assert [row.guid for row in rows] == [None, None, "three"]
    assert [row.link_key for row in rows] == [None, None, "a.example/3"]
    assert len({row.article_key for row in rows}) == 3


@pytest.mark.parametrize("link", [PAGE, "http://www.press.example.org", "https://other.example/"])
def test_a_link_to_a_home_page_names_no_article(link: str) -> None:
    (row,) = identify([Item("Only row", link)], PAGE)
    assert row.link_key is None


def test_the_same_row_twice_is_one_article() -> None:
    twice = [Item("One", "https://a.example/1"), Item("One", "https://a.example/1")]
    first, second = identify(twice, PAGE)
    assert first.article_key == second.article_key
