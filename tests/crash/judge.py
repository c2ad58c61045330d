"""Kills a delivering process over and over, at each step, and counts what arrived.

    python -m tests.crash.judge [--kills N] [--no-probe] [--worker COMMAND]

The worker is a process of its own, killed with SIGKILL; the judge is the Bot API it talks to, so
that what was accepted is known from the other side. Each step has a store and a server to itself:

    before    `sending` is committed, the call has not come in
    flight    the call has come in; it is accepted only after the caller is dead
    accepted  the call is accepted, the caller never hears of it
    after     an answer has been written down, other calls are under way

COMMAND gets the store's URL, the server's URL and the token as its last arguments, or in place of
{store}, {api} and {token}. A channel, groups of both kinds and people are written to; with
`--no-probe` there is no admin chat, so that what is in doubt cannot be looked for. Prints one JSON
object; exit 1 if anything was lost, came out of order, or came twice (without an admin chat: twice
more often than it was in doubt).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Protocol

from feedbot.demo.botapi import FakeBotApi, Fault, FaultKind, Limits
from feedbot.owing import owe_notice
from feedbot.store import outbox
from feedbot.store.engine import Store
from tests.crash import worker
from tests.outboxes import add_subscriber, appoint

STEPS = ("before", "flight", "accepted", "after")
#: Kills in a row, before one worker may finish: else one chat would be killed over and over while
#: the others wait to be looked for.
_SERIES = 3
_MISSES = 20  # runs that end before the step; a slow look at the store costs a few
_FAULTS = {
    "flight": Fault(FaultKind.LATE, method="sendMessage", seconds=0.02),
    "accepted": Fault(FaultKind.SILENT, method="sendMessage"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a step came to.

    open:     calls under way when the kills struck, as the store has them
    arrived:  those of them that the server had accepted by then
    lost:     owed and never accepted
    twice:    accepted again, each time counted
    in_doubt: calls the store itself counts as made although one was in doubt
    disorder: chats in which something came before what was owed earlier
    """

    kills: int
    owed: int
    open: int
    arrived: int
    lost: int
    twice: int
    in_doubt: int
    disorder: int
    integrity: str

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        whole = self.lost == 0 and self.disorder == 0 and self.integrity == "ok"
        return whole and self.twice <= self.in_doubt


def judge(
    owed: Mapping[int, Sequence[str]],
    received: Mapping[int, Sequence[str]],
    *,
    kills: int,
    in_doubt: int,
    integrity: str,
    met: tuple[int, int] = (0, 0),
) -> Verdict:
    """Compare what each chat was owed, in order, with what it received; `met`: open, arrived."""
    lost = twice = disorder = 0
    for chat, texts in owed.items():
        got = received.get(chat, ())
        times = Counter(got)
        lost += sum(not times[text] for text in texts)
        twice += sum(number - 1 for number in times.values())
        # A repetition stands beside the first; so, taken as one, all is in the order owed.
        disorder += [text for text, _ in groupby(got)] != [text for text in texts if times[text]]
    number = sum(map(len, owed.values()))
    return Verdict(kills, number, *met, lost, twice, in_doubt, disorder, integrity)


class Arena:
    """One step's store, server and worker."""

    def __init__(self, step: str, command: str | None, folder: Path, *, probe: bool) -> None:
        self._step = step
        self._probe = probe
        self._command = command
        self._path = folder / f"{step}.db"
        self._url = f"sqlite:///{self._path}"
        self._api = FakeBotApi(limits=Limits.OFF)
        self._owed: dict[int, list[str]] = {}
        self._ids: dict[int, int] = {}
        self._kills = 0
        self._misses = 0
        self._open = 0
        self._arrived = 0

    async def open(self) -> Store:
        """Make the store; one after the other, because migrations share globals."""
        return await Store.open(self._url)

    async def run(self, store: Store, kills: int) -> Verdict:
        """Kill so often, then let one worker finish, and judge."""
        async with self._api:
            await self._furnish(store)
            await self._owe(store)
            await self._finish()  # something is known of every chat
            while self._kills < kills:
                await self._owe(store)
                await self._kill_one()
                if self._kills % _SERIES == 0:
                    await self._finish()
            await self._finish()
            async with store.reading() as connection:
                resent = (await outbox.counts(connection)).resent
        received = {
            chat: [message.text for message in self._api.log.messages(chat)] for chat in self._owed
        }
        with closing(sqlite3.connect(self._path)) as connection:
            integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        return judge(
            self._owed,
            received,
            kills=self._kills,
            in_doubt=resent,
            integrity=str(integrity),
            met=(self._open, self._arrived),
        )

    async def _furnish(self, store: Store) -> None:
        async with store.transaction() as connection:
            for add in (
                self._api.add_channel,
                self._api.add_supergroup,
                self._api.add_group,
                self._api.add_private,
                self._api.add_private,
            ):
                chat = add().id
                self._owed[chat] = []
                self._ids[chat] = await add_subscriber(connection, chat, origin="chat")
            if self._probe:
                admin = self._api.add_private("Operator").id
                await appoint(connection, await add_subscriber(connection, admin, origin="admin"))

    async def _owe(self, store: Store) -> None:
        """One more message for every chat."""
        async with store.transaction() as connection:
            for chat, texts in self._owed.items():
                text = f"{chat} {len(texts)}"
                texts.append(text)
                owed = owe_notice(self._ids[chat], text, text)
                await outbox.owe(connection, [owed], datetime.now(UTC))

    async def _finish(self) -> None:
        """Let one worker do all there is to do."""
        self._api.faults.clear()
        if await ended(self._start()):
            raise SystemExit(f"{self._step}: the worker fails without being killed")

    def _start(self) -> Worker:
        return start_worker(self._command, self._url, self._api.url, self._api.token)

    async def _kill_one(self) -> None:
        """Start a worker and kill it at the step; one that ends before that does not count."""
        self._api.faults.clear()
        if fault := _FAULTS.get(self._step):
            self._api.faults.add(fault)
        with closing(sqlite3.connect(self._path, isolation_level=None)) as store:
            since = self._mark(store)
            worker = self._start()
            while worker.is_alive() and not self._reached(store, since):  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.001)
            if worker.is_alive():
                worker.kill()
                self._kills += 1
                code = await ended(worker)
                self._look_at_calls(store)
            else:
                self._misses += 1
                code = worker.exitcode
        if self._misses > _MISSES:
            raise SystemExit(f"{self._step}: never reached; the worker ends by itself ({code})")

    def _look_at_calls(self, store: sqlite3.Connection) -> None:
        """Where the kill struck: which calls were under way, and which of them had arrived."""
        query = "SELECT dedupe_key FROM deliveries WHERE state = 'sending'"
        left = {key.split(":", 2)[2] for (key,) in store.execute(query)}
        self._open += len(left)
        self._arrived += len(left & {message.text for message in self._api.log.messages()})

    def _reached(self, store: sqlite3.Connection, since: str) -> bool:
        """Whether the worker is at the step now."""
        if self._step in _FAULTS:
            return not self._api.faults.ordered  # the server has just met it
        return self._mark(store) > since

    def _mark(self, store: sqlite3.Connection) -> str:
        """What grows when the step is reached: the last claim, or the last answer, as stored."""
        query = {
            "before": "SELECT max(started_at) FROM deliveries WHERE state = 'sending'",
            "after": "SELECT max(sent_at) FROM messages",
        }.get(self._step, "SELECT ''")
        return str(store.execute(query).fetchone()[0] or "")


class Worker(Protocol):
    """A process that was started."""

    @property
    def exitcode(self) -> int | None: ...
    def is_alive(self) -> bool: ...
    def kill(self) -> None: ...


class Command:
    """A worker that is a command of its own."""

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(words, stdout=sys.stderr)  # ours is the verdict

    @property
    def exitcode(self) -> int | None:
        return self._process.poll()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()


def start_worker(command: str | None, store: str, api: str, token: str) -> Worker:
    """The command with its places filled in; without one, our own worker.

    That one is forked from a process that has imported everything, which is most of its time.
    """
    if command is None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.crash.worker", "feedbot.demo.botapi"])
        process = context.Process(target=worker.main, args=(store, api, token))
        process.start()
        return process
    words = shlex.split(command)
    if any("{" in word for word in words):
        return Command([word.format(store=store, api=api, token=token) for word in words])
    return Command([*words, store, api, token])


async def ended(worker: Worker) -> int | None:
    """Wait for its end; its exit code."""
    while worker.is_alive():  # noqa: ASYNC110 - a process has no Event
        await asyncio.sleep(0.001)
    return worker.exitcode


async def run(kills: int, command: str | None, *, probe: bool = True) -> dict[str, Verdict]:
    """Every step, beside each other."""
    with tempfile.TemporaryDirectory() as folder:
        arenas = [Arena(step, command, Path(folder), probe=probe) for step in STEPS]
        stores = [await arena.open() for arena in arenas]
        pairs = zip(arenas, stores, strict=True)
        verdicts = await asyncio.gather(*(arena.run(store, kills) for arena, store in pairs))
        for store in stores:
            await store.close()
    return dict(zip(STEPS, verdicts, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill a delivering process and count.")
    parser.add_argument("--kills", type=int, default=25, help="kills at each step")
    parser.add_argument("--worker", help="the command to kill; left out: our own")
    parser.add_argument("--no-probe", action="store_true", help="without an admin chat")
    options = parser.parse_args()
    verdicts = asyncio.run(run(options.kills, options.worker, probe=not options.no_probe))
    print(json.dumps({step: asdict(verdict) for step, verdict in verdicts.items()}, indent=2))
    twice = sum(verdict.twice for verdict in verdicts.values())
    kept = all(verdict.kept for verdict in verdicts.values())
    return 0 if kept and (options.no_probe or not twice) else 1


if __name__ == "__main__":
    sys.exit(main())
