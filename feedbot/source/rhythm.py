"""How often a feed says that it is worth reading.

RSS 2.0 `ttl`, `skipHours` and `skipDays` (https://www.rssboard.org/rss-specification), and
`updatePeriod` with `updateFrequency` (https://web.resource.org/rss/1.0/modules/syndication/).
"""

from __future__ import annotations

import re
from datetime import timedelta

from feedbot.model import Rhythm

_ITEM = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s>]", re.I)
_ENDS = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry)\s{0,9}>", re.I)
_TTL = re.compile(r"<ttl>\s{0,9}(\d{1,6})\s{0,9}</ttl>", re.I)
_PERIOD = re.compile(r"<\w{1,40}:updatePeriod>\s{0,9}(\w{1,9})\s{0,9}<", re.I)
_FREQUENCY = re.compile(r"<\w{1,40}:updateFrequency>\s{0,9}(\d{1,6})\s{0,9}<", re.I)
_SKIPPED_HOUR = re.compile(r"<hour>\s{0,9}(\d{1,2})\s{0,9}</hour>", re.I)
_SKIPPED_DAY = re.compile(r"<day>\s{0,9}(\w{6,9})\s{0,9}</day>", re.I)
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def rhythm_of(text: str) -> Rhythm | None:
    """What an XML feed says of it beside its entries; None where that is nothing."""
    first = _ITEM.search(text)
    channel = text
    if first is not None:
        last = max((match.end() for match in _ENDS.finditer(text)), default=first.start())
        channel = text[: first.start()] + text[last:]
    hours = sorted({int(hour) % 24 for hour in _SKIPPED_HOUR.findall(channel)})
    days = [
        _DAYS.index(day) for day in map(str.lower, _SKIPPED_DAY.findall(channel)) if day in _DAYS
    ]
    found = Rhythm(_least(channel), tuple(hours), tuple(sorted(set(days))))
    return found if found != Rhythm() else None


def _least(channel: str) -> timedelta | None:
    pauses = []
    if ttl := _TTL.search(channel):
        pauses.append(timedelta(minutes=int(ttl[1])))
    if period := _PERIOD.search(channel):
        often = _FREQUENCY.search(channel)
        whole = _PERIODS.get(period[1].lower())
        if whole:
            pauses.append(whole / max(1, int(often[1]) if often else 1))
    return max(pauses, default=timedelta(0)) or None
