"""Messages made from hostile HTML, read by Telegram's own parser: none refused, cut or changed.

    python -m benchmarks.messages [--messages 10000] [--seed N] [LISTINGS]

Articles come as a JSON feed would bring them. Their titles and HTML are hypothesis' worst
(tests.hostile), and pieces cut at random from the pages in LISTINGS (../shared/listings where it is
there), within tags too. Each is told as title, summary and full text, as a message (4096) and as a
caption (1024), shortened and in parts. tdjson's `td_execute` says what Telegram would make of each;
what it shows must be the title, the date, and the text as far as there is room, in parts all of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, seed, settings

from feedbot.model import Item
from feedbot.render.body import from_html
from feedbot.render.language import date_text
from feedbot.render.message import NewsView, render_news, render_parts
from feedbot.render.split import MAX_PARTS
from feedbot.render.telegram_html import visible_text
from feedbot.render.text import ELLIPSIS, clean, is_blank, one_line, paragraphs, utf16_len
from feedbot.source.feed import read_feed
from tests.hostile import PIECES, TEXTS
from tests.telegram_parser import TelegramRefusal, parse_html
from tests.test_render_body import HTML, letters

_LISTINGS = Path(__file__).parents[2] / "shared/listings"
_LINK = "https://press.example.org/article/1"
_SOURCE = "Press"
_DAY = date(2020, 5, 27)
_LIMITS = (1024, 4096)
_LONGEST = 30_000  # signs cut from a page at once


@dataclass
class Judged:
    """How many messages were read, and what was wrong with which, by kind."""

    messages: int = 0
    found: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def note(self, kind: str, html: str) -> None:
        """Something is wrong with a message."""
        self.found[kind] += 1
        if len(self.examples) < 5:
            self.examples.append(f"{kind}: {html[:300]!r}")


def item_of(title: str, html: str) -> Item | None:
    """The article as a poll reads it; None where the feed has none."""
    article = {"id": "1", "url": _LINK, "title": title, "content_html": html}
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": _SOURCE, "items": [article]}
    body = json.dumps(feed).encode()
    found = read_feed(body, "application/feed+json", url=_LINK, zone=ZoneInfo("UTC"))
    return found.items[0] if found.items else None


def judge(item: Item, judged: Judged) -> None:
    """Make every form of the article, and let Telegram's parser read it."""
    for amount in ("title", "summary", "full"):
        view = NewsView(
            item.title,
            item.link,
            _DAY,
            summary="" if amount == "title" else item.summary,
            body=from_html(item.content or "") if amount == "full" else "",
            sources=(_SOURCE,),
        )
        for limit in _LIMITS:
            _judge(view, [render_news(view, limit=limit)], limit, judged)
            _judge(view, render_parts(view, limit=limit), limit, judged)


def _judge(view: NewsView, parts: list[str], limit: int, judged: Judged) -> None:
    shown: list[str] = []
    for number, html in enumerate(parts, 1):
        judged.messages += 1
        try:
            text, entities = parse_html(html)
        except TelegramRefusal as refusal:
            judged.note(f"refused ({refusal})", html)
            return
        if utf16_len(text) > limit or len(entities) > 100:
            judged.note("too long", html)
        count = f"\n\n({number}/{len(parts)})" if len(parts) > 1 else ""
        if not text.endswith(count):
            judged.note("not counted", html)
        shown.append(text.removesuffix(count))
    if wrong := _misread(view, "\n\n".join(shown), whole=1 < len(parts) < MAX_PARTS):
        judged.note(wrong, parts[0])


def _misread(view: NewsView, shown: str, *, whole: bool) -> str | None:
    """What is not the article's in what is shown; whole: nothing of it may be missing."""
    head, _, rest = shown.partition("\n\n")
    title, _, day = head.rpartition("\n")
    told, wanted = letters(title), letters(one_line(view.title))
    blank = is_blank(one_line(view.title))
    if not _is_of(told, letters(_LINK) if blank else wanted):
        return "another title"
    if day != date_text(_DAY, view.language) or not rest.endswith(_SOURCE):
        return "date or source lost"
    body = letters(rest.removesuffix(_SOURCE))
    text = letters(clean(visible_text(clean(view.body))))
    if not text:
        text = letters("\n\n".join(paragraphs(view.summary)))
    if body == text or (not body and (is_blank(text) or text == wanted)):
        return None
    if whole and ELLIPSIS not in told:
        return "a part of the text lost"
    return None if _is_of(body, text) else "another text"


def _is_of(told: str, text: str) -> bool:
    """Whether `told` is `text`, or its beginning and an ellipsis."""
    return told == text or (
        told.endswith(ELLIPSIS) and text.startswith(told.removesuffix(ELLIPSIS))
    )


def hostile(judged: Judged, articles: int, number: int) -> None:
    """Articles made by hypothesis."""

    @seed(number)
    @settings(
        max_examples=articles, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(TEXTS, HTML, TEXTS)
    def each(title: str, html: str, text: str) -> None:
        if item := item_of(title, html + text):
            judge(item, judged)

    each()


def fragments(folder: Path, random: Random) -> Iterator[tuple[str, str]]:
    """Titles and HTML cut from the pages of a folder, without end, with odd pieces between."""
    pages = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.html"))]
    odd = [PIECES.example() for _ in range(200)] if pages else []
    while pages:
        yield _cut(random, pages, odd, 300), _cut(random, pages, odd, _LONGEST)


def _cut(random: Random, pages: list[str], odd: list[str], longest: int) -> str:
    made = ""
    for _ in range(random.randint(1, 4)):
        page = random.choice(pages)
        start = random.randrange(max(1, len(page)))
        made += page[start : start + int(longest ** random.random())] + random.choice(odd)
    return made


def main() -> int:
    """Judge, and print what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("listings", nargs="?", type=Path, default=_LISTINGS)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    judged = Judged()
    cut = fragments(options.listings, Random(options.seed))
    real = (item for title, html in cut if (item := item_of(title, html)))
    for item in real:
        judge(item, judged)
        if judged.messages >= options.messages // 2:
            break
    else:
        print(f"{options.listings}: no pages there; only made up articles are judged")
    from_pages = judged.messages
    number = options.seed
    while judged.messages < options.messages:
        hostile(judged, 50, number)
        number += 1
    print(f"{judged.messages} messages read, {from_pages} of them from pages: ", end="")
    print(", ".join(f"{kind}: {times}" for kind, times in judged.found.items()) or "nothing wrong")
    for example in judged.examples:
        print(f"    {example}")
    return 1 if judged.found else 0


if __name__ == "__main__":
    sys.exit(main())
