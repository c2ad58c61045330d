"""Texts of others as the pages show them: nothing runs, nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import unescape

import nh3
from markupsafe import Markup, escape

from feedbot.render.body import text_of
from feedbot.render.document import runs_right_to_left
from feedbot.render.text import clip, paragraphs, safe_url

WEB = frozenset({"http", "https"})
_MAIL = frozenset({"mailto"})
_TAGS = set(
    "a abbr b blockquote br caption cite code dd del dfn div dl dt em figcaption figure h1 h2 h3 h4"
    " h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table"
    " tbody td tfoot th thead tr u ul var".split()
)
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
#: nh3 writes every attribute in double quotes.
_LINK = re.compile(r'<a\b(?:\s+[\w-]+="[^"]*")*\s*>.*?</a>', re.DOTALL)
_IMAGE = re.compile(r'<img\b((?:\s+[\w-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'(?<![\w-])([\w-]++)="([^"]*)"')
_HEADING = re.compile(r"<(/?)h[1-6]>")
#: A stretch of more words than this is shown as taken out and put in, not compared by the word.
_LONGEST = 1_500
_SAMPLE = 2_000


def show_html(html: str, picture: str) -> Markup:
    """The whole text of an entry; its images become links, named `picture` if by nothing else.

    Its headings stand below that of the page.
    """
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_checked,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    clean = _LINK.sub(lambda found: _unnested(found[0], picture), clean)
    clean = _IMAGE.sub(lambda found: _picture_link(found[1], picture), clean)
    return Markup(_HEADING.sub(r"<\1h3>", clean))  # cleaned by nh3 just above


def _checked(tag: str, name: str, value: str) -> str | None:
    if name in ("href", "src"):
        return safe_url(value, WEB) or (value if value.startswith("mailto:") else None)
    return value


def _unnested(link: str, picture: str) -> str:
    """A link around an image shows the image's name: links do not stand in links."""
    return _IMAGE.sub(lambda found: str(_alt(found[1]) or escape(picture)), link)


def _picture_link(attributes: str, picture: str) -> str:
    found = dict(_ATTRIBUTE.findall(attributes))
    if "src" not in found:
        return ""
    name = _alt(attributes) or escape(picture)
    return f'<a class="picture" rel="noopener noreferrer nofollow" href="{found["src"]}">{name}</a>'


def _alt(attributes: str) -> Markup:
    return escape(unescape(dict(_ATTRIBUTE.findall(attributes)).get("alt", "")).strip())


def show_paragraphs(text: str, limit: int | None = None) -> list[Markup]:
    """Plain text as paragraphs, its line breaks kept; shortened to `limit` UTF-16 units."""
    parts = paragraphs(text if limit is None else clip(text, limit))
    return [Markup("<br>").join(part.split("\n")) for part in parts]


def direction(*texts: str) -> str:
    """Which way texts run, as the attribute `dir` says it."""
    return "rtl" if runs_right_to_left(" ".join(text[:_SAMPLE] for text in texts)) else "auto"


def whole_text(summary: str, content: str | None) -> list[str]:
    """What an entry says, as lines of plain text, to be compared."""
    text = text_of(content) if content else summary
    return [line for line in text.split("\n") if line.strip()]


def difference(before: Sequence[str], after: Sequence[str]) -> list[Markup]:
    """What was changed in lines, word by word; lines that stayed are left out."""
    shown: list[Markup] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            words = _words(" ".join(before[a:b]).split(), " ".join(after[c:d]).split())
            shown.append(Markup(" ").join(words))
    return shown


def _words(before: Sequence[str], after: Sequence[str]) -> Iterator[Markup]:
    if max(len(before), len(after)) > _LONGEST:
        opcodes = [("replace", 0, len(before), 0, len(after))]
    else:
        opcodes = list(SequenceMatcher(None, before, after, autojunk=False).get_opcodes())
    for kind, a, b, c, d in opcodes:
        if kind == "equal":
            yield escape(" ".join(after[c:d]))
            continue
        if b > a:
            yield Markup("<del>{}</del>").format(" ".join(before[a:b]))
        if d > c:
            yield Markup("<ins>{}</ins>").format(" ".join(after[c:d]))
