"""Kills a delivering process and counts, in the server's own log, what became of what it owed.

    python -m benchmarks.crash [--full]

The judge of `tests.crash.judge`: a quarter of the kills at each step of a delivery, by SIGKILL, and
one worker that finishes. Afterwards the same with the probe switched off (no admin
chat): the control, in which some must come twice, or the judge would see nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping

from tests.crash.judge import STEPS, Verdict, run

_HEAD = ("step", "kills", "owed", "calls open", "arrived", "lost", "twice", "out of order")


def show(title: str, verdicts: Mapping[str, Verdict]) -> None:
    """Print a table, with the sums below."""
    rows = [
        (one.kills, one.owed, one.open, one.arrived, one.lost, one.twice, one.disorder)
        for one in verdicts.values()
    ]
    rows.append(tuple(map(sum, zip(*rows, strict=True))))  # type: ignore[arg-type]
    print(title)
    print("  ".join(f"{name:>12}" for name in _HEAD))
    for step, row in zip([*verdicts, "all"], rows, strict=True):
        print("  ".join(f"{value:>12}" for value in (step, *row)))


def kept(verdicts: Mapping[str, Verdict], *, probe: bool) -> bool:
    """Whether nothing was lost or out of order; and, with the probe, nothing twice, else some."""
    twice = sum(one.twice for one in verdicts.values())
    whole = all(one.kept for one in verdicts.values())
    return whole and (twice == 0 if probe else twice > 0)


def main(*, full: bool) -> int:
    """Run; the exit code."""
    kills, controls = (500, 100) if full else (100, 20)
    each = kills // len(STEPS)
    verdicts = asyncio.run(run(each, None))
    show(f"{kills} kills, each delivery in doubt looked for", verdicts)
    control = asyncio.run(run(controls // len(STEPS), None, probe=False))
    show(f"Control: {controls} kills, no admin chat to look by", control)
    return 0 if kept(verdicts, probe=True) and kept(control, probe=False) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=__doc__)
    parser.add_argument("--full", action="store_true", help="500 kills in place of 100")
    sys.exit(main(full=parser.parse_args().full))
