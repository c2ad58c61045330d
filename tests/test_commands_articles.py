"""Texts of articles as users meet them: in the channel, in the feed, in `status`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from feedbot.demo.site import Event, Fault
from tests.commands import CHANNEL, Desk

EVENT = Event(
    date(2020, 5, 28),
    "The reading room is open again",
    "It is open on working days.",
    body=("Books can be ordered a day before.", "Children under ten come with a grown-up."),
)


async def test_a_message_and_the_feed_have_the_text_of_the_articles_page(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.config["sources"] = [desk.source("embassy", article="wait")]
        desk.config["telegram"]["chats"] = [{"id": CHANNEL, "text": "full"}]
        assert (await desk.feedbot("once")).code == 0
        published = desk.site.publish(EVENT)
        desk.server.hits.clear()
        assert (await desk.feedbot("once")).code == 0
        (message,) = desk.api.log.messages(desk.chat.id)
        for paragraph in (EVENT.summary, *EVENT.body):
            assert paragraph in message.text
        assert "back to the front page" not in message.text
        assert [hit.path for hit in desk.server.hits].count(published.path) == 1
        entry = desk.feed().entries[0]
        assert entry.content[0].value == "".join(
            f"<p>{paragraph}</p>" for paragraph in (EVENT.summary, *EVENT.body)
        )
        assert [tag.term for tag in entry.tags] == ["LATEST EVENTS"]


async def test_what_could_not_be_read_is_in_the_status_and_costs_no_message(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.config["sources"] = [desk.source("embassy", article="wait")]
        for event in desk.site.latest:
            desk.server.faults.set(event.path, Fault(status=404))
        assert (await desk.feedbot("once")).code == 0
        published = desk.site.publish(EVENT)
        desk.server.faults.set(published.path, Fault(status=403))
        assert (await desk.feedbot("once")).code == 0
        assert desk.posted() == [EVENT.title]
        status = (await desk.feedbot("status", "--json")).json
        articles = status["sources"][0]["articles"]
        assert articles["waiting"] >= 1
        assert "articles are to be read yet" in (await desk.feedbot("status")).out
