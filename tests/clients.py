"""The readers of `tests.readers`: each is let ask once a day, and says what it has."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Seen:
    """What a reader has after a day: (id, title, text) of each entry it holds, mails it wrote."""

    entries: list[tuple[str, str, str]]
    mails: int = 0


class Reader:
    """A reader with a folder of its own; `visit` lets it ask and says what it has."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def visit(self) -> Seen:
        raise NotImplementedError

    def close(self) -> None:
        """End what is running."""

    @property
    def environment(self) -> dict[str, str]:
        keep = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return keep | {"XDG_RUNTIME_DIR": str(self.folder), "GSETTINGS_BACKEND": "memory"}

    def run(self, *command: str, timeout: float = 60) -> str:
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.folder,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def rows(self, file: Path, query: str) -> list[Any]:
        with closing(sqlite3.connect(file)) as database:
            return database.execute(query).fetchall()


class FeedParser(Reader):
    """feedparser, told to keep validators; an entry is known by its id."""

    known: Mapping[str, Any] = {}
    etag = modified = None

    def visit(self) -> Seen:
        import feedparser

        found = feedparser.parse(self.url, etag=self.etag, modified=self.modified)
        if found.status != 304:
            self.etag, self.modified = found.get("etag"), found.get("modified")
            self.known = {**self.known, **{entry.id: entry for entry in found.entries}}
        return Seen([(id, one.title, one.summary) for id, one in self.known.items()])


class Library(Reader):
    """lemon24's reader."""

    def visit(self) -> Seen:
        from reader import make_reader

        reader = make_reader(str(self.folder / "reader.sqlite"))
        reader.add_feed(self.url, exist_ok=True)
        reader.update_feed(self.url)  # whatever its own hours say
        found = [(one.id, one.title or "", one.summary or "") for one in reader.get_entries()]
        reader.close()
        return Seen(found)


class Newsboat(Reader):
    """newsboat, reloading from the command line."""

    def visit(self) -> Seen:
        (self.folder / "urls").write_text(f"{self.url}\n")
        cache = self.folder / "cache.db"
        self.run("newsboat", "-u", str(self.folder / "urls"), "-c", str(cache), "-x", "reload")
        return Seen(self.rows(cache, "SELECT guid, title, content FROM rss_item"))


class Rss2Email(Reader):
    """rss2email, with a sendmail that keeps what it is given."""

    def visit(self) -> Seen:
        mails = self.folder / "mails"
        command = ("r2e", "-c", str(self.folder / "config"), "-d", str(self.folder / "data.json"))
        if not mails.exists():
            mails.mkdir()
            sendmail = self.folder / "sendmail"
            sendmail.write_text(f"#!/bin/sh\nexec cat >{mails}/$$-$(date +%s%N)\n")
            sendmail.chmod(0o755)
            self.run(*command, "new", "reader@example.org")
            config = self.folder / "config"
            text = re.sub("sendmail = .*", f"sendmail = {sendmail}", config.read_text())
            config.write_text(text)
            self.run(*command, "add", "press", self.url)
        self.run(*command, "run")
        data = json.loads((self.folder / "data.json").read_text())
        known = data["feeds"][0]["seen"]
        return Seen([(guid, "", "") for guid in known], len(list(mails.iterdir())))


class Liferea(Reader):
    """liferea on a screen that nobody sees, left running; every day it is told to update.

    It keeps validators as long as it runs. GLib is told not to look for a network: in a namespace
    with loopback alone liferea would think that it is offline. What it prints of its work says when
    it is done.
    """

    _OPML = (
        '<opml version="1.0"><head/><body><outline title="Press" text="Press" type="atom"'
        ' id="press01" xmlUrl="{}" updateInterval="-1"/></body></opml>'
    )
    _BUS = "org.gnome.feed.Reader"

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self._running: list[subprocess.Popen[str]] = []
        self._session: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        online = {"GIO_USE_NETWORK_MONITOR": "base", "NO_AT_BRIDGE": "1"}
        engine = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}  # it has a sandbox: ours
        return super().environment | online | engine | self._session

    def visit(self) -> Seen:
        first = not self._running
        if first:
            self._begin()
        path = f"/{self._BUS.replace('.', '/')}"
        told = ("gdbus", "call", "--session", "--dest", self._BUS, "--object-path", path)
        self.run(*told, "--method", f"{self._BUS}.Refresh")
        self._wait(f"downloading {self.url}")
        if "200" in self._wait("download status code:"):
            self._wait("cache limit is")  # what came is stored
        if first:
            self._wait("discovery/download failed")  # of an icon, which it looks for once
        cache = self.folder / ".local/share/liferea/liferea.db"
        return Seen(self.rows(cache, "SELECT source_id, title, description FROM items"))

    def close(self) -> None:
        for child in reversed(self._running):
            child.terminate()
            child.communicate()

    def _begin(self) -> None:
        config = self.folder / ".config" / "liferea"
        config.mkdir(parents=True)
        (config / "feedlist.opml").write_text(self._OPML.format(self.url))
        screen = self._start("Xvfb", "-displayfd", "1", "-nolisten", "tcp")
        bus = self._start("dbus-daemon", "--session", "--nofork", "--print-address=1")
        assert screen.stdout
        assert bus.stdout
        self._session = {
            "DISPLAY": f":{screen.stdout.readline().strip()}",
            "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip(),
        }
        self._start("liferea", "--debug-net", "--debug-update")
        self.run("gdbus", "wait", "--session", "--timeout", "50", self._BUS)

    def _start(self, *command: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            ("setpriv", "--pdeathsig", "TERM", *command),  # it ends with us, however we end
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if command[0] == "liferea" else subprocess.DEVNULL,
            text=True,
            errors="replace",
            cwd=self.folder,
        )
        self._running.append(child)
        return child

    def _wait(self, text: str) -> str:
        """The next line that liferea prints with `text` in it."""
        output = self._running[-1].stdout
        assert output
        return next(line for line in output if text in line)


class Chromium(Reader):
    """A browser: it navigates, so it is shown a page."""

    def visit(self) -> Seen:
        page = self.run(
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={self.folder / 'profile'}", self.url),
        )
        found = re.findall(r'<h2><a href="([^"]+)"[^>]*>([^<]+)</a>', page)
        address = re.search(r'<code class="address">([^<]+)<', page)
        return Seen([(link, title, address[1] if address else "") for link, title in found])


READERS: Mapping[str, type[Reader]] = {
    "chromium": Chromium,
    "feedparser": FeedParser,
    "reader": Library,
    "newsboat": Newsboat,
    "rss2email": Rss2Email,
    "liferea": Liferea,
}
