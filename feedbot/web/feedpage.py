"""A feed as a page to read, for those who open it in a browser."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from feedbot.render.document import Article, Document, runs_right_to_left
from feedbot.render.language import date_text

_WORDS = {
    "en": {
        "what": "This is a feed. Paste its address into a feed reader to be told of what is new:",
        "formats": "What it looks like inside:",
        "list": "all feeds",
        "page": "The page it is made from",
        "older": "Older entries",
        "newer": "Newer entries",
        "current": "The newest entries",
        "none": "There are no entries yet.",
        "changed": "changed",
    },
    "ru": {
        "what": "Это лента новостей. Вставьте её адрес в программу для чтения лент:",
        "formats": "Как она выглядит внутри:",
        "list": "все ленты",
        "page": "Страница, из которой она сделана",
        "older": "Более старые записи",
        "newer": "Более новые записи",
        "current": "Последние записи",
        "none": "Записей пока нет.",
        "changed": "изменено",
    },
}
_FORMATS = (
    ("atom", ("Atom", "application/atom+xml")),
    ("rss", ("RSS", "application/rss+xml")),
    ("json", ("JSON Feed", "application/feed+json")),
)
_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("feed.html")


def render_page(document: Document, ending: str) -> bytes:
    """The page of a document, opened by its address with this ending. Links are relative."""
    place = document.place
    language = document.language if document.language in _WORDS else "en"
    up = "../" * place.name.count("/")
    return _TEMPLATE.render(
        document=document,
        words=_WORDS[language or "en"],
        language=language,
        address=place.url(place.name, ending),
        formats=[(title, kind, f"{up}{place.name}.{end}") for end, (title, kind) in _FORMATS],
        home=f"{up}../",
        links={
            "older": place.prev and f"{up}{place.prev}.{ending}",
            "newer": place.next and f"{up}{place.next}.{ending}",
            "current": place.current and f"{up}{place.current}.{ending}",
        },
        articles=[_shown(article, language or "en") for article in document.articles],
    ).encode()


def _shown(article: Article, language: str) -> dict[str, object]:
    """What the page shows of an entry: its summary; the whole text is the feed's."""
    parts = article.text.split("\n\n") if article.text else []
    rtl = runs_right_to_left(f"{article.title} {article.text[:500]}")
    return {
        "title": article.title,
        "link": article.link,
        "published": date_text(article.published, language),
        "datetime": article.published.isoformat(),
        "changed": date_text(article.updated, language) if article.changed else "",
        "paragraphs": [Markup("<br>").join(part.split("\n")) for part in parts],
        "direction": "rtl" if rtl else "auto",
        "source": article.origin.title if article.origin else "",
        "categories": article.categories,
    }
