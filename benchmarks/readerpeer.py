"""lemon24/reader on the same sites: its own update, with workers, where it is installed.

pip install reader
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WORKERS = 20  # more make it no faster: it parses in one process


def is_installed() -> bool:
    """Whether there is anything to compare with."""
    return find_spec("reader") is not None


class Peer:
    """A reader with these feeds, in a folder of its own."""

    def __init__(self, urls: Sequence[str], folder: Path) -> None:
        from reader import make_reader

        logging.getLogger("reader").setLevel(logging.CRITICAL)
        folder.mkdir()
        self._urls = urls
        self._reader: Any = make_reader(str(folder / "reader.sqlite"))
        for url in urls:
            self._reader.add_feed(url)

    async def update(self) -> int:
        """Update all feeds; how many."""
        await asyncio.to_thread(self._reader.update_feeds, workers=WORKERS, scheduled=False)
        return len(self._urls)

    def check(self, entries: int) -> None:
        """Refuse a comparison with a reader that has not read what we have."""
        count = self._reader.get_entry_counts().total
        if count != entries:
            raise SystemExit(f"reader has stored {count} entries, not {entries}")

    def close(self) -> None:
        """Close its database."""
        self._reader.close()
