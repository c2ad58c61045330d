"""Kills the whole program, anywhere between the first request and the last answer.

    python -m tests.crash.rounds [--kills N] [--seed S]

Each round the sample site publishes one event more, `feedbot once` begins, in a process forked
from one that has imported everything, and is killed at a moment drawn at random. After each kill
the feed file has to be whole, and the store sound. At the end one round runs undisturbed; then
every event is an entry with an id of its own, and was posted to every channel, in order, once: what
a kill leaves in doubt is looked for by way of an admin chat.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from xml.etree import ElementTree

from feedbot import config
from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Limits
from feedbot.demo.site import Event, PressSite, SampleSite
from feedbot.once import once
from tests.commands import RULE
from tests.crash.judge import Verdict, ended, judge

_ATOM = "{http://www.w3.org/2005/Atom}"
_START = datetime(2020, 5, 28, 9, 0, tzinfo=UTC)
_CHANNELS = 2


def pass_once(path: str, moment: datetime) -> None:
    """What is killed: the command, on a clock that does not wait for Telegram's windows."""
    settings = config.load(Path(path), {})
    with redirect_stdout(sys.stderr):  # ours is the verdict
        sys.exit(asyncio.run(once(settings, timedelta(hours=1), SimulatedClock(moment))))


class Rounds:
    """One site, one store, one server, and the rounds over them."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._folder = folder
        self._random = random
        self._site = PressSite()
        self._api = FakeBotApi(limits=Limits.OFF)
        self._published: list[str] = []
        self._moment = _START
        self._kills = 0
        self._broken: list[str] = []

    async def run(self, kills: int) -> dict[str, Any]:
        """Kill so often; say what came of it."""
        async with SampleSite(self._site) as server, self._api:
            chats = [self._api.add_channel().id for _ in range(_CHANNELS)]
            self._configure(server.url, chats, self._api.add_private("Operator").id)
            await ended(self._begin())  # the baseline
            self._publish()
            started = monotonic()
            await ended(self._begin())
            whole = monotonic() - started
            while self._kills < kills:
                self._publish()
                await self._kill(self._random.uniform(0, whole))
            code = await ended(self._begin())
        received = {chat: self._titles(chat) for chat in chats}
        owed = dict.fromkeys(chats, self._published)
        verdict = judge(
            owed, received, kills=self._kills, in_doubt=self._resent(), integrity=self._integrity()
        )
        return self._summary(verdict, code)

    def _summary(self, verdict: Verdict, code: int | None) -> dict[str, Any]:
        entries = self._feed()
        titles = [title for title, _ in entries]
        missing = set(self._published) - set(titles)
        return {
            "kills": verdict.kills,
            "owed": verdict.owed,
            "lost": verdict.lost + len(missing),
            "twice": verdict.twice,
            "in_doubt": verdict.in_doubt,
            "disorder": verdict.disorder,
            "integrity": verdict.integrity,
            "broken_feeds": self._broken,
            "entries_twice": len(titles) - len(set(titles)),
            "ids_twice": len(entries) - len({id for _, id in entries}),
            "last_exit": code,
        }

    def _configure(self, url: str, chats: list[int], admin: int) -> None:
        telegram = {"token": self._api.token, "api_url": self._api.url, "admin_chat": admin}
        lines = [
            "http.allow_private_networks = true\nfeeds.entries = 500\n[telegram]\n"
            + "\n".join(f"{key} = {json.dumps(value)}" for key, value in telegram.items()),
            *(f"[[telegram.chats]]\nid = {chat}" for chat in chats),
            f'[[sources]]\nname = "press"\nurl = "{url}/"\n[sources.listing]',
            *(f"{key} = {json.dumps(value)}" for key, value in RULE.items()),
        ]
        (self._folder / "config.toml").write_text("\n".join(lines) + "\n")

    def _publish(self) -> None:
        self._moment += timedelta(minutes=10)
        title = f"Event {len(self._published)}"
        self._site.move_to(self._moment)
        self._site.publish(Event(date(2020, 5, 28), title, "What happened."))
        self._published.append(title)

    def _begin(self) -> multiprocessing.context.ForkServerProcess:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["feedbot.once", "tests.commands"])
        path = str(self._folder / "config.toml")
        process = context.Process(target=pass_once, args=(path, self._moment))
        process.start()
        return process

    async def _kill(self, after: float) -> None:
        process = self._begin()
        await asyncio.sleep(after)
        if process.is_alive():
            process.kill()
            self._kills += 1
        await ended(process)
        try:
            self._feed()
        except ElementTree.ParseError as error:
            self._broken.append(str(error))
        if (integrity := self._integrity()) != "ok":
            self._broken.append(integrity)

    def _feed(self) -> list[tuple[str, str]]:
        root = ElementTree.parse(self._folder / "feeds" / "press.atom").getroot()
        return [
            (str(entry.findtext(f"{_ATOM}title")), str(entry.findtext(f"{_ATOM}id")))
            for entry in root.iter(f"{_ATOM}entry")
        ]

    def _titles(self, chat: int) -> list[str]:
        return [message.text.splitlines()[0] for message in self._api.log.messages(chat)]

    def _resent(self) -> int:
        return int(self._ask("SELECT value FROM meta WHERE key = 'deliveries_resent'") or 0)

    def _integrity(self) -> str:
        return str(self._ask("PRAGMA integrity_check"))

    def _ask(self, query: str) -> Any:
        with closing(sqlite3.connect(self._folder / "feedbot.db", timeout=30)) as store:
            row = store.execute(query).fetchone()
        return row[0] if row else None


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the whole program and count.")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(Path(folder), Random(options.seed))
        print(json.dumps(asyncio.run(rounds.run(options.kills)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
