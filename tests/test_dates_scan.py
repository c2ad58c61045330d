"""Where dates stand in a text, and what stands there that is none."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.source.dates import (
    InUrl,
    Written,
    date_in_url,
    may_hold_date,
    orders,
    scan,
    settle,
)

ROOT = Path(__file__).parents[1]
ZONE = ZoneInfo("Europe/Madrid")
NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)  # a Saturday, 14:00 in Madrid
DAY = date(2024, 3, 5)


def values(text: str, language: str = "en") -> list[object]:
    return list(settle(scan(text, language), now=NOW, zone=ZONE, language=language))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *((text, "en") for text in ("5 March 2024", "Mar 5 2024", "Tue 5 Mar", "March 5th")),
        *(
            (text, "en")
            for text in ("the 5th of March, 2024", "05-Mar-24", "5th day of March", "5\nMar\n")
        ),
        *((text, "en") for text in ("2024 March 5", "MARCH 5, 2024", "Tuesday, March 5", "3/5/24")),
        *((text, "ru") for text in ("5 марта 2024 года", "5-го марта", "ВТОРНИК, 5 МАРТА 2024")),
        *((text, "uk") for text in ("5 березня 2024 р.", "вівторок, 5 березня", "5 бер. 2024")),
        *(
            (text, "de")
            for text in ("5. März 2024", "Di., 5. Mrz. 2024", "05.03.", "5. Maerz 2024")
        ),
        *((text, "fr") for text in ("5 mars 2024", "mardi 5 mars 2024", "5 MARS", "05/03/2024")),
        *((text, "es") for text in ("5 de marzo de 2024", "martes, 5 de marzo del 2024")),
        *(
            (text, "pt")
            for text in ("5 de março de 2024", "terça-feira, 5 de março", "5º mar. 2024")
        ),
        *((text, "it") for text in ("5 marzo 2024", "martedì 5 marzo", "5° marzo 2024")),
        *((text, "pl") for text in ("5 marca 2024 r.", "wtorek, 5 marca", "5 mar 2024")),
        *((text, "cs") for text in ("5. března 2024", "5. 3. 2024", "úterý 5. března", "5.3.")),
        *((text, "nl") for text in ("5 maart 2024", "di 5 mrt. 2024", "5-3-2024")),
        *((text, "tr") for text in ("5 Mart 2024", "5 Mart 2024 Salı", "05.03.2024 Salı")),
        *((text, "ar") for text in ("5 مارس 2024", "٥ آذار ٢٠٢٤", "الثلاثاء، 5 مارس 2024")),
        *(
            (text, "zh")
            for text in ("2024年3月5日", "２０２４年３月５日", "3月5日", "113年3月5日"[3:])
        ),
        *((text, "ja") for text in ("2024年3月5日（火）", "令和6年3月5日", "24/03/05", "2024/3/5")),
        *((text, "ko") for text in ("2024년 3월 5일", "2024. 3. 5.", "24. 3. 5.", "3월 5일 (화)")),
        *((text, "el") for text in ("5 Μαρτίου 2024", "5 ΜΑΡΤΙΟΥ 2024", "Τρίτη 5 Μαρ 2024")),
        *((text, "he") for text in ("5 במרץ 2024", "5 מרץ 2024")),
        *((text, "sv") for text in ("5 mars 2024", "tisdag 5 mars", "den 5 mars 2024")),
        *((text, "da") for text in ("5. marts 2024", "tirsdag den 5. marts 2024")),
        *((text, "fi") for text in ("5. maaliskuuta 2024", "tiistai 5.3.2024", "5.3.")),
        *((text, "hu") for text in ("2024. március 5.", "2024.03.05.", "márc. 5.")),
        *((text, "ro") for text in ("5 martie 2024", "marți, 5 martie")),
        *((text, "bg") for text in ("5 март 2024 г.", "вторник, 5 март")),
        *((text, "sr") for text in ("5. март 2024.", "5. marta 2024.", "уторак, 5. марта")),
        *((text, "th") for text in ("5 มีนาคม 2567", "5 มี.ค. 2567")),
        *((text, "vi") for text in ("5 tháng 3, 2024", "5 thg 3")),
        *((text, "lv") for text in ("2024. gada 5. marts", "5. marts")),
    ],
)
def test_one_day_in_many_languages(text: str, language: str) -> None:
    assert values(text, language) == [DAY]


@pytest.mark.parametrize("text", ["12 Mar", "Mar 12 2024", "12 / 03", "12.03.", "12\n\nMar\n2024"])
def test_the_text_of_a_date_box_is_a_date(text: str) -> None:
    assert values(text, "de") == [date(2024, 3, 12)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12-14 March 2024", date(2024, 3, 12)),
        ("1–2 May", date(2024, 5, 1)),
        ("March 12-14, 2024", date(2024, 3, 12)),
        ("30 March – 2 April 2024", date(2024, 3, 30)),
        ("March 30 – April 2, 2024", date(2024, 3, 30)),
        ("3/5/24 - introduced in the House", date(2024, 3, 5)),
        ("(12/10/98, Pub.)", date(1998, 12, 10)),
        ("۱۴۰۳/۰۸/۱۰", date(2024, 10, 31)),
        ("1399/12/30", date(2021, 3, 20)),
        ("1400/01/01", date(2021, 3, 21)),
        ("1357/11/22", date(1979, 2, 11)),
        ("Feb 10 - May 5, 2024", date(2024, 2, 10)),
        ("30 December - 2 January 2024", date(2023, 12, 30)),
        ("с 5 по 7 марта 2024", date(2024, 3, 5)),
        ("vom 5. bis 7. März 2024", date(2024, 3, 5)),
    ],
)
def test_of_a_range_the_first_day_is_taken(text: str, expected: date) -> None:
    assert values(text) == [expected]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("today", "en", date(2024, 6, 15)),
        ("Yesterday", "en", date(2024, 6, 14)),
        ("вчера", "ru", date(2024, 6, 14)),
        ("позавчера", "ru", date(2024, 6, 13)),
        ("昨天", "zh", date(2024, 6, 14)),
        ("hier", "fr", date(2024, 6, 14)),
        ("gestern, 14:05 Uhr", "de", datetime(2024, 6, 14, 14, 5, tzinfo=ZONE)),
        ("вчера в 14:05", "ru", datetime(2024, 6, 14, 14, 5, tzinfo=ZONE)),
        ("Today at 9:05 am", "en", datetime(2024, 6, 15, 9, 5, tzinfo=ZONE)),
        ("By the editors · 3 hours ago · 5 comments", "en", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("3 часа назад", "ru", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("час назад", "ru", datetime(2024, 6, 15, 13, tzinfo=ZONE)),
        ("vor 3 Stunden", "de", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("vor einer Stunde", "de", datetime(2024, 6, 15, 13, tzinfo=ZONE)),
        ("an hour ago", "en", datetime(2024, 6, 15, 13, tzinfo=ZONE)),
        ("15 min ago", "en", datetime(2024, 6, 15, 13, 45, tzinfo=ZONE)),
        ("2小时前", "zh", datetime(2024, 6, 15, 12, tzinfo=ZONE)),
        ("3時間前", "ja", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("3시간 전", "ko", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("il y a 2 jours", "fr", date(2024, 6, 13)),
        ("hace 3 días", "es", date(2024, 6, 12)),
        ("há 2 dias", "pt", date(2024, 6, 13)),
        ("2 dias atrás", "pt", date(2024, 6, 13)),
        ("2 giorni fa", "it", date(2024, 6, 13)),
        ("2 dni temu", "pl", date(2024, 6, 13)),
        ("2 дні тому", "uk", date(2024, 6, 13)),
        ("2 gün önce", "tr", date(2024, 6, 13)),
        ("2 dagen geleden", "nl", date(2024, 6, 13)),
        ("قبل 3 ساعات", "ar", datetime(2024, 6, 15, 11, tzinfo=ZONE)),
        ("2 weeks ago", "en", date(2024, 6, 1)),
        ("2 months ago", "en", date(2024, 4, 15)),
        ("a year ago", "en", date(2023, 6, 15)),
        ("Posted yesterday", "en", date(2024, 6, 14)),
        ("Опубликовано вчера в 14:05", "ru", datetime(2024, 6, 14, 14, 5, tzinfo=ZONE)),
        ("Added an hour ago", "en", datetime(2024, 6, 15, 13, tzinfo=ZONE)),
    ],
)
def test_what_is_counted_from_the_fetch(text: str, language: str, expected: date) -> None:
    (written,) = scan(text, language)
    assert written.is_relative
    assert values(text, language) == [expected]
    assert list(settle([written], now=None, zone=ZONE)) == [None]


def test_what_moves_from_fetch_to_fetch() -> None:
    """The date of "yesterday" is that day's; "1 day ago" is anything from 24 to 48 hours."""
    drifts = {
        text: scan(text)[0].is_drifting for text in ("today", "yesterday", "1 day ago", "5 May")
    }
    assert drifts == {"today": False, "yesterday": False, "1 day ago": True, "5 May": False}


@pytest.mark.parametrize("language", ["en", "de", "es", "ru", "zh", "fr"])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "v1.2.2024",
            "Version 10.2.3",
            "1.2.2024.5",
            "10.0.0.1",
            "192.168.12.10",
            "24/7",
            "GTK4.12",
        ),
        *("+44 20 7946 0958", "8 (495) 123-45-67", "Tel. 030 12-03-45 67", "call 020-12-11-2000-5"),
        *(
            "No. 23-1701",
            "2024-UP-005",
            "2021 CT 01",
            "23-cv-01234",
            "2024-03-05678",
            "24-05-12345",
        ),
        *(
            "$12.05",
            "€ 12.03",
            "12.50",
            "1/2 cup",
            "page 3/5 of it",
            "4.5 stars",
            "won 3-2 at home",
        ),
        *(
            "14:05",
            "at 9.30 am",
            "12:30:45",
            "12.30.45",
            "100%",
            "5 out of 10",
            "5 people",
            "May 5%",
        ),
        *(
            "ISBN 978-3-16-148410-0",
            "3-16-148410",
            "12345678901",
            "99999999",
            "20241332",
            "#12.05.24",
        ),
        *("31 February 2024", "32 March", "00.00.2024", "2024-13-01", "30/30/2024", "5 Marchand"),
        *("12 monkeys", "Windows 11", "2024", "27", "May", "Mayor 5", "A4 12/x"),
        *("room 12.03", "art. 5/12 of the law", "12-05 rule", "№ 12/2024-p", "EN 50128-2011"),
    ],
)
def test_what_only_looks_like_a_date(text: str, language: str) -> None:
    assert [one for one in scan(text, language) if one.precision != "month"] == []


def test_months_alone_are_told_apart() -> None:
    for text in ("March 2024", "2024年3月", "03/2024", "mars 2024"):
        (one,) = scan(text, "fr")
        assert (one.precision, one.weak, one.readings[0][1:3]) == ("month", True, (2024, 3))
        assert values(text) == [None]


def test_a_span_is_of_the_text_as_given() -> None:
    text = "Posted\u200b: вторник,\xa0٥ марта ２０２４ г. в 14:05 — 3 comments"
    (one,) = scan(text, "ru")
    assert text[one.start : one.end] == one.text == "вторник,\xa0٥ марта ２０２４ г. в 14:05"
    assert (one.weekday, one.precision, one.has_year) == (1, "minute", True)


def test_what_is_said_of_a_date() -> None:
    (one,) = scan("05/06", "en")
    assert (one.is_ambiguous, one.has_year, one.weak, one.is_open) == (True, False, True, True)
    (one,) = scan("13/06/2024", "en")
    assert (one.is_ambiguous, one.has_year, one.weak) == (False, True, False)
    assert not scan("05/05/2024")[0].is_ambiguous


def test_several_dates_in_a_text() -> None:
    text = "Filed: 5 March 2024 | Updated: 2024-03-06T10:00Z | Expires 7.3.2024"
    assert values(text) == [DAY, datetime(2024, 3, 6, 10, tzinfo=UTC), date(2024, 3, 7)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/2024/03/05/title", (2024, 3, 5)),
        ("https://a.example/news/2024-03-05-title.html", (2024, 3, 5)),
        ("/files/20240305_notice.pdf", (2024, 3, 5)),
        ("/files/20240305-notice.pdf", (2024, 3, 5)),
        ("/2024/mar/05/title", (2024, 3, 5)),
        ("/opinions/05-03-2024.pdf", (2024, 3, 5)),
        ("/d9/2023-02/2023-01-04-memo.pdf", (2023, 1, 4)),
        ("/list?date=2024-03-05", (2024, 3, 5)),
        ("/2024/03/", (2024, 3, None)),
        ("/wp-content/uploads/2024/03/a.pdf", (2024, 3, None)),
        ("/2024/3%2F5/", (2024, 3, 5)),
        ("/article/20241332", None),
        ("/a/2024/13/05", None),
        ("/id/120240305", None),
        ("/item/12024-03-05", None),
        ("https://[broken/2024/03/05", None),
        ("", None),
    ],
)
def test_dates_in_addresses(url: str, expected: tuple[int, int, int | None] | None) -> None:
    assert date_in_url(url) == (None if expected is None else InUrl(*expected))


@given(st.text())
def test_any_text_and_address_is_survived(text: str) -> None:
    found = scan(text)
    assert all(isinstance(one, Written) and text[one.start : one.end] == one.text for one in found)
    settle(found, now=NOW, zone=ZONE)
    date_in_url(text)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            "1 12 05 2024 24 99 Mar марта 年 月 日 . / - , : T Z ' ago 3 hours вчера in".split()
        ),
        max_size=12,
    ),
    st.sampled_from(["", " "]),
    st.sampled_from(["en", "ru", "zh", "xx", None]),
)
def test_any_nearly_a_date_is_survived(parts: list[str], glue: str, language: str | None) -> None:
    text = glue.join(parts)
    found = scan(text, language)
    assert list(found) == sorted(found, key=lambda one: one.start)
    assert all(one.end <= after.start for one, after in pairwise(found))
    for value in settle(found, now=NOW, zone=ZONE, language=language):
        assert not isinstance(value, datetime) or value.tzinfo is not None


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "2",
            " ",
            "a",
            "T",
            "-",
            "ж",
            "年",
            "5 ",
            "12.",
            "12:",
            "2024 ",
            "2024-",
            "May ",
            "5 May ",
        ),
        *(
            "12 Marx ",
            "5 de ",
            "12-13 ",
            "2024-13-45 ",
            "vor 3 ",
            "3 h ",
            "1 2 ",
            "١",
            "5 كانون ",
            "'",
        ),
    ],
)
def test_a_megabyte_of_anything_is_scanned_in_no_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    scan(text)
    assert time.process_time() - start < 2


def test_most_texts_are_not_scanned() -> None:
    assert not may_hold_date("Read more")
    assert not may_hold_date("The committee met yesterday to hear what had been said an hour ago.")
    assert may_hold_date("Yesterday at noon")
    assert may_hold_date("Вчера")
    assert may_hold_date("昨天")
    assert may_hold_date("5")


def test_the_words_are_those_of_the_library() -> None:
    """Written by `.ci/date-words`; run it after an update of Babel."""
    done = subprocess.run([sys.executable, ROOT / ".ci/date-words", "--check"], check=False)
    assert done.returncode == 0


def test_orders_know_nothing_of_nothing() -> None:
    assert orders([], now=NOW, language="en") == {}
    assert settle([], now=NOW, zone=ZONE) == []
