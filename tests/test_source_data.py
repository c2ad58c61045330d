"""Lists that a page carries as JSON-LD or microdata, taken where the page shows them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import Item, Source, Take
from feedbot.source.data import data_items
from feedbot.source.page import parse_page
from feedbot.source.read import look

URL = "https://press.example.org/news/"
LINKS = "".join(f"<a href=/news/{n}>Visit {n}</a>" for n in range(1, 9))


def items(html: str) -> tuple[Item, ...]:
    return data_items(parse_page(html, URL), url=URL, zone=ZoneInfo("Europe/London"))


def script(*data: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(one)}</script>' for one in data)


def article(number: int, **more: Any) -> dict[str, Any]:
    return {
        "@type": "NewsArticle",
        "headline": f"The ambassador&#39;s visit {number}",
        "url": f"/news/{number}",
        "datePublished": f"2020-05-2{number}T10:00:00+01:00",
    } | more


SHAPES = {
    "an array": [article(n) for n in (1, 2, 3)],
    "a graph": {"@context": "https://schema.org", "@graph": [article(n) for n in (1, 2, 3)]},
    "a blog": {"@type": "Blog", "blogPost": [article(n) for n in (1, 2, 3)]},
    "a list of items": {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": n, "item": article(n)} for n in (1, 2, 3)
        ],
    },
    "a list in a page": {
        "@type": ["WebPage", "CollectionPage"],
        "mainEntity": {"@type": "ItemList", "itemListElement": [article(n) for n in (1, 2, 3)]},
    },
    "a vocabulary's prefix": [article(n, **{"@type": "schema:NewsArticle"}) for n in (1, 2, 3)],
    "mainEntityOfPage": [
        article(n, url=None, mainEntityOfPage={"@id": f"{URL}{n}"}) for n in (1, 2, 3)
    ],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_way_to_write_a_list_gives_its_items(shape: Any) -> None:
    found = items(LINKS + script(shape))
    assert [(item.title, item.link, item.date) for item in found] == [
        (
            f"The ambassador's visit {n}",
            f"{URL}{n}",
            datetime(2020, 5, 20 + n, 9, tzinfo=UTC),
        )
        for n in (1, 2, 3)
    ]


def test_what_else_is_said_of_an_item_is_read() -> None:
    more = {
        "description": "<p>What was said.</p>",
        "author": [{"@type": "Person", "name": "Press office"}],
        "image": [{"@type": "ImageObject", "url": "/1.jpg"}],
    }
    [first, *_] = items(LINKS + script([article(n, **more) for n in (1, 2, 3)]))
    assert (first.summary, first.author, first.image) == (
        "What was said.",
        "Press office",
        "https://press.example.org/1.jpg",
    )


def test_a_list_of_links_alone_takes_its_titles_from_the_page() -> None:
    listed = {
        "@type": "ItemList",
        "itemListElement": [{"@type": "ListItem", "url": f"{URL}{n}"} for n in (1, 2, 3, 4)],
    }
    assert [item.title for item in items(LINKS + script(listed))] == [
        f"Visit {n}" for n in (1, 2, 3, 4)
    ]


def test_each_script_is_read_for_itself_and_broken_ones_are_passed_by() -> None:
    page = LINKS + '<script type="application/ld+json">{"@type": </script>'
    page += script(*(article(n) for n in (1, 2, 3)))
    page += '<script type="application/json">[1]</script>'
    assert len(items(page)) == 3


def test_data_that_the_page_does_not_show_is_not_believed() -> None:
    assert items(script([article(n) for n in (1, 2, 3)])) == ()
    elsewhere = [article(n, url=f"/archive/{n}") for n in (1, 2, 3)]
    assert items(LINKS + script(elsewhere)) == ()
    assert len(items(LINKS + script([*elsewhere[:1], *(article(n) for n in (1, 2, 3, 4))]))) == 5


def test_an_articles_own_data_is_no_list_and_a_menu_loses() -> None:
    assert items(LINKS + script(article(1))) == ()
    menu = {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "SiteNavigationElement", "name": f"Section {n}", "url": f"/news/{n}"}
            for n in range(1, 9)
        ],
    }
    found = items(LINKS + script(menu, [article(n) for n in (1, 2, 3)]))
    assert [item.title for item in found] == [f"The ambassador's visit {n}" for n in (1, 2, 3)]


def test_news_and_events_are_two_lists() -> None:
    events = [
        {"@type": "MusicEvent", "name": f"Concert {n}", "url": f"/news/{n}", "startDate": "2020"}
        for n in (5, 6, 7, 8)
    ]
    assert len(items(LINKS + script(events, [article(n) for n in (1, 2, 3)]))) == 3
    assert len(items(LINKS + script(events))) == 4


def test_microdata_is_read_like_json_ld() -> None:
    row = (
        '<article itemscope itemtype="https://schema.org/BlogPosting"><h2 itemprop="headline">'
        '<a itemprop="url" href="/news/{0}">Visit {0}</a></h2>'
        '<time itemprop="datePublished" datetime="2020-05-2{0}">2{0} May</time>'
        '<span itemprop="author" itemscope itemtype="https://schema.org/Person">'
        '<b itemprop="name">Press office</b></span><meta itemprop="image" content="/{0}.jpg">'
        '<div itemprop="description">What was <i>said</i>.</div></article>'
    )
    listed = "".join(map(row.format, "123"))
    found = items(listed)
    assert items(f"<main itemscope itemtype='https://schema.org/Blog'>{listed}") == found
    part = listed.replace("<article", "<article itemprop=blogPost")
    assert items(f"<main itemscope itemtype='https://schema.org/Blog'>{part}") == found
    assert found[0] == Item(
        title="Visit 1",
        link=f"{URL}1",
        date=date(2020, 5, 21),
        summary="What was said.",
        author="Press office",
        image="https://press.example.org/1.jpg",
    )
    assert len(found) == 3


@pytest.mark.parametrize(("published", "take"), [(True, Take.DATA), (False, Take.LISTING)])
def test_the_list_is_taken_where_its_data_lacks_the_dates(published: bool, take: Take) -> None:
    nodes = [
        {"@type": "NewsArticle", "url": f"/{n}", "headline": f"Visit {n} of the minister"}
        | ({"datePublished": f"2020-05-{n + 10}"} if published else {})
        for n in range(5)
    ]
    rows = "".join(
        f"<li>{n + 10} May 2020 <a href=/{n}>Visit {n} of the minister</a></li>" for n in range(5)
    )
    source = Source(name="embassy", url=URL, title="Embassy", timezone=ZoneInfo("Europe/London"))
    found = look(f"<html><ul>{rows}</ul>{script(*nodes)}".encode(), "text/html", source, URL)
    assert found.extractor is not None
    assert found.listing is not None
    assert found.extractor.take is take
    assert [item.date for item in found.listing.items] == [date(2020, 5, n + 10) for n in range(5)]


def test_data_that_stays_behind_its_list_is_not_taken() -> None:
    nodes = [article(n) for n in (1, 2, 3)]
    rows = "".join(
        f"<li>2{n} May 2020 <a href=/news/{n}>The ambassador's visit {n}</a></li>"
        for n in (4, 3, 2, 1)
    )
    source = Source(name="embassy", url=URL, title="Embassy", timezone=ZoneInfo("Europe/London"))
    for body, take in ((rows, Take.LISTING), (rows.partition("</li>")[2], Take.DATA)):
        found = look(f"<html><ul>{body}</ul>{script(*nodes)}".encode(), "text/html", source, URL)
        assert found.extractor is not None
        assert found.extractor.take is take


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(["/news/1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["@type", "url", "name", "item", "itemListElement", "image", "@list"]),
            inner | st.sampled_from(["ItemList", "NewsArticle"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_no_data_is_too_strange(data: Any) -> None:
    text = json.dumps(data).replace("</", "<\\/")
    found = items(f'{LINKS}<script type="application/ld+json">{text}</script>')
    assert len({item.link for item in found}) == len(found)
