"""A source over a long time: news by the day and the weekday, and everything that befalls a page.

    year = Year(seed)
    for hour in range(24 * 365):
        body = year.hour()     # what the page answers now; FetchError: nothing that may be used
    year.news                  # what was true: the model

What befalls the page is drawn at random from a seed, one thing at a time, for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from feedbot.errors import FetchError
from tests.guarding import Line

START = datetime(2019, 6, 3, tzinfo=UTC)
URL = "http://press.example/"
_WINDOW = 15  # rows on the page
_BUSY = (0.9, 0.8, 0.7, 0.9, 0.5, 0.08, 0.04)  # the chance of news on each weekday

Rows = list[Line]
#: What the page shows in place of its rows: others, a whole body, or an error.
Fault = Callable[["Year"], Rows | str]


class Year:
    """The site, hour by hour. trouble: the chance that something begins to befall it in an hour."""

    def __init__(self, seed: int, trouble: float = 0.012) -> None:
        self.random = Random(seed)
        self._trouble = trouble
        self.now = START
        self.news: list[Line] = []
        self.befell: list[str] = []
        first = START.date() - timedelta(days=_WINDOW)
        self.rows: Rows = [
            Line(f"Statement {n}", first + timedelta(days=n), f"What was said on day {n}.")
            for n in range(_WINDOW, 0, -1)
        ]
        self.table = False  # how the page is laid out
        self.yesterday: Rows = self.rows
        self.lagging: Rows = self.rows
        self._fault: Fault | None = None
        self._until = START

    def hour(self, *, calm: bool = False) -> str:
        """Let an hour pass; what the page answers at its end. Raises FetchError.

        calm: nothing befalls it, and nothing new comes
        """
        self.now += timedelta(hours=1)
        if self.now.hour == 0:
            self.yesterday = self.rows
        if not calm:
            self._happen()
            if self._fault is None and self.random.random() < self._trouble:
                name = self.random.choice(list(FAULTS))
                self._fault, longest = FAULTS[name]
                self._until = self.now + timedelta(hours=self.random.randint(1, longest))
                self.befell.append(name)
        if self._fault is not None and (calm or self.now >= self._until):
            self._fault = None
        shown = self._fault(self) if self._fault else self.rows
        return shown if isinstance(shown, str) else self.page(shown)

    def _happen(self) -> None:
        """News comes in the hours of work, some of it in twos and threes; some is edited."""
        if not 8 <= self.now.hour < 18 or self.random.random() > _BUSY[self.now.weekday()] / 10:
            return
        self.lagging = self.rows
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            number = len(self.news) + 1
            new = Line(f"News {number}", self.now.date(), f"What came of it, {number}.")
            self.news.append(new)
            self.rows = [new, *self.rows][:_WINDOW]
        if self.random.random() < 0.1:
            place = self.random.randrange(len(self.rows))
            edited = replace(self.rows[place], text=f"Corrected at {self.now}.")
            self.rows = [*self.rows[:place], edited, *self.rows[place + 1 :]]
        if self.random.random() < 0.03:
            self.table = not self.table

    def page(self, rows: Sequence[Line]) -> str:
        """The page with these rows."""
        if not self.table:
            return f"<title>Press</title><ul>{''.join(row.html() for row in rows)}</ul>"
        cells = "".join(
            f"<tr class=row><td class=when>{row.day or ''}<td>"
            f"<a href='{row.link or '/' + row.title.replace(' ', '-')}'>{row.title}</a>"
            f"<div>{row.text}</div>"
            for row in rows
        )
        return f"<title>Press</title><h1>Press</h1><table>{cells}</table>"


def _status(status: int) -> Fault:
    def answer(_: Year) -> str:
        raise FetchError(URL, f"HTTP {status}", status=status)

    return answer


def _linked(row: Line) -> Line:
    return replace(row, link=f"/{row.title.replace(' ', '-')}")


def _renamed(title: Callable[[int], str]) -> Fault:
    def answer(year: Year) -> Rows:
        return [replace(_linked(row), title=title(n)) for n, row in enumerate(year.rows)]

    return answer


def _old(year: Year, count: int, name: str) -> Rows:
    day = START.date() - timedelta(days=400)
    return [Line(f"{name} {n}", day - timedelta(days=n), f"Long ago, {n}.") for n in range(count)]


def _today(year: Year) -> Rows:
    return [
        replace(row, day=year.now.date(), link=f"/id/{n}{year.now.day}")
        for n, row in enumerate(year.rows)
    ]


#: Name → what the page shows, and for how many hours at most.
FAULTS: dict[str, tuple[Fault, int]] = {
    "500": (_status(500), 60),
    "503": (_status(503), 30),
    "404": (_status(404), 30),
    "empty": (lambda _: "", 20),
    "garbage": (lambda year: "\x00" + year.random.randbytes(300).hex(), 20),
    "log-in": (lambda _: "<title>Sign in</title><form><input type=password></form>", 20),
    "maintenance": (lambda _: "<title>Back soon</title><h1>We are down for maintenance</h1>", 20),
    "parked": (lambda _: _offers(), 16),
    "test entry": (lambda year: [Line("Test, please ignore", year.now.date())], 16),
    "access denied": (_renamed(lambda _: "Access denied"), 16),
    "another language": (_renamed(lambda n: f"Заявление {n}"), 16),
    "all of today": (_today, 16),
    "half": (lambda year: year.rows[:4], 16),
    "yesterday": (lambda year: year.yesterday, 10),
    "two servers": (lambda year: year.random.choice((year.rows, year.lagging)), 40),
    "random order": (lambda year: year.random.sample(year.rows, len(year.rows)), 40),
    "most read": (lambda year: [*year.rows[3:5], *_old(year, 9, "Much read")], 16),
    "flood": (lambda year: [*year.rows, *_old(year, 40, "Archive")], 40),
    "no dates": (lambda year: [replace(row, day=None) for row in year.rows], 40),
    "counts": (
        lambda year: [
            replace(row, text=f"{row.text} {year.random.randint(1, 900)} views")
            for row in year.rows
        ],
        60,
    ),
    "advertisement": (
        lambda year: [
            replace(row, text=f"{row.text} Buy {year.now.hour // 5}!") for row in year.rows
        ],
        60,
    ),
    "flapping": (
        lambda year: [row for n, row in enumerate(year.rows) if n != 2 or year.now.hour % 2],
        40,
    ),
}


def _offers() -> Rows:
    return [Line(f"Cheap offer {n}", None, "Buy this domain.") for n in range(12)]
