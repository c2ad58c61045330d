"""What a chat reads: news, counters and notices as Telegram HTML.

Whatever a page puts into a title, what comes out is markup that Telegram parses, no longer than it
takes, with the link kept. All but a long article split into parts is one message long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup, escape

from feedbot.render import template as templates
from feedbot.render.language import date_text
from feedbot.render.split import MAX_PARTS, split
from feedbot.render.telegram_html import (
    MAX_ENTITIES,
    MAX_TEXT,
    MarkupError,
    bounded,
    cut,
    fits,
    links,
    safe_link,
    shorten,
    visible_text,
)
from feedbot.render.text import (
    ELLIPSIS,
    clip,
    is_blank,
    one_line,
    paragraphs,
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

#: More sources than this are not named; a loop over them stays short.
MAX_SOURCES = 20
UNTITLED = "—"
#: Hears in one line why a template had to give way.
Report = Callable[[str], None]
#: Of the hundred entities of a message those that a long text leaves to the template.
_TEMPLATE_ENTITIES = 20


@dataclass(frozen=True, slots=True)
class NewsView:
    """An article as a message shows it.

    date:    a moment in the source's own zone (aware), a day, or None
    summary: plain text, paragraphs separated by a blank line
    body:    Telegram HTML of any length (render.body), shown where a summary would be
    sources: titles of the sources it was found in
    """

    title: str
    link: str
    date: datetime | date | None = None
    summary: str = ""
    sources: tuple[str, ...] = ()
    author: str | None = None
    language: str = "en"
    body: str = ""


def check_template(text: str) -> str | None:
    """What is wrong with a news template, in one line with its line number, or None.

    Fields: title, link, date, summary (empty where it is the title again), source (all names),
    sources (a list), author, language.
    """
    return templates.check(text)


def render_news(
    view: NewsView,
    template: str | None = None,
    *,
    limit: int = MAX_TEXT,
    report: Report | None = None,
) -> str:
    """`view` as Telegram HTML of at most `limit` UTF-16 units after parsing, at most 32 KB raw.

    The summary gives way first, then other long fields, then text outside the tags. A template that
    fails, or would lose the link or say nothing, gives way to the default one: a post is never lost
    for its looks (`check_template` says beforehand what is wrong, `report` is told afterwards).
    """
    return _rendered(view, template, _Room(limit), report)


def render_parts(
    view: NewsView,
    template: str | None = None,
    *,
    limit: int = MAX_TEXT,
    report: Report | None = None,
) -> list[str]:
    """`view` as Telegram HTML in as many messages as its text takes, in order, up to MAX_PARTS.

    They are what `render_news` would make if a message were longer; beyond the last part the same
    gives way as there.
    """
    return split(_rendered(view, template, _Room(limit, MAX_PARTS), report), limit)


def render_counter(
    text: str, *, source: str = "", link: str | None = None, limit: int = MAX_TEXT
) -> str:
    """A counter's wording as Telegram HTML; below it its page's name, linked, where it has one."""
    url = safe_link(link) if link else ""
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


@dataclass(frozen=True, slots=True)
class _Room:
    """Messages of `limit` UTF-16 units, at most `parts` of them."""

    limit: int
    parts: int = 1

    def holds(self, html: str) -> bool:
        """Whether `html` needs no more. Raises MarkupError."""
        if self.parts == 1:
            return fits(html, self.limit)
        return len(split(html, self.limit)) <= self.parts


def _rendered(view: NewsView, template: str | None, room: _Room, report: Report | None) -> str:
    """What the template makes of `view`, or the default one."""
    most = (MAX_ENTITIES - _TEMPLATE_ENTITIES) * room.parts
    body = Markup(shorten(bounded(view.body, most), room.limit * room.parts))
    if template is not None:
        try:
            filtered = templates.is_filtered(template, "summary")
            shown = visible_text(body) if filtered else body
            html = _fitted(template, _fields(view, shown, room), room)
            if not is_blank(visible_text(html)):
                return html
            problem = "makes an empty message"
        except (templates.TemplateProblem, MarkupError) as error:
            problem = str(error)
        if report:
            report(problem)
    return _fitted(DEFAULT_TEMPLATE, _fields(view, body, room), room)


def _fields(view: NewsView, body: str, room: _Room) -> dict[str, str | Sequence[str]]:
    """What a template sees of `view`: cleaned, and nothing longer than there is room for."""
    limit = room.limit
    link = safe_link(view.link)
    title = one_line(view.title)
    names = (clip(one_line(name), limit) for name in view.sources[:MAX_SOURCES])
    sources = tuple(name for name in names if not is_blank(name))
    return {
        "title": clip(link, limit // 4) or UNTITLED if is_blank(title) else clip(title, limit),
        "link": link,
        "date": date_text(view.date, view.language),
        "summary": _summary(view, body, title, room.limit * room.parts),
        "source": ", ".join(sources),
        "sources": sources,
        "author": clip(one_line(view.author or ""), limit),
        "language": clip(one_line(view.language), 40),
    }


def _summary(view: NewsView, body: str, title: str, size: int) -> str:
    """The body, else the summary as text; nothing where that is the title again."""
    if not is_blank(visible_text(body) if isinstance(body, Markup) else body):
        return body
    text = "\n\n".join(paragraphs(view.summary))
    return "" if text == title or is_blank(text) else clip(text, size)


def _clipped(summary: str, size: int) -> str:
    """As much of the summary as `size` UTF-16 units hold; nothing but an ellipsis is nothing."""
    if not isinstance(summary, Markup):
        part = clip(summary, size)
        return "" if part == ELLIPSIS else part
    html = shorten(summary, size)
    return "" if visible_text(html) == ELLIPSIS else Markup(html)


def _fitted(template: str, fields: Fields, room: _Room) -> str:
    """The template's result, shortened until it fits. Raises TemplateProblem, MarkupError."""
    html = _filled(template, fields)
    addresses = {address for address, _ in links(html)}
    if not fits(html, room.limit):
        html = _shortened(template, _tightened(fields, room.limit), room)
    shown = {address for address, text in links(html) if not is_blank(text)}
    if fields["link"] in addresses - shown:
        raise MarkupError("nothing is left to click on")
    return html


def _shortened(template: str, tight: Fields, room: _Room) -> str:
    """The template's result with as much of the summary as there is room for."""
    summary = tight["summary"]
    assert isinstance(summary, str)  # noqa: S101 - it is `sources` alone that is a list

    def filled(size: int) -> str:
        return _filled(template, {**tight, "summary": _clipped(summary, size)})

    low, high = 0, utf16_len(summary)  # the longest summary with which it fits lies in between
    if room.holds(whole := filled(high)):
        return whole
    while low < high:
        middle = (low + high + 1) // 2
        if room.holds(filled(middle)):
            low = middle
        else:
            high = middle - 1
    html = filled(low)
    return html if room.holds(html) else cut(html, room.limit)


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
