"""The body of an answer, inflated by hand: never more than a step ahead of its cap.

A library that decodes for us hands over whatever one chunk of the wire inflates to, and 16 kB can
be 16 MB; so each coding is undone in steps of 64 kB, and what it gives is counted as it comes.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterator, Sequence
from typing import Any

from feedbot.fetch.failure import Failure

STEP = 65536
#: Codings on top of each other: two happen (a proxy compressing what was compressed), more never.
MAX_CODINGS = 2
_GZIP_MAGIC = b"\x1f\x8b"
_NAMES = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


def size(count: int) -> str:
    """A number of bytes in the unit people would use."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1000)):
        if count >= factor:
            return f"{count / factor:g} {unit}"
    return f"{count} bytes"


def codings(header: str) -> list[str]:
    """The codings a Content-Encoding header names, in the order they were applied.

    Raises Failure for one that cannot be undone (RFC 9110 section 8.4).
    """
    named = [name.strip().lower() for name in header.split(",")]
    named = [name for name in named if name and name != "identity"]
    for name in named:
        if name not in _NAMES:
            raise Failure(f"body is encoded as {name[:20]!r}; only gzip and deflate were asked for")
    if len(named) > MAX_CODINGS:
        raise Failure(f"body is encoded {len(named)} times over")
    return [_NAMES[name] for name in named]


class Inflater:
    """One coding undone, piece by piece; `limit` caps what all pieces together may hold."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._given = 0
        self._inflate: Any = None  # a zlib decompression object, which has no public type
        self._head = b""  # too little to tell what begins here
        self._members = 0
        self._over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` inflates to, in pieces of at most STEP bytes. Raises Failure."""
        data, self._head = self._head + data, b""
        while not self._over:
            if self._inflate is None:
                if len(data) < len(_GZIP_MAGIC):
                    self._head = data
                    return
                self._begin(data)
                continue
            piece, data = self._step(data)
            if piece:
                yield piece
            if self._inflate is not None and not data and len(piece) < STEP:
                return

    def finish(self) -> None:
        """Say that nothing more comes. Raises Failure if something was still to come."""
        unfinished = self._inflate is not None or (self._head and not self._members)
        if unfinished:
            raise Failure(f"body was cut off: its {self._coding} data has no end")

    def _begin(self, data: bytes) -> None:
        """Start on a member; after the first, only gzip may have another, and padding is let be."""
        if self._coding == "gzip":
            self._over = self._members > 0 and not data.startswith(_GZIP_MAGIC)
            window = 16 + zlib.MAX_WBITS
        else:
            # "deflate" means the zlib format (RFC 9110 8.4.1.2), but some send it bare.
            self._over = self._members > 0
            zlib_header = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            window = zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
        self._inflate = None if self._over else zlib.decompressobj(window)

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            piece: bytes = self._inflate.decompress(data, STEP)
        except zlib.error as error:
            raise Failure(f"body is not the {self._coding} data it claims to be") from error
        self._given += len(piece)
        if self._given > self._limit:
            raise Failure(f"body decompresses to more than {size(self._limit)}")
        if not self._inflate.eof:
            return piece, self._inflate.unconsumed_tail
        rest: bytes = self._inflate.unused_data
        self._inflate = None
        self._members += 1
        return piece, rest


def _through(data: bytes, stages: Sequence[Inflater]) -> Iterator[bytes]:
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from _through(piece, stages[1:])


async def read(
    chunks: AsyncIterable[bytes], encoded: Sequence[str], limit: int, enough: int | None = None
) -> bytes:
    """The decoded body. `limit` holds on the wire, and for what each coding inflates to.

    enough: reading ends with so many bytes, however many there are

    `encoded` are codings in the order they were applied. Raises Failure, and whatever the
    connection raises.
    """
    stages = [Inflater(coding, limit) for coding in reversed(encoded)]
    body = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise too_large(limit)
        for piece in _through(chunk, stages):
            body += piece
            if enough is not None and len(body) >= enough:
                return bytes(body[:enough])
    for stage in stages:
        stage.finish()
    return bytes(body)


def too_large(limit: int) -> Failure:
    """The failure of a body that is larger than `limit` bytes."""
    return Failure(f"body is more than {size(limit)}")
