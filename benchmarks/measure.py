"""What every benchmark needs: rounds taken in turn, medians with their spread, a table.

Two ways of doing the same work run in turn, A B A B, in one process: whatever else the machine does
meanwhile strikes both. The ratio is the median over the pairs, and the range of the pairs is shown.
"""

from __future__ import annotations

import asyncio
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

_READY_SECONDS = 30
_END_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """What was done in each round, in units a second; the n-th of both lists are one pair."""

    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Our rate over the bare one: the median of the pairs."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        """Of each pair."""
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]


async def in_turn(
    ours: Callable[[], Awaitable[int]],
    bare: Callable[[], Awaitable[int]],
    *,
    rounds: int,
    seconds: float,
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> Sample:
    """Time both `rounds` times, fewer if `seconds` are over first; each returns what it has done.

    `prepare` runs untimed before each round of ours. One round of each goes before, untimed:
    connections are opened and code is warmed up in it. The two change places from pair to pair, so
    that neither always finds the other's garbage.
    """
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    pair = [("ours", ours, prepare), ("bare", bare, None)]
    for _, work, first in pair:
        await _rate(work, first)
    end = time.monotonic() + seconds
    for number in range(rounds):
        for name, work, first in pair if number % 2 else reversed(pair):
            rates[name].append(await _rate(work, first))
        if time.monotonic() > end:
            break
    return Sample(tuple(rates["ours"]), tuple(rates["bare"]))


async def _rate(
    work: Callable[[], Awaitable[int]], prepare: Callable[[], Awaitable[None]] | None
) -> float:
    if prepare:
        await prepare()
    start = time.perf_counter()
    done = await work()
    return done / (time.perf_counter() - start)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `least`: the smallest ratio that meets the goal; None: no goal is set.

    The ratio is of rates, ours over bare: 0.5 is half as fast.
    """

    what: str
    bare: str
    sample: Sample
    least: float | None = None

    def cells(self) -> list[str]:
        """What the table shows of it."""
        ours, bare = statistics.median(self.sample.ours), statistics.median(self.sample.bare)
        low, high = min(self.sample.ratios), max(self.sample.ratios)
        goal = "" if self.least is None else f"at least {self.least:.2f}"
        return [
            self.what,
            self.bare,
            f"{ours:,.0f}",
            f"{bare:,.0f}",
            f"{self.sample.ratio:.2f}",
            f"{low:.2f}-{high:.2f}",
            str(len(self.sample.ours)),
            goal,
            "" if self.least is None else ("met" if self.met else "MISSED"),
        ]

    @property
    def met(self) -> bool:
        """Whether the goal is reached, if there is one."""
        return self.least is None or self.sample.ratio >= self.least


def show(unit: str, rows: Sequence[Row]) -> int:
    """Print the table; the exit code: 1 if a goal was missed."""
    head = ["measured", "beside", f"feedbot {unit}/s", f"bare {unit}/s"]
    table = [[*head, "ratio", "spread", "pairs", "goal", ""], *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    return 0 if all(row.met for row in rows) else 1


@asynccontextmanager
async def process(*arguments: str, ready: float = _READY_SECONDS) -> AsyncIterator[str]:
    """Run `python ARGUMENTS` beside us until the block ends; gives the first line it prints.

    ready: seconds it may take for that

    It is ended by SIGTERM, and by SIGKILL if that does not help; a SIGTERM to us ends both.
    """
    whole = asyncio.current_task()
    assert whole is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, limit=1 << 20
    )
    try:
        assert child.stdout is not None
        line = await asyncio.wait_for(child.stdout.readline(), ready)
        if not line:
            raise SystemExit(f"{' '.join(arguments)}: ended before it was ready")
        yield line.decode().strip()
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), _END_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()
