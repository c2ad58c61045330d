"""The windows alone: no call too early, whatever the delays."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feedbot.telegram.limits import MINUTE, SECOND, Limits, Windows, is_group
from tests.outboxes import NOON, seconds


def test_people_have_positive_numbers() -> None:
    assert [is_group(address) for address in ("5", "-5", "@press")] == [False, True, True]


def test_a_chat_is_open_again_a_second_after_the_call_ended() -> None:
    windows = Windows(Limits())
    windows.begin("5")
    assert windows.closed(NOON) == {"5"}
    windows.end("5", NOON + seconds(3))
    assert windows.closed(NOON + seconds(3.9)) == {"5"}
    assert windows.closed(NOON + seconds(4.1)) == set()


def test_a_group_is_full_after_twenty_and_a_person_is_not() -> None:
    windows = Windows(Limits())
    for address in ("-5", "5"):
        windows.restore((address, NOON + seconds(2 * n)) for n in range(20))
    assert windows.closed(NOON + seconds(50)) == {"-5"}
    assert windows.opens("-5") == NOON + seconds(60.05)
    assert windows.opens("@other") is None
    assert windows.closed(NOON + seconds(1000)) == set()
    assert windows.opens("-5") is None  # and forgotten


def test_calls_under_way_take_room() -> None:
    windows = Windows(Limits(per_bot=2))
    windows.begin("1")
    assert windows.room(NOON) == 1
    windows.begin("2")
    assert (windows.room(NOON), windows.next_room(NOON)) == (0, None)
    windows.end("1", NOON)
    assert windows.next_room(NOON) == NOON + seconds(1.05)
    assert windows.next_room(NOON + seconds(2)) == NOON + seconds(2)


def test_limits_can_be_off() -> None:
    windows = Windows(Limits.OFF)
    windows.restore([("-5", NOON)] * 1000)
    assert windows.room(NOON) > 1000
    assert windows.closed(NOON) == set()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "-2", "@c"]),
            st.integers(0, 3000),  # ms until accepted
            st.integers(0, 3000),  # ms from there to the answer
            st.integers(0, 500),  # ms until we look again
        ),
        max_size=60,
    )
)
def test_whatever_the_delays_no_server_window_is_overfilled(
    calls: list[tuple[str, int, int, int]],
) -> None:
    windows, now = Windows(Limits(per_bot=3, per_group=4)), NOON
    accepted: list[tuple[datetime, str]] = []
    under_way: list[tuple[datetime, str]] = []
    for address, before, after, idle in calls:
        now += timedelta(milliseconds=idle)
        while address in windows.closed(now) or not windows.room(now):
            now += timedelta(milliseconds=100)
            for end, whose in sorted(under_way):
                if end <= now:
                    windows.end(whose, end)
                    under_way.remove((end, whose))
        windows.begin(address)
        at = now + timedelta(milliseconds=before)
        accepted.append((at, address))
        under_way.append((at + timedelta(milliseconds=after), address))
    for at, address in accepted:
        second = [who for when, who in accepted if at - SECOND < when <= at]
        minute = [who for when, who in accepted if at - MINUTE < when <= at]
        assert len(second) <= 3
        assert second.count(address) <= 1
        assert address == "1" or minute.count(address) <= 4


def test_a_chat_that_is_never_silent_fills_no_memory() -> None:
    windows = Windows(Limits())
    windows.restore(("-5", NOON + seconds(3 * n)) for n in range(10_000))
    now = NOON + seconds(3 * 9_999)
    assert windows.opens("-5") == now - seconds(3 * 19) + seconds(60.05)
    assert windows.room(now) == 29
    assert len(windows._chats["-5"]) == 20
