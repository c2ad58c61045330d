"""Listing pages and feeds made up for the benchmarks: any size, always the same bytes."""

from __future__ import annotations

from feedbot.model import ListingRule

#: How the rows of `listing` are read.
RULE = ListingRule(item="table.list tr", title="td.title", date="td.day", link="td.title a")

_PLACES = "Aldbury Brackley Calne Dursley Eyam Fowey Goole Hythe Ilkley Jarrow Keswick".split()
_SAID = (
    "The office said that the road stays closed until the works have ended, and that buses go by"
    " the old bridge meanwhile; the timetable is posted at every stop."
)
_FURNITURE = """<nav><ul>{links}</ul></nav><form><select>{options}</select></form>"""


def listing(size: int) -> bytes:
    """A page of at least `size` bytes: half furniture, half a table with one notice a row."""
    links = "".join(f'<li><a href="/topic/{n}">{_PLACES[n % 11]} {n}</a></li>' for n in range(40))
    options = "".join(f'<option value="{year}">{year}</option>' for year in range(1960, 2020))
    furniture = _FURNITURE.format(links=links, options=options)
    rows: list[str] = []
    blocks: list[str] = []
    while sum(map(len, rows)) + sum(map(len, blocks)) < size:
        rows.append(_row(len(rows)))
        if sum(map(len, blocks)) < sum(map(len, rows)):
            blocks.append(f"<div class='side'><div>{furniture}</div></div>")
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Notices</title></head>"
        f"<body>{''.join(blocks)}<table class='list'>{''.join(rows)}</table></body></html>"
    ).encode()


def _row(number: int) -> str:
    day, month = number % 28 + 1, number // 28 % 12 + 1
    place = _PLACES[number % 11]
    return (
        f"<tr class='row'><td class='day'>{day:02}.{month:02}.2019</td>\n"
        f"<td class='title'><a href='/notices/{number}'>Notice {number} for {place}</a></td>\n"
        f"<td><p>{_SAID}</p><p>{place}, desk {number}.</p></td></tr>\n"
    )


def feed(entries: int = 20) -> bytes:
    """An RSS feed of so many entries, each with markup that is to be sanitised."""
    items = "".join(_item(number) for number in range(entries))
    channel = "<title>Notices</title><link>/</link><description>All notices</description>"
    return f'<rss version="2.0"><channel>{channel}{items}</channel></rss>'.encode()


def _item(number: int) -> str:
    place, day = _PLACES[number % 11], number % 28 + 1
    text = f'&lt;p onclick="x()"&gt;{_SAID}&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;' * 3
    return (
        f"<item><title>Notice {number} for {place}</title><link>/notices/{number}</link>"
        f"<guid isPermaLink='false'>n{number}</guid><description>{text}</description>"
        f"<pubDate>Mon, {day:02} Jul 2019 10:{number % 60:02}:00 GMT</pubDate></item>"
    )
