"""Pages that come in place of a list: what they are, and what helps.

Each kind is told by several weak signals that add up, never by one site's words: how much text
there is beside how much script, an empty root element, a password field, what the title says in
several languages. An ordinary list must never be refused, so a page with much text and many links
needs far more than a word.

The signals of a page are gathered once (`Signals`); each kind is a sum over them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from urllib.parse import urlsplit

from feedbot.source import pagewords
from feedbot.source.page import Element, Page, absolute, is_link, text_of
from feedbot.source.tidy import one_line


class PageKind(StrEnum):
    """What a page is that has no list; the value is one line for the operator, with what helps."""

    CHALLENGE = (
        "this page checks whether a browser is looking (a challenge or a captcha): ask the site's"
        " owner to let feedbot in, or watch its feed"
    )
    BLOCKED = (
        "this page says that access is denied: poll less often, name yourself in http.contact, or"
        " ask the site's owner"
    )
    LOGIN = (
        "this page asks to log in: give the source `cookies` or `auth`, or watch a page that is"
        " open to all"
    )
    CONSENT = (
        "this page asks for consent to cookies and shows nothing else: give the source the cookie"
        " that a browser has after the answer"
    )
    SCRIPT = (
        "this page is filled in by a script: watch its feed, the JSON that the script loads"
        ' (kind = "json"), or set render = true'
    )
    MAINTENANCE = "this page says that the site is being maintained: it will be tried again"
    PARKED = "this domain is parked or for sale: the site has gone, look for where it moved"
    MISSING = "this page says that there is no such page: look for where it moved"
    EMPTY = "this page says that nothing was found: a filter in its URL may be too narrow"


@dataclass(frozen=True, slots=True)
class Signals:
    """What is counted on a page.

    text:     characters a visitor reads, those of `<noscript>` apart
    said:     title, headings and the first words, in lower case
    title:    the title alone, in lower case
    links:    links with words that lead to other pages of any site
    scripts:  characters of inline scripts, and 2,000 for each that is loaded
    roots:    elements that a script fills, and which are empty
    """

    text: int
    said: str
    title: str
    noscript: str
    links: int
    scripts: int
    roots: int
    passwords: int
    fields: int
    refreshes: bool
    challenge: int
    consent: int
    parked: int
    status: int | None


_SAID = 1_500  # characters of a page's text in which it says what it is
_TITLE = 300
_ROOTS = 8  # elements called like a script's root that are looked into; they can be nested
_LOADED = 2_000
_SHORT = 1_200  # characters of text of a page that has nothing but its message
_FEW_LINKS = 12
_SURE = 4  # points
_DOUBT = 5  # where there are rows
_ROWLESS = (PageKind.SCRIPT, PageKind.EMPTY)

_ROOT_NAMES = re.compile(
    r"^(?:app|root|main-?app|__next|__nuxt|___gatsby|svelte|ember-app|react-?(?:root|app|view)"
    r"|vue-?app|application|app-?root|page-?root|mount|spa)$",
    re.I,
)
_ROOT_TAGS = re.compile(r"^(?:app|[a-z]{1,20}-(?:app|root)|router-outlet)$")
# Files, fields and frames of the common challenges: they name a mechanism, not a site.
_CHALLENGE_PARTS = re.compile(
    r"cdn-cgi/challenge|challenge-platform|__cf_chl|cf-turnstile|g-recaptcha|recaptcha/api"
    r"|h-captcha|hcaptcha\.com|captcha-delivery|datadome|px-captcha|_pxappid|perimeterx|_incapsula_"
    r"|smartcaptcha|showcaptcha|geo\.captcha|awswaf|ddos-guard|/sgcaptcha|arkoselabs|friendlycaptcha",
    re.I,
)
_CONSENT_PARTS = re.compile(
    r"consent|cookie-?(?:wall|banner|notice|policy|law)|gdpr|onetrust|didomi|usercentrics"
    r"|sp_message|quantcast|cmp-?(?:wall|container|ui)|cookiebot",
    re.I,
)
_PARKED_PARTS = re.compile(
    r"sedoparking|parkingcrew|bodis\.com|domain_?park|parklogic|afternic|hugedomains|/parking[/.]"
    r"|dan\.com/|domain-?for-?sale|above\.com/marketplace",
    re.I,
)


def recognise(page: Page, status: int | None = None, *, rows: int = 0) -> PageKind | None:
    """What `page` is in place of a list, None where nothing says that it is anything else.

    status: of the HTTP answer, where it is known
    rows:   how many were found; it takes more to doubt them, and some kinds cannot have any
    """
    if rows >= _FEW_LINKS:
        return None
    signals = gather(page, status)
    scored = [
        (points(signals), kind) for points, kind in _POINTS if not rows or kind not in _ROWLESS
    ]
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] >= (_DOUBT if rows else _SURE) else None


def gather(page: Page, status: int | None = None) -> Signals:
    """Count the signals of a page."""
    root = page.root
    body = root.find(".//body")
    text = one_line(text_of(body if body is not None else root))
    headings = " ".join(
        one_line(text_of(element)) for element in root.iter("h1", "h2") if _is_short(element)
    )
    title = (page.title or "")[:_TITLE].lower()
    inputs = [(element.get("type") or "text").lower() for element in root.iter("input")]
    parts = _parts(root)
    return Signals(
        text=len(text),
        said=f"{title} \n {headings[:_SAID]} \n {text[:_SAID]}".lower(),
        title=title,
        noscript=_noscript(root),
        links=_links(root, page.base),
        scripts=sum(
            len(element.text or "") + _LOADED * bool(element.get("src"))
            for element in root.iter("script")
        ),
        roots=sum(map(_is_empty, islice(filter(_is_root, root.iter()), _ROOTS))),
        passwords=inputs.count("password"),
        fields=sum(kind in ("text", "email", "tel", "password") for kind in inputs),
        refreshes=any(
            (element.get("http-equiv") or "").lower() == "refresh" for element in root.iter("meta")
        ),
        challenge=len(set(map(str.lower, _CHALLENGE_PARTS.findall(parts)))),
        consent=len(set(map(str.lower, _CONSENT_PARTS.findall(parts)))),
        parked=len(set(map(str.lower, _PARKED_PARTS.findall(parts)))),
        status=status,
    )


def _is_short(heading: Element) -> bool:
    return len(heading) < 20


def _parts(root: Element) -> str:
    """Names and addresses of what a page is made of, and its inline scripts as far as they tell."""
    found: list[str] = []
    for element in root.iter("script", "iframe", "form", "div", "section", "img", "link", "dialog"):
        for name in ("src", "href", "action", "id", "class"):
            value = element.get(name)
            if value:
                found.append(value[:300])
        if element.tag == "script" and element.text:
            found.append(element.text[:_LOADED])
    return "\n".join(found)


def _links(root: Element, base: str) -> int:
    """Different places that named links lead to."""
    found = set()
    for element in root.iter("a"):
        if is_link(element):
            link = absolute(element.get("href"), base)
            if link is not None and urlsplit(link).path != urlsplit(base).path:
                found.add(link)
    return len(found)


def _noscript(root: Element) -> str:
    """What those are told, in the beginning, whose browser runs no script."""
    found = islice(root.iter("noscript"), _ROOTS)
    return " ".join("".join(element.itertext())[:_SAID] for element in found).lower()


def _is_root(element: Element) -> bool:
    """Whether it is called like an element that a script is to fill."""
    tag = element.tag
    if not isinstance(tag, str):
        return False
    named = _ROOT_NAMES.match(element.get("id") or "") or _ROOT_TAGS.match(tag)
    keys = element.keys()
    return bool(named) or any(key in keys for key in ("ng-app", "ng-version", "data-reactroot"))


def _is_empty(element: Element) -> bool:
    """Whether it has next to no text."""
    return len(one_line(text_of(element))) < 200


# --- the kinds: points for each signal; four are enough ------------------------------------------


def _bare(signals: Signals) -> int:
    """Points of a page that has little but a message; much text and many links count against."""
    if signals.text > 3 * _SHORT or signals.links > 4 * _FEW_LINKS:
        return -3
    return int(signals.text < _SHORT) + int(signals.links < _FEW_LINKS)


def _said(pattern: re.Pattern[str], signals: Signals) -> int:
    """Points for words of a kind: in the title they are surer than in the text."""
    if pattern.search(signals.title):
        return 3
    return 2 if pattern.search(signals.said) else 0


def _challenge(signals: Signals) -> int:
    said = _said(pagewords.CHALLENGE, signals)
    if not signals.challenge and not said:
        return 0
    bare = _bare(signals)
    refused = signals.status in (403, 429, 503)
    return said + min(signals.challenge, 2) + bare + refused + (bare == 2 and signals.refreshes)


def _blocked(signals: Signals) -> int:
    said = _said(pagewords.BLOCKED, signals)
    return said and said + _bare(signals) + (signals.status in (401, 403, 429, 451))


def _login(signals: Signals) -> int:
    """A log-in page has a password field; so has many a page's header, with all else beside it."""
    said = _said(pagewords.LOGIN, signals)
    if not signals.passwords:
        return said and said + _bare(signals) + 2 * (signals.status == 401) - 2
    return said + _bare(signals) + 1


def _consent(signals: Signals) -> int:
    said = _said(pagewords.CONSENT, signals)
    if not said or signals.links > 2 * _FEW_LINKS:
        return 0
    # "We use cookies" stands on every page: alone it is nothing, however short the page.
    return said + min(signals.consent, 2) + _bare(signals) - 1


def _script(signals: Signals) -> int:
    """Next to no text or links, and scripts that would make some."""
    if signals.text > _SHORT or signals.links >= _FEW_LINKS or not signals.scripts:
        return 0
    points = 2 * min(signals.roots, 1) + (signals.scripts > 5 * signals.text) + (signals.text < 300)
    asks = pagewords.SCRIPT.search(signals.noscript) or pagewords.SCRIPT.search(signals.said)
    return (
        points
        + (signals.links < 4)
        + (2 if asks else 0)
        + bool(pagewords.LOADING.search(signals.said))
    )


def _maintenance(signals: Signals) -> int:
    said = _said(pagewords.MAINTENANCE, signals)
    return said and said + _bare(signals) + (signals.status == 503)


def _parked(signals: Signals) -> int:
    said = _said(pagewords.PARKED, signals)
    return (said or signals.parked) and said + 2 * min(signals.parked, 1) + _bare(signals)


def _missing(signals: Signals) -> int:
    said = _said(pagewords.MISSING, signals)
    return said and said + _bare(signals) + 2 * (signals.status in (404, 410))


def _empty(signals: Signals) -> int:
    """Said in so many words, whatever menus stand around it; asked only where there are no rows."""
    said = _said(pagewords.EMPTY, signals)
    return said and said + (signals.text < 3 * _SHORT) + (signals.text < _SHORT)


#: In the order of trust where two have the same points.
_POINTS: tuple[tuple[Callable[[Signals], int], PageKind], ...] = (
    (_challenge, PageKind.CHALLENGE),
    (_blocked, PageKind.BLOCKED),
    (_login, PageKind.LOGIN),
    (_maintenance, PageKind.MAINTENANCE),
    (_missing, PageKind.MISSING),
    (_parked, PageKind.PARKED),
    (_consent, PageKind.CONSENT),
    (_script, PageKind.SCRIPT),
    (_empty, PageKind.EMPTY),
)
