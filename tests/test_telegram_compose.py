"""From a delivery to the text of a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedbot.model import Chat, Counter, DeliveryKind, PageDate, Source
from feedbot.render.telegram_html import links, visible_text
from feedbot.store.claim import Cause, Claimed
from feedbot.telegram.compose import compose
from feedbot.telegram.settings import Posting
from tests.outboxes import NOON

LONDON = Source(
    name="press",
    url="https://example.org/press",
    title="Press office",
    timezone=ZoneInfo("Europe/London"),
)
RUSSIAN = replace(LONDON, name="vesti", title="Вести", language="ru")
POSTING = Posting(
    sources={"press": LONDON, "vesti": RUSSIAN},
    counters={
        "visit": Counter("visit", "{days} days", source="press"),
        "alone": Counter("alone", "{days} days"),
    },
)


def cause(source: str = "press", when: PageDate = None, summary: str = "") -> Cause:
    return Cause(1, source, "A <visit> & more", "https://example.org/1", when, NOON, summary, None,
                 None)  # fmt: skip


def claimed(kind: DeliveryKind, *causes: Cause, **payload: Any) -> Claimed:
    return Claimed(1, 1, kind, payload, 1, False, "-5", 0, "config", causes)


def news(*causes: Cause, **payload: Any) -> Claimed:
    return claimed(DeliveryKind.NEWS, *causes, **payload)


def test_news_has_title_link_date_summary_and_source() -> None:
    post = compose(news(cause(when=date(2020, 5, 27), summary="Who came.")), POSTING, None)
    text = visible_text(post.parts[0].text)
    for part in ("A <visit> & more", "27 May 2020", "Who came.", "Press office"):
        assert part in text
    assert links(post.parts[0].text) == [("https://example.org/1", "A <visit> & more")]
    assert (post.markup, post.silent, not post.parts[0].preview.is_disabled) == (True, False, True)


def test_a_moment_is_shown_as_the_source_s_clock_showed_it() -> None:
    late = datetime(2020, 5, 27, 23, 30, tzinfo=UTC)
    assert "28 May 2020" in compose(news(cause(when=late)), POSTING, None).parts[0].text


def test_dates_are_in_the_source_s_language() -> None:
    post = compose(news(cause("vesti", when=date(2020, 5, 27))), POSTING, None)
    assert "27 мая 2020" in post.parts[0].text


def test_all_sources_are_named_once_and_the_first_summary_there_is_serves() -> None:
    post = compose(news(cause(), cause("vesti", summary="Кто был."), cause()), POSTING, None)
    assert "Press office, Вести" in post.parts[0].text
    assert "Кто был." in post.parts[0].text


def test_a_source_that_left_the_configuration_is_called_by_its_name() -> None:
    assert "old-page" in compose(news(cause("old-page")), POSTING, None).parts[0].text


def test_a_chat_may_have_its_own_wording_and_want_no_sound() -> None:
    chat = Chat(-5, silent=True, template="{{ title }}!")
    post = compose(news(cause()), POSTING, chat)
    assert (post.parts[0].text, post.silent) == ("A &lt;visit&gt; &amp; more!", True)


def test_plain_text_has_no_markup_and_keeps_the_link() -> None:
    post = compose(news(cause(), plain=True), POSTING, None)
    assert not post.markup
    assert "A <visit> & more (https://example.org/1)" in post.parts[0].text


def test_a_counter_names_its_page() -> None:
    text = {"counter": "visit", "day": "2020-05-27", "text": "815 days & counting"}
    post = compose(claimed(DeliveryKind.COUNTER, **text), POSTING, None)
    assert visible_text(post.parts[0].text) == "815 days & counting\n\nPress office"
    assert links(post.parts[0].text) == [("https://example.org/press", "Press office")]
    assert post.parts[0].preview.is_disabled


def test_a_counter_without_a_page_or_a_configuration_is_its_text() -> None:
    for name in ("alone", "gone"):
        post = compose(claimed(DeliveryKind.COUNTER, counter=name, text="7 days"), POSTING, None)
        assert post.parts[0].text == "7 days"


def test_notices_and_answers_are_escaped() -> None:
    for kind in (DeliveryKind.NOTICE, DeliveryKind.REPLY):
        post = compose(claimed(kind, text="a < b"), POSTING, None)
        assert (post.parts[0].text, not post.parts[0].preview.is_disabled) == ("a &lt; b", False)


def test_a_chat_chooses_how_much_is_told() -> None:
    told = replace(cause(summary="Who came."), content="<h2>Who</h2><p>All of it.</p>")

    def body(**options: Any) -> str:
        post = compose(news(told), POSTING, Chat(-5, **options))
        return visible_text(post.parts[0].text).removeprefix("A <visit> & more").strip()

    assert body(text="title") == "Press office"
    assert body() == "Who came.\n\nPress office"
    assert body(text="full") == "Who\n\nAll of it.\n\nPress office"


def test_the_whole_text_is_the_summary_where_there_is_no_other() -> None:
    empty = replace(cause(summary="Who came."), content="<p> </p>")
    for one in (cause(summary="Who came."), empty):
        post = compose(news(one), POSTING, Chat(-5, text="full"))
        assert "Who came." in post.parts[0].text
    second = replace(cause("vesti"), content="<p>Кто был.</p>")
    post = compose(news(empty, second), POSTING, Chat(-5, text="full"))
    assert "Кто был." in post.parts[0].text


def test_only_news_are_split() -> None:
    chat = Chat(-5, long="split")
    long = replace(cause(), content=None, summary="word " * 2000)
    assert len(compose(news(long), POSTING, chat).parts) == 3
    assert len(compose(claimed(DeliveryKind.NOTICE, text="word " * 2000), POSTING, chat).parts) == 1


def preview(chat: Chat | None, *causes: Cause, **payload: Any) -> dict[str, Any]:
    return compose(news(*causes, **payload), POSTING, chat).parts[0].preview.to_dict()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, {}),
        ("large", {"prefer_large_media": True}),
        ("small", {"prefer_small_media": True}),
    ],
)
def test_the_preview_is_the_article_s_as_the_chat_likes_it(
    chosen: Any, expected: dict[str, Any]
) -> None:
    article = {"is_disabled": False, "url": "https://example.org/1"}
    assert preview(Chat(-5, preview=chosen), cause()) == article | expected
    assert preview(Chat(-5, preview="none"), cause()) == {"is_disabled": True}


def test_the_preview_is_the_article_s_even_where_another_link_comes_first() -> None:
    template = '<a href="https://example.org/about">About</a> <a href="{{ link }}">{{ title }}</a>'
    assert preview(Chat(-5, template=template), cause())["url"] == "https://example.org/1"


def test_a_text_without_the_link_has_a_preview_only_where_one_is_asked_for() -> None:
    bare = Chat(-5, template="{{ title }}")
    assert "url" not in preview(bare, cause())
    assert preview(replace(bare, preview="small"), cause())["url"] == "https://example.org/1"
    assert "url" not in preview(Chat(-5, preview="large"), replace(cause(), link="tg://x"))
    assert "url" not in preview(Chat(-5, preview="large"), cause(), bare=True)


def test_only_the_first_part_has_a_preview() -> None:
    chat = Chat(-5, long="split", preview="large")
    first, *rest = compose(news(replace(cause(), summary="word " * 2000)), POSTING, chat).parts
    assert first.preview.url
    assert [part.preview.is_disabled for part in rest] == [True, True]


IMAGE = "https://example.org/1.jpg"


def photo(chat: Chat, *causes: Cause, **payload: Any) -> str | None:
    return next(iter(photos(chat, *causes, **payload)), None)


def photos(chat: Chat, *causes: Cause, **payload: Any) -> tuple[str, ...]:
    return compose(news(*causes, **payload), POSTING, chat).parts[0].photos


def test_several_images_are_an_album_of_ten_at_most() -> None:
    chat = Chat(-5, photo=True)
    more = tuple(f"https://example.org/{number}.jpg" for number in range(1, 20))
    several = replace(cause(), image=IMAGE, more_images=(*more[:2], "data:x", *more))
    assert photos(chat, several) == more[:10]
    assert photos(chat, cause("vesti"), several, replace(cause(), image="https://example.org/x"))
    assert photos(chat, several, bare=True) == ()
    assert photos(Chat(-5), several) == ()


def test_an_image_is_posted_where_that_is_wanted_and_the_text_fits_below_it() -> None:
    chat = Chat(-5, photo=True)
    pictured = replace(cause(), image=IMAGE)
    assert photo(chat, pictured) == IMAGE
    assert photo(chat, cause("vesti"), pictured) == IMAGE
    assert photo(chat, cause(), cause()) is None
    assert photo(Chat(-5), pictured) is None
    assert photo(chat, replace(pictured, image="data:image/png;base64,x")) is None
    assert photo(chat, pictured, bare=True) is None
    assert compose(claimed(DeliveryKind.NOTICE, text="x"), POSTING, chat).parts[0].photos == ()


@pytest.mark.parametrize("plain", [False, True])
def test_a_caption_is_never_too_long(plain: bool) -> None:
    chat = Chat(-5, photo=True, template='{{ summary }}<a href="{{ link }}">{{ "x" }}</a>')
    room = 1023 - (len(" (https://example.org/1)") if plain else 0)
    fitting = replace(cause(), image=IMAGE, summary="😀" * (room // 2) + "y" * (room % 2))
    assert photo(chat, fitting, plain=plain) == IMAGE
    assert photo(chat, replace(fitting, summary=fitting.summary + "y"), plain=plain) is None
