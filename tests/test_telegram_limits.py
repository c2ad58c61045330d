"""The windows alone: no call too early, whatever the delays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.telegram.limits import MINUTE, SECOND, Limits, Share, Windows, is_group
from tests.outboxes import NOON, seconds


def test_people_have_positive_numbers() -> None:
    assert [is_group(address) for address in ("5", "-5", "@press")] == [False, True, True]


def closed(windows: Windows, now: datetime) -> set[str]:
    """Of the chats of these tests those that may not be written to."""
    chats = {"1", "-2", "@c", "5", "-5"}
    full = {at for at in chats if (windows.opens(at, now) or now) > now}
    return full | windows.busy


def test_a_chat_is_open_again_a_second_after_the_call_ended() -> None:
    windows = Windows(Limits())
    windows.begin("5")
    assert closed(windows, NOON) == {"5"}
    windows.end("5", NOON + seconds(3))
    assert closed(windows, NOON + seconds(3.9)) == {"5"}
    assert closed(windows, NOON + seconds(4.1)) == set()


def test_a_group_is_full_after_twenty_and_a_person_is_not() -> None:
    windows = Windows(Limits())
    for address in ("-5", "5"):
        windows.restore((address, NOON + seconds(2 * n)) for n in range(20))
    assert closed(windows, NOON + seconds(50)) == {"-5"}
    assert windows.opens("-5", NOON + seconds(50)) == NOON + seconds(60.01)
    assert windows.opens("@other", NOON) is None
    assert closed(windows, NOON + seconds(1000)) == set()
    assert windows.opens("-5", NOON + seconds(1000)) is None  # and forgotten


def test_calls_under_way_take_room() -> None:
    windows = Windows(Limits(per_bot=2))
    windows.begin("1")
    assert windows.room(NOON) == 1
    windows.begin("2")
    assert (windows.room(NOON), windows.next_room(NOON)) == (0, None)
    windows.end("1", NOON)
    assert windows.next_room(NOON) == NOON + seconds(1.01)
    assert windows.next_room(NOON + seconds(2)) == NOON + seconds(2)


def test_limits_can_be_off() -> None:
    windows = Windows(Limits.OFF)
    windows.restore([("-5", NOON)] * 1000)
    assert windows.room(NOON) > 1000
    assert closed(windows, NOON) == set()


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
        while address in closed(windows, now) or not windows.room(now):
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
    assert windows.opens("-5", now) == now - seconds(3 * 19) + seconds(60.01)
    assert windows.room(now) == 29
    assert len(windows._chats["-5"]) == 20


def test_a_burst_is_let_through_and_then_one_a_second() -> None:
    windows, now = Windows(Limits(burst=3)), NOON
    sent: list[float] = []
    while len(sent) < 8:
        now = windows.opens("5", now) or now
        windows.restore([("5", now)])
        sent.append((now - NOON).total_seconds())
    assert sent[:4] == [0, 0, 0, 3.01]
    assert sent[7] - sent[1] >= 6  # one a second in the long run
    windows.restore([("5", now)] * 3)
    assert windows.opens("5", now) == now + seconds(3.01)


def test_an_album_is_so_many_for_the_bot_and_for_a_group_and_one_for_the_chat() -> None:
    windows = Windows(Limits())
    windows.begin("-5", 10)
    assert windows.room(NOON) == 20
    windows.end("-5", NOON, 10)
    assert windows.room(NOON) == 20
    assert windows.opens("-5", NOON) == NOON + seconds(1.01)
    windows.begin("-5", 10)
    windows.end("-5", NOON + seconds(5), 10)
    assert windows.opens("-5", NOON + seconds(9)) == NOON + seconds(60.01)


def test_what_is_not_put_into_a_chat_may_count_for_the_bot() -> None:
    windows = Windows(Limits())
    windows.begin("5")
    windows.end("5", NOON, counts=False, further=2)
    assert windows.room(NOON) == 28
    assert windows.opens("5", NOON) is None


def test_a_429_lowers_what_is_granted_and_it_grows_back_when_all_is_quiet() -> None:
    share = Share()
    assert share.at(NOON) == 1
    for _ in range(5):
        share.lower(NOON)  # said at once by many calls, and meant once
    assert share.at(NOON + Share.QUIET) == pytest.approx(0.7)
    share.lower(NOON + seconds(1))
    assert share.at(NOON + seconds(1) + Share.QUIET) == pytest.approx(0.49)
    halfway = NOON + seconds(1) + Share.QUIET + Share.GROWING * 0.25
    assert share.at(halfway) == pytest.approx(0.74)
    assert share.at(halfway + Share.GROWING) == 1
    for number in range(100):
        share.lower(NOON + seconds(2 + number))
    assert share.at(NOON + seconds(101)) == Share.LEAST  # never nothing


def test_the_bots_window_shrinks_and_a_chats_gets_longer() -> None:
    windows = Windows(Limits())
    windows.refused(None, NOON)
    assert windows.room(NOON) == 21
    windows.refused("-5", NOON)
    windows.restore([("-5", NOON)])
    assert windows.opens("-5", NOON) == NOON + timedelta(seconds=1 / 0.7) + seconds(0.01)
    assert windows.opens("@other", NOON) is None
    windows.restore(("-5", NOON + seconds(2 * n)) for n in range(1, 14))
    now = NOON + seconds(27)
    assert windows.opens("-5", now) == NOON + seconds(60.01)  # 14 a minute
    windows.excuse(["-5"])
    assert windows.opens("-5", now) == NOON + seconds(27.01)
    assert windows.room(NOON + seconds(1000)) == 30
    assert windows.opens("-5", NOON + seconds(1000)) is None


def test_with_little_granted_there_is_still_one_in_a_longer_time() -> None:
    windows = Windows(Limits(per_bot=2))
    for number in range(10):
        windows.refused(None, NOON + seconds(number))
    now = NOON + seconds(9)
    windows.restore([("1", now)])
    assert windows.room(now + seconds(2)) == 0
    opens = windows.next_room(now + seconds(2))
    assert opens is not None
    assert opens > now + seconds(5)
    assert windows.room(opens) == 1


@pytest.mark.parametrize("back", [3600, 60, 5])
def test_a_clock_that_is_set_back_closes_no_window_for_long(back: int) -> None:
    windows = Windows(Limits(per_bot=1))
    windows.restore([("-5", NOON)] * 20)
    windows.refused("-5", NOON)
    assert windows.room(NOON) == 0
    before = NOON - seconds(back)
    assert windows.room(before) == 0
    assert windows.next_room(before) == before + seconds(1.01)
    assert windows.opens("-5", before) == before + seconds(60.01)


def test_other_limits_hold_from_the_next_call_on() -> None:
    windows = Windows(Limits(per_bot=2, per_group=2))
    windows.restore([("-5", NOON)] * 2)
    windows.limits = Limits(per_bot=5, per_group=5)
    assert windows.room(NOON) == 3
    windows.restore([("-5", NOON)] * 2)
    windows.limits = Limits(per_bot=1, per_group=3)
    assert windows.room(NOON) == 0
    assert windows.opens("-5", NOON) == NOON + seconds(60.01)
