"""A document in every format, by path."""

from __future__ import annotations

import asyncio

from feedbot.render import atom, jsonfeed, rss
from feedbot.render.document import Document

#: What every feed is written in; the first is what its file is called after.
ENDINGS = (atom.ENDING, rss.ENDING, jsonfeed.ENDING)
#: How feeds look when they are opened as files.
STYLE = "feed.css"
DAY = 86_400  # seconds


async def rendered(document: Document) -> dict[str, bytes]:
    """A document in every format, made off the event loop."""
    return await asyncio.to_thread(render, document)


def render(document: Document) -> dict[str, bytes]:
    """A document in every format."""
    name = document.place.name
    style = "../" * name.count("/") + STYLE
    return {
        f"{name}.{atom.ENDING}": atom.render_atom(document, style),
        f"{name}.{rss.ENDING}": rss.render_rss(document, style),
        f"{name}.{jsonfeed.ENDING}": jsonfeed.render_json(document),
    }
