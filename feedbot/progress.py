"""A line on the terminal that says how far older pages have been followed."""

from __future__ import annotations

import logging
from typing import TextIO

from feedbot.backfill import Progress

_WIDTH = 24
_CLEAR = "\r\x1b[K"  # to the line's beginning, and erase it (ECMA-48: EL)


class Bar:
    """Shows one line, drawn over and over; a log line takes its place, and it comes again below.

    Where the stream is no terminal nothing is shown: the log says it too.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = False

    def attach(self) -> None:
        """Make way for what is logged from now on."""
        if self._stream.isatty():
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._make_way)

    def show(self, progress: Progress) -> None:
        """Draw how far it has come; at the end the line goes."""
        if not self._stream.isatty():
            return
        self._stream.write(_CLEAR if progress.done else _CLEAR + line(progress))
        self._stream.flush()
        self._drawn = not progress.done

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._drawn = False

    def _make_way(self, record: logging.LogRecord) -> bool:
        self.clear()
        return True


def line(progress: Progress) -> str:
    """`embassy: [######......] 40 entries, 3 pages`; no bar where the end is unknown."""
    counts = f"{progress.entries} entries, {progress.pages} pages"
    if progress.share is None:
        return f"{progress.source}: {counts}"
    full = round(progress.share * _WIDTH)
    return f"{progress.source}: [{'#' * full}{'.' * (_WIDTH - full)}] {counts}"
