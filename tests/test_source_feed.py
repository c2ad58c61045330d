from __future__ import annotations

import contextlib
import json
import socket
import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, SourceKind
from feedbot.source.feed import looks_like_feed, read_feed

LONDON = ZoneInfo("Europe/London")
URL = "https://example.org/blog/feed.xml"

RSS2 = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>Notes &amp; news</title><link>https://example.org/</link><language>en-gb</language>
<item><title><![CDATA[A <b>bold</b> & "quoted" one]]></title><link>/a/1?x=1&amp;y=2</link>
 <guid isPermaLink="false">g1</guid><dc:date>2020-05-27</dc:date><dc:creator>Desk</dc:creator>
 <description>&lt;p&gt;Short &lt;a href="z"&gt;text&lt;/a&gt;&lt;/p&gt;
 &lt;p&gt;Two&lt;/p&gt;</description>
 <content:encoded><![CDATA[<p onclick="x()">Full <img src="i.png"><script>1</script></p>]]>
 </content:encoded><enclosure url="/e.jpg" type="image/jpeg" length="3"/>
 <category>c1</category><category>c1</category></item>
<item><title>5 &lt; 6 &amp;amp; 7</title><guid>https://example.org/p/2</guid>
 <pubDate>Wed, 27 May 2020 10:00:00 +0300</pubDate><media:thumbnail url="/t.png"/></item>
<item><description>Neither title nor date</description></item>
<item><title>No date</title><link>https://example.org/4</link><pubDate>soon</pubDate></item>
<item><title>No time</title><link>https://example.org/5</link><pubDate>27 May 2020</pubDate></item>
</channel></rss>"""

ATOM = """<?xml version="1.0"?>
<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="https://example.org/base/" xml:lang="ru">
<a:title type="html">Feed &amp;lt;x&amp;gt;</a:title><a:link rel="self" href="f.atom"/>
<a:entry xml:base="sub/"><a:id>tag:example.org,2020:1</a:id>
 <a:title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <em>b</em></div></a:title>
 <a:link rel="enclosure" type="image/png" href="e.png"/><a:link href="1.html"/>
 <a:updated>2020-05-27T10:00:00Z</a:updated><a:author><a:name>Desk</a:name></a:author>
 <a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi <a href="rel">r</a></p>
 </div></a:content></a:entry>
<a:entry><a:id>tag:example.org,2020:2</a:id><a:title>plain &lt;b&gt; text</a:title>
 <a:link href="2"/><a:published>2020-05-26T10:00:00+03:00</a:published>
 <a:updated>2020-05-27T10:00:00Z</a:updated><a:summary type="text">a &lt; b</a:summary></a:entry>
</a:feed>"""

RSS10 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://example.org/"><title>C</title><link>https://example.org/</link></channel>
<item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>
<dc:date>2020-05-27T10:00+03:00</dc:date></item></rdf:RDF>"""

RSS090 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>C</title></channel>
<item><title>One</title><link>https://example.org/1</link></item></rdf:RDF>"""

RSS091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://127.0.0.1:9/rss-0.91.dtd"><rss version="0.91"><channel><title>C</title>
<item><title>Caf&eacute; &nbsp;x</title><link>https://example.org/1</link></item></channel></rss>"""

JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en",
"authors": [{"name": "Desk"}], "items": [
{"id": 7, "url": "/j/1", "title": "One",
 "content_html": "<p>A <a href='x'>b</a><script>1</script></p>",
 "date_published": "2020-05-27T10:00:00+03:00", "image": "i.png", "tags": ["t", 3, "t"]},
{"id": "8", "content_text": "Only <text>", "date_published": "2020-05-27",
 "author": {"name": "Other"}},
"no item", {}]}"""


def read(text: str, content_type: str | None = "application/xml") -> Listing:
    return read_feed(text.encode(), content_type, url=URL, zone=LONDON)


def test_rss_2() -> None:
    listing = read(RSS2)
    assert (listing.kind, listing.title, listing.language, listing.warnings) == (
        SourceKind.FEED,
        "Notes & news",
        "en-gb",
        (),
    )
    first, second, third, fourth, fifth = listing.items
    assert first == Item(
        title='A bold & "quoted" one',
        link="https://example.org/a/1?x=1&y=2",
        guid="g1",
        date=date(2020, 5, 27),
        summary="Short text\n\nTwo",
        content='<p>Full <img src="https://example.org/blog/i.png"></p>',
        author="Desk",
        image="https://example.org/e.jpg",
        categories=("c1",),
    )
    assert (second.title, second.link) == ("5 < 6 & 7", "https://example.org/p/2")
    assert second.date == datetime(2020, 5, 27, 7, tzinfo=UTC)
    assert second.image == "https://example.org/t.png"
    assert (third.title, third.summary, third.own_link) == ("Neither title nor date", "", False)
    assert third.link.startswith(f"{URL}#row-")
    assert (fourth.date, fifth.date) == (None, date(2020, 5, 27))


def test_atom_with_bases_and_prefixes() -> None:
    listing = read(ATOM)
    assert (listing.title, listing.language) == ("Feed <x>", "ru")
    first, second = listing.items
    assert first == Item(
        title="A b",
        link="https://example.org/base/sub/1.html",
        guid="tag:example.org,2020:1",
        date=datetime(2020, 5, 27, 10, tzinfo=UTC),
        summary="Hi r",
        content='<p>Hi <a href="https://example.org/base/sub/rel">r</a></p>',
        author="Desk",
        image="https://example.org/base/sub/e.png",
    )
    assert (second.title, second.summary, second.content) == (
        "plain <b> text",
        "a < b",
        "a &lt; b",
    )
    assert second.date == datetime(2020, 5, 26, 7, tzinfo=UTC), "published, not updated"
    assert second.link == "https://example.org/base/2"


@pytest.mark.parametrize("text", [RSS10, RSS090, RSS091.replace("Caf&eacute; &nbsp;x", "One")])
def test_old_rss(text: str) -> None:
    (item,) = read(text).items
    assert (item.title, item.link) == ("One", "https://example.org/1")


def test_json_feed() -> None:
    listing = read(JSON, "application/feed+json")
    assert (listing.title, listing.language) == ("J", "en")
    first, second = listing.items
    assert first == Item(
        title="One",
        link="https://example.org/j/1",
        guid="7",
        date=datetime(2020, 5, 27, 7, tzinfo=UTC),
        summary="A b",
        content='<p>A <a href="https://example.org/blog/x">b</a></p>',
        author="Desk",
        image="https://example.org/blog/i.png",
        categories=("t",),
    )
    assert (second.title, second.link, second.own_link) == ("Only <text>", f"{URL}#8", False)
    assert (second.content, second.author) == ("Only &lt;text&gt;", "Other")
    assert len(listing.warnings) == 2, "what is no item is left out, and said"


@pytest.mark.parametrize(
    "text",
    [
        '<rss version="2.0"><channel><title>none</title></channel></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>none</title></feed>',
        '{"version": "https://jsonfeed.org/version/1", "title": "none", "items": []}',
    ],
)
def test_a_feed_without_entries_is_sound(text: str) -> None:
    assert looks_like_feed(text.encode(), None)
    assert read(text) == Listing((), SourceKind.FEED, title="none")


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8", "utf-16"])
@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r", "utf-8"])
def test_russian_feeds_in_any_charset(charset: str, declared: str) -> None:
    title = "Посольство сообщает о приёме граждан"
    text = f"""<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel>
    <title>{title}</title><item><title>{title}</title><link>/1</link></item></channel></rss>"""
    body = text.encode(charset)
    assert looks_like_feed(body, "text/xml")
    (item,) = read_feed(body, "text/xml", url=URL, zone=LONDON).items
    assert item.title == title


def test_broken_feeds_are_read_as_far_as_they_go() -> None:
    cut = read(RSS2[: RSS2.index("Neither")])
    assert [item.title for item in cut.items][:2] == ['A bold & "quoted" one', "5 < 6 & 7"]
    loose = read(
        "<rss version='2.0'><channel><item><title>A & B</title><link>/?a=1&b=2</link></item>"
    )
    assert [(item.title, item.link) for item in loose.items] == [
        ("A & B", "https://example.org/?a=1&b=2")
    ]
    control = read(
        "\n <rss version='2.0'><channel><item><title>A\x01\x0bB</title></item></channel></rss>"
    )
    assert control.items[0].title == "AB"


def test_named_entities_of_html_are_known() -> None:
    assert read(RSS091).items[0].title == "Café x"


def test_entities_are_never_expanded_and_nothing_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: asked.append(args))
    monkeypatch.setattr(socket.socket, "connect", lambda *args: asked.append(args))
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    for subset in (bomb, '<!ENTITY x SYSTEM "file:///etc/hostname">', '<!ENTITY % p SYSTEM "x">'):
        with pytest.raises(ParseError, match="entities"):
            read(f"<!DOCTYPE rss [{subset}]><rss><channel><title>&e11;&x;</title></channel></rss>")
    hidden = f"<?xml version='1.0'?><!-- <rss> --><!DOCTYPE rss [{bomb}]><rss>&e11;</rss>"
    with pytest.raises(ParseError, match="entities"):
        read(hidden)
    read(RSS091)
    body = b"https://example.org/feed"  # no address is opened in place of text
    with pytest.raises(ParseError):
        read_feed(body, None, url=URL, zone=LONDON)
    assert asked == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("<!DOCTYPE html><html><head><title>x</title></head></html>", "HTML page"),
        ("hello", "'hello'"),
        ('{"items": []}', "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1"}', "list of `items`"),
        ('{"version": ', "broken"),
        ("<opml version='2.0'></opml>", "not a feed"),
    ],
)
def test_what_is_no_feed_says_what_it_is(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("body", "content_type", "answer"),
    [
        (RSS2, None, True),
        (ATOM, "text/html", True),
        (RSS10, "application/octet-stream", True),
        (JSON, "application/json", True),
        ("\ufeff  " + RSS2, "text/plain", True),
        ("<html><body>an <rss> of prose</body></html>", "text/html", False),
        ("<html><body>blocked</body></html>", "application/rss+xml", False),
        ('{"a": 1}', "application/json", False),
        ("", None, False),
    ],
)
def test_what_looks_like_a_feed(body: str, content_type: str | None, answer: bool) -> None:
    assert looks_like_feed(body.encode(), content_type) is answer


def test_content_is_harmless() -> None:
    html = (
        '<a href="javascript:x()">a</a><a href="data:text/html,x">b</a><a href="mailto:a@b.c">c</a>'
        '<iframe src="/x"></iframe><p style="x" onload="y">d</p><form><input></form>'
    )
    text = (
        f"<rss><channel><item><title>T</title><description><![CDATA[{html}]]></description></item>"
    )
    content = read(text + "</channel></rss>").items[0].content
    assert content == '<a>a</a><a>b</a><a href="mailto:a@b.c">c</a><p>d</p>'


@pytest.mark.parametrize(
    "text",
    ["<rss>" + "<a>" * 300_000, "<rss><channel>" + "<item>" * 150_000, "<rss>" + "<" * 900_000,
     "<rss><![CDATA[" * 60_000, "<feed>" + "&" * 900_000, "<rss a=" * 100_000],
)  # fmt: skip
def test_rubbish_costs_no_time(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(ParseError):
        read(text)
    assert time.process_time() - start < 8


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.integers(0, len(RSS2)).map(lambda end: RSS2[:end].encode()),
        st.integers(0, len(ATOM)).map(lambda end: ATOM[:end].encode()),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda part: (
                st.lists(part, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "url", "title", "tags", "authors"]), part)
            ),
            max_leaves=8,
        ).map(lambda value: _json_feed(value)),
    )
)
def test_any_bytes_give_a_listing_or_a_parse_error(body: bytes) -> None:
    looks_like_feed(body, None)
    try:
        listing = read_feed(body, None, url=URL, zone=LONDON)
    except ParseError:
        return
    assert all(item.title and item.link for item in listing.items)


def _json_feed(value: object) -> bytes:
    feed = {"version": "https://jsonfeed.org/version/1", "items": [value, {"title": value}]}
    return json.dumps(feed).encode()
