"""The judge of hostile messages in small, and that it has eyes."""

from __future__ import annotations

import pytest

import benchmarks.messages as messages
from benchmarks.messages import Judged, hostile, item_of, judge
from feedbot.render.message import NewsView, render_news
from tests.require import needs

ARTICLE = "<p>One paragraph, then</p><ul><li>another</li></ul>" * 200


@needs("tdjson")
def test_hostile_articles_are_read_as_the_text_they_came_from() -> None:
    judged = Judged()
    hostile(judged, 15, 1)
    assert judged.messages >= 180
    assert judged.found == {}, judged.examples


@needs("tdjson")
@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        (lambda html: html.replace("another", "other"), "another text"),
        (lambda html: html.replace("<b>", "<b><p>"), "refused"),
        (lambda html: html.replace("Press", "Pres"), "date or source lost"),
        (lambda html: html.replace("Title", "Titel"), "another title"),
        (lambda html: html + "x" * 4096, "too long"),
    ],
)
def test_what_is_spoilt_is_found(
    spoilt: object, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = item_of("Title", ARTICLE)
    assert item is not None

    def render(view: NewsView, *, limit: int) -> str:
        assert callable(spoilt)
        return str(spoilt(render_news(view, limit=limit)))

    monkeypatch.setattr(messages, "render_news", render)
    judged = Judged()
    judge(item, judged)
    assert any(found.startswith(kind) for found in judged.found), judged.found
