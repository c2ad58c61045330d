"""Where a message in doubt can be, and what it looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.formatting import formatted
from feedbot.model import DeliveryState
from feedbot.store import doubts, outbox
from feedbot.store.claim import Claimed
from feedbot.telegram.compose import Part, Post
from feedbot.telegram.deliver import PATIENCE
from feedbot.telegram.probe import digest, digest_of
from tests.outboxes import Desk, claim_next, seconds


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def places(desk: Desk, address: int | str) -> list[doubts.Places | None]:
    """Of what is in doubt there, looked at a minute later."""
    async with desk.store.transaction() as connection:
        await outbox.doubt_leftovers(connection, desk.clock.now())
        now = desk.clock.now() + seconds(60)
        claimed = await claim_next(connection, now)
        here = [one for one in claimed if one.doubtful and one.address == str(address)]
        return [await doubts.places(connection, one, PATIENCE) for one in here]


async def begin(desk: Desk) -> list[Claimed]:
    """Claim what is owed, as before calls that are never answered."""
    async with desk.store.transaction() as connection:
        claimed = await claim_next(connection, desk.clock.now())
        await doubts.begin(connection, 1, [doubts.Beginning(one, digest("x")) for one in claimed])
    return claimed


async def record(desk: Desk, one: Claimed, id: int) -> None:
    at = desk.clock.now()
    messages = ((int(one.address), id),)
    async with desk.store.transaction() as connection:
        await outbox.record(
            connection, [outbox.Outcome(one.id, DeliveryState.SENT, at, messages=messages)]
        )
        await doubts.learn(connection, 1, [(one.address, id)])


async def test_candidates_leave_out_what_is_known_to_be_another(desk: Desk) -> None:
    for address in (5, 6, -7):
        await desk.owe(await desk.add(address), "a", "b")
    for one, id in zip(await begin(desk), (100, 101, 102), strict=True):
        await record(desk, one, id)
    lost, other, group = await begin(desk)
    await record(desk, other, 104)
    await record(desk, group, 105)
    (found,) = await places(desk, lost.address)
    assert found
    assert not found.bounded
    assert found.ids == (103, *range(106, 155))


async def test_candidates_end_where_something_was_sent_too_late(desk: Desk) -> None:
    for address, number in ((5, 2), (6, 3)):
        await desk.owe(await desk.add(address), *"abc"[:number])
    for one, id in zip(await begin(desk), (100, 101), strict=True):
        await record(desk, one, id)
    lost, other = await begin(desk)
    await record(desk, other, 103)
    desk.clock.advance(PATIENCE)
    (late,) = await begin(desk)
    await record(desk, late, 106)
    assert await places(desk, lost.address) == [doubts.Places((102, 104, 105), bounded=True)]


async def test_channels_share_no_ids(desk: Desk) -> None:
    for address in (-1001234567890, 5):
        await desk.owe(await desk.add(address), "a", "b")
    for one, id in zip(await begin(desk), (7, 100), strict=True):
        await record(desk, one, id)
    lost, other = await begin(desk)
    await record(desk, other, 9)
    (found,) = await places(desk, lost.address)
    assert found
    assert found.ids == tuple(range(8, 58))


@pytest.mark.parametrize(
    ("address", "shared"),
    [("5", True), ("-7", True), ("-100200", True), ("-1001234567890", False), ("@press", False)],
)
def test_people_and_basic_groups_share_their_ids(address: str, shared: bool) -> None:
    assert doubts.shares_ids(address) == shared


@given(
    st.text(st.characters(codec="utf-8") | st.sampled_from(" \n\t\u200b\u200e\u2028"), min_size=1)
)
def test_a_digest_is_the_same_for_what_telegram_makes_of_a_text(text: str) -> None:
    try:
        kept, _ = formatted(text, "")
    except ApiError:
        return
    assert digest(kept) == digest(text)


def test_a_digest_is_of_what_a_reader_sees() -> None:
    marked = Post((Part("<b>Tom &amp; Jerry</b>\n"),), (), markup=True, silent=False)
    plain = Post((Part("x"), Part(" Tom & Jerry")), (), markup=False, silent=False)
    assert digest_of(marked, 0) == digest_of(plain, 1) == digest("Tom & Jerry")
    assert digest("Tom & Jerry") != digest("Tom & Jerry!")
    broken = Post((Part("<b>"),), (), markup=True, silent=False)
    assert digest_of(broken, 0) is None
