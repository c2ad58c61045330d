"""Pages that come in place of a list, in several languages, and lists that only look like them."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.source.page import parse_page
from feedbot.source.pagekind import PageKind, recognise
from feedbot.source.text import decode
from tests.corpus import corpus

URL = "https://press.example.org/news/"
PAGES = sorted((Path(__file__).parent / "data" / "pages").glob("*.html"))
BUNDLE = "<script src=/static/main.8f2c.js></script><script>window.__STATE__={" + "a" * 900
MENU = "<nav>" + "".join(f"<a href=/{n}>Section {n}</a>" for n in range(8)) + "</nav>"


def page(title: str, body: str, head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def seen(html: str, status: int | None = None, rows: int = 0) -> PageKind | None:
    return recognise(parse_page(html, URL), status, rows=rows)


SCRIPTED = {
    "an empty root": page("Press office", f"<div id=root></div>{BUNDLE}</script>"),
    "an empty root and a menu": page("Press", f"{MENU}<div id=app> </div>{BUNDLE}</script>"),
    "noscript": page(
        "Presse", f"<noscript>Bitte aktivieren Sie JavaScript.</noscript>{BUNDLE}</script>"
    ),
    "a component": page("Новости", f"<press-root></press-root>{BUNDLE}</script>"),
    "loading": page("新闻", f"<main>加载中</main>{BUNDLE}</script>"),
    "needs it": page(
        "News", f"<p>You need to enable JavaScript to run this app.</p>{BUNDLE}</script>"
    ),
}
CHALLENGES = {
    "a moment": page(
        "Just a moment...",
        "<h1>press.example.org</h1><p>Verify you are human by completing the action below.</p>"
        "<script src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script>",
    ),
    "a frame": page(
        "press.example.org",
        "<p id=cmsg>Please enable JS and disable any ad blocker</p>"
        "<script>var dd={'host':'geo.captcha-delivery.com'}</script>"
        "<script src=https://ct.captcha-delivery.com/c.js></script>",
    ),
    "a form": page(
        "Вы не робот?",
        "<form action=/showcaptcha><p>Подтвердите, что запросы отправляли вы, а не робот</p>"
        "<div class=smartcaptcha></div></form>",
    ),
    "a check": page(
        "Sicherheitsüberprüfung",
        "<p>Einen Moment, bitte.</p><div class=h-captcha></div>",
        "<meta http-equiv=refresh content=5>",
    ),
}
BLOCKS = {
    "denied": page("Access Denied", "<h1>Access Denied</h1><p>Reference #18.2d35</p>"),
    "запрещён": page("403", "<h1>Доступ запрещён</h1><p>Ваш адрес заблокирован.</p>"),
    "refusé": page("Erreur", "<h1>Accès refusé</h1><p>Contactez l'administrateur.</p>"),
    "拒绝": page("拒绝访问", "<p>您没有权限</p>"),
    "too many": page("Too many requests", "<p>Try again later.</p>"),
}
LOGINS = {
    "log in": page("Log in", "<form><input name=user><input type=password></form>"),
    "вход": page("Вход", f"{MENU}<h1>Войдите, чтобы продолжить</h1><input><input type=password>"),
    "anmelden": page("Portal", "<h1>Anmelden</h1><form><input type=email><input type=password>"),
    "登录": page("登录", "<form><input name=u><input type=password></form>"),
}
CONSENTS = {
    "before": page(
        "Before you continue",
        "<div class=consent><h1>Before you continue</h1><p>We use cookies and data.</p>"
        "<form action=/consent/save><button>Accept all</button></form></div>",
    ),
    "zustimmen": page(
        "Zustimmung",
        "<div id=cmp-wall><p>Mit Ihrer Einwilligung verwenden wir Cookies.</p>"
        "<button>Akzeptieren</button></div>",
    ),
    "accepter": page(
        "Votre consentement",
        "<section class=gdpr><p>Nous utilisons des cookies.</p><button>Accepter</button></section>",
    ),
}
OTHERS = {
    PageKind.MAINTENANCE: {
        "maintenance": page("Site maintenance", "<p>We will be back soon.</p>"),
        "работы": page("Сайт", "<h1>Ведутся технические работы</h1><p>Зайдите позже.</p>"),
        "wartung": page("Wartungsarbeiten", "<p>Die Seite ist vorübergehend nicht da.</p>"),
    },
    PageKind.PARKED: {
        "for sale": page(
            "example.org",
            "<h1>This domain is for sale</h1><script src=//sedoparking.com/x.js></script>",
        ),
        "домен": page("Домен продаётся", "<p>Купить этот домен</p>"),
        "default": page("Welcome to nginx!", "<p>If you see this page, it works.</p>"),
    },
    PageKind.MISSING: {
        "404": page("404", "<h1>Page not found</h1>" + MENU),
        "страница": page("Ошибка", "<h1>Страница не найдена</h1>"),
        "introuvable": page("Page introuvable", "<p>Retour à l'accueil</p>"),
    },
    PageKind.EMPTY: {
        "results": page("Opinions", f"{MENU}<h1>Opinions</h1><p>No results were found.</p>"),
        "ничего": page("Поиск", f"{MENU}<p>Ничего не найдено</p>"),
        "keine": page("Suche", f"{MENU}<h1>Suche</h1><p>Keine Treffer</p>"),
    },
}
CASES = {
    PageKind.SCRIPT: SCRIPTED,
    PageKind.CHALLENGE: CHALLENGES,
    PageKind.BLOCKED: BLOCKS,
    PageKind.LOGIN: LOGINS,
    PageKind.CONSENT: CONSENTS,
    **OTHERS,
}


@pytest.mark.parametrize(
    ("kind", "html"),
    [
        pytest.param(kind, html, id=f"{kind.name}: {name}")
        for kind, pages in CASES.items()
        for name, html in pages.items()
    ],
)
def test_what_comes_in_place_of_a_list_is_named(kind: PageKind, html: str) -> None:
    assert seen(html) is kind


def rows(*titles: str) -> str:
    """A plain list, two weeks of what a press office writes about."""
    said = [*titles, "The ambassador spoke", "A reception was held", "On the new treaty"] * 3
    return "<ul>" + "".join(
        f"<li><b>{n}.05.2020</b> <a href=/news/{n}>{title}</a> <p>{'What was said. ' * 8}</p></li>"
        for n, title in enumerate(said, 1)
    )


ORDINARY = {
    "a list about what blocks": page(
        "News", rows("Access denied to the embassy", "Not a robot", "404 years on", "Maintenance")
    ),
    "a log-in in the header": page(
        "News", "<form>Log in <input><input type=password></form>" + rows("Opening hours")
    ),
    "a cookie banner": page(
        "News",
        rows("A visit")
        + "<div class=cookie-banner>We use cookies. <button>Accept all</button></div>",
    ),
    "a captcha beside a form": page(
        "News", rows("A visit") + "<form><div class=g-recaptcha></div><input></form>"
    ),
    "much script": page(
        "News", f"<div id=root>{rows('A visit')}</div>" + BUNDLE * 20 + "</script>"
    ),
    "noscript": page(
        "News", rows("A visit") + "<noscript>Please enable JavaScript</noscript><script src=/a.js>"
    ),
    "a short list": page(
        "News", "<ul><li><a href=/1>A visit</a> 1.5.2020<li><a href=/2>A talk</a> 2.5.2020</ul>"
    ),
    "a short list with a script": page(
        "News",
        "<ul><li><a href=/1>A visit</a> 1.5.2020<li><a href=/2>A talk</a> 2.5.2020"
        "<li><a href=/3>A treaty</a><li><a href=/4>The flag</a></ul><script src=/a.js></script>",
    ),
}


@pytest.mark.parametrize("html", ORDINARY.values(), ids=ORDINARY)
@pytest.mark.parametrize("found", [0, 3])
def test_an_ordinary_list_is_nothing_else(html: str, found: int) -> None:
    assert seen(html, rows=found) is None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_sample_pages_are_lists(path: Path) -> None:
    assert seen(decode(path.read_bytes(), "text/html")) is None


@pytest.mark.parametrize("name", [name for name, page in corpus().items() if page.kind])
def test_pages_of_the_corpus_without_a_list_are_named(name: str) -> None:
    page = corpus()[name]
    named = recognise(parse_page(page.text, page.base_url))
    assert (named.name.lower() if named else None) == (
        None if page.kind in ("article", "contact") else page.kind
    )


@pytest.mark.parametrize("name", [name for name, page in corpus().items() if not page.kind])
def test_no_list_of_the_corpus_is_refused(name: str) -> None:
    page = corpus()[name]
    parsed = parse_page(page.text, page.base_url)
    assert (recognise(parsed), recognise(parsed, rows=3)) == (None, None)


def test_rows_on_a_block_page_are_doubted_and_a_script_page_with_rows_is_none() -> None:
    assert seen(BLOCKS["denied"], rows=3) is PageKind.BLOCKED
    assert seen(SCRIPTED["an empty root"], rows=3) is None
    assert seen(OTHERS[PageKind.EMPTY]["results"], rows=3) is None


@pytest.mark.parametrize(
    "html",
    [
        f"<title>{'we use ' * 150_000}</title>",
        f"<title>{'доступ к ' * 50_000}</title>",
        "<noscript>enable " * 20_000,
        "<div id=app>" * 20_000,
        "<input type=password>" * 20_000,
    ],
    ids=["title", "another title", "noscript", "roots", "fields"],
)
def test_a_page_of_one_thing_takes_no_time(html: str) -> None:
    parsed = parse_page(html, URL)
    began = process_time()
    recognise(parsed)
    assert process_time() - began < 2


def test_the_status_counts_as_one_signal_more() -> None:
    html = page("press.example.org", MENU + "<p>Access to this page is denied</p>" + MENU * 2)
    assert (seen(html), seen(html, 403)) == (PageKind.BLOCKED, PageKind.BLOCKED)
    long = page("Press", "<p>Access denied.</p>" + "<p>Words and words.</p>" * 100)
    assert (seen(long), seen(long, 200), seen(long, 403)) == (None, None, PageKind.BLOCKED)


def test_each_kind_says_in_one_line_what_helps() -> None:
    for kind in PageKind:
        assert "\n" not in kind
        assert kind.startswith("this ")


@settings(deadline=None)
@given(st.text())
def test_no_page_is_too_strange(text: str) -> None:
    try:
        parsed = parse_page(f"<title>{text}</title><div id=app>{text}", URL)
    except ParseError:
        return
    assert recognise(parsed) in (None, *PageKind)
