"""Rules of listings: what is wrong with one is said by its key."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.model import ListingRule
from feedbot.source.listing import check_rule, compile_rule


def test_a_good_rule_has_no_problems_and_is_compiled_once() -> None:
    rule = ListingRule(
        "ul > li.news:not(.ad)", title="h3 a", link="xpath:.//a/@href", date="time@datetime",
        summary="> p, div", image="img@src", date_format="%d %B %Y",
    )  # fmt: skip
    assert check_rule(rule) == []
    assert compile_rule(rule) is compile_rule(rule)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("item", "li[", "no CSS selector"),
        ("item", "", "empty"),
        ("item", "li@id", "cannot be a row"),
        ("title", "a::text", "Pseudo-elements"),
        ("link", "xpath:.//a[", "no XPath"),
        ("date", "xpath:lower(.)", "no XPath: Unregistered function"),
        ("summary", "xpath:x:p", "prefix"),
        ("date_format", "%d.%m", "no whole date"),
        ("date_format", "%Q", "no strptime format"),
        ("date_format", "yesterday", "no whole date"),
    ],
)
def test_each_problem_is_named_with_its_key(key: str, value: str, message: str) -> None:
    rule = ListingRule(**cast(dict[str, Any], {"item": "li", key: value}))
    ((found, text),) = check_rule(rule)
    assert found == key
    assert message in text
    if key != "date_format":
        with pytest.raises(ParseError, match=f"listing.{key}"):
            compile_rule(rule)


def test_all_problems_are_named_at_once() -> None:
    rule = ListingRule("li[", title="a::b", date_format="%d")
    assert [key for key, _ in check_rule(rule)] == ["item", "title", "date_format"]


@pytest.mark.parametrize(
    "date_format", ["%d.%m.%Y %H:%M %z", "%j %Y", "%G-W%V-%u", "%x", "%d %b %y"]
)
def test_formats_of_whole_dates(date_format: str) -> None:
    assert check_rule(ListingRule("li", date_format=date_format)) == []


@given(st.text(max_size=60))
def test_any_selector_is_judged_without_failing(text: str) -> None:
    for key, message in check_rule(ListingRule(text, title=f"xpath:{text}", date_format=text)):
        assert key
        assert message
