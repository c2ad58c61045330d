"""Full text: how words are indexed, what a query means, what is found and how it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from feedbot.model import Item
from feedbot.search import Query, Term, marked, parse_query, passage, stems
from feedbot.store import catalogue, fulltext, retract
from feedbot.store.fulltext import TOP
from feedbot.store.reindex import PROGRESS, reindex
from feedbot.store.schema import meta
from tests.public import PLAN, Visitor, show, text
from tests.test_publish import NOW, SOURCE


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with Visitor.of(tmp_path, PLAN) as visitor:
        yield visitor


def item(number: int, title: str, summary: str = "", content: str | None = None) -> Item:
    link = f"https://press.example.org/{number}"
    return Item(title, link, date=date(2020, 5, number), summary=summary, content=content)


ROWS = (
    item(9, "Foreign ministers met", "They were meeting in Moscow."),
    item(8, "Министр встретился с послами", "Встреча прошла в Москве."),
    item(7, "The minister of foreign trade", content="<p>A <b>café</b> opened</p><p>Nothing else"),
    item(6, "Visas", "Congratulations to all; the anti-drug week."),
)


async def found(visitor: Visitor, query: str) -> list[str]:
    page = await visitor.read(f"/search?q={query}")
    return [text(one) for one in page.cssselect(".entries .title")]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("minister", [9, 7]),
        ("MINISTERS meets", [9]),
        ('"foreign minister"', [9]),
        ('"minister foreign"', []),
        ("minister -trade", [9]),
        ('foreign -"foreign ministers"', [7]),
        ("-minister", []),
        ("министры", [8]),
        ("послы встреч*", [8]),
        ("cafe", [7]),
        ("congrat*", [6]),
        ("congratulation*", [6]),
        ("anti-drug", [6]),
        ("drug-anti", []),
        ("source", []),
        ("s1", []),
        ("", []),
        ('"', []),
        ("OR", []),
        ("moscow AND NOT *", []),
        ("words:moscow", []),
    ],
)
async def test_what_a_query_finds(visitor: Visitor, query: str, numbers: list[int]) -> None:
    await show(visitor.store, SOURCE, *ROWS)
    by_number = {9 - at: one.title for at, one in enumerate(ROWS)}
    assert await found(visitor, query) == [by_number[number] for number in numbers]


async def test_the_newest_come_first_and_the_count_is_capped(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        Item(
            f"Visa {n}", f"https://press.example.org/{n}", date=date(2020, 1 + n // 28, 1 + n % 28)
        )
        for n in range(50)
    ]
    await show(visitor.store, SOURCE, *reversed(rows))
    page = await visitor.read("/search?q=visas")
    titles = [text(one) for one in page.cssselect(".entries .title")]
    assert titles == [f"Visa {n}" for n in range(49, 29, -1)]
    assert text(page.cssselect("[role=status]")[0]) == "50 messages found"
    (older,) = page.cssselect("a[rel=next]")
    second = await visitor.read("/" + older.get("href").removeprefix("./"))
    assert text(second.cssselect(".entries .title")[0]) == "Visa 29"
    monkeypatch.setattr("feedbot.web.site.pages.MOST", 30)
    monkeypatch.setattr("feedbot.web.site.finding.MOST", 30)
    page = await visitor.read("/search?q=visa")
    assert text(page.cssselect("[role=status]")[0]) == "30+ messages found"


async def test_what_was_found_is_marked_and_harmless(visitor: Visitor) -> None:
    hostile = item(1, "<b>Visas</b> & more", "Before. " * 40 + "A visa <script>x</script> after.")
    await show(visitor.store, SOURCE, hostile)
    page = await visitor.read("/search?q=visa%22%3E%3Cscript%3E")
    assert not page.xpath("//script")
    page = await visitor.read("/search?q=visa")
    (row,) = page.cssselect(".entries li")
    assert [text(one) for one in row.cssselect("mark")] == ["Visas", "visa"]
    assert text(row.cssselect(".summary")[0]).startswith("… Before.")
    assert "<script>" in text(row)


async def test_the_index_follows_what_is_shown(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, item(2, "Visa rules"), item(1, "Other"))
    await show(visitor.store, SOURCE, item(2, "Passport rules"), item(1, "Other"))
    assert await found(visitor, "visa") == []
    assert await found(visitor, "passports") == ["Passport rules"]
    async with visitor.store.transaction() as connection:
        rows = (await connection.execute(sa.text("SELECT words FROM fulltext"))).scalars().all()
        assert len(rows) == 2
        numbers = await catalogue.search(connection, parse_query("passport"), [1], 5)
        await retract.retract(connection, [numbers[0].number], NOW)
    assert await found(visitor, "passports") == []
    async with visitor.store.reading() as connection:
        assert await fulltext.count(connection, parse_query("passports"), [1], 9) == 0


async def test_a_source_that_is_not_shown_is_not_searched(visitor: Visitor) -> None:
    await show(visitor.store, SOURCE, *ROWS)
    other = replace(SOURCE, name="other")
    visitor.plan = replace(PLAN, sources={"other": other})
    assert await found(visitor, "minister") == []


async def test_another_recipe_makes_the_index_anew_a_batch_at_a_time(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(visitor.store, SOURCE, *ROWS)
    monkeypatch.setattr("feedbot.store.reindex._BATCH", 3)
    async with visitor.store.transaction() as connection:
        for table in ("fulltext", "catalogue"):
            await connection.execute(sa.text(f"DELETE FROM {table}"))
    rounds = []
    for _ in range(4):  # each in a transaction of its own, as after a crash
        async with visitor.store.transaction() as connection:
            rounds.append(await reindex(connection, NOW))
    assert rounds == [True, True, False, False]
    assert await found(visitor, "minister") == [ROWS[0].title, ROWS[2].title]
    async with visitor.store.transaction() as connection:
        moved = sa.update(meta).where(meta.c.key == PROGRESS).values(value="0/old done")
        await connection.execute(moved)
        assert await reindex(connection, NOW)


@given(st.text(max_size=80))
def test_any_text_is_a_query(typed: str) -> None:
    query = parse_query(typed)
    assert marked("Visas", query).unescape() in ("Visas", "<mark>Visas</mark>")
    assert len(query.wanted) + len(query.unwanted) <= 12


async def test_fts5_understands_whatever_is_typed(visitor: Visitor) -> None:
    typed = ['"a" OR b', "NEAR(a b)", "a^b", "a:b", "(((", "''';--", '"x*"*', "-", "*", "a" * 500]
    typed += [f"{sign}a{sign} {sign}" for sign in map(chr, range(33, 127))]
    async with visitor.store.reading() as connection:
        for one in typed:
            assert await fulltext.find(connection, parse_query(one), [1, 2], 5, TOP) == []


def test_words_are_stemmed_by_their_letters() -> None:
    assert (
        stems("Ministers' MEETINGS, Ёлки; послами 2020 東京") == "minist meet елк посл 2020 東 京"
    )
    assert parse_query('a "b c" -d e*f gh*') == Query(
        (Term(("a",)), Term(("b", "c")), Term(("e", "f")), Term((), "gh")), (Term(("d",)),)
    )


def test_a_passage_shows_the_first_place_that_was_found() -> None:
    shown = passage("one " * 50 + "the visas <here> " + "two " * 50, parse_query("visa"))
    assert "<mark>visas</mark> &lt;here&gt;" in shown
    assert shown.startswith("… one")
    assert shown.endswith("two …")


async def test_a_search_is_no_scan(visitor: Visitor) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    await show(visitor.store, SOURCE, *ROWS)
    engine = visitor.store._engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    async with visitor.store.reading() as connection:
        await catalogue.search(connection, parse_query("minister"), [1], 20)
        await fulltext.count(connection, parse_query("minister"), [1], 1001)
    sa.event.remove(engine, "before_cursor_execute", note)
    async with visitor.store.reading() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for row in plan:
                told = str(row.detail)
                assert "TEMP B-TREE" not in told, (told, statement)
                assert "fulltext VIRTUAL TABLE" in told or not told.startswith("SCAN fulltext")
                assert not told.startswith("SCAN catalogue"), (told, statement)
