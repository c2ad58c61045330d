"""Hostile text makes no regular expression of ours slow: each is linear in whatever it is given.

Times are compared with each other, never with a clock: ten times the text may take ten times as
long, and some more for a busy machine, but not a hundred times.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any

import pytest

from tests.expressions import Expression, Text, expressions, modules, near_misses, texts

SHORT, LONG, LONGEST = 20_000, 100_000, 1_000_000
#: How much longer five times, and ten times, as much text may take.
GROWTH = {LONG: 15, LONGEST: 35}
#: Below this a time for SHORT says that all is well: at a nanosecond for each pair of characters it
#: would be 400 ms.
NOISE = 0.01
_PATIENCE = 0.6  # seconds of processor time for SHORT, with nothing to compare it with


#: Slower than that in a long text, and never given one.
BOUNDED = {
    **dict.fromkeys(
        (
            "feedbot.source.dates.clocks._BEFORE",
            "feedbot.source.dates.named._BEFORE",
            "feedbot.source.dates.relative._WORDS_BEFORE",
            "feedbot.source.dates.scan._WEEKDAY_BEFORE",
        ),
        "searched for in the few characters before a date",
    ),
    "feedbot.web.site.text._LINK": "nh3 has closed every link",
}


class Endless(Exception):
    """A use that takes longer than it may."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise Endless after so much processor time; `re` looks for signals as it goes."""

    def ring(*_: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def taken(pattern: re.Pattern[Any], method: str, text: str) -> float:
    """Seconds that a use takes."""
    subject: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    start = thread_time()
    if method in ("sub", "subn"):
        getattr(pattern, method)(subject[:0], subject)
    elif method == "finditer":
        for _ in pattern.finditer(subject):
            pass
    else:
        getattr(pattern, method)(subject)
    return thread_time() - start


def slow(expression: Expression) -> str | None:
    """A use and a text for which an expression takes more than its share."""
    for method in expression.methods:
        times: dict[str, tuple[float, Text]] = {}
        for name, make in texts(expression):
            try:
                with within(_PATIENCE):
                    times[name] = taken(expression.pattern, method, make(SHORT)), make
            except Endless:
                return f"{method} of {name}"
        doubtful = {name for name, (time, _) in times.items() if time > NOISE}
        for name in sorted(doubtful, key=lambda name: times[name][0])[-3:]:
            if grows(expression.pattern, method, *times[name]):
                return f"{method} of {name}"
    return None


def grows(pattern: re.Pattern[Any], method: str, time: float, make: Text) -> bool:
    """Whether more text takes far more than its share; `time`: what SHORT took."""
    for size, most in GROWTH.items():
        try:
            with within(time * most + NOISE):
                time = taken(pattern, method, make(size))
        except Endless:
            return True
    return False


def by_module() -> list[Any]:
    """The expressions of each module, as parameters."""
    found: dict[str, list[Expression]] = {}
    for expression in expressions():
        found.setdefault(expression.module, []).append(expression)
    return [pytest.param(several, id=name) for name, several in sorted(found.items())]


@pytest.mark.parametrize("several", by_module())
def test_an_expression_is_linear(several: list[Expression]) -> None:
    free = [one for one in several if f"{one.module}.{one.name}" not in BOUNDED]
    bad = [f"{expression}: {said}" for expression in free if (said := slow(expression))]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"<[^>]*>", "finditer"),
        (r"(?:a|a)*b", "fullmatch"),
        (r"\s*\s*\s*x", "match"),
        (r"(\w+\s?)*;", "match"),
    ],
)
def test_one_that_is_not_is_found_out(pattern: str, method: str) -> None:
    assert slow(Expression("tests", "_BAD", re.compile(pattern), (method,)))


def test_every_expression_is_among_them() -> None:
    """Of a module's own, in tables and in classes, and those written where they are used."""
    names = {f"{one.module}.{one.name}" for one in expressions()}
    assert len(names) > 200
    assert "feedbot.logs._TOKEN" in names
    assert "feedbot.source.pagewords.PARKED" in names
    assert any(name.startswith("feedbot.config.texts.line ") for name in names)
    used = {one.name: one.methods for one in expressions() if one.module == "feedbot.logs"}
    assert used["_TOKEN"] == ("sub",)
    assert len(modules()) > 200
    assert names > set(BOUNDED)


def test_near_misses_lead_up_to_each_repetition() -> None:
    missed = list(near_misses(re.compile(r"ab[c-e]*?(?:x|y\s+)$")))
    assert ("'c' repeated", "ab", "c") in missed
    assert ("' ' repeated", "abcy", " ") in missed
