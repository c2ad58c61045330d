"""Who is owed what of the time before it came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feedbot.filters import compile_filter
from feedbot.owing import Follower, Told, owe_backlog

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)


def told(entry: int, day: int = 0, *, article: int = 0, source: str = "press") -> Told:
    when = NOON + timedelta(days=day)
    return Told(entry, article or entry, when, f"Title {entry}", "", source, source.upper())


def entries(earlier: list[Told], follower: Follower, number: int) -> list[int | None]:
    return [one.entry_id for one in owe_backlog(earlier, follower, number)]


def test_the_last_ones_are_owed_oldest_first_whatever_source_they_are_of() -> None:
    earlier = [told(1, 5), told(2, 3), told(3, 3), told(9, 4, source="other")]
    assert entries(earlier, Follower(1), 3) == [3, 9, 1]
    assert entries(earlier, Follower(1), 99) == [2, 3, 9, 1]
    assert entries(earlier, Follower(1), 0) == []


def test_an_article_of_two_sources_counts_once_with_both_as_causes() -> None:
    earlier = [told(1), told(2, 1), told(3, 2, article=2, source="other")]
    owed = owe_backlog(earlier, Follower(7), 1)
    assert [(one.dedupe_key, one.entry_id) for one in owed] == [
        ("news:7:2:1", 2),
        ("news:7:2:1", 3),
    ]
    assert entries(earlier, Follower(7), 2) == [1, 2, 3]


def test_words_are_looked_for_in_the_whole_text_too() -> None:
    follower = Follower(1, filter=compile_filter(("visit",), ()))
    html = "<p>A long text</p><p>about a <b>visit</b></p>"
    assert follower.wants_text("press", "Press", "Title", "Summary", html)
    assert not follower.wants_text("press", "Press", "Title", "Summary", "<a href='visit'>x</a>")
    assert not follower.wants_text("press", "Press", "Title", "Summary", None)


def test_only_what_it_wants_counts() -> None:
    earlier = [told(1), told(2, 1), told(3, 2), told(4, 3, source="other")]
    follower = Follower(1, frozenset({"press"}), None, compile_filter((), ("title 2",)))
    assert entries(earlier, follower, 2) == [1, 3]
