"""The public pages in Chromium, on a machine whose only network is loopback.

    unshare -rn … python -m tests.browsing FOLDER     → one JSON object, for test_public_browser.py

The store holds what a hostile page could have put there, as if nothing had been cleaned. Every page
is opened in both languages, narrow and wide, light and dark, without scripts; with them, axe looks
at it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Page, async_playwright

from feedbot.clock import SystemClock
from feedbot.model import Counter, Item, Source
from feedbot.publish import Plan, Publisher, everything
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.web.app import create_app
from feedbot.web.feedpage import render_page
from feedbot.web.feeds import Receive, Scope, Send
from feedbot.web.server import WebServer, listen
from feedbot.web.site.plan import Contact, SiteClock, SitePlan
from feedbot.web.site.server import SiteServer
from tests.public import show
from tests.test_publish import NOW

BIDI = "\u202egnisufnoc\u2066"
SCRIPT = "<script>alert('script')</script>"
ATTRIBUTE = "\"><img src=x onerror=alert('attribute')>"
CONTENT = (
    f"<p>Text {SCRIPT}<svg onload=alert(1)><a href='javascript:alert(2)'>go</a>"
    "<iframe srcdoc='<script>parent.alert(3)</script>'></iframe><base href='https://evil.example/'>"
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><style>*{display:none}</style>"
    "<img src='http://evil.example/pixel.png' onerror='alert(4)'><form action=/x><input autofocus"
    " onfocus=alert(5)></form><math><mtext><table><mglyph><style><img src=x onerror=alert(6)>"
    "</style></mglyph></table></mtext></math>" + "<p>A line of the text. " * 40
)
PRESS = Source(
    "press", "https://press.example.org/", "Press office", timezone=ZoneInfo("Europe/London")
)
COURT = Source("court", "javascript:alert(7)", f"Court {SCRIPT}", language="ru")
COUNTER = Counter(
    "since", "{days} days have passed since {date}", since=date(2018, 3, 4), source="press"
)
ITEMS = (
    Item(f"Hostile {SCRIPT}{ATTRIBUTE} {BIDI}", "javascript:alert(8)", date=date(2026, 5, 9),
         content=CONTENT, author=ATTRIBUTE, categories=(f"Cat {ATTRIBUTE}",), image="javascript:9"),
    Item("רשימת ההודעות של המשרד", "https://press.example.org/2", date=date(2026, 5, 8),
         summary="שורה אחת של טקסט, ועוד אחת"),
    Item("W" * 300, "https://press.example.org/3?" + "x" * 300, date=date(2026, 5, 8),
         summary="y" * 500),
    *(Item(f"Statement number {n} on a matter of some length", f"https://press.example.org/s{n}",
           date=date(2026, 4, 28) - timedelta(days=n // 2), summary="What was said. " * 12)
      for n in range(40)),
)  # fmt: skip
PATHS = ("", "all", "all?source=press&year=2026", "entries/1", "entries/2", "entries/44",
         "counters", "search?q=statement", "search", "about", "privacy", "nothing")  # fmt: skip
_NAME = "one => one.tagName + (one.href || one.name || '')"
WIDTHS = (360, 1400)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = files("axe_playwright_python").joinpath("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def serve(folder: Path) -> tuple[WebServer, str]:
    """The pages of a store full of what a hostile page could have said."""
    store = await Store.open(f"sqlite:///{folder}/feedbot.db")
    both = {"press": PRESS, "court": COURT}
    async with store.transaction() as connection:
        await sources.sync(connection, list(both.values()), "press.example.org", NOW)
    await show(store, PRESS, *ITEMS)
    last = replace(ITEMS[-1], title="Statement with another title", summary="What was not said.")
    await show(store, PRESS, *ITEMS[:-1], last, now=NOW + timedelta(hours=1))
    await show(
        store, COURT, Item("Решение суда", "https://court.example.org/1", date=date(2026, 5, 9))
    )
    listener = listen("127.0.0.1", 0)
    root = f"http://127.0.0.1:{listener.getsockname()[1]}"
    plan = SitePlan(
        both,
        root,
        f"Press {SCRIPT}",
        description="Every message of the press office, as it comes.",
        counters=(COUNTER,),
        clocks=(
            SiteClock("Moscow", ZoneInfo("Europe/Moscow")),
            SiteClock("London", ZoneInfo("Europe/London")),
        ),
        contacts=(Contact("Press", phone="+44 20 7946 0000", email="press@example.org"),),
        channels=("@press",),
        hub="https://hub.example.org/",
    )
    feeds = Plan(both, root, combined=(everything("en"),), counters=(COUNTER,))
    publisher = Publisher(store, SystemClock(), feeds, directory=folder / "feeds")
    await publisher.publish_all()
    pages = SiteServer(store, SystemClock(), lambda: "press_bot")

    async def site(scope: Scope, _: Receive, send: Send) -> None:
        await pages.answer(plan, scope, send)

    async def page(path: str, base: str | None) -> bytes | None:
        document = await publisher.document(path, base)
        return render_page(document, path.rpartition(".")[2]) if document else None

    async def trouble() -> None:
        return None

    server = WebServer(create_app(publisher, page, site, trouble), listener)
    server.start()
    return server, root


class Watch:
    """What a page did that it should not: dialogs, refused things, requests elsewhere."""

    def __init__(self, page: Page, root: str) -> None:
        self._root = root
        self.forget()
        page.on("dialog", lambda one: asyncio.ensure_future(self._note(one)))
        page.on("console", lambda one: self.complaints.append(one.text))
        page.on("pageerror", lambda one: self.complaints.append(str(one)))
        page.on("request", lambda one: self._request(one.url))

    def forget(self) -> None:
        """Another page."""
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.asked: list[str] = []

    async def _note(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    def _request(self, url: str) -> None:
        self.asked.append(url)
        if not url.startswith((self._root, "data:")):
            self.elsewhere.append(url)


async def look(page: Page, watch: Watch, root: str, path: str) -> dict[str, Any]:
    """One page without scripts: whether it fits, and what it did."""
    watch.forget()
    answer = await page.goto(f"{root}/{path}")
    assert answer is not None
    wide, headings = await page.evaluate(
        "[document.documentElement.scrollWidth - innerWidth,"
        " document.querySelectorAll('h1').length]"
    )
    return {
        "path": path, "status": answer.status, "overflow": wide, "headings": headings,
        "dialogs": watch.dialogs, "elsewhere": watch.elsewhere, "asked": len(watch.asked),
        "complaints": [one for one in watch.complaints if "404" not in one],
        "cookies": await page.context.cookies(),
    }  # fmt: skip


async def judge(page: Page, watch: Watch, root: str, path: str) -> list[str]:
    """What axe finds wrong in one page, and what the page did with its scripts."""
    watch.forget()
    await page.goto(f"{root}/{path}")
    await page.evaluate(AXE.read_text("utf-8") + "; 0")
    asked = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = await page.evaluate("options => axe.run(options)", asked)
    wrong = [
        f"{path or '/'}: {one['id']}: {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    return wrong + watch.dialogs + [one for one in watch.complaints if "404" not in one]


async def keys(browser: Browser, root: str) -> dict[str, Any]:
    """The front page by keyboard alone."""
    page = await browser.new_page()
    await page.goto(f"{root}/")
    focus = "document.activeElement"
    await page.keyboard.press("Tab")
    first = await page.evaluate(f"{focus}.className")
    box = await page.locator(".skip").bounding_box()
    await page.keyboard.press("Enter")
    target = await page.evaluate("location.hash")
    await page.goto(f"{root}/")
    reached, unseen = set(), []
    for _ in range(200):
        await page.keyboard.press("Tab")
        at = await page.evaluate(f"[({_NAME})({focus}), getComputedStyle({focus}).outlineStyle]")
        if at[0].startswith("BODY"):
            break
        reached.add(at[0])
        if at[1] == "none":
            unseen.append(at[0])
    wanted = await page.evaluate(
        f"[...document.querySelectorAll('a[href],input,button')].map({_NAME})"
    )
    await page.goto(f"{root}/")
    await page.locator("#find").focus()
    await page.keyboard.type("statement")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=statement")
    return {
        "first": first, "skip_height": box and box["height"], "target": target,
        "missed": sorted(set(wanted) - reached), "unseen": unseen,
        "found": await page.locator("mark").count(),
    }  # fmt: skip


async def clocks(browser: Browser, root: str) -> dict[str, str]:
    """What the clocks show once the script has them."""
    context = await browser.new_context(timezone_id="America/New_York")
    page = await context.new_page()
    await page.clock.install(time=datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC))
    await page.goto(f"{root}/")
    before = await page.locator(".clocks time").all_text_contents()
    await page.clock.fast_forward(5_000)
    after = await page.locator(".clocks time").all_text_contents()
    return {"before": " ".join(before), "after": " ".join(after)}


async def control(browser: Browser) -> dict[str, Any]:
    """That a dialog, and a fault that axe knows, would have been noticed."""
    page = await browser.new_page()
    watch = Watch(page, "about:")
    await page.set_content(f"{SCRIPT}<img src='data:,'>")
    await page.evaluate(AXE.read_text("utf-8") + "; 0")
    found = await page.evaluate("axe.run()")
    return {"dialogs": watch.dialogs, "wrong": [one["id"] for one in found["violations"]]}


async def requests(browser: Browser, root: str) -> list[str]:
    """What the front page asks for."""
    page = await browser.new_page()
    watch = Watch(page, root)
    await page.goto(f"{root}/", wait_until="networkidle")
    return [one.removeprefix(root) for one in watch.asked if not one.startswith("data:")]


async def main(folder: Path) -> None:
    """Look at everything, and tell."""
    server, root = await serve(folder)
    told: dict[str, Any] = {"pages": [], "violations": []}
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        paths = [f"{prefix}{path}" for prefix in ("", "ru/") for path in PATHS]
        paths += ["feeds/press.atom", "feeds/all.rss"]
        for width in WIDTHS:
            for scheme in SCHEMES:
                for scripts in (False, True):
                    context = await browser.new_context(
                        viewport={"width": width, "height": 800},
                        color_scheme=scheme,
                        java_script_enabled=scripts,
                    )
                    page = await context.new_page()
                    watch = Watch(page, root)
                    for path in paths if not scripts else _judged(paths, width, scheme):
                        if scripts:
                            told["violations"] += await judge(page, watch, root, path)
                        else:
                            seen = await look(page, watch, root, path)
                            told["pages"].append(seen | {"width": width, "scheme": scheme})
                    await context.close()
        told["keys"] = await keys(browser, root)
        told["clocks"] = await clocks(browser, root)
        told["control"] = await control(browser)
        told["requests"] = await requests(browser, root)
        told["rtl"] = await direction(browser, root)
        await browser.close()
    await server.stop()
    print(json.dumps(told))


def _judged(paths: list[str], width: int, scheme: str) -> list[str]:
    """Which pages axe sees: all of them narrow and dark, those in English wide and light."""
    if (width, scheme) == (360, "dark"):
        return paths
    if (width, scheme) == (1400, "light"):
        return [one for one in paths if not one.startswith("ru/")]
    return []


async def direction(browser: Browser, root: str) -> str:
    """Which way a text in Hebrew runs."""
    page = await browser.new_page()
    await page.goto(f"{root}/entries/42")
    found = page.locator("article.entry", has_text="רשימת")
    if not await found.count():
        await page.goto(f"{root}/search?q=רשימת")
        found = page.locator(".entries article")
    return str(await found.first.evaluate("e => getComputedStyle(e).direction"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
