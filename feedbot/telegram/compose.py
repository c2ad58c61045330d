"""From a claimed delivery to the message, or messages, a chat reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from telegram import LinkPreviewOptions

from feedbot.model import Chat, DeliveryKind, PageDate, Source
from feedbot.owing import QUIET
from feedbot.render.body import from_html
from feedbot.render.message import (
    NewsView,
    Report,
    render_counter,
    render_news,
    render_notice,
    render_parts,
)
from feedbot.render.split import split
from feedbot.render.telegram_html import MAX_TEXT, cut, fits, links, to_plain
from feedbot.render.text import safe_url, utf16_len
from feedbot.store.claim import Cause, Claimed
from feedbot.store.retract import PART, PARTS
from feedbot.telegram.answers import Verdict
from feedbot.telegram.settings import Posting

#: In the payload of a delivery whose first message is out: the HTML of all of them. What comes next
#: continues that text, whatever became of the article or the configuration meanwhile.
BEGUN = "begun"
#: In the payload of a delivery that was sent as an album: how many messages that is.
ALBUM = "album"
#: A photo's caption, after parsing.
MAX_CAPTION = 1024
MAX_ALBUM = 10
#: Of a message that Telegram finds too long although we did not.
_SMALLER = MAX_TEXT // 2
_WEB = frozenset({"http", "https"})
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its text, or the photos at these URLs with the text as their caption.

    Several photos are an album, which Telegram makes a message each of.
    """

    text: str
    preview: LinkPreviewOptions = _NO_PREVIEW
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be sent.

    parts:  the messages, in order
    html:   their texts before markup was taken out: what has to be kept of a delivery begun
    markup: whether their texts are Telegram's HTML
    silent: without a sound
    failed: the chat's template and what is wrong with it, where the default one stood in
    """

    parts: tuple[Part, ...]
    html: tuple[str, ...]
    markup: bool
    silent: bool
    failed: tuple[str, str] | None = None


def compose(claimed: Claimed, posting: Posting, chat: Chat | None) -> Post:
    """The message of a delivery; `chat` is its entry in the configuration, where it has one."""
    if claimed.kind == DeliveryKind.RETRACT:
        html = _struck(claimed, posting, chat)
        return Post((Part(html),), (html,), markup=True, silent=True)
    problems: list[str] = []
    first, *rest = htmls = _htmls(claimed, posting, chat, problems.append)
    plain = bool(claimed.payload.get(Verdict.PLAIN))
    text, *further = [to_plain(html) for html in htmls] if plain else htmls
    short = utf16_len(text) <= MAX_CAPTION if plain else fits(first, MAX_CAPTION)
    photos = _photos(claimed, chat) if short and not rest else ()
    parts = (Part(text, _preview(claimed, chat, first), photos), *map(Part, further))
    silent = (chat is not None and chat.silent) or bool(claimed.payload.get(QUIET))
    failed = (chat.template, problems[0]) if chat and chat.template and problems else None
    return Post(parts, tuple(htmls), markup=not plain, silent=silent, failed=failed)


def _struck(claimed: Claimed, posting: Posting, chat: Chat | None) -> str:
    """The text of the message to be taken back, as it would be now, struck through."""
    limit = MAX_CAPTION if claimed.payload.get(Verdict.CAPTION) else MAX_TEXT
    if not claimed.causes:
        return cut(f"<s>{render_notice(str(claimed.payload.get('text')))}</s>", limit)
    htmls = _htmls(replace(claimed, kind=DeliveryKind.NEWS, payload={}), posting, chat)
    several = int(claimed.payload[PARTS])
    if len(htmls) != several:  # an album's pictures, or the article is told otherwise by now
        bare = render_news(replace(_view(claimed.causes, posting, chat), summary="", body=""))
        htmls = [*(htmls if len(htmls) == 1 else [bare]), *[bare] * (several - 1)]
    return cut(f"<s>{htmls[int(claimed.payload[PART])]}</s>", limit)


def _preview(claimed: Claimed, chat: Chat | None, html: str) -> LinkPreviewOptions:
    """The article's page, wherever in the text its link stands; never that of another link."""
    size = chat.preview if chat else None
    if claimed.kind != DeliveryKind.NEWS or size == "none":
        return _NO_PREVIEW
    url = safe_url(claimed.causes[0].link, _WEB)
    shown = [address for address, _ in links(html)]
    if claimed.payload.get(Verdict.BARE) or not url or (size is None and url not in shown):
        return LinkPreviewOptions(is_disabled=False)
    return LinkPreviewOptions(
        is_disabled=False,
        url=url,
        prefer_large_media=size == "large" or None,
        prefer_small_media=size == "small" or None,
    )


def _photos(claimed: Claimed, chat: Chat | None) -> tuple[str, ...]:
    """The images to post, where they are wanted: of the first source that has any."""
    if chat is None or not chat.photo or claimed.payload.get(Verdict.BARE):
        return ()
    for cause in claimed.causes:
        stated = (cause.image, *cause.more_images)
        images = dict.fromkeys(filter(None, (safe_url(one, _WEB) for one in stated if one)))
        if images:
            return tuple(images)[:MAX_ALBUM]
    return ()


def _htmls(
    claimed: Claimed, posting: Posting, chat: Chat | None, report: Report | None = None
) -> list[str]:
    htmls = _whole(claimed, posting, chat, report)
    if not claimed.payload.get(Verdict.SPLIT):
        return htmls
    there, to_come = htmls[: claimed.part], htmls[claimed.part :]
    return there + [part for html in to_come for part in split(html, _SMALLER)]


def _whole(
    claimed: Claimed, posting: Posting, chat: Chat | None, report: Report | None
) -> list[str]:
    if begun := claimed.payload.get(BEGUN):
        return list(begun)
    if claimed.kind != DeliveryKind.NEWS:
        return [_html(claimed, posting)]
    view = _view(claimed.causes, posting, chat)
    template = chat.template if chat else None
    if chat and chat.long == "split":
        return render_parts(view, template, report=report)
    return [render_news(view, template, report=report)]


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
        date=_local(first.page_date, chat, source),
        summary=next(summaries, ""),
        body=next(filter(None, contents), ""),
        sources=tuple(dict.fromkeys(titles)),
        author=first.author,
        language=_language(chat, source, posting),
    )


def _title(cause: Cause, posting: Posting) -> str:
    source = posting.sources.get(cause.source)
    return source.title if source else cause.source


def _language(chat: Chat | None, source: Source | None, posting: Posting) -> str:
    """The language of dates: the chat's own, else the page's."""
    if chat and chat.language:
        return chat.language
    return source.language if source else posting.language


def _local(when: PageDate, chat: Chat | None, source: Source | None) -> PageDate:
    """A moment as the clock in the chat's own zone showed it, else that in the source's."""
    if isinstance(when, datetime):
        own = chat.timezone if chat else None
        return when.astimezone(own or (source.timezone if source else UTC))
    return when
