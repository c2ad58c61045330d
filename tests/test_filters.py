"""Which articles a chat is told of."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.filters import check_pattern, compile_filter


def wants(text: str, *include: str, exclude: tuple[str, ...] = ()) -> bool:
    return compile_filter(include, exclude).wants(text, "", "")


def test_without_patterns_everything_is_wanted() -> None:
    assert wants("anything")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("lavrov", "Minister Lavrov’s interview"),
        ("LAVROV", "lavrov"),
        ("straße", "STRASSE"),
        ("посольство", "ПОСОЛЬСТВО России"),
        ("istanbul", "İSTANBUL"),
        ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("café", "cafe\u0301"),
        ("news conference", "a news\n  conference today"),
        ("北京", "我在北京工作"),
        ("กรุงเทพ", "อยู่กรุงเทพมหานคร"),
        ("हिन्दी", "यह हिन्दी है"),
        ("c++", "C++ and C"),
        ("#news", "see #news"),
        ("covid-19", "COVID-19: figures"),
    ],
)
def test_a_word_is_found_in_any_language_and_case(word: str, text: str) -> None:
    assert wants(text, word)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("art", "a party"),
        ("посол", "посольство"),
        ("ह", "हिन्दी"),
        ("cafe", "cafe\u0301"),
        ("1", "2018"),
        ("news conference", "news of a conference"),
    ],
)
def test_a_part_of_a_word_is_not_the_word(word: str, text: str) -> None:
    assert not wants(text, word)


def test_a_later_whole_word_counts_after_a_part() -> None:
    assert wants("party art", "art")


def test_title_summary_and_source_are_searched_apart() -> None:
    chosen = compile_filter(["alpha beta"], [])
    assert chosen.wants("alpha beta", "", "")
    assert chosen.wants("", "alpha beta", "")
    assert chosen.wants("", "", "alpha beta")
    assert not chosen.wants("alpha", "beta", "")


def test_exclusion_wins() -> None:
    assert not wants("Lavrov in Moscow", "lavrov", exclude=("moscow",))
    assert wants("Lavrov in Minsk", "lavrov", exclude=("moscow",))
    assert wants("anything else", exclude=("moscow",))


def test_expressions_match_as_written() -> None:
    assert wants("26 May 2020", r"re:\d{4}")
    assert not wants("LAVROV", "re:lavrov")
    assert wants("LAVROV", "re:(?i)lavrov")
    assert wants("cut: \ud800 off", "re:off$")


def test_no_expression_can_hang() -> None:
    started = time.monotonic()
    assert not wants("a" * 100_000 + "!", "re:(a+)+$")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("", "is empty"),
        (" \x00", "is empty"),
        ("re:", "nothing after"),
        ("re: ", "nothing after"),
        ("re:(", "missing )"),
        ("re:(?=x)", "google-re2"),
        ("re:\ud800", "google-re2"),
    ],
)
def test_bad_patterns_are_named(pattern: str, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    problem = check_pattern(pattern)
    assert problem is not None
    assert what in problem
    assert "\n" not in problem
    with pytest.raises(ValueError, match=r"is|has"):
        compile_filter([pattern], [])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", ["word", "two words", "re:a|b", "!!"])
def test_good_patterns_pass(pattern: str) -> None:
    assert check_pattern(pattern) is None


@given(st.text(), st.text(), st.text())
def test_any_word_is_either_refused_or_finds_itself(before: str, word: str, after: str) -> None:
    if word.startswith("re:") or check_pattern(word):
        return
    chosen = compile_filter([word], [])
    assert chosen.wants(word, before, after)
