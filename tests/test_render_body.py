"""A feed's HTML as Telegram's, judged by Telegram's own parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot.render.body import from_html
from feedbot.render.telegram_html import links, visible_text
from tests.hostile import SHORT
from tests.require import needs
from tests.telegram_parser import parse_html

TAGS = [
    "<p>", "</p>", "<div>", "</div>", "<h2>", "</h2>", "<ul>", "</ul>", "<ol>", "<li>", "</li>",
    "<a href=\"https://e.org/?a=1&amp;b\">", "<a href='javascript:x'>", "<a>", "</a>", "<b>",
    "</b>", "<em>", "<pre>", "</pre>", "<table><tr><td>", "</td><td>", "</tr></table>", "<br>",
    "<img src=x alt=y>", "<blockquote>", "</blockquote>", "&nbsp;", "&#0;", "&#x202e;", "<hr>",
    "<!-- x -->", "<svg>", "<a href=\"https://e.org/\"><h3>", "<details><summary>",
]  # fmt: skip
HTML = st.lists(st.one_of(st.sampled_from(TAGS), SHORT), max_size=20).map("".join)


def letters(text: str) -> str:
    """`text` without white space and bullets, which are ours to set."""
    return "".join(text.replace("•", "").split())


@needs("tdjson")
@settings(deadline=None)
@given(HTML)
def test_any_html_becomes_markup_that_telegram_reads_as_the_same_text(html: str) -> None:
    made = from_html(html)
    text, entities = parse_html(made)
    assert {entity["type"] for entity in entities} <= {"bold", "text_link"}
    body = f"<body>{html}</body>".replace("\x00", "").encode("utf-8", "ignore")
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True)
    root = etree.fromstring(body, parser)
    assert letters(text) == letters("".join(root.itertext()))
    assert text == text.strip()


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ("", ""),
        ("<p> </p><div><br></div>", ""),
        ("<p>One\n two.</p><p>Three.</p>", "One two.\n\nThree."),
        ("One<br>two<br/><br/>three", "One\ntwo\nthree"),
        ("<h2>Head</h2>text <h3><b>Sub</b></h3>", "<b>Head</b>\n\ntext\n\n<b>Sub</b>"),
        (
            "<p>Look:</p><ul><li>one</li> <li><p>two</p><ul><li>three</ul></li><li></li></ul>so",
            "Look:\n\n• one\n• two\n• three\n\nso",
        ),
        ("<ol><li> <a href='https://e.org/'>x</a>", '• <a href="https://e.org/">x</a>'),
        ('a <a href="https://e.org/?a&amp;b"> <i>b</i> c</a>!',
         'a <a href="https://e.org/?a&amp;b">b c</a>!'),
        ('<a href="mailto:x@e.org">m</a> <a href="/x">r</a> <a>n</a>', "m r n"),
        ('<a href="https://e.org/"><img src="x"></a>y', "y"),
        ('<a href="https://e.org/"><h2>x</h2></a>', '<a href="https://e.org/"><b>x</b></a>'),
        ("<table><tr><th>a<td>b<tr><td>c<td>d</table>", "a b\nc d"),
        ("<pre>a  b\nc</pre>", "a b\nc"),
        ("x<script>y</script><style>z</style> &lt;b&gt; &amp; c", "x &lt;b&gt; &amp; c"),
        ("<blockquote>said</blockquote>he", "said\n\nhe"),
        ("un<b>believ</b>able", "unbelievable"),
    ],
)  # fmt: skip
def test_html_is_shown_as_telegram_can(html: str, made: str) -> None:
    assert from_html(html) == made


def test_a_link_that_cannot_be_kept_leaves_its_text() -> None:
    assert links(from_html(f'<a href="https://e.org/{"x" * 3000}">long</a>')) == []


def test_deep_and_wide_html_is_read_to_its_end() -> None:
    assert visible_text(from_html("<div>" * 1000 + "deep" + "</div>" * 1000 + "end")) == (
        "deep\n\nend"
    )
    assert from_html("<p>x</p>" * 20_000).count("x") == 20_000
