"""Dates as pages write them: where they stand in a text, and what a page's dates mean together.

    scan     a text → the dates written in it (no clock, no zone: cheap, and remembered)
    orders   all of a page's → day first or month first, for each style of numbers
    settle   a list's, in the order of its rows → values, years and "yesterday" filled in

    found = [one for text in texts if may_hold_date(text) for one in scan(text, language)]
    page = orders(found, now=now, language=language)
    values = settle(of_rows, now=now, zone=zone, language=language, decided=page)

Where rows stand under a month or year, `period_of` reads that heading, `completed` and `day_under`
what rows say below it.

`understand` reads one text that should be a date, by dateparser too where ours does not read it;
`date_in_url` an address. `published` is what an entry is given.
"""

from feedbot.source.dates.one import find_date, published, understand
from feedbot.source.dates.order import AHEAD, Orders, month_first, orders
from feedbot.source.dates.period import Period, completed, day_under, period_of
from feedbot.source.dates.scan import may_hold_date, scan
from feedbot.source.dates.settle import settle
from feedbot.source.dates.urls import InUrl, date_in_url
from feedbot.source.dates.written import Clock, Reading, Written

__all__ = [
    "AHEAD",
    "Clock",
    "InUrl",
    "Orders",
    "Period",
    "Reading",
    "Written",
    "completed",
    "date_in_url",
    "day_under",
    "find_date",
    "may_hold_date",
    "month_first",
    "orders",
    "period_of",
    "published",
    "scan",
    "settle",
    "understand",
]
