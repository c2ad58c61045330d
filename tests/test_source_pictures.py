"""Which pictures a feed's entry has."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from feedbot.source.feed import read_feed
from feedbot.source.pictures import in_html

URL = "https://example.org/feed/"


def of_rss(inside: str) -> list[str]:
    """The pictures of an RSS item with this inside."""
    body = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>F</title>'
        f"<item><title>T</title><link>/1</link>{inside}</item></channel></rss>"
    )
    return of_feed(body.encode())


def of_feed(body: bytes) -> list[str]:
    (item,) = read_feed(body, None, url=URL, zone=ZoneInfo("UTC")).items
    return [image for image in (item.image, *item.more_images) if image]


def paths(images: list[str]) -> list[str]:
    return [image.removeprefix("https://example.org/") for image in images]


def test_enclosures_and_media_are_taken_in_their_order_once_each() -> None:
    inside = """<enclosure url="/a.jpg" type="image/jpeg" length="1"/>
      <enclosure url="/talk.mp3" type="audio/mpeg" length="1"/>
      <media:content url="/a.jpg" medium="image"/><media:content url="/b.jpg" type="image/jpeg"/>
      <media:content url="/film.mp4" medium="video"/><media:thumbnail url="/small.jpg"/>
      <description>&lt;img src="/c.jpg"&gt;</description>"""
    assert paths(of_rss(inside)) == ["a.jpg", "b.jpg"]


def test_one_picture_in_several_widths_is_one_the_widest() -> None:
    inside = "".join(
        f'<media:content url="/p.jpg?width={width}" medium="image" width="{width}"/>'
        for width in (140, 700, 460)
    )
    assert paths(of_rss(inside)) == ["p.jpg?width=700"]
    different = "".join(f'<media:content url="/p?id={id}" medium="image"/>' for id in (1, 2))
    assert paths(of_rss(different)) == ["p?id=1", "p?id=2"]


def test_without_attachments_those_of_the_text_are_taken() -> None:
    inside = """<media:thumbnail url="/small.jpg"/><content:encoded><![CDATA[
      <p><img src="a.jpg"><img src="/smile.png" width="16"><img src="data:image/png;base64,x">
      <img src="/b.jpg" width="640px" height="480"><img alt="none"><img src="a.jpg"></p>
      ]]></content:encoded>"""
    assert paths(of_rss(inside)) == ["feed/a.jpg", "b.jpg"]


def test_a_thumbnail_is_better_than_none() -> None:
    inside = '<media:thumbnail url="/small.jpg"/><media:thumbnail url="/other.jpg"/>'
    assert paths(of_rss(inside)) == ["small.jpg"]
    assert of_rss("<description>words</description>") == []


def test_a_json_feed_has_an_image_attachments_and_a_text() -> None:
    item = {
        "id": "1",
        "title": "T",
        "image": "/i.jpg",
        "attachments": [
            {"url": "/a.png", "mime_type": "image/png"},
            {"url": "/a.mp3", "mime_type": "audio/mpeg"},
            "nonsense",
        ],
        "content_html": '<img src="/c.jpg">',
    }
    for left_out, expected in (
        ((), ["i.jpg", "a.png"]),
        (("image", "attachments"), ["c.jpg"]),
        (("image", "attachments", "content_html"), []),
    ):
        kept = {key: value for key, value in item.items() if key not in left_out}
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [kept]}
        assert paths(of_feed(json.dumps(feed).encode())) == expected


def test_there_are_ten_at_most() -> None:
    html = "".join(f'<img src="/{number}.jpg">' for number in range(30))
    assert len(in_html(html, URL)) == 10
