"""Rows that are more than one element, dates above rows, and labels in them."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedbot.errors import ParseError
from feedbot.model import Item, ListingRule
from feedbot.source.listing import check_rule, read_listing

URL = "https://court.example.org/list"


def rows(html: str, item: str, **rule: Any) -> list[Item]:
    listing = read_listing(
        f"<html><body>{html}</body></html>",
        ListingRule(item, **rule),
        url=URL,
        zone=ZoneInfo("UTC"),
        language="en",
    )
    return list(listing.items)


SORTED = """<table><tr><th><a href="?by=date">Date</a></th><th><a href="?by=name">Name</a></th></tr>
<tr><td>3 May 2024</td><td><a href="/1">One bridge</a></td></tr>
<tr><td>2 May 2024</td><td><a href="/2">Two bridges</a></td></tr>
<tr><td>1 May 2024</td><td><a href="/3">Three bridges</a></td></tr>
<tr><td colspan=2><a href="?p=1">1</a> <a href="?p=2">2</a> <a href="?p=3">»</a></td></tr>
</table>"""


def test_neither_sorting_nor_turning_pages_is_a_row() -> None:
    assert [item.title for item in rows(SORTED, "tr")] == [
        "One bridge",
        "Two bridges",
        "Three bridges",
    ]


def test_a_date_goes_on_beside_the_rows_of_its_cell() -> None:
    html = """<table><tr><td rowspan=2>3 May 2024</td><td><a href="/1">One</a></td></tr>
    <tr><td><a href="/2">Two</a></td></tr>
    <tr><td rowspan=1>2 May 2024</td><td><a href="/3">Three</a></td></tr>
    <tr><td></td><td><a href="/4">Four</a></td></tr></table>"""
    days = [date(2024, 5, 3), date(2024, 5, 3), date(2024, 5, 2), None]
    assert [item.date for item in rows(html, "tr")] == days


def test_a_number_is_a_title_where_rows_have_no_dates() -> None:
    html = "<ul><li><a href=/1>1984</a></li><li><a href=/2>2001</a></li></ul>"
    assert [item.title for item in rows(html, "li")] == ["1984", "2001"]


def test_rows_of_several_elements_have_the_name_of_their_first() -> None:
    html = "<h2 id=v2>Version two</h2><p>3 May</p><h2 id=v1>Version one</h2><p>2 May</p>"
    found = rows(html, "h2", rows="following", link="none")
    assert [item.link for item in found] == [f"{URL}#v2", f"{URL}#v1"]


TERMS = """
<p>All decisions of this year</p>
<dl><dt><a href="/1">Miller v. Baker</a></dt><dd>3 May 2024</dd><dd>Affirmed.</dd>
<dt><a href="/2">State v. Cook</a></dt><dd>2 May 2024</dd>
<dt><a href="/3">In re Fisher</a></dt><dd>1 May 2024</dd><dd>Reversed.</dd><dd>More.</dd></dl>
<p>Imprint</p>"""


def test_a_row_goes_on_to_the_next_item() -> None:
    found = rows(TERMS, "dt", rows="following", title="dt")
    assert [(item.title, item.date, item.summary) for item in found] == [
        ("Miller v. Baker", date(2024, 5, 3), "Affirmed."),
        ("State v. Cook", date(2024, 5, 2), ""),
        ("In re Fisher", date(2024, 5, 1), "Reversed."),
    ]


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ('<a href="/1" title="Bridge closed until autumn">Bridge closed…</a>', "whole"),
        (
            '<h3><a href="/1" aria-label="Bridge closed until autumn">Bridge clo...</a></h3>',
            "whole",
        ),
        ('<a href="/1" title="Opens in a new window">Bridge closed…</a>', "Bridge closed…"),
        ('<a href="/1" title="Bridge closed until autumn">Bridge closed</a>', "Bridge closed"),
        ('<a href="/1" title="…">…</a>', "…"),
    ],
)
@pytest.mark.parametrize("rule", [{}, {"title": "a"}])
def test_a_title_cut_short_is_had_whole_where_the_markup_has_it(
    cell: str, title: str, rule: dict[str, str]
) -> None:
    (item,) = rows(f"<ul><li>{cell}</li></ul>", "li", **rule)
    assert item.title == title.replace("whole", "Bridge closed until autumn")


def test_what_follows_the_list_is_not_its_last_row() -> None:
    html = """<h3><a href="/1">One</a></h3><p>Text one</p>
    <h3><a href="/2">Two</a></h3><p>Text two</p><p>Also after the list</p><div>Footer</div>"""
    assert [item.summary for item in rows(html, "h3", rows="following")] == ["Text one", "Text two"]


def test_rows_begin_where_a_date_or_a_link_stands() -> None:
    html = """<p>Welcome</p><p>3 May 2024</p><p><a href="/1">One</a></p><p>Its text</p>
    <p>2 May 2024</p><p><a href="/2">Two</a></p>"""
    dated = rows(html, "p", rows="dated")
    assert [(item.title, item.date) for item in dated] == [
        ("One", date(2024, 5, 3)),
        ("Two", date(2024, 5, 2)),
    ]
    linked = rows(html, "p", rows="linked")
    assert [(item.title, item.link) for item in linked] == [
        ("One", "https://court.example.org/1"),
        ("Two", "https://court.example.org/2"),
    ]


@pytest.mark.parametrize("end", ["<br>", "<br><br>", "<hr>", "<p>"])
def test_rows_that_are_lines(end: str) -> None:
    html = f"""<td>2024-05-03 <a href="/1">One</a> (<b>new</b>){end}2024-05-02
    <a href="/2">Two</a>{end}2024-05-01 <a href="/3">Three</a></td>"""
    found = rows(f"<table><tr>{html}</tr></table>", "td", rows="dated-lines", title="a")
    assert [(item.title, item.date) for item in found] == [
        ("One", date(2024, 5, 3)),
        ("Two", date(2024, 5, 2)),
        ("Three", date(2024, 5, 1)),
    ]
    assert found[0].summary == "(new)"


def test_lines_lie_in_each_other_where_nothing_is_closed() -> None:
    html = """<td><font><p>3 May 2024<br><a href="/1">One</a><font><p>2 May 2024<br>
    <a href="/2">Two</a><br>its text<font><p>1 May 2024 <b><a href="/3">Three</a></b>, new</td>"""
    found = rows(f"<table><tr>{html}</tr></table>", "td", rows="dated-lines", title="a")
    assert [(item.title, item.date, item.summary) for item in found] == [
        ("One", date(2024, 5, 3), ""),
        ("Two", date(2024, 5, 2), "its text"),
        ("Three", date(2024, 5, 1), "new"),
    ]


def test_lines_without_dates_begin_at_links() -> None:
    html = '<div>Documents<br><a href="/1">One</a><br>its text<br><a href="/2">Two</a></div>'
    found = rows(html, "div", rows="linked-lines")
    assert [(item.title, item.summary) for item in found] == [("One", "its text"), ("Two", "")]


def test_the_date_above_governs_what_stands_below() -> None:
    html = """<h2>News</h2><ul><li><a href="/0">Undated</a></li></ul>
    <h3>Friday, 3 May 2024</h3><ul><li><a href="/1">One</a></li><li><a href="/2">Two</a></li></ul>
    <h3>2 May 2024</h3><ul><li><a href="/3">Three</a></li>
    <li>1 May 2024 <a href="/4">Four</a></ul>"""
    found = rows(html, "li", day="h3")
    assert [item.date for item in found] == [
        None,
        date(2024, 5, 3),
        date(2024, 5, 3),
        date(2024, 5, 2),
        date(2024, 5, 1),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "<b>Case: </b>Miller v. Baker<br><b>Filed:</b> 5/3/2024",
        "Case: Miller v. <i>Baker</i><br>Filed: 5/3/2024",
        "<div><div>Case</div><div>Miller v. Baker</div></div><div>Filed</div><div>5/3/2024</div>",
        "<p>CASE:<p>Miller v. Baker<p>filed: 5/3/2024",
    ],
)
def test_text_after_a_label(row: str) -> None:
    html = f'<ul><li><a href="/1">View</a><br>Argued: 1/2/2024<br>{row}</li></ul>'
    (found,) = rows(html, "li", title="label:Case", date="label:Filed")
    assert (found.title, found.date) == ("Miller v. Baker", date(2024, 5, 3))


def test_a_label_that_is_not_there_selects_nothing() -> None:
    (found,) = rows("<ul><li><a href='/1'>View</a> Miller</li></ul>", "li", date="label:Filed")
    assert found.date is None


def test_selectors_that_cannot_be_are_named() -> None:
    assert check_rule(ListingRule("label:Case")) == [
        ("item", "rows are elements, the text after a label cannot be a row")
    ]
    assert check_rule(ListingRule("li", title="label: ")) == [
        ("title", "'label:' names no label: write label:Title")
    ]
    assert [key for key, _ in check_rule(ListingRule("li", day="h3["))] == ["day"]


def test_no_rows_is_an_error_whatever_they_are() -> None:
    for kind in ("following", "dated", "linked", "dated-lines", "linked-lines"):
        with pytest.raises(ParseError, match="nothing matches"):
            rows("<p>Nothing here", "li", rows=kind)
