"""How many rows are read of one answer: a page may hold a hundred thousand, and costs memory."""

from __future__ import annotations

from typing import TypeVar

from feedbot.model import MAX_ROWS

T = TypeVar("T")


def first(rows: list[T], most: int = MAX_ROWS) -> tuple[list[T], list[str]]:
    """The first `most` of the rows, and a warning where those are not all of them."""
    if len(rows) <= most:
        return rows, []
    return rows[:most], [f"{len(rows)} rows, of which the first {most} are read (max_rows)"]
