"""What the dates of a page mean together: the order of numbers, years left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date, format_datetime, format_skeleton
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedbot.identity import fingerprint, identify
from feedbot.model import ListingRule, PageDate
from feedbot.source.dates import orders, scan, settle
from feedbot.source.listing import read_listing

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
LANGUAGES = (
    "en en_GB ru uk be de de_AT fr es es_MX pt pt_PT it ca gl nl pl cs sk sl hr sr sr_Latn mk "
    "bg ro hu sq el tr az kk hy ka he ar ar_SY ar_DZ ar_MA sv da nb fi et lv lt is id vi zh "
    "zh_Hant ja ko hi th"
).split()


def read(texts: Sequence[str], language: str | None = "en", now: datetime = NOW) -> list[PageDate]:
    found = [scan(text, language)[0] for text in texts]
    return settle(found, now=now, zone=ZONE, language=language)


@pytest.mark.parametrize(
    ("texts", "language", "order"),
    [
        (["05/06/2024", "13/06/2024"], "en", "dmy"),  # there is no thirteenth month
        (["05/06/2024", "06/13/2024"], "de", "mdy"),
        (["05/06/24", "06/13/24"], "de", "mdy"),
        (["05-06-2024", "06-13-2024"], "en", "mdy"),
        (["Tue 05/03/2024", "04/03/2024"], "en", "dmy"),  # the fifth of March was one
        (["Fri 05/03/2024", "04/03/2024"], "fr", "mdy"),
        (["05/06/2024", "03/06/2024", "12/05/2024", "07/05/2024"], "en", "dmy"),  # descends
        (["07/05/2023", "12/05/2023", "03/06/2023", "05/06/2023"], "en", "dmy"),  # ascends
        (["06/05/2024", "06/03/2024", "05/12/2024", "05/07/2024"], "fr", "mdy"),
        (["05/06/2024", "03/06/2024"], "en", "mdy"),  # nothing tells: the language
        (["05/06/2024", "03/06/2024"], "en-GB", "dmy"),
        (["05/06/2024", "03/06/2024"], None, "dmy"),
        (["11/05/2024"], "en", "dmy"),  # November is ahead
        (["05.06.2024"], "en", "dmy"),
        (["24/06/05", "24/05/06"], "ja", "ymd"),
        (["24/06/05", "24/05/31"], "en", "ymd"),
        (["05/06", "05/31"], "en", "mdy"),
        (["03-05"], "zh", "mdy"),
    ],
)
def test_the_whole_page_decides_which_number_is_the_month(
    texts: list[str], language: str | None, order: str
) -> None:
    found = [scan(text, language)[0] for text in texts]
    assert set(orders(found, now=NOW, language=language).values()) == {order}


def test_one_style_speaks_for_another_with_the_same_mark() -> None:
    texts = ["13/06/2023", "05/06", "01/02/23", "05-06-2023"]
    assert read(texts, "en") == [
        date(2023, 6, 13),
        date(2024, 6, 5),
        date(2023, 2, 1),
        date(2023, 6, 5),
    ]


def test_what_was_decided_for_the_page_holds_in_a_list() -> None:
    found = scan("05/06/2024")
    assert settle(found, now=NOW, zone=ZONE, decided={"/4": "dmy"}) == [date(2024, 6, 5)]
    assert settle(found, now=NOW, zone=ZONE, decided={"/4": "mdy"}) == [date(2024, 5, 6)]
    odd = scan("13/06/2024")
    assert settle(odd, now=NOW, zone=ZONE, decided={"/4": "mdy"}) == [date(2024, 6, 13)]


@pytest.mark.parametrize(
    ("texts", "now", "years"),
    [
        (["28 Dec"], date(2024, 1, 5), [2023]),
        (["5 Jan", "28 Dec"], date(2024, 1, 5), [2024, 2023]),
        (["7 Jan"], date(2024, 1, 5), [2024]),  # two days ahead
        (["8 Jan"], date(2024, 1, 5), [2023]),
        (["29 Feb"], date(2026, 5, 1), [2024]),
        (["Tue 5 March"], date(2026, 5, 1), [2024]),
        (
            ["10 May", "2 Feb", "20 Nov", "5 May", "1 Mar"],
            date(2024, 5, 12),
            [2024, 2024, 2023, 2023, 2023],
        ),
        (
            ["1 Mar", "5 May", "20 Nov", "2 Feb", "10 May"],
            date(2024, 5, 12),
            [2023, 2023, 2023, 2024, 2024],
        ),
        (["3 Jan", "10 May", "8 May", "2 May", "1 May"], date(2024, 5, 12), [2024] * 5),  # pinned
        (["10 May", "5 May 2023", "1 May", "2 Apr"], date(2024, 5, 12), [2024, 2023, 2023, 2023]),
    ],
)
def test_years_left_out(texts: list[str], now: date, years: list[int]) -> None:
    moment = datetime(now.year, now.month, now.day, 12, tzinfo=UTC)
    found = read(texts, "en", moment)
    assert [day.year for day in found if day] == years


@pytest.mark.parametrize(
    ("text", "year"),
    [("01.02.24", 2024), ("01.02.25", 2025), ("01.02.26", 1926), ("01.02.99", 1999)],
)
def test_two_digits_are_the_latest_year_up_to_the_next(text: str, year: int) -> None:
    assert read([text], "de") == [date(year, 2, 1)]


@pytest.mark.parametrize("text", ["999 years ago", "999 months ago"])
def test_what_lies_long_ago_is_survived(text: str) -> None:
    early = datetime(3, 1, 1, tzinfo=UTC)
    assert read([text], "en", early) == [None]


def page(*rows: str) -> str:
    return (
        "<ul>"
        + "".join(
            f"<li><a href='/{number}'>Row {number}</a> <span>{row}</span></li>"
            for number, row in enumerate(rows)
        )
        + "</ul>"
    )


def listed(*rows: str, language: str = "en", now: datetime = NOW) -> list[PageDate]:
    listing = read_listing(
        page(*rows),
        ListingRule("li"),
        url="https://a.example/",
        zone=ZONE,
        language=language,
        now=now,
    )
    assert [item.title for item in listing.items] == [
        f"Row {number}" for number in range(len(rows))
    ]
    assert all(item.summary == "" for item in listing.items)
    return [item.date for item in listing.items]


def test_a_listing_settles_its_dates_together() -> None:
    assert listed("05/06/2024", "03/06/2024", "25/05/2024") == [
        date(2024, 6, 5), date(2024, 6, 3), date(2024, 5, 25),
    ]  # fmt: skip
    assert listed("10 мая", "2 февраля", "20 ноября", "5 мая", language="ru") == [
        date(2024, 5, 10), date(2024, 2, 2), date(2023, 11, 20), date(2023, 5, 5),
    ]  # fmt: skip
    assert listed("вчера в 14:05", "2 дня назад", language="ru") == [
        datetime(2024, 6, 14, 14, 5, tzinfo=ZONE), date(2024, 6, 13),
    ]  # fmt: skip


def test_a_date_that_drifts_is_no_change() -> None:
    def row(now: datetime) -> tuple[str, str]:
        listing = read_listing(
            page("5 hours ago"), ListingRule("li"), url="https://a.example/", zone=ZONE,
            language="en", now=now,
        )  # fmt: skip
        assert listing.items[0].drifts
        (found,) = identify(listing.items, "https://a.example/")
        return fingerprint(found.item), found.title_key

    assert row(NOW) == row(NOW + timedelta(minutes=40)) == row(NOW - timedelta(hours=10))


DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(2024, 6, 16))
NUMBERS = st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%Y"])


@settings(max_examples=400, deadline=None)
@given(
    DAYS, st.sampled_from(LANGUAGES), st.sampled_from(["full", "long", "medium", "yMMMd", "iso"])
)
def test_a_day_in_any_language_and_style_comes_back(day: date, language: str, style: str) -> None:
    tag = language.replace("_", "-")
    if style == "iso":
        text = f"{day.isoformat()}"
    elif style == "yMMMd":
        text = format_skeleton(style, day, locale=language)
    else:
        text = format_date(day, style, locale=language)
    assert read([text], tag) == [day]


@settings(max_examples=200, deadline=None)
@given(
    st.dates(min_value=date(2023, 6, 18), max_value=date(2024, 6, 17)),
    st.sampled_from(LANGUAGES),
    st.sampled_from(["MMMd", "MMMMd"]),
)
def test_a_day_without_its_year_is_the_last_such_day(day: date, language: str, style: str) -> None:
    text = format_skeleton(style, day, locale=language)
    assert read([text], language.replace("_", "-")) == [day]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.dates(min_value=date(2010, 1, 1), max_value=date(2024, 6, 16)),
        min_size=8,
        max_size=30,
        unique=True,
    ),
    NUMBERS,
    st.sampled_from(["en", "en-GB", "de", "ja", None]),
    st.booleans(),
)
def test_numbers_in_any_order_come_back_from_a_list(
    days: list[date], style: str, language: str | None, newest_first: bool
) -> None:
    """Where a day above the twelfth shows which number is the month."""
    days = sorted(days, reverse=newest_first)
    assume(sum(day.day > 12 for day in days) >= 1)
    if style.startswith("%y") or style.endswith("%y"):
        assume(any(day.day > 24 for day in days))  # no year up to the next
        assume(any(day.month != day.day for day in days))
    assert read([format(day, style) for day in days], language) == days


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2024, 6, 15)),  # noqa: DTZ001
    st.sampled_from(LANGUAGES),
)
def test_moments_in_any_language_come_back(moment: datetime, language: str) -> None:
    aware = moment.replace(second=0, microsecond=0, tzinfo=ZONE)
    text = f"{format_date(aware, 'long', locale=language)}, {aware:%H:%M}"
    assert read([text], language.replace("_", "-")) == [aware]
    text = format_datetime(aware, "d.M.y H:mm", locale="en")
    assert read([text], "en") == [aware]
