"""Months and years above rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from feedbot.model import Source
from feedbot.source.dates import Period, completed, day_under, period_of, scan
from feedbot.source.read import look

NOW = datetime(2024, 5, 24, 12, tzinfo=UTC)
NAMES = "Bridge Library Concert Budget School Water Market Harbour Theatre Forest".split()


@pytest.mark.parametrize(
    ("text", "language", "period"),
    [
        ("2019", "en", Period(2019, None)),
        ("2019 (12)", "en", Period(2019, None)),
        ("Opinions 2019", "en", Period(2019, None)),
        ("2019 год", "ru", Period(2019, None)),
        ("2019年", "zh", Period(2019, None)),
        ("May 2023", "en", Period(2023, 5)),
        ("Maio 2023", "pt", Period(2023, 5)),
        ("май 2023", "ru", Period(2023, 5)),
        ("May", "en", Period(None, 5)),
        ("März", "de", Period(None, 3)),
        ("23 May 2019", "en", None),
        ("23 May", "en", None),
        ("Case 20191", "en", None),
        ("News", "en", None),
        ("1899", "en", None),
        ("2018/2019", "en", None),
    ],
)
def test_what_a_heading_says(text: str, language: str, period: Period | None) -> None:
    assert period_of(text, language) == period


def test_without_being_a_heading_a_year_stands_alone() -> None:
    assert period_of("2019", "en", heading=False) == Period(2019, None)
    assert period_of("Copyright 2019", "en", heading=False) is None
    assert period_of("from May 2023", "en", heading=False) is None


@pytest.mark.parametrize(
    ("text", "period", "day"),
    [
        ("23 May", Period(2019, None), date(2019, 5, 23)),
        ("23 May", Period(2019, 5), date(2019, 5, 23)),
        ("23 May", Period(2019, 4), None),
        ("29 February", Period(2019, None), None),
        ("29 February", Period(2020, None), date(2020, 2, 29)),
        ("Thursday 23 May", Period(2019, None), date(2019, 5, 23)),
        ("Friday 23 May", Period(2019, None), None),
        ("23 May 2018", Period(2019, None), None),
        ("yesterday", Period(2019, None), None),
    ],
)
def test_a_date_is_completed_by_what_does_not_contradict_it(
    text: str, period: Period, day: date | None
) -> None:
    (written,) = scan(text, "en")
    found = completed(written, period)
    assert (found and date(*found.readings[0][1:])) == day  # type: ignore[arg-type]  # it has a day


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("16", "en", 16),
        ("16th", "en", 16),
        ("16.", "de", 16),
        ("16日", "ja", 16),
        ("Dia 16", "pt", 16),
        ("Tue 16", "en", 16),
        ("16, Tuesday", "en", 16),
        ("Mon 16", "en", None),
        ("31", "en", 31),
        ("32", "en", None),
        ("0", "en", None),
        ("16 / 23", "en", None),
        ("16 comments today", "en", None),
        ("", "en", None),
    ],
)
def test_a_day_under_its_month(text: str, language: str, day: int | None) -> None:
    found = day_under(text, language, Period(2023, 5))
    assert (found and found.readings[0].day) == day


def test_a_day_needs_a_month_and_a_year() -> None:
    assert day_under("16", "en", Period(2023, None)) is None
    assert day_under("16", "en", Period(None, 5)) is None


def rows(row: str, days: Sequence[str], start: int = 0) -> str:
    return "".join(
        row.format(day=day, name=f"{NAMES[start + at]} news for the town", at=start + at)
        for at, day in enumerate(days)
    )


LI = "<li><span>{day}</span> <a href=/n/{at}>{name}</a></li>"
TR = "<tr><td>{day}</td><td><a href=/n/{at}>{name}</a></td></tr>"
PAGES = {
    "years": (
        f"<h2>2019</h2><ul>{rows(LI, ['23 May', '2 April'])}</ul>"
        f"<h2>2018</h2><ul>{rows(LI, ['30 December', '11 June'], 2)}</ul>",
        ["2019-05-23", "2019-04-02", "2018-12-30", "2018-06-11"],
    ),
    "year in the heading of the page": (
        f"<h1>Opinions 2022</h1><ul>{rows(LI, ['May 23', 'May 16', 'January 11'])}</ul>",
        ["2022-05-23", "2022-05-16", "2022-01-11"],
    ),
    "months": (
        f"<h2>May 2023</h2><ul>{rows(LI, ['23', '2'])}</ul>"
        f"<h2>April 2023</h2><ul>{rows(LI, ['30', '11'], 2)}</ul>",
        ["2023-05-23", "2023-05-02", "2023-04-30", "2023-04-11"],
    ),
    "months of years": (
        f"<h2>2023</h2><h3>May</h3><ul>{rows(LI, ['23', '2'])}</ul>"
        f"<h3>April</h3><ul>{rows(LI, ['30', '11'], 2)}</ul>"
        f"<h2>2022</h2><h3>December</h3><ul>{rows(LI, ['31', '8'], 4)}</ul>",
        ["2023-05-23", "2023-05-02", "2023-04-30", "2023-04-11", "2022-12-31", "2022-12-08"],
    ),
    "a table's rows": (
        f"<table><tr><th colspan=2>May 2022</th></tr>{rows(TR, ['23 May', '2 May'])}"
        f"<tr><th colspan=2>April 2022</th></tr>{rows(TR, ['30 April', '11 April'], 2)}</table>",
        ["2022-05-23", "2022-05-02", "2022-04-30", "2022-04-11"],
    ),
    "buttons": (
        f"<div><button>2022</button><ul>{rows(LI, ['23 May', '2 April'])}</ul></div>"
        f"<div><button>2021</button><ul>{rows(LI, ['30 November', '11 June'], 2)}</ul></div>",
        ["2022-05-23", "2022-04-02", "2021-11-30", "2021-06-11"],
    ),
    "a heading that contradicts": (
        f"<h2>Budget of June 2025</h2><ul>{rows(LI, ['23 May', '16 May', '2 April'])}</ul>",
        ["2024-05-23", "2024-05-16", "2024-04-02"],
    ),
    "a year in the rows' own titles": (
        "".join(
            f"<h3>{name} accounts of the town for {year}</h3><p>{day}</p>"
            f"<p><a href=/r/{year}>Read the report</a></p>"
            for name, year, day in zip(
                NAMES,
                range(2021, 2016, -1),
                "23 May|16 May|11 April|3 April|2 March".split("|"),
                strict=False,
            )
        ),
        ["2024-05-23", "2024-05-16", "2024-04-11", "2024-04-03", "2024-03-02"],
    ),
    "a year in a box beside": (
        f"<div><p>Founded</p><p>2019</p></div><ul>{rows(LI, ['23 May', '16 May', '2 April'])}</ul>",
        ["2024-05-23", "2024-05-16", "2024-04-02"],
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_rows_under_months_and_years(name: str) -> None:
    html, days = PAGES[name]
    source = Source(name="town", url="https://town.example/", title="", timezone=ZoneInfo("UTC"))
    body = f"<html lang=en><body><h1>News</h1>{html}</body></html>".encode()
    first = look(body, "text/html", source, source.url, None, NOW)
    again = look(body, "text/html", source, source.url, first.extractor, NOW)
    for found in (first, again):
        assert found.listing is not None
        assert [str(item.date) for item in found.listing.items] == days
