"""Telegram's HTML, judged beside Telegram's own parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.render.telegram_html import (
    MAX_ENTITIES,
    MarkupError,
    cut,
    fits,
    links,
    to_plain,
    visible_text,
)
from feedbot.render.text import utf16_len
from tests.hostile import SHORT
from tests.require import needs
from tests.telegram_parser import TelegramRefusal, parse_html

TAGS = [
    "<b>", "</b>", "<i>", "</i>", "<a href=\"https://e.org/?a=1&amp;b\">", "</a>", "<pre>",
    "</pre>", "<code class='language-py'>", "</code>", "<blockquote expandable>", "</blockquote>",
    "<span class=\"tg-spoiler\">", "</span>", "<span>", "<tg-emoji emoji-id=\"5368324170\">",
    "</tg-emoji>", "</>", "<br>", "<B >", "</B >", "<b/>", "<b x='>'>", "<a href=x>", "<b x>",
    "&lt", "&amp;", "&quot;", "&nbsp;", "&#65;", "&#x1F600;", "&#0;", "&#99999999;",
]  # fmt: skip
MARKUP = st.lists(st.one_of(st.sampled_from(TAGS), SHORT), max_size=12).map("".join)
ENCODABLE = MARKUP.map(lambda text: text.encode("utf-16", "ignore").decode("utf-16", "ignore"))


@needs("tdjson")
@settings(deadline=None)
@given(ENCODABLE)
def test_what_passes_here_telegram_reads_the_same(html: str) -> None:
    try:
        shown = visible_text(html)
    except MarkupError:
        return
    text, _ = parse_html(html)
    assert text == shown


@needs("tdjson")
@pytest.mark.parametrize(
    "html",
    ["<b>x", "x</b>", "<b><i>x</b></i>", "<br>", "a < b", "<b", "<span>x</span>", "<h1>x</h1>",
     "<tg-emoji>x</tg-emoji>", "<b/>x", "<!-- x -->", "<p>x</p>"],
)  # fmt: skip
def test_what_telegram_refuses_is_refused_here(html: str) -> None:
    with pytest.raises(TelegramRefusal):
        parse_html(html)
    with pytest.raises(MarkupError):
        visible_text(html)


@needs("tdjson")
@settings(deadline=None)
@given(ENCODABLE, st.integers(0, 60))
def test_a_cut_is_sound_and_a_prefix(html: str, limit: int) -> None:
    try:
        before = visible_text(html)
    except MarkupError:
        return
    short = cut(html, limit)
    after = visible_text(short)
    assert utf16_len(after) <= limit
    assert fits(short, limit)
    assert before.startswith(after.removesuffix("…"))


def test_cut_closes_what_is_open() -> None:
    html = '<b>one <i>two three</i></b> <a href="https://e.org/">four</a>'
    assert cut(html, 9) == "<b>one <i>two…</i></b>"
    assert cut(html, 18) == html


def test_cut_never_splits_a_reference() -> None:
    assert cut("&lt;&lt;&lt;&lt;", 3) == "&lt;&lt;…"


def test_tags_beyond_a_hundred_are_left_out_and_their_text_kept() -> None:
    html = "<b>x</b>" * 150
    short = cut(html)
    assert short.count("<b>") == short.count("</b>") == MAX_ENTITIES
    assert visible_text(short) == "x" * 150


def test_heavy_markup_is_cut_to_what_telegram_reads() -> None:
    html = f'<a href="https://e.org/{"x" * 500}">y</a>z ' * 99
    short = cut(html)
    assert len(short.encode()) <= 32_000
    assert visible_text(short)


def test_links() -> None:
    html = "<a href=\"https://e.org/?a=1&amp;b\">x</a><a href='tg://x'>y</a><a>z</a>"
    assert links(html) == [("https://e.org/?a=1&b", "x"), ("tg://x", "y")]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<b><a href="https://e.org/?a&amp;b">T &lt; U</a></b>\nx',
            "T < U (https://e.org/?a&b)\nx",
        ),
        ("a < b &amp; <b>c", "a < b & c"),
        ("<br>x<p>", "x"),
        ("<a>x</a>", "x"),
    ],
)
def test_plain_text_keeps_the_link(html: str, text: str) -> None:
    assert to_plain(html) == text


@settings(deadline=None)
@given(MARKUP)
def test_plain_text_is_always_had(html: str) -> None:
    assert utf16_len(to_plain(html, 50)) <= 50
