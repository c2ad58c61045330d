"""Messages as chats get them, judged by Telegram's own parser."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.render.message import (
    NewsView,
    check_template,
    render_counter,
    render_news,
    render_notice,
)
from feedbot.render.telegram_html import to_plain, visible_text
from feedbot.render.text import is_blank, one_line, paragraphs, utf16_len
from tests.hostile import TEXTS
from tests.require import needs
from tests.telegram_parser import parse_html

LINK = "https://example.org/article/1?a=1&b=2"
VIEW = NewsView(
    title="Q&A: <Lavrov>",
    link=LINK,
    date=date(2020, 5, 27),
    summary="First.\n\nSecond.",
    sources=("Press",),
)
LIMITS = st.sampled_from([4096, 1024])
TEMPLATES = st.sampled_from(
    [
        None,
        "{{ title }}\n{{ summary }}\n<a href=\"{{ link }}\">→</a>",
        "<a href='{{ link }}'><b>{{ title|upper }}</b></a> {{ summary|truncate(50) }}{{ summary }}",
        "<blockquote>{{ author }} {{ summary }}</blockquote><i><a href=\"{{ link }}\">x</a></i>",
        "<a href=\"{{ link }}\">{% for name in sources %}<b>{{ name }}</b>{% endfor %}</a>x",
        "{% if summary %}<b>{% endif %}{{ title }}{% if summary %}</b>{% endif %} "
        "<a href=\"{{ link }}\">{{ summary }}</a>",
        "<a href=\"{{ link }}\">x</a>"
        "{% for name in sources %}<i>{{ summary }}</i><a href='{{ link }}'>y</a>{% endfor %}",
    ]
)  # fmt: skip


def understood(html: str, limit: int = 4096) -> tuple[str, list[Any]]:
    """What Telegram reads, having seen that it takes all of it."""
    text, entities = parse_html(html)
    assert utf16_len(text) <= limit
    assert len(html.encode()) < 32 * 1024
    assert len(entities) <= 100
    return text, entities


def urls(entities: list[Any]) -> list[str]:
    return [entity["url"] for entity in entities if entity["type"] == "text_link"]


@needs("tdjson")
@settings(deadline=None)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4), TEXTS, TEMPLATES, LIMITS)
def test_any_text_makes_a_message_that_telegram_takes_with_its_link(
    title: str, summary: str, sources: list[str], author: str, template: str | None, limit: int
) -> None:
    view = NewsView(title, LINK, None, summary, tuple(sources), author)
    text, entities = understood(render_news(view, template, limit=limit), limit)
    assert LINK in urls(entities)
    assert not is_blank(text)


@needs("tdjson")
@settings(deadline=None)
@given(TEXTS, TEXTS, LIMITS)
def test_the_body_is_a_prefix_of_the_summary(title: str, summary: str, limit: int) -> None:
    text, _ = understood(render_news(NewsView(title, LINK, None, summary), limit=limit), limit)
    source = "\n\n".join(paragraphs(summary))
    _, _, body = text.partition("\n\n")
    if is_blank(source) or source == one_line(title):
        assert body == ""
    elif body != source:
        assert body.endswith("…")
        assert source.startswith(body.removesuffix("…"))
        assert utf16_len(text) > limit // 2 - 1  # no more is lost than a long word


@needs("tdjson")
@settings(deadline=None)
@given(st.one_of(TEXTS, TEXTS.map(lambda tail: "https://example.org/" + tail)))
def test_any_link_is_linked_or_left_out(link: str) -> None:
    text, entities = understood(render_news(NewsView("Title", link)))
    assert text == "Title"
    assert len(entities) <= 2


def test_the_default_message() -> None:
    assert render_news(VIEW) == (
        '<b><a href="https://example.org/article/1?a=1&amp;b=2">Q&amp;A: &lt;Lavrov&gt;</a></b>\n'
        "27 May 2020\n\nFirst.\n\nSecond.\n\n<i>Press</i>"
    )


def test_dates_are_worded_in_the_language() -> None:
    moment = datetime(2020, 5, 27, 21, 55, tzinfo=UTC)
    russian = replace(VIEW, date=moment, language="ru")
    assert "27 мая 2020" in render_news(russian)
    assert "21:55" in render_news(russian)
    assert "27 May 2020, 21:55" in render_news(replace(VIEW, date=moment)).replace("\u202f", " ")


def test_what_is_missing_leaves_no_gap() -> None:
    bare = NewsView("Title", LINK)
    assert visible_text(render_news(bare)) == "Title"
    assert visible_text(render_news(replace(bare, sources=("A", "B")))) == "Title\n\nA, B"
    assert visible_text(render_news(replace(bare, summary=" Title "))) == "Title"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "/relative", "", "mailto:a@e.org", "https://e.org/" + "x" * 3000],
)  # fmt: skip
def test_a_link_telegram_would_not_make_leaves_the_title_bold(link: str) -> None:
    assert render_news(NewsView("Title", link)) == "<b>Title</b>"


def test_a_quote_in_a_link_does_not_end_it() -> None:
    html = render_news(NewsView("T", 'https://e.org/?q="><b>'))
    assert html == '<b><a href="https://e.org/?q=%22%3E%3Cb%3E">T</a></b>'


def test_a_blank_title_shows_the_link() -> None:
    assert visible_text(render_news(NewsView("\u200b", "https://e.org/"))) == "https://e.org/"
    assert visible_text(render_news(NewsView("\x00", ""))) == "—"


def test_a_long_message_keeps_title_date_and_source() -> None:
    long = replace(VIEW, title="title " * 1000, summary="word " * 100_000)
    text = visible_text(render_news(long))
    assert 4000 < utf16_len(text) <= 4096
    assert text.endswith("word…\n\nPress")
    assert "27 May 2020" in text


def test_a_megabyte_takes_no_time() -> None:
    started = time.monotonic()
    huge = "слово & <b>\n\n" * 80_000
    render_news(NewsView(huge, LINK, None, huge, (huge,), huge))
    assert time.monotonic() - started < 10


def test_a_template_sees_every_field() -> None:
    template = (
        "{{ title }}|{{ link }}|{{ date }}|{{ summary }}|{{ source }}|{{ sources|join(' + ') }}|"
        "{{ author }}|{{ language }}|"
        "{% for name in sources %}{{ loop.index }}{{ name }}{% if not loop.last %}, {% endif %}"
        "{% endfor %}"
    )
    assert check_template(template) is None
    view = replace(VIEW, sources=("A", "B&C"), author="N.N.")
    assert visible_text(render_news(view, template)) == (
        f"Q&A: <Lavrov>|{LINK}|27 May 2020|First.\n\nSecond.|A, B&C|A + B&C|N.N.|en|1A, 2B&C"
    )


@pytest.mark.parametrize(
    "template",
    [
        "<b>{{ title }}",
        "{{ nothing }}",
        "{% if summary %}<b>{% endif %}x",
        "   ",
        "static text " * 600 + "<a href=\"{{ link }}\">at the end</a>",
        "{{ summary }}" * 500,
        "{{ title > 3 }}",
        "{{ sources|first|e|truncate(3) }}{{ author|first }}",
    ],
)  # fmt: skip
def test_a_template_that_fails_gives_way_to_the_default(template: str) -> None:
    view = replace(VIEW, summary="long " * 3000)
    assert render_news(view, template) == render_news(view)


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("a\nb {{ tilte }}", "line 2: unknown field `tilte`; did you mean `title`?"),
        ("{{ qqqq }}", "unknown field `qqqq`; known: title, link, date,"),
        ("a\n{% if title %}", "line 2: "),
        ("a\n{{ title", "line 2: "),
        ("a\n<div>{{ title }}</div>", "line 2: <div> is no tag of Telegram's"),
        ("x<br>", "line 1: <br>"),
        ("1 < 2 {{ title }}", "line 1: a < that"),
        ("\n{{ title }}&nbsp;x", "line 2: &nbsp;"),
        ("<b>{{ title }}", "<b> is not closed"),
        ("{% if summary %}<b>{% endif %}{{ title }}</b>", "</b> closes nothing"),
        ("<a href={{ link }}>{{ title }}</a>", "put it in quotes"),
        ("{{ title|replace('a', 'b') }}", "unknown filter `replace`"),
        ("{{ title|center(999999999) }}", "unknown filter `center`"),
        ("{{ title|safe }}", "unknown filter `safe`"),
        ("{{ title is foo }}", "test"),
        ("{{ summary|join('xx') }}", "`join` is for `sources`"),
        ("{{ title|truncate(*sources) }}", "plain arguments"),
        ("{{ range(9) }}", "a call is not allowed"),
        ("{{ title|truncate(1) }}", "cannot be filled in: expected length"),
        ("{{ title.upper() }}", "a call is not allowed"),
        ("{{ title.__class__ }}", "`.__class__` is not known"),
        ("{{ title[0] }}", "an index is not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "`pow` is not allowed"),
        ("{{ 'x' * 999999999 }}", "`mul` is not allowed"),
        ("{% set a = title %}{{ a }}", "`set` is not allowed"),
        ("{% include 'a' %}", "`include` is not allowed"),
        ("{% macro m() %}{% endmacro %}", "`macro` is not allowed"),
        ("{% autoescape false %}{{ title }}{% endautoescape %}", "is not allowed"),
        ("{% for a in sources %}{% for b in sources %}{% endfor %}{% endfor %}", "one within none"),
        ("{% for a in title %}{{ a }}{% endfor %}", "a loop must be"),
        ("{% for a in sources recursive %}{{ a }}{% endfor %}", "a loop must be"),
        ("{# nothing #}", "empty message"),
        ("x" * 5000, "too long"),
        ("x" * 9000, "longer than"),
        ("{{ " + "(" * 2000 + "title" + ")" * 2000 + " }}", "nested too deeply"),
    ],
)
def test_a_bad_template_is_named(template: str, what: str) -> None:
    started = time.monotonic()
    problem = check_template(template)
    assert time.monotonic() - started < 5
    assert problem is not None
    assert what in problem
    assert "\n" not in problem
    assert len(problem) < 500


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_a_template_or_a_problem_of_one_line(text: str) -> None:
    problem = check_template(text)
    assert problem is None or ("\n" not in problem and len(problem) < 500)
    assert render_news(VIEW, text)


@needs("tdjson")
@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_counters_and_notices_are_taken_whatever_they_say(text: str, source: str) -> None:
    shown, entities = understood(render_counter(text, source=source, link=LINK))
    assert not is_blank(shown)
    assert is_blank(one_line(source)) or urls(entities) == [LINK]
    assert not is_blank(understood(render_notice(text))[0])


def test_a_counter_names_its_page() -> None:
    assert render_counter("815 days & more") == "815 days &amp; more"
    assert render_counter("815 days", source="Press", link=LINK) == (
        '815 days\n\n<a href="https://example.org/article/1?a=1&amp;b=2">Press</a>'
    )
    assert render_counter("815 days", source="Press", link="/x") == "815 days\n\nPress"


def test_the_plain_form_of_a_message_keeps_the_link() -> None:
    assert to_plain(render_news(VIEW)) == (
        f"Q&A: <Lavrov> ({LINK})\n27 May 2020\n\nFirst.\n\nSecond.\n\nPress"
    )
