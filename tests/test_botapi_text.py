"""The fake's reading of text beside Telegram's own parser."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedbot.demo.botapi.entities import Entity, utf16
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.formatting import MAX_RAW_BYTES, fixed, formatted
from feedbot.demo.botapi.html import EntityError, parse_html
from tests import telegram_parser
from tests.require import needs
from tests.telegram_parser import TelegramRefusal

pytestmark = needs("tdjson")

TAGS = (
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "pre", "code",
    "blockquote", "blockquote expandable", "span class='tg-spoiler'", 'code class="language-py"',
    "a", 'a href="https://example.org/x?a=1&amp;b=2"', 'a href="tg://user?id=42"',
    "tg-emoji emoji-id='5368324170671202286'", "tg-time unix=1590537600 format='wDT'",
)  # fmt: skip
LETTERS = st.text(st.sampled_from("ab .\n<&>\"'é😀\u200eЖ"), max_size=6)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tagged = st.builds(
        lambda tag, body: f"<{tag}>{body}</{tag.split()[0]}>", st.sampled_from(TAGS), inner
    )
    return st.lists(tagged | inner, max_size=3).map("".join)


WELL_FORMED = st.recursive(LETTERS.map(escaped), wrapped, max_leaves=12)
PIECES = (
    "<", ">", "/", "&", ";", "#", "x", "=", '"', "'", " ", "\t", "\n", "\r", "</", "<b", "<b>",
    "</b>", "<a ", "<a href=", "</a>", "<B>", "</ b>", "</>", "<br>", "<p>", "&lt;", "&lt",
    "&nbsp;", "&#65;", "&#x1F600;", "&#xd83d;", "&#0;", "&#1114111;", "&#x10fffe;", "&quot;",
    "<pre>", "</pre>", "<code class=language-c>", "</code>", "<span>", "</span>", "class", "href",
    "http://a.b",
    "<tg-emoji emoji-id=1>", "</tg-emoji>", "<tg-time unix=9 format=dq>", "</tg-time>",
    "<blockquote expandable>", "</blockquote>", "é", "😀", "\0", "a", "5",
)  # fmt: skip
ANYTHING = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def ours(text: str) -> tuple[str, list[Entity]] | str:
    try:
        return parse_html(text)
    except EntityError as error:
        return f"Can't parse entities: {error}"


def telegrams(text: str) -> tuple[str, list[Entity]] | str:
    try:
        return telegram_parser.parse_html(text)
    except TelegramRefusal as refusal:
        return str(refusal)


@settings(max_examples=200, deadline=None)
@given(WELL_FORMED)
@example("<pre><code class='language-py'>x</code></pre>")
@example("<code class='language-py'><pre>x</pre></code>")
def test_well_formed_html_gives_telegrams_text_and_entities(text: str) -> None:
    assert ours(text) == telegrams(text)


@settings(max_examples=400, deadline=None)
@given(ANYTHING)
@example("<b>x")
@example("x</b>")
@example("<b><i>x</b></i>")
@example("é<br>")
@example("<a href='x'")
@example("<a href=a&b>x</a>")
@example("<b =>")
@example("&#xd83d;&#xde00;")
@example("<tg-emoji emoji-id=x>y</tg-emoji>")
def test_any_text_gives_telegrams_answer_or_its_very_error(text: str) -> None:
    assert ours(text) == telegrams(text)


URL_PARTS = st.sampled_from((
    "http://", "https://", "HTTPS://", "ftp://", "tg://", "tg:", "ton://", "tonsite://", "mailto:",
    "user", "?id=5", "resolve", "example.org", "EXAMPLE.org", "пример.рф", "localhost", ".",
    "[::1]", "[::g]", "me@", "me:pw@", ":80", ":080", ":0", ":99999", ":", "/",
    "/a b", "?q=ü", "#f", "%41", "%4", "{", " ", "\t", "_", "*",
))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(URL_PARTS, max_size=6).map("".join))
def test_an_href_becomes_the_link_telegram_makes_of_it(url: str) -> None:
    text = f'<a href="{url}">x</a>'
    assert ours(text) == telegrams(text)


STYLED = st.sampled_from(
    ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "blockquote",
     "expandable_blockquote", "text_link")
)  # fmt: skip


@st.composite
def text_with_entities(draw: st.DrawFn) -> tuple[str, list[Entity]]:
    letters = st.sampled_from("ab \n\r\t\u2028\u0333\u200e\u200fж")
    text = draw(st.text(letters, min_size=1, max_size=12))
    entities: list[Entity] = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(text) - 1))
        length = draw(st.integers(1, len(text) - start))
        entity: Entity = {"type": draw(STYLED), "offset": start, "length": length}
        if entity["type"] == "text_link":
            entity["url"] = "http://example.org/"
        entities.append(entity)
    return text, entities


@settings(max_examples=500, deadline=None)
@given(text_with_entities())
def test_overlapping_entities_are_untangled_as_telegram_does(
    given_text: tuple[str, list[Entity]],
) -> None:
    text, entities = given_text
    theirs = telegram_parser.fixed(text, entities)
    if theirs[0].strip(" \n"):
        assert fixed(text, entities, trim=False) == theirs
    else:
        with pytest.raises(ApiError, match="text must be non-empty"):
            fixed(text, entities, trim=False)


@given(WELL_FORMED)
def test_text_is_trimmed_but_for_blanks_inside_a_leading_entity(text: str) -> None:
    try:
        kept, entities = formatted(text, "HTML")
    except ApiError:
        return
    assert kept == kept.rstrip(" \n")
    start = entities[0]["offset"] if entities else len(kept)
    assert start == 0 or not kept[0].isspace()
    assert all(e["length"] > 0 and e["offset"] + e["length"] <= utf16(kept) for e in entities)


def test_blanks_around_are_cut_and_offsets_move_along() -> None:
    assert formatted(" \n a <b>b </b> \n", "HTML") == (
        "a b",
        [{"type": "bold", "offset": 2, "length": 1}],
    )
    assert formatted("<b>  x</b>", "html") == ("  x", [{"type": "bold", "offset": 0, "length": 3}])


def test_only_the_first_hundred_entities_are_kept() -> None:
    text, entities = formatted("<b>x</b> " * 130, "HTML")
    assert len(text) == 259
    assert [entity["offset"] for entity in entities] == list(range(0, 200, 2))


@pytest.mark.parametrize(
    ("text", "mode", "error"),
    [
        ("<br>", "HTML", 'can\'t parse entities: Unsupported start tag "br" at byte offset 0'),
        ("  ", "HTML", "text must be non-empty"),
        ("\u200b\u00a0\u3000", "", "text must be non-empty"),
        ("x" * (MAX_RAW_BYTES + 1), "", "text is too long"),
        ("*x*", "MarkdownV2", "MarkdownV2 is not understood by this server; use HTML or entities"),
        ("x", "wiki", "unsupported parse_mode"),
    ],
)
def test_a_refused_text_says_why(text: str, mode: str, error: str) -> None:
    with pytest.raises(ApiError) as refused:
        formatted(text, mode)
    assert refused.value.description == f"Bad Request: {error}"


def test_a_callers_own_entities_are_taken_as_telegram_takes_them() -> None:
    link = {"type": "text_link", "offset": 0, "length": 2, "url": "example.org"}
    found = {"type": "hashtag", "offset": 0, "length": 2}
    assert formatted("😀x", "", [link, found]) == ("😀x", [{**link, "url": "http://example.org/"}])


@pytest.mark.parametrize(
    ("entity", "error"),
    [
        ({"type": "bold", "offset": 1, "length": 2}, "middle of a UTF-16 symbol"),
        ({"type": "bold", "offset": 0, "length": 9}, "ends after the end of the text"),
        ({"type": "bold", "offset": 9, "length": 1}, "begins after the end of the text"),
        ({"type": "bold", "length": 1}, 'can\'t find field "offset"'),
        ({"type": "bold", "offset": -1, "length": 1}, "incorrect offset"),
        ({"type": "shout", "offset": 0, "length": 1}, "unsupported type"),
        ("bold", "expected an Object"),
    ],
)
def test_a_wrong_entity_is_refused(entity: object, error: str) -> None:
    with pytest.raises(ApiError) as refused:
        formatted("😀x", "", [entity])
    assert error in refused.value.description
