"""The index of full text: stems of every entry in the catalogue, found newest first.

The one place where databases are searched differently: SQLite has FTS5; PostgreSQL's `tsvector` of
the same stems ("simple", no stemming of its own) fits behind the same four functions. Rows are
numbered by the entry's place, so that the order of dates is that of the index: ranking a common
word among a million entries would take as long as reading all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.search import Query, Term

_INSERT = sa.text("INSERT OR REPLACE INTO fulltext(rowid, source, words) VALUES (:at, :of, :words)")
_DELETE = sa.text("DELETE FROM fulltext WHERE rowid = :at")
_FIND = sa.text(
    "SELECT rowid FROM fulltext WHERE fulltext MATCH :query AND rowid < :before"
    " ORDER BY rowid DESC LIMIT :limit"
)
_COUNT = sa.text(
    "SELECT count(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH :query LIMIT :most)"
)
#: Above every place.
TOP = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry as it is indexed: its place, its source, its stems with spaces between."""

    place: int
    source_id: int
    words: str


async def write(connection: AsyncConnection, rows: Sequence[Indexed]) -> None:
    """Index these entries."""
    if rows:
        values = [{"at": one.place, "of": _mark(one.source_id), "words": one.words} for one in rows]
        await connection.execute(_INSERT, values)


async def erase(connection: AsyncConnection, places: Collection[int]) -> None:
    """Find what stands at these places no more."""
    if places:
        await connection.execute(_DELETE, [{"at": place} for place in places])


async def find(
    connection: AsyncConnection,
    query: Query,
    source_ids: Collection[int],
    limit: int,
    before: int = TOP,
) -> list[int]:
    """The places of the newest `limit` entries that a query finds, newest first."""
    if not query.wanted or not source_ids:
        return []
    asked = {"query": _match(query, source_ids), "before": before, "limit": limit}
    return list((await connection.execute(_FIND, asked)).scalars())


async def count(
    connection: AsyncConnection, query: Query, source_ids: Collection[int], most: int
) -> int:
    """How many entries a query finds; it stops counting at `most`."""
    if not query.wanted or not source_ids:
        return 0
    asked = {"query": _match(query, source_ids), "most": most}
    return int((await connection.execute(_COUNT, asked)).scalar_one())


def _mark(source_id: int) -> str:
    """A source as a word of its own: so the index looks for it as it does for the others."""
    return f"s{source_id}"


def _match(query: Query, source_ids: Collection[int]) -> str:
    """A query in FTS5's language; every word of a reader's stands in quotes."""
    sources = " OR ".join(_mark(id) for id in sorted(source_ids))
    wanted = " AND ".join(_term(term) for term in query.wanted)
    said = f"(source : ({sources})) AND (words : ({wanted}))"
    if query.unwanted:
        unwanted = " OR ".join(_term(term) for term in query.unwanted)
        said = f"({said}) NOT (words : ({unwanted}))"
    return said


def _term(term: Term) -> str:
    if not term.prefix:
        return _quoted(term.stems)
    begun = f"{_quoted((*term.stems, term.prefix))} *"
    whole = _quoted((*term.stems, term.whole))
    return f"({begun} OR {whole})"


def _quoted(words: Sequence[str]) -> str:
    return '"' + " ".join(words).replace('"', "") + '"'
