"""From an entry's picture to the type and length that feeds say of it: a real server and store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.articles import PATIENCE
from feedbot.backfill import Backfiller
from feedbot.fetch import Fetcher, Request
from feedbot.render.document import Image, Shown, make_document
from feedbot.store import editions, pictures
from feedbot.store.schema import entries as stored_entries
from feedbot.store.schema import pictures as table
from tests import test_articles
from tests.feeds import CHANNEL, PLACE
from tests.test_articles import Desk, article
from tests.web import Asked, Web, redirect, reply

desk = test_articles.desk  # the fixture
BODY = b"x" * 34_567
JPEG = reply(BODY, Content_Type="image/jpeg")


def page(image: str, title: str = "Title of it") -> bytes:
    """An article that names its lead image."""
    return article(title, head=f'<meta property="og:image" content="{escape(image)}">')


async def read(desk: Desk) -> None:
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)


async def image(desk: Desk, link: str = "/new") -> Image | None:
    """The picture of an entry, as every format gets it."""
    entry = (await desk.feed())[link]
    return make_document(CHANNEL, [Shown(entry)], PLACE).articles[0].image


async def new(desk: Desk, picture: Any, path: str = "/lead") -> str:
    """A new entry whose article names a picture on the same host; the picture's URL."""
    await desk.baseline()
    desk.web.routes[path] = picture
    await desk.new(page=page(desk.web.url(path)))
    return desk.web.url(path)


async def test_a_picture_is_asked_for_what_it_is_after_the_text_and_nothing_of_it_fetched(
    desk: Desk,
) -> None:
    url = await new(desk, JPEG)
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=True)
    assert len(await desk.claim()) == 1  # the message waited for the text, not for this
    await read(desk)
    assert [(one.method, one.target) for one in desk.web.asked] == [
        ("GET", "/new"),
        ("HEAD", "/lead"),
    ]
    assert await image(desk) == Image(url, "image/jpeg", len(BODY))
    assert desk.done == [("press", True), ("press", False)]  # the feed is built again


async def test_one_picture_under_many_entries_is_asked_for_once(desk: Desk) -> None:
    url = await new(desk, JPEG)
    await read(desk)
    desk.web.asked.clear()
    await desk.new("/next", page(url))
    await read(desk)
    assert desk.asked() == ["/next"]
    assert await image(desk, "/next") == Image(url, "image/jpeg", len(BODY))


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (reply(b"Not found, dear reader.", Content_Type="text/html"), (None, None)),
        (reply(BODY, "405 Method Not Allowed"), (None, None)),
        (reply(BODY, Content_Type="image/<b>"), (None, None)),
        (reply(b"", Content_Type="image/png"), ("image/png", None)),
        (reply(b"x" * 9, Content_Type="image/svg+xml", Content_Encoding="gzip"),
         ("image/svg+xml", None)),
        (reply(BODY, Content_Type="image/webp", Content_Length="9" * 17), ("image/webp", None)),
        (redirect("/there"), ("image/jpeg", len(BODY))),
    ],
)  # fmt: skip
async def test_only_what_a_server_says_of_a_picture_is_said_again(
    desk: Desk, picture: Any, expected: tuple[str | None, int | None]
) -> None:
    desk.web.routes["/there"] = JPEG
    url = await new(desk, picture)
    await read(desk)
    assert await image(desk) == Image(url, *expected)
    desk.web.asked.clear()
    desk.clock.advance(timedelta(days=1))
    await read(desk)
    assert desk.asked() == []  # that is settled


async def test_the_name_says_the_type_where_the_server_is_silent(desk: Desk) -> None:
    url = await new(desk, reply(b"", "403 Forbidden"), "/lead.PNG")
    await read(desk)
    assert await image(desk) == Image(url, "image/png")


async def test_what_may_pass_is_tried_three_times(desk: Desk) -> None:
    url = await new(desk, reply(b"", "503 Service Unavailable"))
    for _ in range(5):
        await read(desk)
        desk.clock.advance(timedelta(hours=2))
    assert desk.asked() == ["/new", "/lead", "/lead", "/lead"]
    assert await image(desk) == Image(url)


def feed(desk: Desk, text: str, *links: str, ending: str = "jpg") -> bytes:
    """A feed that carries whole texts and names a picture for each item."""
    whole = "".join(f"<p>{text} {n} of the text that says something.</p>" for n in range(40))
    rows = "".join(
        f"<item><title>Title of {link}</title><link>{desk.web.url(link)}</link>"
        f"<description>{escape(whole)}</description>"
        f"<enclosure url='{desk.web.url(link)}.{ending}' type='image/jpeg' length='1'/></item>"
        for link in links
    )
    body = f"<rss version='2.0'><channel><title>F</title>{rows}</channel></rss>".encode()
    return reply(body, Content_Type="application/rss+xml")


async def test_a_picture_on_the_list_is_asked_for_though_no_page_is_read(desk: Desk) -> None:
    desk.source = replace(desk.source, listing=None)
    desk.web.routes["/"] = feed(desk, "Sentence", *(f"/{number}" for number in range(5)))
    desk.web.routes["/0.jpg"] = JPEG
    await desk.poll()
    desk.web.asked.clear()
    await read(desk)
    assert sorted(desk.asked()) == ["/0.jpg", "/1.jpg", "/2.jpg"]  # as many as a feed shows
    assert await image(desk, "/0") == Image(desk.web.url("/0.jpg"), "image/jpeg", len(BODY))


async def test_another_picture_of_an_entry_is_asked_for_anew(desk: Desk) -> None:
    desk.source = replace(desk.source, listing=None)
    desk.web.routes["/"] = feed(desk, "Sentence", "/0")
    await desk.poll()
    await read(desk)
    desk.web.routes["/"] = feed(desk, "Phrase", "/0", ending="png")
    for _ in range(desk.source.confirm_changed):
        await desk.poll()
    desk.web.asked.clear()
    await read(desk)
    assert desk.asked() == ["/0.png"]


async def test_the_pictures_of_older_pages_are_asked_for_too(desk: Desk) -> None:
    async def listing(asked: Asked, writer: Any) -> None:
        last = 24 if "p=2" in asked.target else 27
        rows = "".join(
            f"<li><time datetime=2020-05-{day}></time><a href=/{day}>Title of the {day}th</a>"
            f"<img src=/{day}.png>"
            for day in range(last, last - 3, -1)
        )
        onward = "<p><a href='/?p=2'>Older</a>" if last == 27 else ""
        writer.write(reply(f"<html><ul>{rows}</ul>{onward}".encode(), Content_Type="text/html"))

    rule = replace(test_articles.RULE, image="img@src")
    desk.source = replace(desk.source, listing=rule, backfill=6)
    desk.web.routes["/"] = listing
    await desk.poll()
    filler = Backfiller(
        desk.store, desk.fetcher, desk.clock, lambda: {"press": desk.source}, lambda *_: None,
        authority="press.example", shown=lambda: 50, show=lambda _: None,
    )  # fmt: skip
    await filler.drain(desk.clock.now() + timedelta(minutes=5))
    await read(desk)
    assert {f"/{day}.png" for day in range(22, 28)} <= set(desk.asked())


async def test_a_page_goes_before_a_picture_of_its_host(desk: Desk) -> None:
    await desk.baseline()
    await desk.new()
    async with desk.store.transaction() as connection:
        await pictures.want(connection, 1, [desk.web.url("/lead")], desk.clock.now())
    reader = desk.reader()
    await reader.tick()
    await desk.clock.wait(reader._tasks.values(), desk.clock.now())
    assert desk.asked() == ["/new"]


async def test_what_is_known_of_a_picture_is_not_said_of_the_one_before_it(desk: Desk) -> None:
    """An edition that shows another picture than the entry does now."""
    url = await new(desk, JPEG)
    await read(desk)
    entry_id = (await desk.text()).entry_id
    async with desk.store.transaction() as connection:
        await editions.keep(connection, entry_id)
        await pictures.want(connection, 1, ["https://example.org/other.png"], desk.clock.now())
        await connection.execute(sa.update(table).values(length=len(BODY)))
        other = sa.update(stored_entries).where(stored_entries.c.id == entry_id)
        await connection.execute(other.values(image="https://example.org/other.png"))
        ((was,),) = (await editions.history(connection, [entry_id])).values()
        assert (was.entry.image, was.entry.image_length) == (url, None)
        await connection.execute(other.values(image=None))
        ((was,),) = (await editions.history(connection, [entry_id])).values()
        assert (was.entry.image, was.entry.image_length) == (url, len(BODY))


async def test_off_asks_for_no_picture_either(desk: Desk) -> None:
    url = await new(desk, JPEG)
    reader = desk.reader()
    await reader.tick()  # the page
    await desk.clock.wait(reader._tasks.values(), desk.clock.now())
    desk.source = replace(desk.source, article="off")
    await read(desk)
    assert desk.asked() == ["/new"]
    assert await image(desk) == Image(url)


async def test_what_is_the_sources_own_is_not_sent_for_a_picture(desk: Desk) -> None:
    desk.source = replace(desk.source, headers={"X-Key": "hush-hush"}, cookies={"a": "hush-hush"})
    await new(desk, JPEG)
    await read(desk)
    headers = {one.target: one.headers for one in desk.web.asked}
    assert headers["/new"]["x-key"] == "hush-hush"
    assert "hush-hush" not in str(headers["/lead"])
    assert headers["/lead"]["accept-encoding"] == "identity"


async def test_a_picture_that_nobody_can_be_asked_for_is_left_alone(desk: Desk) -> None:
    await desk.poll()
    odd = [
        "",
        None,
        "data:image/png;base64,AAAA",
        "http://[broken",
        "http:///x",
        "ftp://a.example/x",
    ]
    odd.append("https://a.example/" + "x" * 3_000)
    async with desk.store.transaction() as connection:
        await pictures.want(connection, 1, odd, desk.clock.now())
        assert list(await connection.execute(table.select())) == []


async def test_head_reads_no_body_and_is_bound_by_no_size_of_one() -> None:
    async def large(_: Asked, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")

    async with (
        Web({"/": large}) as web,
        Fetcher(timeout=5, max_bytes=1000, allow_private_networks=True) as fetcher,
    ):
        answer = await fetcher.fetch(Request(web.url("/"), head=True))
    assert (answer.length, answer.body) == (50_000_000, b"")
    assert [one.method for one in web.asked] == ["HEAD"]
