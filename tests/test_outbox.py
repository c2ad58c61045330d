"""The outbox: order, fairness, causes, and the truth about what was sent."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedbot.model import DeliveryKind, DeliveryState
from feedbot.store import bots, membership, outbox, subscribers
from feedbot.store.claim import Claimed
from feedbot.store.engine import Store
from feedbot.store.outbox import Counts, Outcome
from feedbot.store.schema import causes, deliveries, messages
from tests.outboxes import NOON, add_entry, add_subscriber, claim_next, news, owe_texts, seconds


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    yield opened
    await opened.close()


async def claim(
    store: Store, now: datetime = NOON, limit: int = 30, busy: Collection[str] = ()
) -> list[Claimed]:
    async with store.transaction() as connection:
        return await claim_next(connection, now, limit, busy)


async def waiting(store: Store, now: datetime = NOON, patience: float = 0) -> dict[str, datetime]:
    async with store.transaction() as connection:
        owed = await outbox.owed_chats(connection)
        claims = await outbox.claim(connection, now, [], shut=owed, patience=seconds(patience))
        return dict(claims.waiting)


async def record(store: Store, *outcomes: Outcome) -> None:
    async with store.transaction() as connection:
        await outbox.record(connection, outcomes)


async def counts(store: Store) -> Counts:
    async with store.reading() as connection:
        return await outbox.counts(connection)


def sent(claimed: Claimed, at: datetime = NOON) -> Outcome:
    return Outcome(claimed.id, DeliveryState.SENT, at, messages=((int(claimed.address), 7),))


async def two_chats(store: Store) -> None:
    """-1 is owed a, b; -2 is owed c, d; in the order a, c, b, d."""
    async with store.transaction() as connection:
        one = await add_subscriber(connection, -1)
        two = await add_subscriber(connection, -2)
        for subscriber, text in ((one, "a"), (two, "c"), (one, "b"), (two, "d")):
            await owe_texts(connection, subscriber, [text])


def texts(claimed: Sequence[Claimed]) -> list[str]:
    return [one.payload["text"] for one in claimed]


async def test_one_a_chat_is_claimed_longest_owed_first(store: Store) -> None:
    await two_chats(store)
    first = await claim(store)
    assert texts(first) == ["a", "c"]
    assert await claim(store) == []  # both chats are being written to
    await record(store, *map(sent, first))
    assert texts(await claim(store, limit=1)) == ["b"]
    assert texts(await claim(store)) == ["d"]


async def test_a_busy_chat_waits_and_delays_no_other(store: Store) -> None:
    await two_chats(store)
    assert texts(await claim(store, busy=["-1"])) == ["c"]


async def test_topics_of_one_chat_take_turns(store: Store) -> None:
    async with store.transaction() as connection:
        general = await add_subscriber(connection, -1)
        topic = await add_subscriber(connection, -1, topic=5)
        await owe_texts(connection, topic, ["in the topic"])
        await owe_texts(connection, general, ["in general"])
    (first,) = await claim(store)
    assert (first.topic, texts([first])) == (5, ["in the topic"])
    await record(store, sent(first))
    assert texts(await claim(store)) == ["in general"]


async def test_a_delivery_that_waits_holds_back_what_was_owed_later(store: Store) -> None:
    await two_chats(store)
    first, other = await claim(store)
    retry = Outcome(first.id, DeliveryState.PENDING, NOON, due_at=NOON + seconds(4), error="cut")
    await record(store, retry, sent(other))
    assert await waiting(store) == {"-1": NOON + seconds(4), "-2": NOON}
    assert texts(await claim(store, NOON + seconds(3))) == ["d"]
    (again,) = await claim(store, NOON + seconds(4))
    assert (texts([again]), again.attempts, again.doubtful) == (["a"], 2, False)


async def test_all_but_the_paused_are_written_to(store: Store) -> None:
    async with store.transaction() as connection:
        for number, which in enumerate(("paused", "asking", "leaving", "active", "removed")):
            id = await add_subscriber(connection, number + 1, state=which)
            await owe_texts(connection, id, [which])
    assert texts(await claim(store)) == ["asking", "leaving", "active", "removed"]


async def test_a_held_chat_is_claimed_when_the_hold_ends(store: Store) -> None:
    await two_chats(store)
    async with store.transaction() as connection:
        await membership.hold(connection, "-1", NOON + seconds(9))
        claims = await outbox.claim(connection, NOON, ["-1", "-2"])
    assert (texts(claims.claimed), claims.waiting) == (["c"], {"-1": NOON + seconds(9)})
    assert texts(await claim(store, NOON + seconds(9))) == ["a"]


async def test_owing_again_is_no_delivery_but_may_be_a_cause(store: Store) -> None:
    async with store.transaction() as connection:
        reader = await add_subscriber(connection, -1)
        one = await add_entry(connection, "Visit", source="press")
        two = await add_entry(connection, "The visit", source="news")
        await outbox.owe(connection, [news(reader, one, article=9)], NOON)
        await outbox.owe(connection, [news(reader, one, article=9)], NOON)
        await outbox.owe(connection, [news(reader, two, article=9)], NOON)
    (claimed,) = await claim(store)
    assert [(cause.source, cause.title) for cause in claimed.causes] == [
        ("press", "Visit"),
        ("news", "The visit"),
    ]
    assert claimed.causes[0].page_date == NOON.date()
    await record(store, sent(claimed))
    async with store.transaction() as connection:
        third = await add_entry(connection, "Visit!", source="blog")
        await outbox.owe(connection, [news(reader, third, article=9)], NOON)
        number = (await connection.execute(sa.select(sa.func.count()).select_from(causes))).scalar()
    assert number == 3  # recorded
    assert await claim(store) == []  # and not sent again


async def test_a_sent_delivery_keeps_its_message_ids(store: Store) -> None:
    await two_chats(store)
    first, other = await claim(store)
    several = replace(sent(first, NOON + seconds(1)), messages=((-1, 20), (-1, 21)))
    await record(store, several)
    async with store.reading() as connection:
        rows = (await connection.execute(sa.select(messages))).all()
    assert [(row.delivery_id, row.part, row.message_id) for row in rows] == [
        (first.id, 0, 20),
        (first.id, 1, 21),
    ]
    assert await counts(store) == Counts(owed=3, sent=1, sending=1)
    await record(store, several, sent(other))  # twice said, once counted
    assert await counts(store) == Counts(owed=2, sent=2)


async def test_messages_of_one_delivery_are_kept_as_they_are_accepted(store: Store) -> None:
    await two_chats(store)
    first = (await claim(store))[0]
    assert first.part == 0
    begun = replace(sent(first), state=DeliveryState.PENDING, due_at=NOON, attempted=False)
    await record(store, begun)
    (again,) = await claim(store, busy=["-2"])
    assert (again.id, again.part, again.attempts) == (first.id, 1, 1)
    await record(store, replace(sent(again), part=1, messages=((-1, 8),)))
    async with store.reading() as connection:
        rows = (await connection.execute(sa.select(messages))).all()
    assert [(row.part, row.message_id) for row in rows] == [(0, 7), (1, 8)]
    assert (await counts(store)).sent == 1
    assert (await claim(store, busy=["-2"]))[0].part == 0  # another delivery


async def test_leftovers_are_in_doubt_and_claimed_to_be_looked_for(store: Store) -> None:
    await two_chats(store)
    await claim(store)
    async with store.transaction() as connection:
        assert await outbox.doubt_leftovers(connection, NOON + seconds(5)) == 2
    assert await counts(store) == Counts(owed=4, in_doubt=2)
    first, other = await claim(store, NOON + seconds(5))
    assert [(one.attempts, one.doubtful) for one in (first, other)] == [(1, True), (1, True)]
    assert await counts(store) == Counts(owed=4, in_doubt=2)  # until it is known
    at = NOON + seconds(6)
    again = Outcome(other.id, DeliveryState.PENDING, at, at, "not found", resent=True)
    await record(store, sent(first), again)
    assert await counts(store) == Counts(owed=3, sent=1, resent=1)
    assert [(one.attempts, one.doubtful) for one in await claim(store, at)] == [
        (2, False),
        (1, False),
    ]


async def test_what_is_in_doubt_is_left_until_it_can_no_longer_be_accepted(store: Store) -> None:
    await two_chats(store)
    await claim(store)
    async with store.transaction() as connection:
        await outbox.doubt_leftovers(connection, NOON)
        for patience, number in ((seconds(20), 0), (seconds(19), 2)):
            claims = await outbox.claim(
                connection, NOON + seconds(19), ["-1", "-2"], patience=patience
            )
            assert len(claims.claimed) == number
    assert await waiting(store, patience=20) == dict.fromkeys(("-1", "-2"), NOON + seconds(20))


async def test_a_call_without_an_answer_is_in_doubt(store: Store) -> None:
    await two_chats(store)
    first, _ = await claim(store)
    due = NOON + seconds(2)
    await record(store, Outcome(first.id, DeliveryState.IN_DOUBT, NOON, due, "time-out"))
    assert await claim(store) == []
    (again,) = await claim(store, due)
    assert again.doubtful


async def test_later_takes_the_attempt_back_and_a_payload_is_replaced(store: Store) -> None:
    await two_chats(store)
    first, _ = await claim(store)
    payload = {**first.payload, "plain": True}
    later = Outcome(first.id, DeliveryState.PENDING, NOON, NOON, attempted=False, payload=payload)
    await record(store, later)
    (again,) = await claim(store)
    assert (again.attempts, again.payload) == (1, payload)


async def test_a_refused_one_is_kept_with_its_text_and_the_next_goes(store: Store) -> None:
    await two_chats(store)
    first, _ = await claim(store)
    await record(store, Outcome(first.id, DeliveryState.FAILED, NOON, error="message is odd"))
    assert texts(await claim(store)) == ["b"]
    async with store.reading() as connection:
        row = (
            await connection.execute(sa.select(deliveries).where(deliveries.c.id == first.id))
        ).one()
    assert (row.state, row.error) == ("failed", "message is odd")
    assert (await counts(store)).failed == 1


async def test_an_outcome_for_a_deleted_subscriber_is_no_error(store: Store) -> None:
    async with store.transaction() as connection:
        id = await add_subscriber(connection, 5, origin="chat")
        await owe_texts(connection, id, ["hello"])
    (claimed,) = await claim(store)
    async with store.transaction() as connection:
        await membership.lose(connection, "5", "blocked")
    await record(store, sent(claimed))
    assert await counts(store) == Counts()


async def test_sent_is_the_truth_even_for_what_was_dropped_meanwhile(store: Store) -> None:
    await two_chats(store)
    first, other = await claim(store)
    async with store.transaction() as connection:
        for one in (first, other):
            assert await outbox.drop(connection, one.subscriber_id, "left", NOON) == 2
    retry = Outcome(other.id, DeliveryState.PENDING, NOON, due_at=NOON)
    await record(store, sent(first), retry)
    assert await counts(store) == Counts(sent=1, dropped=3)


async def test_recent_calls_are_known_after_a_restart(store: Store) -> None:
    await two_chats(store)
    first, _ = await claim(store)
    await record(store, sent(first, NOON + seconds(1)))
    since, now = NOON - seconds(60), NOON + seconds(30)
    async with store.transaction() as connection:
        await outbox.doubt_leftovers(connection, now)
        recent = await outbox.recent_sends(connection, since, now)
        assert recent == [("-1", NOON + seconds(1)), ("-2", now)]
        assert await outbox.recent_sends(connection, now + seconds(1), now) == []
    (refused,) = await claim(store, now, busy=["-1"])
    await record(store, Outcome(refused.id, DeliveryState.FAILED, NOON + seconds(2), error="odd"))
    async with store.reading() as connection:
        recent = await outbox.recent_sends(connection, NOON + seconds(2), now)
    assert recent == [("-2", NOON + seconds(2))]


async def test_a_bot_remembers_its_updates_and_its_hold(store: Store) -> None:
    async with store.transaction() as connection:
        assert await bots.update_offset(connection, 42) is None
        assert await bots.hold_until(connection, 42) is None
        await bots.set_update_offset(connection, 42, 7)
        await bots.set_update_offset(connection, 42, 8)
        await bots.hold(connection, 42, NOON)
    async with store.reading() as connection:
        assert await bots.update_offset(connection, 42) == 8
        assert await bots.hold_until(connection, 42) == NOON
        assert await bots.hold_until(connection, 43) is None


ENDS = st.sampled_from([DeliveryState.SENT, DeliveryState.PENDING, DeliveryState.IN_DOUBT])
_numbers = itertools.count(1000)  # chats that no earlier example has used


@given(
    owed=st.lists(st.integers(0, 3), max_size=12),
    ends=st.lists(ENDS, max_size=30),
    limit=st.integers(1, 4),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_happens_each_is_sent_once_and_in_order(
    store: Store, owed: list[int], ends: list[DeliveryState], limit: int
) -> None:
    before = await counts(store)
    expected: dict[str, list[str]] = {}
    async with store.transaction() as connection:
        chats = [str(next(_numbers)) for _ in range(4)]
        ids = [await add_subscriber(connection, chat) for chat in chats]
        for number, chat in enumerate(owed):
            await owe_texts(connection, ids[chat], [str(number)])
            expected.setdefault(chats[chat], []).append(str(number))
    got: dict[str, list[str]] = {}
    now, fate = NOON, iter(ends)
    while claimed := await claim(store, now, limit=limit):
        now += timedelta(seconds=1)
        states = [next(fate, DeliveryState.SENT) for _ in claimed]
        ends_now = zip(claimed, states, strict=True)
        await record(
            store,
            *(
                sent(one, now) if s == DeliveryState.SENT else Outcome(one.id, s, now, due_at=now)
                for one, s in ends_now
            ),
        )
        for one, state in zip(claimed, states, strict=True):
            if state == DeliveryState.SENT:
                got.setdefault(one.address, []).append(one.payload["text"])
    assert got == expected
    after = await counts(store)
    assert (after.owed, after.sent - before.sent) == (0, len(owed))


async def test_kinds_come_back_as_they_went_in(store: Store) -> None:
    async with store.transaction() as connection:
        id = await add_subscriber(connection, "@Press")
        await owe_texts(connection, id, ["x"])
    (claimed,) = await claim(store)
    assert (claimed.kind, claimed.address, claimed.origin) == (
        DeliveryKind.NOTICE,
        "@press",
        "config",
    )
    assert subscribers.address_of(-5) == "-5"
