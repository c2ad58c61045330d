"""How many rows are read of one answer: a page may hold a hundred thousand, and costs memory."""

from __future__ import annotations

from typing import TypeVar

from feedbot.model import MAX_ROWS

T = TypeVar("T")


def first(rows: list[T], most: int = MAX_ROWS) -> tuple[list[T], list[str]]:
    """The first `most` of the rows, and a warning where those are not all of them."""
    return rows[:most], too_many(len(rows), most)


def too_many(number: int, most: int) -> list[str]:
    """A warning where `number` rows are more than are read."""
    if number <= most:
        return []
    return [f"{number} rows, of which the first {most} are read (max_rows)"]
