"""Lists found without selectors on the pages of `tests/data/corpus` and `tests/data/later`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from urllib.parse import unquote, urljoin

import pytest

from feedbot.model import Item
from feedbot.source.text import decode
from feedbot.source.tidy import words
from tests.corpus import CorpusPage, corpus, later, listings
from tests.detecting import found, items


def of_corpus(page: CorpusPage, html: str | None = None) -> list[Item]:
    text = decode(page.raw, page.content_type) if html is None else html
    noon = datetime.combine(page.today, time(12), UTC)
    return items(text, noon, page.base_url, page.language)


def link(url: str) -> str:
    return unquote(url).split("://")[-1].partition("/")[2]


def score(page: CorpusPage, got: list[Item]) -> tuple[float, float, float]:
    """F1 over links, and the shares of the rows with the right title, and of the dated ones with
    the right day.
    """
    stated = re.search(r"""<base[^>]* href=["']?([^"'> ]+)""", page.text)
    base = stated[1] if stated else page.base_url
    wanted = {link(urljoin(base, row.href)): row for row in page.items}
    rows = {link(item.link): item for item in got}
    both = wanted.keys() & rows.keys()
    dated = {key: row.date for key, row in wanted.items() if row.date}
    right = sum(str(rows[key].date)[:10] == str(day) for key, day in dated.items() if key in both)
    titled = sum(words(wanted[key].title) in words(rows[key].title) for key in both)
    return (
        2 * len(both) / (len(wanted) + len(rows) or 1),
        titled / len(wanted),
        right / len(dated) if dated else 1.0,
    )


#: What is not found as a careful reader would find it, in `corpus`: a parent folder, pinned topics
#: and a notice are taken for rows; a weekday for a title's first word; where all titles are one,
#: the summary for the title; the day of the last answer in a forum for the topic's.
_KNOWN = (
    {"autoindex", "forum-phpbb", "konsulstvo-p"},
    {"press-equal", "press-equal-redesign", "tramway-notices-redesign"},
    {"forum-phpbb", "forum-phpbb-redesign", "luntan-xiangdui"},
)
#: Likewise in `later`: text that is laid out by spaces; a second list of the same markup, heading
#: rows and pagers of their own kind; the first of several files or dates; years of the Republic of
#: China in two digits; numbers of bills, sizes of files and fragments for names.
_KNOWN_LATER = (
    {"boletin-oficial-sumario", "gale-claims-court-pre", "sable-workcomp-sp"}
    | {"basin-agency-uswds", "crossbill-changelog-mkdocs", "hollin-circuit-font32"}
    | {"isle-supreme-three-pdfs", "keel-intermediate-wpclassic", "lanternd-dev-pipermail"}
    | {"marl-land-court-word", "meridian-puc-apex", "tribune-section-cssinjs"}
    | {"wexford-state-university-home"},
    {"boletin-oficial-sumario", "gale-claims-court-pre", "sable-workcomp-sp"}
    | {"crossbill-changelog-mkdocs", "elmsford-legislature-bills", "kestrelnet-firmware-downloads"}
    | {"tribune-section-cssinjs", "wexford-state-university-home", "cimarron-supreme-blockquote"}
    | {"lanternd-dev-pipermail"},
    {"boletin-oficial-sumario", "gale-claims-court-pre", "sable-workcomp-sp"}
    | {"hartsea-planning-idox", "songyang-library-big5", "tribune-section-cssinjs"}
    | {"wexford-state-university-home"},
)


@pytest.mark.parametrize(
    ("pages", "known"), [(listings, _KNOWN), (later, _KNOWN_LATER)], ids=["corpus", "later"]
)
def test_lists_are_found(
    pages: Callable[[], list[CorpusPage]], known: tuple[set[str], ...]
) -> None:
    """Every page, as a whole, but for those named above: so no part of the finder can be lost."""
    scores = {page.name: score(page, of_corpus(page)) for page in pages()}
    for place, names in enumerate(known):
        assert {name for name, marks in scores.items() if marks[place] < 1.0} == names


@pytest.mark.parametrize("page", [page for page in corpus().values() if page.kind is not None])
def test_what_is_no_list_is_not_taken_for_one(page: CorpusPage) -> None:
    assert found(decode(page.raw, page.content_type)) == []


def hashed(html: str, salt: str) -> str:
    """Every class name made anew, as a build does."""

    def renamed(match: re.Match[str]) -> str:
        names = (
            f"{salt}{random.Random(salt + name).randrange(16**6):06x}" for name in match[2].split()
        )
        return f"{match[1]}{' '.join(names)}{match[3]}"

    return re.sub(r"""(\sclass\s*=\s*")([^"]*)(")""", renamed, html)


def shuffled(html: str) -> str:
    """The attributes of every tag in another order."""
    chance = random.Random(7)

    def mixed(match: re.Match[str]) -> str:
        attributes = re.findall(r"""\s[^\s=<>"]+="[^"]*\"""", match[2])
        chance.shuffle(attributes)
        return f"<{match[1]}{''.join(attributes)}>"

    return re.sub(r"""<(\w+)((?:\s[^\s=<>"/]+="[^"]*")+)>""", mixed, html)


def spaced(html: str) -> str:
    """More white space between tags that have some between them."""
    return re.sub(r">\s+<", ">\n\n   <", html)


SOME = [page for number, page in enumerate(listings()) if number % 8 == 0]


@pytest.mark.parametrize("page", SOME, ids=lambda page: page.name)
@pytest.mark.parametrize("change", [shuffled, spaced], ids=lambda change: change.__name__)
def test_what_says_nothing_changes_nothing(page: CorpusPage, change: Callable[[str], str]) -> None:
    text = decode(page.raw, page.content_type)
    before = [(item.title, item.link, item.date) for item in of_corpus(page, text)]
    after = [(item.title, item.link, item.date) for item in of_corpus(page, change(text))]
    assert before == after


@pytest.mark.parametrize("page", SOME, ids=lambda page: page.name)
def test_other_class_names_change_no_row(page: CorpusPage) -> None:
    text = decode(page.raw, page.content_type)
    before = {item.link for item in of_corpus(page, text)}
    after = {item.link for item in of_corpus(page, hashed(text, "x"))}
    assert len(before & after) >= 0.9 * len(before | after)
