"""What a chat reads: news, counters and notices as Telegram HTML, each one message long.

Whatever a page puts into a title, what comes out is markup that Telegram parses, no longer than it
takes, with the link kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import escape

from feedbot.render import template as templates
from feedbot.render.language import date_text
from feedbot.render.telegram_html import MAX_TEXT, MarkupError, cut, fits, links, visible_text
from feedbot.render.text import (
    ELLIPSIS,
    clip,
    is_blank,
    one_line,
    paragraphs,
    safe_url,
    utf16_len,
)

DEFAULT_TEMPLATE = """\
{% if link %}
<b><a href="{{ link }}">{{ title }}</a></b>
{% else %}
<b>{{ title }}</b>
{% endif %}
{% if date %}
{{ date }}
{% endif %}
{% if summary %}

{{ summary }}
{% endif %}
{% if source %}

<i>{{ source }}</i>
{% endif %}
"""

#: Telegram links to these. `mailto:` is not among them: it makes a broken `http://mailto:` of it.
LINK_SCHEMES = frozenset({"http", "https", "tg"})
#: A link longer than this would crowd the text out of the 32 KiB of a message.
MAX_LINK = 2048
#: More sources than this are not named; a loop over them stays short.
MAX_SOURCES = 20
UNTITLED = "—"


@dataclass(frozen=True, slots=True)
class NewsView:
    """An article as a message shows it.

    date:    a moment in the source's own zone (aware), a day, or None
    summary: plain text, paragraphs separated by a blank line
    sources: titles of the sources it was found in
    image:   absolute URL of a picture, for senders that attach one
    """

    title: str
    link: str
    date: datetime | date | None = None
    summary: str = ""
    sources: tuple[str, ...] = ()
    author: str | None = None
    image: str | None = None
    language: str = "en"


def check_template(text: str) -> str | None:
    """What is wrong with a news template, in one line with its line number, or None.

    Fields: title, link, date, summary (empty where it is the title again), source (all names),
    sources (a list), author, language.
    """
    return templates.check(text)


def render_news(view: NewsView, template: str | None = None, *, limit: int = MAX_TEXT) -> str:
    """`view` as Telegram HTML of at most `limit` UTF-16 units after parsing, at most 32 KB raw.

    The summary gives way first, then other long fields, then text outside the tags. A template that
    fails, or would lose the link or say nothing, gives way to the default one: a post is never lost
    for its looks (`check_template` says beforehand what is wrong).
    """
    fields = _fields(view, limit)
    if template is not None:
        try:
            html = _fitted(template, fields, limit)
            if not is_blank(visible_text(html)):
                return html
        except (templates.TemplateProblem, MarkupError):
            pass
    return _fitted(DEFAULT_TEMPLATE, fields, limit)


def render_counter(
    text: str, *, source: str = "", link: str | None = None, limit: int = MAX_TEXT
) -> str:
    """A counter's wording as Telegram HTML; below it its page's name, linked, where it has one."""
    url = _link(link) if link else ""
    name = clip(one_line(source), limit // 8)
    if is_blank(name):
        return _escaped(text, limit)
    below = f'<a href="{escape(url)}">{escape(name)}</a>' if url else str(escape(name))
    return f"{_escaped(text, limit - limit // 8 - 2)}\n\n{below}"


def render_notice(text: str, *, limit: int = MAX_TEXT) -> str:
    """Plain text as Telegram HTML, shortened where it is too long."""
    return _escaped(text, limit)


def _escaped(text: str, limit: int) -> str:
    cleaned = "\n\n".join(paragraphs(text))
    return str(escape(UNTITLED if is_blank(cleaned) else clip(cleaned, limit)))


Fields = Mapping[str, str | Sequence[str]]


def _fields(view: NewsView, limit: int) -> dict[str, str | Sequence[str]]:
    """What a template sees of `view`: cleaned, and nothing longer than a message."""
    link = _link(view.link)
    title = one_line(view.title)
    names = (clip(one_line(name), limit) for name in view.sources[:MAX_SOURCES])
    sources = tuple(name for name in names if not is_blank(name))
    summary = "\n\n".join(paragraphs(view.summary))
    return {
        "title": clip(link, limit // 4) or UNTITLED if is_blank(title) else clip(title, limit),
        "link": link,
        "date": date_text(view.date, view.language),
        "summary": "" if summary == title or is_blank(summary) else clip(summary, limit),
        "source": ", ".join(sources),
        "sources": sources,
        "author": clip(one_line(view.author or ""), limit),
        "language": clip(one_line(view.language), 40),
    }


def _link(url: str) -> str:
    """`url` where Telegram will link to it, else ""."""
    safe = safe_url(url, LINK_SCHEMES) or ""
    return safe if len(safe) <= MAX_LINK else ""


def _fitted(template: str, fields: Fields, limit: int) -> str:
    """The template's result, shortened until it fits. Raises TemplateProblem, MarkupError."""
    html = _filled(template, fields)
    addresses = {address for address, _ in links(html)}
    if not fits(html, limit):
        html = _shortened(template, _tightened(fields, limit), limit)
    shown = {address for address, text in links(html) if not is_blank(text)}
    if fields["link"] in addresses - shown:
        raise MarkupError("nothing is left to click on")
    return html


def _shortened(template: str, tight: Fields, limit: int) -> str:
    """The template's result with as much of the summary as there is room for."""
    summary = str(tight["summary"])

    def filled(size: int) -> str:
        part = clip(summary, size)
        return _filled(template, {**tight, "summary": "" if part == ELLIPSIS else part})

    low, high = 0, utf16_len(summary)  # the longest summary with which it fits lies in between
    while low < high:
        middle = (low + high + 1) // 2
        if fits(filled(middle), limit):
            low = middle
        else:
            high = middle - 1
    return cut(filled(low), limit)


def _tightened(fields: Fields, limit: int) -> dict[str, str | Sequence[str]]:
    """`fields` with all but the summary so short that a message has room for them."""
    sources = tuple(clip(name, limit // 16) for name in fields["sources"])
    return {
        **fields,
        "title": clip(str(fields["title"]), limit // 4),
        "author": clip(str(fields["author"]), limit // 16),
        "sources": sources,
        "source": clip(", ".join(sources), limit // 8),
    }


def _filled(template: str, fields: Fields) -> str:
    """The template's result with blank lines at its ends and in rows taken out."""
    html = templates.render(template, fields).strip()
    while "\n\n\n" in html:
        html = html.replace("\n\n\n", "\n\n")
    return html
