"""JSON endpoints: the rows that paths lead to, and the guess where there are none."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, ListingRule, Source, SourceKind, Take
from feedbot.source.endpoint.guess import guess_rule
from feedbot.source.endpoint.rows import read_json
from feedbot.source.read import look, read

URL = "https://press.example.org/api/news?page=1"
ZONE = ZoneInfo("Europe/London")
SOURCE = Source(name="api", url=URL, title="Press", kind=SourceKind.JSON, timezone=ZONE)

NEWS = {
    "meta": {"total": 240, "facets": [{"name": "Section one", "count": 4}] * 9},
    "data": {
        "items": [
            {
                "id": 100 + n,
                "slug": f"visit-{n}",
                "attributes": {
                    "title": f"The ambassador&#39;s <b>visit</b> {n}",
                    "web-url": f"/news/visit-{n}",
                    "published_at": f"2020-05-{n:02}T10:00:00Z",
                    "lead": f"What was said on occasion {n}.",
                    "image": {"url": f"/images/{n}.jpg"},
                },
            }
            for n in range(20, 10, -1)
        ]
    },
}
RULE = ListingRule(
    item="data.items[]",
    title="attributes.title",
    link='attributes."web-url"',
    date="attributes.published_at",
    summary="attributes.lead",
    image="attributes.image.url",
)


def rows(document: Any, rule: ListingRule, **more: Any) -> Listing:
    return read_json(document, rule, url=URL, zone=ZONE, language="en", **more)


FIRST = Item(
    title="The ambassador's visit 20",
    link="https://press.example.org/news/visit-20",
    guid="120",
    date=datetime(2020, 5, 20, 10, tzinfo=UTC),
    summary="What was said on occasion 20.",
    image="https://press.example.org/images/20.jpg",
)


def test_paths_lead_to_rows_and_their_parts() -> None:
    found = rows(NEWS, RULE)
    assert (found.items[0], len(found.items), found.warnings) == (FIRST, 10, ())
    assert found.kind is SourceKind.JSON


def test_a_link_may_be_a_template() -> None:
    rule = ListingRule("data.items", title="attributes.title", link="/en/{id}/{slug}?from=api")
    link = "https://press.example.org/en/120/visit-20?from=api"
    assert rows(NEWS, rule).items[0].link == link
    elsewhere = ListingRule("data.items", title="slug", link="https://www.example.net/{slug}")
    assert rows(NEWS, elsewhere).items[0].link == "https://www.example.net/visit-20"
    hostile = [{"title": "One", "slug": "a?b#c d/é"}]
    link = "https://press.example.org/a%3Fb%23c%20d/%C3%A9"
    assert rows(hostile, ListingRule("@", link="/{slug}")).items[0].link == link
    missing = rows([{"title": "One"}], ListingRule("@", link="/{slug}")).items[0]
    assert not missing.own_link


WRONG: list[Any] = [0, 7, True, "", "soon", None, [{}], 1e300, float("nan")]


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        (1590573600, datetime(2020, 5, 27, 10, tzinfo=UTC)),
        (1590573600000, datetime(2020, 5, 27, 10, tzinfo=UTC)),
        ("1590573600", datetime(2020, 5, 27, 10, tzinfo=UTC)),
        ("2020-05-27", date(2020, 5, 27)),
        ("27 May 2020, 11:00", datetime(2020, 5, 27, 10, tzinfo=UTC)),
        (["2020-05-27"], date(2020, 5, 27)),
        *[(wrong, None) for wrong in WRONG],
    ],
)
def test_dates_are_text_or_unix_time(value: Any, read_as: Any) -> None:
    [item] = rows([{"title": "One", "when": value}], ListingRule("@", date="when")).items
    assert item.date == read_as


def test_a_date_format_counts_here_too() -> None:
    rule = ListingRule("@", date="when", date_format="%d|%m|%Y")
    assert rows([{"title": "One", "when": "27|05|2020"}], rule).items[0].date == date(2020, 5, 27)


def test_an_empty_array_is_a_sound_list_and_a_path_to_nothing_is_not() -> None:
    assert rows({"data": []}, ListingRule("data")).items == ()
    with pytest.raises(
        ParseError, match=r"listing\.item 'dat' leads to nothing; .* has data, meta"
    ):
        rows({"data": [], "meta": {}}, ListingRule("dat"))
    with pytest.raises(ParseError, match="leads to no list"):
        rows({"data": "none"}, ListingRule("data"))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (ListingRule("data["), r"listing\.item: 'data\[' is no JMESPath: "),
        (ListingRule("@", title=" "), r"listing\.title: the path is empty"),
        (
            ListingRule("@", date="frobnicate(@)"),
            r"row 1: 'frobnicate\(@\)' fails: Unknown function",
        ),
        (ListingRule("@", summary="length(n)"), r"row 1: 'length\(n\)' fails: "),
    ],
)
def test_what_is_wrong_with_a_path_is_one_line_with_its_key(
    rule: ListingRule, message: str
) -> None:
    with pytest.raises(ParseError, match=message) as raised:
        rows([{"title": "One", "n": 1}], rule)
    assert "\n" not in str(raised.value)


def test_rows_that_name_nothing_are_left_out_and_said() -> None:
    found = rows([{"title": "One"}, {}, 7, "Two"], ListingRule("@"))
    assert [item.title for item in found.items] == ["One", "Two"]
    assert len(found.warnings) == 2
    with pytest.raises(ParseError, match="none of the 2 rows"):
        rows([{}, {}], ListingRule("@"))


def test_without_paths_the_list_is_found_and_remembered_as_a_rule() -> None:
    body = json.dumps(NEWS).encode()
    found = look(body, "application/json", SOURCE, URL)
    assert found.listing is not None
    assert found.listing.items[0] == FIRST
    assert found.extractor is not None
    assert found.extractor.take is Take.LISTING
    rule = found.extractor.rule
    assert rule is not None
    assert rule.item == "data.items"
    assert rule.link == 'attributes."web-url"'
    again = look(body, None, SOURCE, URL, found.extractor)
    assert again.listing == found.listing
    assert again.extractor is not None
    assert again.extractor.rule == rule
    moved = json.dumps({"results": NEWS["data"]["items"]}).encode()  # type: ignore[index]
    other = look(moved, None, SOURCE, URL, found.extractor)
    assert other.listing == found.listing
    assert other.extractor is not None
    assert other.extractor.rule is not None
    assert other.extractor.rule.item == "results"


def test_an_endpoint_is_known_by_its_body_and_a_json_feed_is_a_feed() -> None:
    auto = Source(name="api", url=URL, title="Press", timezone=ZONE)
    assert read(json.dumps(NEWS).encode(), None, auto, URL).kind is SourceKind.JSON
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "title": "One", "url": "/1"}],
    }
    assert read(json.dumps(feed).encode(), None, auto, URL).kind is SourceKind.FEED
    assert read(json.dumps(feed).encode(), None, SOURCE, URL).items[0].title == "One"


GUESSES: dict[str, tuple[Any, ListingRule]] = {
    "an array alone": (
        [{"id": n, "headline": f"A visit of day {n}", "href": f"/n/{n}"} for n in range(5)],
        ListingRule("@", title="headline", link="href"),
    ),
    "rendered fields": (
        [
            {
                "date": f"2020-05-1{n}T00:00:00",
                "modified": f"2020-06-1{n}T00:00:00",
                "link": f"https://press.example.org/{n}",
                "title": {"rendered": f"A visit of day {n}"},
                "excerpt": {"rendered": f"<p>Words of {n}.</p>"},
                "_links": {"self": [{"href": "/x"}]},
            }
            for n in range(5)
        ],
        ListingRule("@", title="title.rendered", link="link", date="date"),
    ),
    "names of another language": (
        {"итог": [{"тема": f"Визит номер {n}", "куда": f"/n/{n}", "когда": f"1{n}.05.2020"}
         for n in range(5)]},
        ListingRule("\"\\u0438\\u0442\\u043e\\u0433\""),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "rule"), GUESSES.values(), ids=GUESSES)
def test_the_guess_takes_titles_links_and_dates(document: Any, rule: ListingRule) -> None:
    found = guess_rule(document, ZONE)
    assert found is not None
    assert found.item == rule.item
    for key in ("title", "link", "date"):
        assert getattr(rule, key) in (None, getattr(found, key))
    listing = rows(document, found)
    assert len(listing.items) == 5
    assert all("isit" in item.title or "изит" in item.title for item in listing.items)


@pytest.mark.parametrize("document", [{}, [], [1, 2], {"status": "ok"}, "x", [{"a": 1}] * 3])
def test_where_there_is_no_list_it_says_so(document: Any) -> None:
    with pytest.raises(ParseError, match="no list in this JSON"):
        read(json.dumps(document).encode(), None, SOURCE, URL)


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"<html><p>Log in", "an HTML page"), (b"{", "not JSON"), (b"[" * 100_000, "not JSON")],
)
def test_what_is_no_json_is_named(body: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read(body, "application/json", SOURCE, URL)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["title", "url", "date", "id", "a b", "items"]), inner)
    ),
    max_leaves=30,
)


@settings(deadline=None)
@given(VALUES)
def test_any_document_gives_a_listing_or_a_parse_error(document: Any) -> None:
    try:
        listing = read(json.dumps(document).encode(), None, SOURCE, URL)
    except ParseError:
        return
    assert all(item.title for item in listing.items)
