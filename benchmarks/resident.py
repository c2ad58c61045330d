"""Memory of a process that polls, above that of its imports alone; each figure in a fresh process.

python -m benchmarks.resident COUNT URL…      (by itself: prints megabytes for COUNT sources)
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import process

#: Sources, and megabytes above the imports at most.
GOALS = {100: 60, 10_000: 200}
_ADDRESSES = 200
_ROUNDS = 3


def resident() -> float:
    """Megabytes of this process now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1_000


async def _grown(count: int, roots: list[str]) -> float:
    """Megabytes above the imports when COUNT sources have been polled a few times."""
    import feedbot.app
    from benchmarks.poll import scheduler

    before = resident()
    urls = [f"{roots[n % len(roots)]}/validated?{n}" for n in range(count)]
    with tempfile.TemporaryDirectory(prefix="feedbot-") as folder:
        async with scheduler(urls, Path(folder)) as (_, ours):
            for _ in range(_ROUNDS):
                failed = [polled.error for polled in await ours.poll_all() if polled.error]
                if failed:
                    raise SystemExit(failed[0])
            assert feedbot.app
            return resident() - before


async def main(*, full: bool) -> int:
    """Measure and print; the exit code."""
    code = 0
    async with process("-m", "benchmarks.webserver", str(_ADDRESSES)) as line:
        for count, most in GOALS.items():
            if count > 100 and not full:
                continue
            async with process("-m", "benchmarks.resident", str(count), line, ready=600) as grown:
                met = float(grown) <= most
            print(f"memory, {count:,} sources: {grown} MB above the imports, goal {most}"
                  f" {'met' if met else 'MISSED'}")  # fmt: skip
            code = code if met else 1
    return code


if __name__ == "__main__":
    logging.disable(logging.INFO)
    print(f"{asyncio.run(_grown(int(sys.argv[1]), json.loads(sys.argv[2]))):.0f}", flush=True)
