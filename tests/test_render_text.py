"""Plain text made fit to be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot.render.text import (
    ELLIPSIS,
    clean,
    clip,
    is_blank,
    one_line,
    paragraphs,
    safe_url,
    utf16_len,
)
from tests.hostile import SHORT, TEXTS
from tests.require import needs
from tests.telegram_parser import fixed

WEB = frozenset({"http", "https"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1bc\x7f\ufffe\uffff\ufdd0", "abc"),
        ("\ud800a\udc00", "a"),
        ("\ud83d\ude00", "😀"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("a\u2029b", "a\n\nb"),
        ("a\u202eb\u202c", "ab"),
        ("\u200f\u200e\u202e\u200fa", "\u200fa"),
        ("A\u030a", "Å"),
        ("x\u030a\u0333\u033f", "x"),
        ("e\u202e\u0301", "é"),
        ("e\u030a\u0301", "é"),
    ],
)
def test_characters_that_xml_or_telegram_refuses_are_mended_or_dropped(
    text: str, shown: str
) -> None:
    assert clean(text) == shown


@settings(deadline=None)
@given(TEXTS)
def test_clean_text_is_xml_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    element = etree.Element("t")
    element.text = cleaned
    assert etree.fromstring(etree.tostring(element, encoding="utf-8")).text in (
        cleaned,
        cleaned or None,
    )
    assert clean(cleaned) == cleaned


@needs("tdjson")
@settings(deadline=None)
@given(SHORT)
def test_telegram_removes_nothing_from_clean_text(text: str) -> None:
    plain = one_line(text).translate(str.maketrans("", "", "*_~|[]`"))
    shown, _ = fixed(plain, [])
    assert shown.split() == plain.split()


def test_one_line() -> None:
    assert one_line("  a\n\tb\xa0 c\u2029d ") == "a b c d"


def test_paragraphs_keep_single_breaks_and_drop_blank_ones() -> None:
    text = "\n a  b \n c\r\n\r\n \t\n\n d\u2029e\n"
    assert paragraphs(text) == ["a b\nc", "d", "e"]
    assert paragraphs(" \n \n") == []


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u2800\u3164", "\u0301", "\ufeff\u200e"])
def test_blank_for_a_reader(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "…", "👍", " . "])
def test_not_blank_for_a_reader(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("short", 5, "short"),
        ("one two three", 8, "one two…"),
        ("one two three", 9, "one two…"),
        ("one two three", 7, "one…"),
        ("one, two", 7, "one,…"),
        ("a verylongword", 9, "a verylo…"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
        ("🇬🇧🇷🇺🇫🇷", 9, "🇬🇧🇷🇺…"),
        ("🇬🇧🇷🇺🇫🇷", 8, "🇬🇧…"),
        ("👍🏽👍🏽", 7, "👍🏽…"),
        ("ab👨‍👩‍👧x", 6, "ab…"),
        ("abe\u0301", 3, "ab…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_shortened_at_a_word_or_between_drawn_characters(text: str, limit: int, shown: str) -> None:
    assert clip(text, limit) == shown


@settings(deadline=None)
@given(TEXTS.map(clean), st.integers(0, 5000))
def test_a_clip_fits_and_is_a_prefix(text: str, limit: int) -> None:
    short = clip(text, limit)
    assert utf16_len(short) <= limit
    assert len(short.encode("utf-16-le")) == 2 * utf16_len(short)
    if short != text:
        assert text.startswith(short.removesuffix(ELLIPSIS))
        assert limit < 1 or short.endswith(ELLIPSIS)


def test_a_pile_of_marks_does_not_cost_the_text() -> None:
    short = clip("word " + "e" + "\u0327\u0301" * 5000, 4096)
    assert utf16_len(short) > 2000
    assert unicodedata.category(short[-2])[0] == "M"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://e.org", "https://e.org"),
        (" HTTPS://e.org/a b\n", "https://e.org/a%20b"),
        ("https://e.org/статья?q=ё#г", "https://e.org/%D1%81%D1%82%D0%B0%D1%82%D1%8C%D1%8F?q=%D1%91#%D0%B3"),
        ("https://e.org/%D1%81?a=1&b=%20", "https://e.org/%D1%81?a=1&b=%20"),
        ("https://e.org/\"<>'", "https://e.org/%22%3C%3E'"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("https://пример.рф:8080/", "https://xn--e1afmkfd.xn--p1ai:8080/"),
        ("https://ü@bücher.example/", "https://%C3%BC@xn--bcher-kva.example/"),
        ("https://e.org/e\u0301[1]#a#b", "https://e.org/e%CC%81%5B1%5D#a%23b"),
        ("https://e.org/\ud800\x00x", "https://e.org/x"),
    ],
)  # fmt: skip
def test_urls_are_made_safe(url: str, safe: str) -> None:
    assert safe_url(url, WEB) == safe


@pytest.mark.parametrize(
    "url",
    ["", "/a", "e.org", "javascript:alert(1)", "mailto:a@e.org", "https:///x", "http://[::1",
     "ftp://e.org/", "http://e.org:99999/", "http://a b/", "http://e<b>.org/"],
)  # fmt: skip
def test_what_is_no_web_address_is_none(url: str) -> None:
    assert safe_url(url, WEB) is None


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_a_safe_url_or_none(text: str) -> None:
    for url in (text, "https://e.org/" + text, "https://" + text):
        safe = safe_url(url, WEB)
        assert safe is None or safe_url(safe, WEB) == safe
        assert not set(safe or "") & set('<>" \n')
