"""The links that lead on to older rows: on the corpus, and one by one."""

from __future__ import annotations

from datetime import date

import pytest

from feedbot.source.page import absolute, parse_page
from feedbot.source.pager import Kind, onward
from feedbot.source.period import period_of
from tests.corpus import CorpusPage, corpus, listings

URL = "https://press.example/news"

# The first link on, as path and query, or "" where none leads to older rows. What is not listed is
# not judged.
RIGHT = {
    "albo-pretorio": "/albo/atti.jsp?p=2",
    "amtsblatt-pdf": "/amtsblatt2023.html",
    "appeals-webforms": "",  # posts forms back, by script
    "arhiv-god": "",  # a whole year on one page
    "autoindex": "",
    "ayuntamiento-joomla": "/index.php/noticias?start=20",
    "baladiya-1256": "/news.asp?page=2",
    "belediye-tr": "/haberler?sayfa=2",
    "biblioteka-boxes-redesign": "/events-news?page=2",
    "boletin-secciones": "",  # a calendar of days
    "camara-meses": "/avisos/2022",
    "camara-meses-redesign": "/avisos?p=2",
    "campus-calendar": "",  # a calendar of days
    "charity-blocks": "/blog/?query-0-page=2",
    "charity-blocks-redesign": "/page/2/",
    "chronik-kalender": "/chronik/februar-2024",  # not its rel=next, which is April
    "colegio-fechas-redesign": "/circulares?page=2",
    "conseil-decisions-redesign": "/decisions?page=2",
    "council-drupal": "/news?page=1",
    "council-drupal-redesign": "/news?page=2",
    "county-agendas-redesign": "/meetings?page=2",
    "daxue-boxes": "/xyxw/106.htm",
    "daxue-boxes-redesign": "/xyxw.htm?p=2",
    "dimos-el": "/deltia-typou?page=1",
    "doska-obyavleniy": "/index.php?cat=0&p=2",
    "fac-deux-listes": "/actualites/toutes",
    "forum-phpbb": "/viewforum.php?f=7&start=25",
    "foundry-releases-redesign": "/releases?page=2",
    "galerie-td": "/vystavy.php?s=2",
    "gemeinde-typo3": "/aktuelles/seite-2/",
    "gmina-bip": "/ogloszenia?s=2",
    "gongji-ko": "",  # by script
    "gov-bitrix": "/press/news/?PAGEN_1=2",
    "hochschule-presse": "/presse/mitteilungen.php?seite=2",
    "hromada-uk": "/news/?p=2",
    "jamia-arqam": "/ar/news/?page=2",  # Arabic digits
    "jamia-arqam-redesign": "/ar/news/?page=2",
    "jobs-board-redesign": "/careers?pr=1",
    "konsulstvo-p": "/ru/press/all",
    "konsulstvo-p-redesign": "/ru/press?page=2",
    "links-pairs": "/newest?next=40107&n=31",
    "list-hypermail": "/archives/starter/2024-02/date.html",
    "lokalblatt-relativ": "/lokales?seite=2",
    "luntan-xiangdui": "/forum-12-2.html",  # not the pages of a thread in the list
    "mission-press": "/press/all",
    "moatza-he": "/הודעות/?p=2",
    "newsletter-ascending": "",
    "novosti-chasy": "/last.php?p=2",
    "obituaries": "/obituaries?pg=2",
    "parish-font": "",  # a ring of sites
    "podcast-tape": "",
    "press-equal": "/media-centre?page=2",
    "recalls-us": "/recalls?page=2",
    "region-lenta": "/?page=2",
    "swim-notices-redesign": "/news?p=2",
    "teatr-dva-spiska": "/novosti/arhiv",
    "tramway-notices": "/service-notices/archive",  # not the line numbers
    "uredni-deska-redesign": "/uredni-deska/?page=2",
    "vedomstvo-cssinjs-redesign": "/media/news?start=20",
    "wiki-recent": "",
    "zakupki-table": "/lots/list.php?page=2",
    "zhengfu-gbk": "/zwgk/tzgg/index_1.html",
}


def _first(page: CorpusPage) -> str:
    parsed = parse_page(page.text, page.base_url)
    rows = [absolute(row.href, parsed.base) for row in page.items]
    dates = [row.date for row in page.items if row.date]
    found = onward(parsed, page.base_url, [row for row in rows if row], dates)
    site = "/".join(page.base_url.split("/")[:3])
    return str(absolute(found[0].url, page.base_url)).removeprefix(site) if found else ""


def test_every_label_is_of_a_page() -> None:
    assert RIGHT.keys() <= corpus().keys()


@pytest.mark.parametrize("name", RIGHT)
def test_the_way_on_is_the_one_a_reader_takes(name: str) -> None:
    page = corpus()[name]
    right = absolute(RIGHT[name], page.base_url) if RIGHT[name] else ""
    assert (absolute(_first(page) or None, page.base_url) or "") == right


def test_no_row_is_ever_a_way_on() -> None:
    for page in listings():
        parsed = parse_page(page.text, page.base_url)
        rows = {str(absolute(row.href, parsed.base)) for row in page.items}
        found = onward(parsed, page.base_url, rows)
        assert not rows & {one.url for one in found}, page.name


ROWS = "".join(f"<li><a href='/n/{n}'>What happened on day {n}</a></li>" for n in range(5))
LINKS = [f"https://press.example/n/{n}" for n in range(5)]


def found(after: str, *, url: str = URL, head: str = "") -> list[tuple[str, Kind]]:
    html = f"<html><head>{head}</head><body><main><ul>{ROWS}</ul>{after}</main></body></html>"
    ways = onward(parse_page(html, url), url, LINKS, [date(2023, 5, 5), date(2023, 4, 2)])
    return [(one.url.removeprefix("https://press.example"), one.kind) for one in ways]


@pytest.mark.parametrize(
    ("after", "way"),
    [
        ("<a href='?page=2'>Next ›</a>", ("/news?page=2", Kind.NEXT)),
        ("<a href='?page=2' aria-label='Next page'><i></i></a>", ("/news?page=2", Kind.NEXT)),
        ("<a href='?page=2'><img src=r.gif alt=Weiter></a>", ("/news?page=2", Kind.NEXT)),
        ("<p>1 <a href='?page=2'>2</a> <a href='?page=3'>3</a>", ("/news?page=2", Kind.NUMBER)),
        ("<a href='?page=2'>»</a>", ("/news?page=2", Kind.ARROW)),
        ("<a href='?offset=20'>Показать ещё</a>", ("/news?offset=20", Kind.OLDER)),
        ("<button data-url='/news?page=2'>Load more</button>", ("/news?page=2", Kind.OLDER)),
        ("<a href='?page=2'><b>…</b></a>", ("/news?page=2", Kind.ADDRESS)),
        ("<a href='/news/archive'>Все сообщения</a>", ("/news/archive", Kind.ALL)),
        ("<a href='/2023/04'>April 2023</a>", ("/2023/04", Kind.PERIOD)),
    ],
)
def test_a_way_on_is_told_by_what_it_says(after: str, way: tuple[str, Kind]) -> None:
    assert found(after)[:1] == [way]


def test_a_relation_in_the_head_comes_first() -> None:
    way = found("<a href='?page=3'>Next</a>", head="<link rel=next href='/news?page=2'>")
    assert way[0] == ("/news?page=2", Kind.NEXT_RELATION)


def test_the_page_after_the_one_that_is_shown_is_taken() -> None:
    numbers = "".join(f"<a href='/news?page={n}'>{n}</a> " for n in (1, 2, 4, 5))
    pager = numbers.replace("<a href='/news?page=4'", "<b>3</b> <a href='/news?page=4'")
    assert found(pager, url=f"{URL}?page=3") == [("/news?page=4", Kind.NUMBER)]
    bare = pager.replace("<b>3</b>", "3")
    assert found(bare, url=f"{URL}?page=3") == [("/news?page=4", Kind.NUMBER)]


def test_months_that_lie_after_the_rows_lead_nowhere_and_the_latest_comes_first() -> None:
    months = ("March 2023", "June 2023", "April 2023", "January 2024")
    after = "".join(f"<a href='/m/{n}'>{name} (7)</a> " for n, name in enumerate(months))
    assert found(after) == [("/m/2", Kind.PERIOD), ("/m/0", Kind.PERIOD)]


@pytest.mark.parametrize(
    "after",
    [
        "<a href='?page=2'>Previous</a>",
        "<a href='https://elsewhere.example/news?page=2'>Next</a>",
        "<a href='javascript:next()'>Next</a><a href='#'>2</a><a href='/news'>1</a>",
        "<a href='/line/2'>2</a><a href='/line/3'>3</a>",
        "<a href='/news/report.pdf'>Next</a>",
        "<aside><a href='/e/1'>Harvest fair</a><a href='/e/2'>Spring fair</a>"
        "<a href='/e/3'>Summer fair</a><a href='/events?page=2'>Next</a></aside>",
        "<table>"
        + "".join(f"<td><a href='/news/2023/05/{n:02}'>{n}</a></td>" for n in range(1, 29))
        + "<td><a href='/news/2023/04'>»</a></td></table>",
        "<table>"
        + "".join(f"<td>{n}</td>" for n in range(1, 29))
        # a calendar without links but to the month before
        + "<td><a href='/news?month=4'>›</a></td></table>",
    ],
    ids=["back", "off", "script", "numbers", "file", "another list", "calendar", "bare calendar"],
)
def test_what_leads_elsewhere_is_left_alone(after: str) -> None:
    assert found(after) == []


def test_the_comments_of_a_row_are_no_pages() -> None:
    rows = ROWS.replace("</a></li>", "</a> <a href='/news/?page=2'>2</a></li>")
    html = f"<main><ul>{rows}</ul></main>"
    assert onward(parse_page(html, URL), URL, LINKS) == ()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("November 2023", date(2023, 11, 1)),
        ("junio de 2023", date(2023, 6, 1)),
        ("2023 ноябрь", date(2023, 11, 1)),
        ("2023-11", date(2023, 11, 1)),
        ("11/2023 (12)", date(2023, 11, 1)),
        ("2023年11月", date(2023, 11, 1)),
        ("2019", date(2019, 1, 1)),
        ("5 November 2023", None),
        ("Budget 2023", None),
        ("2023年13月", None),
        ("12345", None),
    ],
)
def test_a_period_is_a_month_or_a_year_and_no_more(text: str, first: date | None) -> None:
    assert period_of(text.casefold()) == first
