"""Everything that can befall a page, once and for an hour, and then one new item.

Whatever it was: the item is posted exactly once, nothing else is, and the operator is told when it
has lasted and when it is over, and else left alone.
"""

from __future__ import annotations

import gzip
import random
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

from tests import faultsite
from tests.faultsite import Fault, World, authority, changed, instead, resized, with_headers

HOUR = timedelta(hours=1)
OFFICE = "<html><head><title>{title}</title></head><body>{body}</body></html>"


def page(title: str, body: str) -> bytes:
    return OFFICE.format(title=title, body=body).encode()


CAPTCHA = page(
    "Just a moment...",
    "<h1>press.example</h1><p>Verify you are human by completing the action below.</p>"
    "<script src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script>",
)
LOGIN = page("Log in", "<form><input name=user><input type=password></form>")
MAINTENANCE = page(
    "Maintenance", "<h1>We will be back soon</h1><p>The site is down for maintenance.</p>"
)
PARKED = page(
    "press.example",
    "<p>This domain is for sale. Buy this domain.</p><ul>"
    + "".join(f"<li><a href=/?q={n}>Sponsored listing {n}</a></li>" for n in range(8))
    + "</ul>",
)
GARBAGE = random.Random(1).randbytes(20_000)
BOMB = gzip.compress(zlib.compress(bytes(50_000_000), 1))


def lost_name(world: World) -> None:
    world.names.names.clear()


def found_name(world: World) -> None:
    world.names.names[faultsite.HOST] = ["127.0.0.1"]


#: No page comes, or one that says less than the whole truth in its head.
ANSWERS = [
    Fault("500", instead(status="500 Oops"), tells="HTTP 500"),
    Fault("503", instead(status="503 Busy"), tells="HTTP 503"),
    Fault("503 with Retry-After", instead(status="503 Busy", Retry_After="600"), tells="HTTP 503"),
    Fault("404", instead(status="404 Gone"), tells="HTTP 404"),
    Fault("301 loop", instead(status="301 Moved", Location="/"), tells="redirect loop"),
    Fault("reset mid-body", faultsite.reset, tells="connection"),
    Fault("cut chunk", changed(faultsite.cut_chunk), tells="cut off"),
    Fault("slow drip", faultsite.drip, timeout=0.6, tells="timed out"),
    Fault(
        "more length than body",
        changed(lambda head, body: resized(head, body, len(body) + 1000)),
        tells="cut off",
    ),
    Fault(
        "less length than body",
        changed(lambda head, body: resized(head, body, 900)),
        tells="not valid HTTP",
    ),
    Fault("bomb", instead(BOMB, Content_Encoding="deflate, gzip"), tells="decompresses to more"),
    Fault("huge", instead(bytes(400_000)), tells="more than 300 kB"),
    Fault(
        "expired certificate",
        before=lambda world: world.serve_certificate(faultsite.HOST, -1),
        after=lambda world: world.serve_certificate(faultsite.HOST),
        tls=True,
        tells="has expired",
    ),
    Fault(
        "wrong host in certificate",
        before=lambda world: world.serve_certificate("other.example"),
        after=lambda world: world.serve_certificate(faultsite.HOST),
        tls=True,
        tells="is for another host",
    ),
    Fault("DNS gone", before=lost_name, after=found_name, tells="host not found"),
    Fault("ETag that lies", instead(status="304 Not Modified")),
    Fault("ETag that changes", faultsite.changing_etag),
    Fault(
        "clock ahead",
        with_headers(
            Date="Fri, 01 Jan 2100 00:00:00 GMT",
            Last_Modified="Fri, 01 Jan 2100 00:00:00 GMT",
            Age="99999999",
        ),
    ),
    Fault(
        "clock behind",
        with_headers(
            Date="Thu, 01 Jan 1970 00:00:00 GMT", Last_Modified="Thu, 01 Jan 1970 00:00:00 GMT"
        ),
    ),
]
#: A page comes, and it is not the one.
PAGES = [
    Fault("empty 200", instead(b""), tells="empty"),
    Fault("half", faultsite.half),
    Fault("captcha", instead(CAPTCHA), tells="challenge"),
    Fault("login", instead(LOGIN), tells="asks to log in"),
    Fault("maintenance page", instead(MAINTENANCE), tells="being maintained"),
    Fault("parked domain", instead(PARKED), tells="parked"),
    Fault("garbage", instead(GARBAGE), tells=" "),
    Fault(
        "encoding switched",
        before=lambda world: world.site.encode("utf-16", ""),
        after=lambda world: world.site.encode("utf-8"),
    ),
    Fault(
        "encoding misdeclared",
        before=lambda world: world.site.encode("windows-1251", "utf-8"),
        after=lambda world: world.site.encode("utf-8"),
    ),
    Fault("two servers", faultsite.two_servers),
    Fault("page of yesterday", faultsite.yesterday),
]


@pytest.fixture(autouse=True)
def _trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("fault", "found"),
    [(fault, False) for fault in (*ANSWERS, *PAGES)] + [(fault, True) for fault in PAGES],
    ids=lambda value: str(value) if isinstance(value, Fault) else ("found" if value else "given"),
)
async def test_fault(tmp_path: Path, fault: Fault, *, found: bool) -> None:
    async with World(tmp_path, found=found, tls=fault.tls) as world:
        await world.poll(times=2)
        async with world.struck(fault):
            await world.poll(fault.timeout)
        once = world.publish("Once: «прошло»")
        await world.poll(times=2)
        assert await world.posts() == [once.title]
        assert await world.notices() == []
        async with world.struck(fault):
            await world.poll_for(HOUR / 2, fault.timeout)
            during = world.publish("Meanwhile: «идёт»")
            await world.poll_for(HOUR / 2, fault.timeout)
        new = world.publish("After an hour: «прошло»")
        await world.poll(times=4)
        assert await world.posts() == [once.title, during.title, new.title]
        told = await world.notices()
        if fault.tells:
            begun, over = told
            assert fault.tells in begun
            assert over.endswith("works again")
        else:
            assert told == []


async def test_410_ends_the_polls_at_once_and_says_so(tmp_path: Path) -> None:
    """Until the operator asks for another."""
    async with World(tmp_path) as world:
        await world.poll(times=2)
        async with world.struck(Fault("410", instead(status="410 Gone"))):
            await world.poll()
            new = world.publish("After it")
            assert await world.poll_for(10 * HOUR) == []
        [told] = await world.notices()
        assert "is gone for good (HTTP 410 Gone)" in told
        async with world.polling() as poller:
            await poller.poll(world.source)
        assert await world.posts() == [new.title]
