"""The way back through a list's pages, and what of a page is stored; feeds' links to older ones."""

from __future__ import annotations

from datetime import date

import pytest

from feedbot.identity import Row, identify
from feedbot.matching import Known
from feedbot.model import Item
from feedbot.source.feedlinks import older_documents
from feedbot.source.part import Way
from feedbot.source.trail import (
    DRY,
    Trail,
    as_json,
    from_json,
    is_of_the_list,
    is_reached,
    older,
)

URL = "https://press.example/news"


def rows(*days: int, start: int = 0) -> tuple[Row, ...]:
    """One row for each day of May 2020; 0 is without a date."""
    items = [
        Item(f"Title {n}", f"https://press.example/{n}", date=date(2020, 5, day) if day else None)
        for n, day in enumerate(days, start=start)
    ]
    return identify(items, URL)


def known(row: Row, key: int = 1) -> Known:
    return Known(key, row.guid, row.link_key, row.title_key, row.fingerprint, row.item.date)


def way(name: str) -> Way:
    return Way(f"https://press.example/{name}")


def test_the_links_of_a_page_come_before_those_that_wait_and_none_twice() -> None:
    trail = Trail().read([URL], rows(9), [way("a"), way("b")])
    trail = trail.read(["https://press.example/a"], rows(8, start=5), [way("c"), way("news")])
    assert trail.waiting == (way("c"), way("b"))
    assert trail.pages == 2


def test_pages_that_show_nothing_new_end_it_and_one_alone_does_not() -> None:
    ways = [way(str(number)) for number in range(9)]
    trail = Trail().read([URL], rows(9, 8), ways)
    trail = trail.read([ways[0].url], rows(9), [])
    assert not trail.is_over(99)
    trail = trail.read([ways[1].url], rows(7, start=7), [])
    assert trail.dry == 0
    for number in range(DRY):
        assert not trail.is_over(99)
        trail = trail.passed(ways[2 + number].url)
    assert trail.is_over(99)


def test_no_more_pages_than_allowed_are_read() -> None:
    trail = Trail().read([URL], rows(9), [way("a")])
    assert trail.is_over(1)
    assert not trail.is_over(2)


def test_a_trail_is_stored_and_taken_up() -> None:
    trail = Trail().read([URL], rows(9, 8), [Way("https://press.example/all", proof=True)])
    assert from_json(as_json(trail)) == trail


def test_only_what_is_unknown_old_and_within_the_goal_is_stored_newest_first() -> None:
    shown = rows(20, 19, 18, 17, 16)
    matched = {1: known(shown[1])}
    day = date(2020, 5, 19)
    assert older(shown, matched, day, Trail(), 99) == [2, 3, 4]
    assert older(shown, matched, day, Trail(), 4) == [2, 3]
    assert older(shown, matched, day, Trail(), date(2020, 5, 17)) == [2, 3]
    assert older(shown, matched, day, Trail().read([URL], shown[2:3], []), 99) == [3, 4]


def test_a_page_of_unknown_rows_is_stored_but_for_what_is_later_than_the_list() -> None:
    shown = rows(20, 19, 0, 18)
    assert older(shown, {}, date(2020, 5, 19), Trail(), 99) == [1, 2, 3]
    assert older(shown, {}, None, Trail(), 99) == [0, 1, 2, 3]


def test_an_ascending_page_is_stored_newest_first_all_the_same() -> None:
    assert older(rows(16, 17, 18), {}, date(2020, 5, 19), Trail(), 2) == [2, 1]


def test_a_list_found_anew_has_to_show_something_known() -> None:
    trail = Trail().read([URL], rows(20), [])
    other = rows(19, start=7)
    assert is_of_the_list(other, {}, trail, proof=False)
    assert not is_of_the_list(other, {}, trail, proof=True)
    assert is_of_the_list(other, {0: known(other[0])}, trail, proof=True)
    assert is_of_the_list(rows(20), {}, trail, proof=True)
    assert is_of_the_list(other, {}, Trail(), proof=True)  # the first page is the list


def test_a_goal_is_reached_by_number_or_by_a_page_that_is_all_before_the_day() -> None:
    trail = Trail().read([URL], rows(20, 19, 18), [])
    assert is_reached(rows(18), trail, 3)
    assert not is_reached(rows(18), trail, 4)
    assert is_reached(rows(18, 0), trail, date(2020, 5, 19))
    assert not is_reached(rows(20, 18), trail, date(2020, 5, 19))
    assert not is_reached(rows(0), trail, date(2020, 5, 19))


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        (
            '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/a/">'
            '<link rel="next" href="?page=2"/><link rel="prev-archive" href="old.atom"/>'
            '<entry><link rel="next" href="/wrong"/></entry></feed>',
            ("https://press.example/a/old.atom", "https://press.example/a/?page=2"),
        ),
        (
            '<rss xmlns:a="http://www.w3.org/2005/Atom"><channel>'
            '<a:link rel="next" href="/rss?page=2"/></channel></rss>',
            ("https://press.example/rss?page=2",),
        ),
        (
            '{"version": "https://jsonfeed.org/version/1.1", "next_url": "/2.json"}',
            ("https://press.example/2.json",),
        ),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="/a"/></feed>', ()),
        ('{"next_url": 7}', ()),
        ("[1]", ()),
        ("{broken", ()),
        ("<feed", ()),
        ('<!DOCTYPE a [<!ENTITY b "c">]><feed/>', ()),
    ],
)
def test_a_feed_says_where_its_older_entries_are(text: str, documents: tuple[str, ...]) -> None:
    assert older_documents(text, URL) == documents
