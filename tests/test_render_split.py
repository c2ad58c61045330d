"""Long texts in parts: each taken by Telegram's own parser, together all of the text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedbot.render.body import from_html
from feedbot.render.message import NewsView, render_news, render_parts
from feedbot.render.split import MAX_PARTS, split
from feedbot.render.telegram_html import links, visible_text
from feedbot.render.text import clean, joined, one_line, utf16_len
from tests.hostile import TEXTS
from tests.require import needs
from tests.telegram_parser import parse_html
from tests.test_render_body import HTML, letters

LINK = "https://example.org/article/1"
COUNT = re.compile(r"\n\n\((\d+)/(\d+)\)\Z")
#: Long, with links and headings in it.
ARTICLES = st.builds(
    lambda parts, times: "".join(f"{part}<p>" for part in parts) * times,
    st.lists(st.one_of(HTML, TEXTS.map(lambda text: text.replace("<", "&lt;"))), max_size=6),
    st.sampled_from([1, 5, 40]),
)
LIMITS = st.sampled_from([200, 1024, 4096])


def bodies(parts: list[str]) -> list[str]:
    """What Telegram shows of each part, without the counts, which are seen to be right."""
    shown = []
    for number, part in enumerate(parts, 1):
        text, entities = parse_html(part)
        assert len(part.encode()) < 32 * 1024
        assert len(entities) <= 100
        if len(parts) > 1:
            count = COUNT.search(text)
            assert count
            assert (int(count[1]), int(count[2])) == (number, len(parts))
            text = text[: count.start()]
            assert text == text.strip()
            assert text
        shown.append(text)
    return shown


@needs("tdjson")
@settings(deadline=None)
@given(ARTICLES, LIMITS)
def test_parts_are_taken_and_joined_are_all_of_the_text(html: str, limit: int) -> None:
    whole = clean(from_html(html))
    parts = split(whole, limit)
    assume(len(parts) < 1000)  # for more there is no room in the count, and nobody to read them
    assert all(utf16_len(visible_text(part)) <= limit for part in parts)
    assert letters("".join(bodies(parts))) == letters(visible_text(whole))


@needs("tdjson")
@settings(deadline=None)
@given(TEXTS, ARTICLES, st.sampled_from([1024, 4096]), st.booleans())
def test_an_article_is_told_whole_or_is_a_prefix(
    title: str, html: str, limit: int, in_parts: bool
) -> None:
    view = NewsView(title, LINK, None, sources=("Press",), body=from_html(html))
    parts = render_parts(view, limit=limit) if in_parts else [render_news(view, limit=limit)]
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(utf16_len(parse_html(part)[0]) <= limit for part in parts)
    assert LINK in [address for address, _ in links(parts[0])]
    text = "\n\n".join(bodies(parts))
    told = letters(text.partition("\n\n")[2].removesuffix("Press"))
    source = letters(clean(visible_text(clean(view.body))))
    if told != source and source != letters(one_line(title)):
        assert source.startswith(told.removesuffix("…"))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["👨‍👩‍👧‍👦", "🇬🇧", "👍🏽", "e\u0323", "ह\u093f", "x"]), min_size=300)
)
def test_no_part_ends_inside_what_is_drawn_as_one(signs: list[str]) -> None:
    text = "".join(signs)
    at = 0
    for part in split(text, 200)[:-1]:
        at += len(COUNT.sub("", part))
        assert not joined(text, at)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 60)), min_size=5, max_size=40))
def test_no_link_is_parted(lengths: list[tuple[int, int]]) -> None:
    html = "".join(
        f"{'word. ' * (gap // 6)}{'x' * (gap % 6)}"
        f'<a href="https://e.org/{n}">{"li nk" * (size // 5 + 1)}</a>'
        for n, (gap, size) in enumerate(lengths)
    )
    found = [link for part in split(html, 200) for link in links(part)]
    assert found == links(html)


def test_a_part_ends_where_a_reader_pauses() -> None:
    def first(text: str) -> str:
        return COUNT.sub("", split(text, 111)[0])

    assert first(f"{'a ' * 30}\n\n{'b. ' * 99}") == ("a " * 30).strip()
    assert first(f"{'a ' * 30}end. {'b ' * 99}") == f"{'a ' * 30}end."
    assert first("word " * 99) == ("word " * 20).strip()
    assert first("国" * 60 + "。" + "国" * 99) == "国" * 60 + "。"
    assert first("x" * 999) == "x" * 100


def test_a_link_longer_than_a_part_goes_on_in_the_next() -> None:
    parts = split(f'<a href="{LINK}">{"x" * 300}</a> end', 200)
    assert [address for part in parts for address, _ in links(part)] == [LINK, LINK]


def test_tags_are_closed_and_opened_again() -> None:
    one, two = split(f"<b>{'a ' * 80}<i>{'b ' * 30}</i></b>", 200)
    assert one.startswith("<b>a a")
    assert one.endswith("b</i></b>\n\n(1/2)")
    assert two.startswith("<b><i>b b")
    assert two.endswith("b</i></b>\n\n(2/2)")


@needs("tdjson")
def test_heavy_markup_makes_more_parts_not_less_text() -> None:
    html = f'<a href="https://e.org/{"x" * 1900}">y</a>z ' * 200
    assert letters("".join(bodies(split(html)))) == "yz" * 200
    many = "<b>x</b> " * 350
    assert letters("".join(bodies(split(many)))) == "x" * 350


def test_what_fits_is_one_message_without_a_count() -> None:
    assert split("<b>x</b>") == ["<b>x</b>"]
    assert render_parts(NewsView("T", LINK, summary="S")) == [
        render_news(NewsView("T", LINK, summary="S"))
    ]


def test_a_long_summary_is_split_too() -> None:
    summary = "\n\n".join(f"Paragraph {n}. " + "word " * 200 for n in range(10))
    parts = render_parts(NewsView("T", LINK, summary=summary, sources=("Press",)))
    assert len(parts) == 3
    assert parts[1].startswith("Paragraph")
    assert parts[2].endswith("<i>Press</i>\n\n(3/3)")
    assert "…" not in "".join(parts)


def test_no_more_parts_than_a_chat_can_bear() -> None:
    started = time.monotonic()
    body = from_html("<p>" + "Some words in a sentence. " * 20 + "</p>" * 1000)
    parts = render_parts(NewsView("T", LINK, body=body * 100))
    assert len(parts) == MAX_PARTS
    assert "…" in parts[-1]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ title }}: {{ summary }}", 'T: <b>H</b>\n\n<a href="https://e.org/">x</a>'),
        ("{{ title }}: {{ summary|upper }}", "T: H\n\nX"),
        ("<b>{{ summary|truncate(3, true, '.', 0) }}</b>", "<b>H\n.</b>"),
    ],
)
def test_templates_get_the_text_with_its_markup_unless_they_filter_it(
    template: str, expected: str
) -> None:
    body = from_html('<h2>H</h2><a href="https://e.org/">x</a>')
    assert render_news(NewsView("T", LINK, body=body), template) == expected
