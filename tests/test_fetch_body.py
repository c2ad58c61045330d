"""Inflating by hand: right for every coding in use, whole or not at all, and never past the cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.fetch.body import STEP, Inflater, codings, read, size
from feedbot.fetch.failure import Failure

LIMIT = 1_000_000
TEXT = "Пресс-релиз № 12 — press release\n".encode() * 50


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "bare deflate": bare_deflate,
}


def coding(name: str) -> str:
    return name.removeprefix("bare ")


async def inflated(packed: bytes, *encoded: str, step: int = 1000, limit: int = LIMIT) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(packed), step):
            yield packed[start : start + step]

    return await read(chunks(), encoded, limit)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000, 1_000_000])
@pytest.mark.parametrize("name", PACK)
async def test_each_coding_is_undone_however_it_is_cut(name: str, step: int) -> None:
    assert await inflated(PACK[name](TEXT), coding(name), step=step) == TEXT


@given(data=st.binary(max_size=2000), names=st.lists(st.sampled_from(sorted(PACK)), max_size=2))
async def test_codings_on_top_of_each_other(data: bytes, names: list[str]) -> None:
    packed = data
    for name in names:
        packed = PACK[name](packed)
    assert await inflated(packed, *map(coding, names), step=13) == data


@pytest.mark.parametrize("name", PACK)
async def test_output_that_fills_a_step_is_not_lost(name: str) -> None:
    """The input can be used up while output still waits; nothing comes after it to push it out."""
    for length in (STEP - 1, STEP, STEP + 1, STEP + 200, 3 * STEP, 3 * STEP + 1):
        data = bytes(length)
        assert await inflated(PACK[name](data), coding(name), step=1_000_000) == data


@pytest.mark.parametrize("step", [1, 1_000_000])
async def test_gzip_members_in_a_row_are_one_body(step: int) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert await inflated(packed, "gzip", step=step) == b"one two"


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 100, b"\r\n", b"\x1f", b"\x1fx"])
@pytest.mark.parametrize("name", PACK)
async def test_padding_after_the_end_is_let_be(name: str, padding: bytes) -> None:
    assert await inflated(PACK[name](TEXT) + padding, coding(name), step=1) == TEXT


async def test_nothing_at_all_is_an_empty_body() -> None:
    assert await inflated(b"", "gzip") == b""


@pytest.mark.parametrize("kept", [1, 2, 5, 12, -1])
@pytest.mark.parametrize("name", PACK)
async def test_a_body_without_its_end_is_refused(name: str, kept: int) -> None:
    with pytest.raises(Failure, match="was cut off"):
        await inflated(PACK[name](TEXT)[:kept], coding(name))


async def test_a_second_member_without_its_end_is_refused() -> None:
    with pytest.raises(Failure, match="was cut off"):
        await inflated(gzip.compress(TEXT) + gzip.compress(TEXT)[:-9], "gzip")


@pytest.mark.parametrize("name", ["gzip", "deflate"])
async def test_what_is_not_compressed_is_refused(name: str) -> None:
    with pytest.raises(Failure, match=f"not the {name} data it claims to be"):
        await inflated(b"<html>plain text", name)


async def test_a_damaged_checksum_is_refused() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1
    with pytest.raises(Failure, match="not the gzip data"):
        await inflated(bytes(packed), "gzip")


def bomb(pack: Callable[[int], zlib._Compress], megabytes: int) -> bytes:
    packer = pack(9)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def gzip_packer(level: int) -> zlib._Compress:
    return zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS)


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "packed twice"])
async def test_a_bomb_is_refused_before_it_goes_off(wrapped: bool) -> None:
    packed, encoded = bomb(gzip_packer, 200), ["gzip"]
    if wrapped:
        packed, encoded = zlib.compress(packed), ["gzip", "deflate"]
    assert len(packed) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(Failure, match="decompresses to more than 1 MB"):
            await inflated(packed, *encoded, step=len(packed))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


async def test_a_bomb_whose_middle_is_large_and_end_small_is_refused() -> None:
    hollow = gzip.compress(b"small") + bytes(5_000_000)  # padding, once the outer coding is undone
    with pytest.raises(Failure, match="decompresses to more than 1 MB"):
        await inflated(gzip.compress(hollow), "gzip", "gzip")


async def test_the_wire_is_capped_as_well() -> None:
    assert await inflated(bytes(LIMIT)) == bytes(LIMIT)
    with pytest.raises(Failure, match="body is more than 1 MB"):
        await inflated(bytes(LIMIT + 1))
    members = gzip.compress(b"") * (LIMIT // 20 + 1)
    with pytest.raises(Failure, match="body is more than 1 MB"):
        await inflated(members, "gzip")


def test_pieces_are_no_larger_than_a_step() -> None:
    pieces: Iterator[bytes] = Inflater("gzip", 10 * STEP).feed(gzip.compress(bytes(5 * STEP)))
    assert max(map(len, pieces)) <= STEP


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("identity", []),
        ("gzip", ["gzip"]),
        (" X-GZip ,identity", ["gzip"]),
        ("deflate, gzip", ["deflate", "gzip"]),
    ],
)
def test_content_encoding_is_read(header: str, expected: list[str]) -> None:
    assert codings(header) == expected


@pytest.mark.parametrize("header", ["br", "gzip, zstd", "gzip,gzip,gzip"])
def test_codings_that_cannot_be_undone_are_refused(header: str) -> None:
    with pytest.raises(Failure, match="body is encoded"):
        codings(header)


def test_sizes_are_said_as_people_do() -> None:
    assert [size(count) for count in (3_000_000, 1_500_000, 2000, 999)] == [
        "3 MB",
        "1.5 MB",
        "2 kB",
        "999 bytes",
    ]
