"""Dates as pages write them: where they stand in a text, and what a page's dates mean together.

    scan     a text → the dates written in it (no clock, no zone: cheap, and remembered)
    orders   all of a page's → day first or month first, for each style of numbers
    settle   a list's, in the order of its rows → values, years and "yesterday" filled in

    found = [one for text in texts if may_hold_date(text) for one in scan(text, language)]
    page = orders(found, now=now, language=language)
    values = settle(of_rows, now=now, zone=zone, language=language, decided=page)

`understand` reads one text that should be a date, by dateparser too where ours does not read it;
`date_in_url` an address. `published` is what an entry is given.
"""

from feedbot.source.dates.one import find_date, published, understand
from feedbot.source.dates.order import AHEAD, Orders, month_first, orders
from feedbot.source.dates.scan import may_hold_date, scan
from feedbot.source.dates.settle import settle
from feedbot.source.dates.urls import InUrl, date_in_url
from feedbot.source.dates.written import Clock, Reading, Written

__all__ = [
    "AHEAD",
    "Clock",
    "InUrl",
    "Orders",
    "Reading",
    "Written",
    "date_in_url",
    "find_date",
    "may_hold_date",
    "month_first",
    "orders",
    "published",
    "scan",
    "settle",
    "understand",
]
