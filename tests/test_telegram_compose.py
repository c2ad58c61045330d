"""From a delivery to the text of a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

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
    text = visible_text(post.parts[0])
    for part in ("A <visit> & more", "27 May 2020", "Who came.", "Press office"):
        assert part in text
    assert links(post.parts[0]) == [("https://example.org/1", "A <visit> & more")]
    assert (post.markup, post.silent, post.preview) == (True, False, True)


def test_a_moment_is_shown_as_the_source_s_clock_showed_it() -> None:
    late = datetime(2020, 5, 27, 23, 30, tzinfo=UTC)
    assert "28 May 2020" in compose(news(cause(when=late)), POSTING, None).parts[0]


def test_dates_are_in_the_source_s_language() -> None:
    post = compose(news(cause("vesti", when=date(2020, 5, 27))), POSTING, None)
    assert "27 мая 2020" in post.parts[0]


def test_all_sources_are_named_once_and_the_first_summary_there_is_serves() -> None:
    post = compose(news(cause(), cause("vesti", summary="Кто был."), cause()), POSTING, None)
    assert "Press office, Вести" in post.parts[0]
    assert "Кто был." in post.parts[0]


def test_a_source_that_left_the_configuration_is_called_by_its_name() -> None:
    assert "old-page" in compose(news(cause("old-page")), POSTING, None).parts[0]


def test_a_chat_may_have_its_own_wording_and_want_no_sound() -> None:
    chat = Chat(-5, silent=True, template="{{ title }}!")
    post = compose(news(cause()), POSTING, chat)
    assert (post.parts[0], post.silent) == ("A &lt;visit&gt; &amp; more!", True)


def test_plain_text_has_no_markup_and_keeps_the_link() -> None:
    post = compose(news(cause(), plain=True), POSTING, None)
    assert not post.markup
    assert "A <visit> & more (https://example.org/1)" in post.parts[0]


def test_a_counter_names_its_page() -> None:
    text = {"counter": "visit", "day": "2020-05-27", "text": "815 days & counting"}
    post = compose(claimed(DeliveryKind.COUNTER, **text), POSTING, None)
    assert visible_text(post.parts[0]) == "815 days & counting\n\nPress office"
    assert links(post.parts[0]) == [("https://example.org/press", "Press office")]
    assert not post.preview


def test_a_counter_without_a_page_or_a_configuration_is_its_text() -> None:
    for name in ("alone", "gone"):
        post = compose(claimed(DeliveryKind.COUNTER, counter=name, text="7 days"), POSTING, None)
        assert post.parts[0] == "7 days"


def test_notices_and_answers_are_escaped() -> None:
    for kind in (DeliveryKind.NOTICE, DeliveryKind.REPLY):
        post = compose(claimed(kind, text="a < b"), POSTING, None)
        assert (post.parts[0], post.preview) == ("a &lt; b", False)


def test_a_chat_chooses_how_much_is_told() -> None:
    told = replace(cause(summary="Who came."), content="<h2>Who</h2><p>All of it.</p>")

    def body(**options: Any) -> str:
        post = compose(news(told), POSTING, Chat(-5, **options))
        return visible_text(post.parts[0]).removeprefix("A <visit> & more").strip()

    assert body(text="title") == "Press office"
    assert body() == "Who came.\n\nPress office"
    assert body(text="full") == "Who\n\nAll of it.\n\nPress office"


def test_the_whole_text_is_the_summary_where_there_is_no_other() -> None:
    empty = replace(cause(summary="Who came."), content="<p> </p>")
    for one in (cause(summary="Who came."), empty):
        post = compose(news(one), POSTING, Chat(-5, text="full"))
        assert "Who came." in post.parts[0]
    second = replace(cause("vesti"), content="<p>Кто был.</p>")
    post = compose(news(empty, second), POSTING, Chat(-5, text="full"))
    assert "Кто был." in post.parts[0]


def test_only_news_are_split() -> None:
    chat = Chat(-5, long="split")
    long = replace(cause(), content=None, summary="word " * 2000)
    assert len(compose(news(long), POSTING, chat).parts) == 3
    assert len(compose(claimed(DeliveryKind.NOTICE, text="word " * 2000), POSTING, chat).parts) == 1
