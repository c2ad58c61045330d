"""Pages of articles to their texts: the seed's whole, others without what is beside them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from feedbot.demo.site import PressSite, Theme, demo_events, render_page
from feedbot.errors import ParseError
from feedbot.source.article import MAX_CONTENT, Article, exact_time, not_a_page, read_article
from tests import hostile, seed

LONDON = ZoneInfo("Europe/London")
URL = "https://press.example/news/12"
TITLE = "The office has moved to another street"
TEXT = ("From Monday on the office is in another street.", "The telephone number stays.")
MENU = "<ul>" + "".join(f"<li><a href=/m{n}>Part {n} of the site</a>" for n in range(30)) + "</ul>"
TEASERS = "".join(
    f"<div><a href=/r{n}><b>Another thing that happened somewhere {n}</b></a>"
    f"<p>What it was about, in a sentence or so.</p></div>"
    for n in range(8)
)
COUNTER = "<div>815 days have passed since something happened that is of no concern here</div>"


def page(body: str, head: str = "", before: str = "") -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{TITLE} | Press</title>{head}</head><body>"
        f"<div id=a>{MENU}</div>{COUNTER}<div id=b><div id=c>{before}<h1>{TITLE}</h1>{body}</div>"
        f"<div id=d>{TEASERS}</div></div><div class=footer><p>All rights reserved.</p></div></body>"
    )


def read(
    text: str | bytes,
    *,
    title: str = TITLE,
    url: str = URL,
    link: str = URL,
    kind: str = "text/html",
) -> Article:
    body = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return read_article(body, kind, url=url, link=link, title=title, zone=LONDON)


def paragraphs(article: Article) -> list[str]:
    root = lxml_html.fromstring(f"<div>{article.content}</div>")
    return [" ".join(one.text_content().split()) for one in root.iter("p")]


# ---------------------------------------------------------------- the seed


@pytest.mark.parametrize("theme", Theme)
def test_the_seeds_article_comes_out_whole_and_nothing_else(theme: Theme) -> None:
    site = PressSite(theme=theme)
    body = render_page(site, "/article/433").body
    found = read(body, title=seed.ARTICLE.title, url="http://press.example/article/433",
                 link="http://press.example/article/433")  # fmt: skip
    assert paragraphs(found) == list(seed.ARTICLE.paragraphs)
    assert found.section == seed.ARTICLE.section
    whole = lxml_html.fromstring(found.content).text_content()
    assert "days have passed" not in whole
    assert "back to the front page" not in whole


def test_the_front_page_that_shows_it_among_other_things_gives_it_too() -> None:
    body = render_page(PressSite(), "/").body
    found = read(body, title=seed.ARTICLE.title)
    assert [one for one in paragraphs(found) if one in seed.ARTICLE.paragraphs] == list(
        seed.ARTICLE.paragraphs
    )
    assert "days have passed" not in found.content


def test_every_page_of_the_sample_site_gives_its_paragraphs() -> None:
    site = PressSite()
    for event in demo_events(date(2020, 5, 27)):
        event = site.publish(event)
        url = f"http://press.example{event.path}"
        found = read(render_page(site, event.path).body, title=event.title, url=url, link=url)
        assert paragraphs(found) == [one for one in (event.summary, *event.body) if one]


# ---------------------------------------------------------------- what is text, and what is beside


P = "".join(f"<p>{one}</p>" for one in TEXT)


@pytest.mark.parametrize(
    "body",
    [
        P,
        f"<div>{TEXT[0]}<br><br>{TEXT[1]}</div>",
        f"<div class=date>27.05.2020</div>{P}",
        f"<p><time datetime=2020-05-27>27 May</time></p><div>{P}</div>",
        f"<div class=share-buttons><a href=/x>Share</a> this</div>{P}",
        f"{P}<p><a href='/'>back to the front page</a></p>",
        f"{P}<nav><p>Next: something else entirely, to be read by everybody</p></nav>",
        f"{P}<ul><li><a href=/1>tag one</a><li><a href=/2>tag two</a><li><a href=/3>three</a></ul>",
        f"{P}<p style='display: none'>Hidden from all who look at this page.</p>",
        f"{P}<div class='related-posts'><p>Read also what happened on another day.</p></div>",
        f"<table><tr><td>{P}</td></tr></table>",
    ],
)
def test_a_short_notice_is_told_from_all_that_is_around_it(body: str) -> None:
    found = read(page(body))
    text = " ".join(lxml_html.fromstring(f"<div>{found.content}</div>").text_content().split())
    assert text.replace(" ", "") == "".join(TEXT).replace(" ", "")


def test_what_an_article_is_made_of_stays() -> None:
    body = (
        "<p>It has <a href='more.html'>a link</a>, <b>bold</b> and <i>slanted</i> words.</p>"
        "<h2>Part</h2><ul><li>one</li><li>two</li></ul><blockquote>Somebody said so.</blockquote>"
        "<table><tr><th>A</th><td>1</td></tr></table><p><img src=/i.jpg alt=picture></p>"
        "<figure><img data-src='//cdn.example/j.png' src='data:image/gif;base64,R0lGODlh'>"
        "<figcaption>What it shows</figcaption></figure><pre>a\n  b</pre>"
    )
    found = read(page(body))
    for part in (
        '<a href="https://press.example/news/more.html">a link</a>',
        "<h2>Part</h2>",
        "<li>two</li>",
        "<blockquote>Somebody said so.</blockquote>",
        "<th>A</th>",
        '<img src="https://press.example/i.jpg" alt="picture">',
        'src="https://cdn.example/j.png"',
        "What it shows",
        "<pre>a\n  b</pre>",
    ):
        assert part in found.content


def test_a_heading_apart_from_the_text_still_leads_to_it() -> None:
    long = "".join(
        f"<p>Paragraph {n} of the text, which goes on for quite a while.</p>" for n in range(9)
    )
    body = f"</div><div id=c2><p>By somebody</p></div><div id=c3>{long}"
    assert len([one for one in paragraphs(read(page(body))) if one.startswith("Paragraph")]) == 9


def test_without_a_heading_trafilatura_finds_the_text() -> None:
    long = "".join(
        f"<p>Paragraph {n} of the text, which goes on for quite a while.</p>" for n in range(9)
    )
    text = f"<html><title>{TITLE}</title><body><div>{MENU}</div><article>{long}</article></body>"
    assert len(paragraphs(read(text))) == 9


# ---------------------------------------------------------------- what a page says of itself

LD = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebSite", "name": "Press"},
        {
            "@type": ["NewsArticle"],
            "datePublished": "2020-05-27T09:30:00+01:00",
            "author": [{"@type": "Person", "name": "Ann Other"}, {"name": "Bob"}],
            "image": {"url": "/lead.jpg"},
            "articleSection": ["Notices", "All"],
        },
    ],
}


def test_json_ld_is_believed_first() -> None:
    script = f'<script type="application/ld+json">{json.dumps(LD)}</script>'
    meta = '<meta name=author content="Someone"><meta property=article:section content=Other>'
    found = read(page(P, head=meta + script))
    assert found.author == "Ann Other, Bob"
    assert found.image == "https://press.example/lead.jpg"
    assert found.published == datetime(2020, 5, 27, 8, 30, tzinfo=UTC)
    assert found.section == "Notices"


@pytest.mark.parametrize(
    ("head", "body", "published"),
    [
        ('<meta property="article:published_time" content="2020-05-27T08:30:00Z">', "", 8),
        ('<meta itemprop=datePublished content="2020-05-27T08:30">', "", 7),  # London's summer
        ("", '<time datetime="2020-05-27 08:30:00+02:00">today</time>', 6),
        ("", "<time datetime=2020-05-27>today</time>", None),
        ('<meta name=date content="yesterday">', "", None),
        ('<meta name=date content="9999-12-31T23:59:59-12:00">', "", None),
    ],
)
def test_the_time_of_publication_is_a_moment_or_none(
    head: str, body: str, published: int | None
) -> None:
    found = read(page(body + P, head=head)).published
    assert found == (published and datetime(2020, 5, 27, published, 30, tzinfo=UTC))


def test_meta_and_markup_name_author_image_and_section() -> None:
    head = '<meta property=og:image content="//cdn.example/a.jpg">'
    kicker = "<p class=rubric>CONSULAR NOTICES</p><span class=date>27.05.2020</span>"
    found = read(page(f"{P}<p>By <a rel=author href=/ann>Ann Other</a></p>", head, kicker))
    assert (found.author, found.image, found.section) == (
        "Ann Other",
        "https://cdn.example/a.jpg",
        "CONSULAR NOTICES",
    )


def test_an_authors_address_is_no_name_and_broken_json_is_passed_over() -> None:
    head = (
        '<script type="application/ld+json">{"@type": "Article", </script>'
        f'<script type="application/ld+json">{"[" * 5000}</script>'
        '<meta property="article:author" content="https://social.example/ann">'
    )
    assert read(page(P, head)).author is None


FOUND = datetime(2020, 5, 27, 22, 30, tzinfo=UTC)  # 23:30 in London


@pytest.mark.parametrize(
    ("found", "listed", "seen", "exact"),
    [
        (FOUND, date(2020, 5, 27), FOUND + timedelta(hours=1), True),
        (FOUND, None, FOUND + timedelta(hours=1), True),
        (FOUND, date(2020, 5, 28), FOUND + timedelta(days=2), False),  # another day
        (FOUND, datetime(2020, 5, 27, 9, tzinfo=UTC), FOUND, False),  # the list says it itself
        (FOUND, date(2020, 5, 27), FOUND - timedelta(hours=1), False),  # ahead
        (None, None, FOUND, False),
    ],
)
def test_a_page_makes_exact_what_the_list_leaves_open(
    found: datetime | None, listed: date | None, seen: datetime, exact: bool
) -> None:
    assert exact_time(found, listed, LONDON, seen) == (found if exact else None)


# ---------------------------------------------------------------- what is no article


@pytest.mark.parametrize(
    ("body", "url", "said"),
    [
        ("<h1>Sign in</h1><p>Please sign in to go on.</p>", "/account/login?to=x", "log-in page"),
        ("<p>Your name?</p><input type=password><p>Your name, please.</p>", "/x", "log-in page"),
        (f"<h2>News</h2>{TEASERS}<p>Welcome to our site.</p>", "/", "front page"),
        ("<h1>We use cookies</h1><p>Do you agree to all of them?</p>", "/choose", "another page"),
        ("<p>Members only.</p><form><input type=password></form>", "/news/12", "log-in page"),
        (f"<div id=app></div>{MENU}<script>render()</script>", "/news/12", "no text"),
        (f"<h1>{TITLE}</h1>{MENU}", "/news/12", "no text"),
    ],
)
def test_another_page_in_its_place_is_refused(body: str, url: str, said: str) -> None:
    text = f"<html><head><title>Site</title></head><body>{body}</body></html>"
    with pytest.raises(ParseError, match=said):
        read(text, url=f"https://press.example{url}")


def test_an_article_that_has_moved_is_read_where_it_is_now() -> None:
    assert paragraphs(read(page(P), url="https://www.press.example/2020/05/office-moved"))


@pytest.mark.parametrize("link", ["https://a.example/x.pdf", "https://a.example/X.DOCX?download=1"])
def test_files_are_told_by_their_names(link: str) -> None:
    assert not_a_page(link)


@pytest.mark.parametrize("link", [URL, "https://a.example/x.html", "https://a.example/a.b/c"])
def test_pages_are_not(link: str) -> None:
    assert not_a_page(link) is None


# ---------------------------------------------------------------- hostile, large, in any charset


@settings(max_examples=40, deadline=None)
@given(hostile.SHORT)
def test_nothing_that_runs_or_embeds_comes_through(line: str) -> None:
    bad = (
        "<script>alert(1)</script><p onclick=alert(1)>Text <a href='javascript:alert(1)'>here</a> "
        "<img src=x onerror=alert(1)> <iframe src=//evil.example></iframe><style>p{}</style>"
        "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg></p>"
    )
    content = read(page(f"{P}{bad}<p>{line}</p>")).content
    assert not re.search(
        r"(?i)<(script|iframe|style|svg|form|input|object)|\son\w+=|javascript:", content
    )


@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "word " * 200_000,
        "".join(
            f"<p>Paragraph {n} of very many, each with some words in it.</p>" for n in range(17_000)
        ),
        "<div>" * 30_000 + P,
        "<b><i>" * 15_000 + "x",
        "<table>" * 3_000 + P,
        "<a href=/x>y</a> " * 35_000,
        "<ul><li>" * 10_000 + P,
    ],
)
def test_a_page_of_a_megabyte_takes_bounded_time_and_room(body: str) -> None:
    began = perf_counter()
    try:
        content = read(page(body)).content
    except ParseError:
        content = ""
    assert perf_counter() - began < 30
    assert len(content) < MAX_CONTENT + 1000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.text(max_size=60))
def test_no_bytes_raise_anything_but_a_parse_error(body: bytes, title: str) -> None:
    text = page(P).encode()
    for soup in (body, b"<html>" + body, text[:700] + body + text[700:]):
        with suppress(ParseError):
            read(soup, title=title)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_russian_comes_through_in_any_charset(encoding: str) -> None:
    title = "Посольство переезжает на другую улицу"
    text = "С понедельника консульский отдел принимает посетителей по новому адресу."
    body = page(f"<p>{text}</p>").replace(TITLE, title).encode(encoding)
    kind = f"text/html; charset={encoding}"
    assert paragraphs(read(body, title=title, kind=kind)) == [text]


def test_trafilatura_is_not_imported_before_it_is_needed() -> None:
    script = (
        "import sys, feedbot.cli, feedbot.app, feedbot.once;"
        "print([name for name in ('trafilatura', 'htmldate', 'courlan') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
