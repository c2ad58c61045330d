"""From a claimed delivery to the message, or messages, a chat reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from feedbot.model import Chat, DeliveryKind, PageDate, Source
from feedbot.render.body import from_html
from feedbot.render.message import (
    NewsView,
    render_counter,
    render_news,
    render_notice,
    render_parts,
)
from feedbot.render.telegram_html import to_plain
from feedbot.store.claim import Cause, Claimed
from feedbot.telegram.settings import Posting


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be sent.

    parts:   the text of each message, in order
    markup:  whether they are Telegram's HTML
    silent:  without a sound
    preview: whether Telegram may show what the link leads to
    """

    parts: tuple[str, ...]
    markup: bool
    silent: bool
    preview: bool


def compose(claimed: Claimed, posting: Posting, chat: Chat | None) -> Post:
    """The message of a delivery; `chat` is its entry in the configuration, where it has one."""
    parts = _parts(claimed, posting, chat)
    plain = bool(claimed.payload.get("plain"))
    return Post(
        parts=tuple(to_plain(html) if plain else html for html in parts),
        markup=not plain,
        silent=chat is not None and chat.silent,
        preview=claimed.kind == DeliveryKind.NEWS,
    )


def _parts(claimed: Claimed, posting: Posting, chat: Chat | None) -> list[str]:
    if claimed.kind != DeliveryKind.NEWS:
        return [_html(claimed, posting)]
    view = _view(claimed.causes, posting, chat)
    template = chat.template if chat else None
    if chat and chat.long == "split":
        return render_parts(view, template)
    return [render_news(view, template)]


def _html(claimed: Claimed, posting: Posting) -> str:
    text = str(claimed.payload["text"])
    if claimed.kind == DeliveryKind.COUNTER:
        counter = posting.counters.get(str(claimed.payload.get("counter")))
        page = posting.sources.get(counter.source or "") if counter else None
        if page:
            return render_counter(text, source=page.title, link=page.url)
        return render_counter(text)
    return render_notice(text)


def _view(causes: tuple[Cause, ...], posting: Posting, chat: Chat | None) -> NewsView:
    """The article as its first source has it; all of its sources are named."""
    amount = chat.text if chat else "summary"
    summaries = (cause.summary for cause in causes if cause.summary and amount != "title")
    contents = (from_html(cause.content) for cause in causes if cause.content and amount == "full")
    first = causes[0]
    source = posting.sources.get(first.source)
    titles = [_title(cause, posting) for cause in causes]
    return NewsView(
        title=first.title,
        link=first.link,
        date=_local(first.page_date, source),
        summary=next(summaries, ""),
        body=next(filter(None, contents), ""),
        sources=tuple(dict.fromkeys(titles)),
        author=first.author,
        language=source.language if source else posting.language,
    )


def _title(cause: Cause, posting: Posting) -> str:
    source = posting.sources.get(cause.source)
    return source.title if source else cause.source


def _local(when: PageDate, source: Source | None) -> PageDate:
    """A moment as the clock of the source's zone showed it."""
    if isinstance(when, datetime):
        return when.astimezone(source.timezone if source else UTC)
    return when
