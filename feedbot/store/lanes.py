"""Of what a chat is owed, what is next: three lanes, each in the order owed.

An answer does not wait behind the news, nor a counter behind five hundred of them; where one lane
waits for another try the others go on. What is in doubt, or a chat that Telegram wants to be quiet,
holds all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from feedbot.model import DeliveryKind, DeliveryState


class Lane(StrEnum):
    """What keeps its order among itself."""

    ANSWERS = "answers"  # to people and the operator, and what is taken back: first, and few
    NEWS = "news"
    COUNTERS = "counters"


_LANES = {
    DeliveryKind.REPLY: Lane.ANSWERS,
    DeliveryKind.NOTICE: Lane.ANSWERS,
    DeliveryKind.RETRACT: Lane.ANSWERS,
    DeliveryKind.NEWS: Lane.NEWS,
    DeliveryKind.COUNTER: Lane.COUNTERS,
}


def lane_of(kind: str) -> Lane:
    """The lane of a kind of delivery."""
    return _LANES[DeliveryKind(kind)]


def choose(
    oldest: Sequence[sa.Row[Any]], now: datetime, patience: timedelta, last: Lane | None
) -> sa.Row[Any] | datetime | None:
    """What is next in a chat; a time: nothing before then; None: something is being sent there.

    oldest:   the oldest unsent delivery of each of the chat's topics and kinds, with `hold_until`
              of its subscriber and `part`, the messages of it that were accepted
    patience: how long after its call began one in doubt may still be accepted
    last:     the lane that was served last: news and counters take turns
    """
    heads: dict[Lane, sa.Row[Any]] = {}
    for row in sorted(oldest, key=lambda row: row.id, reverse=True):
        heads[lane_of(row.kind)] = row
    if any(row.state == DeliveryState.SENDING for row in heads.values()):
        return None
    held = max((row.hold_until for row in oldest if row.hold_until), default=now)
    doubtful = [row for row in heads.values() if row.state == DeliveryState.IN_DOUBT]
    if doubtful:
        row = min(doubtful, key=lambda row: row.id)
        due: datetime = max(held, row.due_at, row.started_at + patience)
        return due if due > now else row
    if held > now:
        return held
    ready = [lane for lane, row in heads.items() if row.due_at <= now]
    if not ready:
        first: datetime = min(row.due_at for row in heads.values())
        return first
    # A delivery of several messages is not interrupted; then answers; then the other lane.
    order = {
        lane: (not heads[lane].part, lane != Lane.ANSWERS, lane == last, heads[lane].id)
        for lane in ready
    }
    return heads[min(ready, key=lambda lane: order[lane])]
