"""A list of feeds as OPML 2.0 (http://opml.org/spec2.opml), to be taken up by a reader at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from feedbot.render.document import plain_title

CONTENT_TYPE = "text/x-opml; charset=utf-8"
ENDING = "opml"


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed: its title, its URL, and the page it was made from."""

    title: str
    url: str
    page: str | None = None


def render_opml(title: str, feeds: Sequence[Outline]) -> bytes:
    """The list as UTF-8 bytes, in the order given."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = plain_title(title)
    body = etree.SubElement(root, "body")
    for feed in feeds:
        name = plain_title(feed.title) or feed.url
        line = etree.SubElement(body, "outline", type="rss", text=name, title=name, xmlUrl=feed.url)
        if feed.page:
            line.set("htmlUrl", feed.page)
    return bytes(etree.tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True))
