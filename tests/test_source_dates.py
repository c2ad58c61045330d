from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.model import PageDate
from feedbot.source.dates import AHEAD, find_date, published, understand

LONDON = ZoneInfo("Europe/London")
MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2020, 5, 27)
RU_GENITIVE = (
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
)
EN_MONTHS = (
    "January February March April May June July August September October November December".split()
)


def read(text: str, **options: str) -> PageDate:
    return understand(
        text,
        zone=LONDON,
        language=options.get("language", "en"),
        date_format=options.get("date_format"),
    )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "27.05.2020",
            "27.5.2020",
            "27. 05. 2020",
            "27/05/2020",
            "27-05-2020",
            "5/27/2020",
            "05.27.2020",
        ),
        *("2020-05-27", "20200527", "2020.05.27", "2020/5/27", "27.05.20"),
        *(
            "27 мая 2020 г.",
            "27 мая 2020 года",
            "27 МАЯ 2020",
            "среда, 27 мая 2020",
            "27-го мая 2020",
        ),
        *("May 27, 2020", "27th May 2020", "27th of May, 2020", "May 27th 2020", "27-May-2020"),
        *("Wednesday, 27 May 2020", "Wed, 27 May 2020", "Published: 27 May 2020", "(27.05.2020)"),
        *("\u200b27.05.2020\xa0", "27\xa0мая\xa02020\xa0г."),
        *("27 Mai 2020", "27 de mayo de 2020", "27 mai 2020", "27 maja 2020", "2020年5月27日"),
    ],
)
def test_a_date_alone(text: str) -> None:
    assert read(text) == DAY
    assert type(read(text)) is date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("27.05.2020 14:30", "2020-05-27T14:30:00+01:00"),
        ("14:30, 27.05.2020", "2020-05-27T14:30:00+01:00"),
        ("27.5.2020 9.30", "2020-05-27T09:30:00+01:00"),
        ("27 мая 2020 г. в 14:30", "2020-05-27T14:30:00+01:00"),
        ("27 мая 2020, 14:30 МСК", "2020-05-27T14:30:00+03:00"),
        ("May 27th, 2020 at 2:30 pm", "2020-05-27T14:30:00+01:00"),
        ("27 May 2020 12:05 a.m.", "2020-05-27T00:05:00+01:00"),
        ("2020-05-27T14:30:00Z", "2020-05-27T14:30:00+00:00"),
        ("2020-05-27T14:30:00.123456789+03:00", "2020-05-27T14:30:00.123456+03:00"),
        ("2020-05-27T14:30:00-0330", "2020-05-27T14:30:00-03:30"),
        ("20200527T143000Z", "2020-05-27T14:30:00+00:00"),
        ("2020-05-27T24:00:00Z", "2020-05-28T00:00:00+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("Wed, 27 May 2020 14:30:00 GMT", "2020-05-27T14:30:00+00:00"),
        ("Wed, 27 May 2020 14:30 EST", "2020-05-27T14:30:00-05:00"),
        ("Sat May 30 10:00:00 2020", "2020-05-30T10:00:00+01:00"),
        ("2020-01-27 14:30", "2020-01-27T14:30:00+00:00"),
    ],
)
def test_a_date_with_a_time_is_aware(text: str, expected: str) -> None:
    found = read(text)
    assert isinstance(found, datetime)
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "yesterday", "today", "вчера", "3 hours ago", "2 дня назад", "tomorrow"),
        *("May 2020", "27 May", "27 мая", "2020", "May", "14:30", "27.05"),
        *("31.02.2020", "31 февраля 2020", "31 February 2020", "30/30/2020", "00.00.2020"),
        *("2020-13-01", "0000-00-00", "29.02.2019", "13.13.2020"),
        *("+44 (0) 203 668 7474", "1590589800", "815 days have passed", "v1.2.2020.5", "№ 2020"),
        *("Room 12 2020", "May 12 Committee 2020", "20205", "127.05.20200", "12.30.45"),
    ],
)
def test_what_is_no_whole_date_is_none(text: str) -> None:
    assert read(text) is None
    assert read(text, language="ru") is None


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", date(2020, 5, 6)),
        ("en-US", date(2020, 5, 6)),
        ("en-GB", date(2020, 6, 5)),
        ("ru", date(2020, 6, 5)),
        ("de", date(2020, 6, 5)),
    ],
)
def test_the_language_decides_which_number_is_the_month(language: str, expected: date) -> None:
    assert read("05/06/2020", language=language) == expected
    assert read("05.06.2020", language=language) == date(2020, 6, 5), "dots: the day first"


def test_two_digit_years_follow_posix() -> None:
    assert read("28.02.69") == date(1969, 2, 28)
    assert read("28.02.68") == date(2068, 2, 28)


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        ("05/06/2020", "%d/%m/%Y", date(2020, 6, 5)),
        ("27 мая 2020", "%d %B %Y", DAY),
        ("27 мая 2020", "%d %b %Y", DAY),
        ("27 May  2020", "%d %B %Y", DAY),
        ("27.05.2020 14:30", "%d.%m.%Y %H:%M", datetime(2020, 5, 27, 14, 30, tzinfo=LONDON)),
        ("2020-05-27 14:30 +0300", "%Y-%m-%d %H:%M %z", datetime(2020, 5, 27, 11, 30, tzinfo=UTC)),
        ("27.05.2020", "%d/%m/%Y", None),
        ("31/02/2020", "%d/%m/%Y", None),
    ],
)
def test_a_format_is_the_only_way_where_it_is_given(
    text: str, date_format: str, expected: PageDate
) -> None:
    assert read(text, date_format=date_format) == expected


@pytest.mark.parametrize(
    ("text", "value", "part"),
    [
        ("27.05.2020 - Foreign Minister", DAY, "27.05.2020"),
        ("Remarks, Moscow, May 27, 2020 (video)", DAY, "May 27, 2020"),
        ("В среду, 27 мая 2020 г., состоялось", DAY, "среду, 27 мая 2020 г."),
        ("11-12 September 2014 in Dushanbe", date(2014, 9, 11), "11-12 September 2014"),
        ("since 2018: 31.02.2020, then 27.05.2020", DAY, "27.05.2020"),
        ("At 14:30 on 27 May 2020 they", datetime(2020, 5, 27, 14, 30, tzinfo=LONDON), None),
    ],
)
def test_a_date_is_found_in_prose(text: str, value: PageDate, part: str | None) -> None:
    found, span = find_date(text, zone=LONDON)
    assert found == value
    assert span is not None
    if part is not None:
        assert text[span[0] : span[1]] == part


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_date("No date, only 815 days since 2018", zone=LONDON) == (None, None)


SEEN = datetime(2020, 5, 27, 22, 30, tzinfo=UTC)  # 23:30 in London, 01:30 of the 28th in Moscow


@pytest.mark.parametrize(
    ("page", "zone", "expected"),
    [
        (None, LONDON, SEEN),
        (date(2020, 5, 26), LONDON, datetime(2020, 5, 26, 11, 0, tzinfo=UTC)),
        (date(2020, 5, 27), LONDON, SEEN),
        (date(2020, 5, 27), MOSCOW, datetime(2020, 5, 27, 9, 0, tzinfo=UTC)),
        (date(2020, 5, 28), MOSCOW, SEEN),
        (date(2020, 5, 29), LONDON, datetime(2020, 5, 29, 11, 0, tzinfo=UTC)),
        (date(2020, 5, 30), LONDON, SEEN),
        (datetime(2020, 5, 27, 10, tzinfo=MOSCOW), LONDON, datetime(2020, 5, 27, 7, tzinfo=UTC)),
        (SEEN + AHEAD, LONDON, SEEN + AHEAD),
        (SEEN + AHEAD + timedelta(seconds=1), LONDON, SEEN),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5))), LONDON, SEEN),
        (date(1, 1, 1), ZoneInfo("Asia/Tokyo"), datetime(1, 1, 1, 2, 41, 1, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=MOSCOW), LONDON, SEEN),
    ],
)
def test_when_an_entry_was_published(page: PageDate, zone: ZoneInfo, expected: datetime) -> None:
    found = published(page, SEEN.astimezone(MOSCOW), zone)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 30))  # noqa: DTZ001
OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
STYLES: dict[str, Callable[[date], str]] = {
    "dotted": lambda day: f"{day:%d.%m.%Y}",
    "short dotted": lambda day: f"{day.day}.{day.month}.{day.year}",
    "iso": lambda day: day.isoformat(),
    "english": lambda day: f"{EN_MONTHS[day.month - 1]} {day.day}, {day.year}",
    "british": lambda day: f"{day.day} {EN_MONTHS[day.month - 1]} {day.year}",
    "short english": lambda day: f"{day.day} {EN_MONTHS[day.month - 1][:3]} {day.year}",
    "russian": lambda day: f"{day.day} {RU_GENITIVE[day.month - 1]} {day.year} г.",
    "in a sentence": lambda day: f"{day:%d.%m.%Y} - Remarks on 5 questions",
}


@given(DAYS, st.sampled_from(sorted(STYLES)), st.sampled_from(["en", "ru", "de", None]))
def test_every_style_of_day_comes_back(day: date, style: str, language: str | None) -> None:
    text = STYLES[style](day)
    assert understand(text, language=language, zone=LONDON) == day


@given(MOMENTS, OFFSETS)
def test_moments_come_back(moment: datetime, offset: timezone) -> None:
    aware = moment.replace(tzinfo=offset)
    assert read(aware.isoformat()) == aware
    whole = aware.replace(microsecond=0)
    assert read(f"{whole:%a, %d %b %Y %H:%M:%S %z}") == whole
    local = whole.replace(tzinfo=LONDON)
    assert read(f"{whole:%d.%m.%Y %H:%M:%S}") == local


@settings(deadline=None)
@given(st.text(), st.sampled_from(["en", "ru", "xx", None]))
def test_any_text_is_survived(text: str, language: str | None) -> None:
    found = understand(text, language=language, zone=LONDON)
    assert found is None or isinstance(found, date)
    find_date(text, language=language, zone=LONDON)


@settings(deadline=None)  # dateparser is loaded when first needed
@given(st.text(alphabet="0123456789./-:, TZamp+мая May", max_size=40))
def test_any_nearly_a_date_is_survived(text: str) -> None:
    found = read(text)
    assert found is None or not isinstance(found, datetime) or found.tzinfo is not None


@pytest.mark.parametrize("unit", ["2", " ", "2020 ", "May ", "27 мая ", "1.", "12:", "a", "T", "-"])
def test_a_megabyte_of_anything_is_read_in_no_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    find_date(text, zone=LONDON)
    understand(text, zone=LONDON)
    assert time.process_time() - start < 2
