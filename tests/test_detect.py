"""Lists found without selectors on the sample site and on awkward pages."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.detect import mutated
from feedbot.demo.site.model import Language, Theme
from feedbot.demo.site.press import PressSite
from feedbot.demo.site.render import render_page
from feedbot.errors import ParseError
from feedbot.source.listing import read_listing
from feedbot.source.text import decode
from tests.corpus import corpus
from tests.detecting import NOW, URL, ZONE, found, items

NAMES = "old new red long iron rope toll stone wood swing".split()

# --- the sample site -----------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r"])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("theme", Theme)
def test_every_theme_of_the_sample_site_is_found_exactly(
    theme: Theme, language: Language, encoding: str
) -> None:
    site = PressSite(theme=theme, language=language, encoding=encoding)
    served = render_page(site, "/")
    url = "https://press.example.org/"
    got = items(decode(served.body, served.media_type), site.now, url, str(language))
    assert [(item.title, item.link, item.date) for item in got] == [
        (event.title, f"https://press.example.org{event.path}", event.day) for event in site.latest
    ]


# --- pages made here -----------------------------------------------------------------------------

MENU = "<nav><ul>" + "".join(f'<li><a href="/m{n}">Part {n}</a>' for n in range(30)) + "</ul></nav>"


def rows(template: str, count: int = 8) -> str:
    return "".join(
        template.format(n=n, day=30 - n, title=f"The {name} bridge is closed until autumn")
        for n, name in zip(range(count), NAMES, strict=False)
    )


def page(body: str) -> str:
    head = "<head><title>News</title></head>"
    return f"<html>{head}<body>{MENU}<main><h1>News</h1>{body}</main></body></html>"


def expected(count: int = 8) -> list[tuple[str, str, date]]:
    return [
        (
            f"The {name} bridge is closed until autumn",
            f"https://press.example.org/n{n}",
            date(2024, 5, 30 - n),
        )
        for n, name in zip(range(count), NAMES, strict=False)
    ]


SHAPES = {
    "list": "<ul>" + rows('<li>{day} May 2024 <a href="/n{n}">{title}</a></li>') + "</ul>",
    "cards": rows(
        '<div class=card><img src="/i{n}.jpg"><h3><a href="/n{n}">{title}</a></h3><time'
        ' datetime="2024-05-{day}">{day} May</time><p>Some text on it, and more of it.</p><a'
        ' href="/n{n}">Read more</a></div>'
    ),
    "table": "<table><tr><th>Date<th>Subject<th>File</tr>"
    + rows("<tr><td>{day}/05/2024<td>{title}<td><a href=/n{n}>PDF</a></tr>")
    + "</table>",
    "terms": "<dl>" + rows('<dt><a href="/n{n}">{title}</a></dt><dd>{day} May 2024</dd>') + "</dl>",
    "headings": rows('<h3><a href="/n{n}">{title}</a></h3><p>{day}.05.2024</p><p>Its text.</p>'),
    "pairs": "<table>"
    + rows('<tr><td><a href="/n{n}">{title}</a></tr><tr><td>{day} May 2024, a few words on it</tr>')
    + "</table>",
    "lines": "<p>" + rows('{day}.05.2024 - <a href="/n{n}">{title}</a><br>') + "</p>",
    "in the link": "<ul>" + rows('<li><a href="/n{n}">{day}.05.2024 {title}</a></li>') + "</ul>",
    "date headings": rows('<h4>{day} May 2024</h4><ul><li><a href="/n{n}">{title}</a></li></ul>'),
    "boxes": rows(
        "<div class=e><div class=b><span>{day}</span><span>May</span></div><a"
        ' href="/n{n}">{title}</a></div>'
    ),
    "labels": rows(
        "<div class=r><b>Case:</b> {title}<br><b>Argued:</b> 1 March 2024<br><b>Filed:</b> {day}"
        ' May 2024<br><a href="/n{n}">View</a></div>'
    ),
    "whole row a link": rows(
        '<a class=row href="/n{n}"><small>{day} May 2024</small><strong>{title}</strong></a>'
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_every_shape(shape: str) -> None:
    got = [(item.title, item.link, item.date) for item in items(page(SHAPES[shape]))]
    assert got == expected()


def test_summary_author_and_picture_of_rows() -> None:
    html = page(
        rows(
            '<div class=card><img src="/i{n}.jpg"><h3><a href="/n{n}">{title}</a></h3><span'
            " class=byline>By Ada Pont {n}</span> {day} May 2024<p>What {title} means for you."
            '</p><a href="/n{n}">Read more</a><ul class=tags><li><a href="/t">Roads</a></ul></div>'
        )
    )
    first = items(html)[0]
    assert first.summary == "What The old bridge is closed until autumn means for you."
    assert first.author == "Ada Pont 0"
    assert first.image == "https://press.example.org/i0.jpg"


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("작성자", "Ada {n}"),
        ("", '<span>7 points</span> by <a href="/u/{n}">Ada {n}</a>'),
        ("", '<a href="/find?user={n}">Ada {n}</a>'),
    ],
)
def test_who_wrote_it_is_said_by_a_column_a_word_or_an_address(head: str, cell: str) -> None:
    def authors(head: str, cell: str) -> list[str | None]:
        name = '<a href="/n{n}">{title}</a>'
        row = f"<tr><td>{{day}} May 2024</td><td>{name}</td><td>{cell}</td></tr>"
        titles = f"<tr><th>Day</th><th>Title</th><th>{head}</th></tr>"
        return [item.author for item in items(page(f"<table>{titles}{rows(row)}</table>"))]

    found = authors(head, cell)
    assert found == [f"Ada {n}" for n in range(len(found))]
    assert set(authors("", cell.replace("user=", "tag=").replace("by ", ""))) == {None}


def test_days_in_addresses_are_taken_where_there_are_no_others() -> None:
    html = page("<ul>" + rows('<li><a href="/2024/05/{day}/n{n}">{title}</a></li>') + "</ul>")
    assert [item.date for item in items(html)] == [day for _, _, day in expected()]


def test_rows_without_links_are_rows() -> None:
    html = page(rows('<div id="r{n}"><b>{day} May 2024</b><p>{title}</p></div>'))
    got = items(html)
    assert [item.title for item in got] == [title for title, _, _ in expected()]
    assert got[0].link == "https://press.example.org/news/#r0"


def test_an_advertisement_between_rows_is_at_most_one_more() -> None:
    parts = SHAPES["cards"].split("<div class=card>")
    parts.insert(4, '<div class=ad><a href="https://ads.example/">Buy a bridge today</a></div>')
    html = page(
        "<div class=card>".join(parts).replace("<div class=card><div class=ad>", "<div class=ad>")
    )
    got = {item.link for item in items(html)}
    assert got - {"https://ads.example/"} == {link for _, link, _ in expected()}


def test_the_news_wins_over_what_stands_around_it() -> None:
    popular = (
        "<aside><h2>Most read</h2><ul>"
        + "".join(
            f'<li><a href="/p{n}">An older bridge story {n}</a> {n + 1} May 2024</li>'
            for n in range(5)
        )
        + "</ul></aside>"
    )
    archive = (
        "<aside><ul>"
        + "".join(
            f'<li><a href="/a{n}">{month} 2024</a> (12)</li>'
            for n, month in enumerate(("January", "February", "March", "April", "May"))
        )
        + "</ul></aside>"
    )
    lists = found(page(popular + archive + SHAPES["cards"]))
    assert lists[0].rows == 8
    assert any(other.rows == 5 for other in lists[1:])


def test_news_wins_over_events_to_come() -> None:
    events = (
        "<ul class=l>"
        + "".join(
            f'<li><a href="/e{n}">A walk over the {name} bridge</a> {n + 5} June 2024</li>'
            for n, name in enumerate(NAMES[:6])
        )
        + "</ul>"
    )
    news = "<ul class=l>" + rows('<li><a href="/n{n}">{title}</a> {day} May 2024</li>') + "</ul>"
    got = items(
        page(f"<section><h2>Events</h2>{events}</section><section><h2>Latest</h2>{news}</section>")
    )
    assert [item.link for item in got] == [link for _, link, _ in expected()]


def test_a_title_that_is_shown_once_and_once_hidden_leads_where_the_shown_one_does() -> None:
    html = page(
        rows(
            '<section><h2 class=hidden>{title}</h2><relative-time datetime="2024-05-{day}T11:04Z">'
            'on May {day}</relative-time><p><a href="/n{n}">{title}</a></p><p>Text on it.</p><ul>'
            '<li><a href="/x{n}.tar.gz">Source code</a></ul></section>'
        )
    )
    got = items(html)
    assert [item.link for item in got] == [link for _, link, _ in expected()]
    assert [str(item.date)[:10] for item in got] == [str(day) for _, _, day in expected()]


def test_a_link_that_says_what_the_page_lists_is_the_rows() -> None:
    html = page(
        rows(
            '<h3><a href="/about{n}">{title}</a></h3><p>{day} May 2024</p><p><a href="/n{n}">View'
            " opinion 24-{n}</a></p>"
        )
    ).replace("News", "Opinions")
    assert [item.link for item in items(html)] == [link for _, link, _ in expected()]


# --- anything ------------------------------------------------------------------------------------

MARKUP = st.lists(
    st.sampled_from(
        "<ul> </ul> <li> <a href=/1> <a href='//[x/'> </a> <table> <tr> <td> <div class=r> </div>"
        " <br> <p> 3&nbsp;May&nbsp;2024 2024-05-03 News text <time datetime=2024-05-03> </time>"
        " <h3> <dt> <dd> <b> <script> </script> <input value=1> <img src=/x.png> &#0; \ud800"
        " <\u043f> ".split()
    ),
    max_size=120,
).map(" ".join)


@given(MARKUP)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_page_makes_it_fail(html: str) -> None:
    readable(f"<html>{html}")


@pytest.mark.parametrize("name", ["parish-font", "zakupki-table", "konsulstvo-p", "autoindex"])
def test_no_mutation_of_a_page_makes_it_fail(name: str) -> None:
    chance = random.Random(name)
    for _ in range(12):
        readable(decode(mutated(corpus()[name].raw, chance), None))


def readable(html: str) -> None:
    """Whatever is found is read by its rule, or there is nothing to read."""
    try:
        lists = found(html)
    except ParseError:
        return
    for one in lists:
        read_listing(html, one.rule, url=URL, zone=ZONE, language="en", now=NOW)
