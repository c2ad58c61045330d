"""The public pages as ASGI: made when something changed, kept in memory, sent with validators.

    request ─→ kept and still true? ─→ sent
                   └─ no: read the store ─→ render in a thread ─→ keep ─→ sent

    /                  the front page                        /ru/…  the same in another language
    /all               the archive, ?source= category= year= month= before= after=
    /entries/NUMBER    one entry
    /counters          the counters
    /search            ?q= before=
    /about, /privacy, /robots.txt, /sitemap.xml
    /static/NAME       style, script, logo: by a name that changes with them

Whether something has changed is looked up once a second at most.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from feedbot.clock import Clock
from feedbot.errors import StoreError
from feedbot.model import Source
from feedbot.store import catalogue, sources
from feedbot.store.catalogue import Version
from feedbot.store.engine import Store
from feedbot.web.feeds import BASE, Scope, Send, plain
from feedbot.web.site.answers import FOREVER, HTML, PLAIN, XML, Answer, Made
from feedbot.web.site.languages import LANGUAGES, language
from feedbot.web.site.pages import PAGES, STATUS, Making, Unknown
from feedbot.web.site.plan import SitePlan
from feedbot.web.site.views import View, common

log = logging.getLogger(__name__)

_KEPT = 512  # pages
_MOST_BYTES = 32_000_000
_LONGEST_QUERY = 500
_RECHECK = 1.0  # seconds
_KINDS = {"html": HTML, "xml": XML, "txt": PLAIN}
#: So many pages are made at once: visitors leave connections and threads to polls and deliveries.
_AT_ONCE = 2
_MINUTE = timedelta(minutes=1)
#: The parameters that a page has; others make no page of their own.
_KNOWN = ("source", "category", "year", "month", "before", "after", "q")


class _Key(NamedTuple):
    """What a page is made of beside the state of the store."""

    path: str
    query: tuple[tuple[str, str], ...]
    base: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page in memory, and until when it is true if nothing changes."""

    answer: Answer
    version: Version
    until: datetime


@dataclass(frozen=True, slots=True)
class _State:
    """What all pages are made of: the plan, the bot's name, since when; the sources by number."""

    plan: SitePlan
    bot: str
    since: datetime
    sources: dict[int, Source] = field(default_factory=dict)


class SiteServer:
    """The pages of one store.

    bot:      the bot's user name, "" while it is not known
    recheck:  for how many seconds a look at the store's state is believed
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bot: Callable[[], str] = lambda: "",
        *,
        recheck: float = _RECHECK,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bot_now = bot
        self._recheck = recheck
        self._state: _State | None = None
        self._version = Version("", datetime.fromtimestamp(0, UTC))
        self._looked = float("-inf")
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._making: dict[_Key, asyncio.Task[_Kept]] = {}
        self._files: dict[str, Answer] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def answer(self, plan: SitePlan, scope: Scope, send: Send) -> None:
        """Answer one request; another plan than before makes all pages anew."""
        state = self._take_up(plan)
        if not plan.public and scope["path"] == "/robots.txt":
            await plain(send, 200, b"User-agent: *\nDisallow: /\n")
            return
        if not plan.public:
            await plain(send, 404, b"There are no pages here.\n")
            return
        if scope["method"] not in ("GET", "HEAD"):
            await plain(send, 405, b"A page can be read, and nothing else.\n", allow=b"GET, HEAD")
            return
        path = scope["path"][1:]
        if path.startswith("static/"):
            await self._send_file(path.removeprefix("static/"), scope, send)
            return
        key = _Key(path, _asked(scope["query_string"]), scope.get(BASE) or plan.base_url)
        try:
            answer = await self._answer(state, key)
        except StoreError as error:
            log.error("the page /%s cannot be shown: %s", path, error)
            await plain(send, 503, b"This page cannot be shown now.\n")
            return
        await answer.send(scope, send)

    def _take_up(self, plan: SitePlan) -> _State:
        """What pages are made of now; where that is another than before, all are made anew."""
        bot, old = self._bot_now(), self._state
        if old and old.plan is plan and old.bot == bot:
            return old
        self._state = _State(plan, bot, self._clock.now())
        self._kept.clear()
        self._bytes = 0
        secure = plan.base_url.startswith("https://")
        self._files = {
            name: Answer(Made(file.body, file.type, cache=FOREVER), secure=secure)
            for name, file in plan.assets.items()
        }
        return self._state

    async def _send_file(self, name: str, scope: Scope, send: Send) -> None:
        if file := self._files.get(name):
            await file.send(scope, send)
        else:
            await plain(send, 404, b"There is no such file.\n")

    async def _answer(self, state: _State, key: _Key) -> Answer:
        version = await self._look()
        kept = self._kept.get(key)
        if kept and kept.version is version and self._clock.now() < kept.until:
            self._kept.move_to_end(key)
            return kept.answer
        task = self._making.get(key)  # of many who ask at once, one has it made
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(state, key, version))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return (await asyncio.shield(task)).answer

    async def _look(self) -> Version:
        now = asyncio.get_running_loop().time()
        if now - self._looked >= self._recheck:
            async with self._store.reading() as connection:
                version = await catalogue.version(connection)
            if version != self._version:
                self._version = version
            self._looked = now
        return self._version

    async def _make(self, state: _State, key: _Key, version: Version) -> _Kept:
        async with self._turns:
            return await self._made(state, key, version)

    async def _made(self, state: _State, key: _Key, version: Version) -> _Kept:
        now = self._clock.now()
        view = await self._view(state, key, now)
        made, timely = await self._page(view, max(version.since, state.since))
        answer = await asyncio.to_thread(Answer, made, secure=key.base.startswith("https://"))
        minute = now.replace(second=0, microsecond=0)
        until = minute + _MINUTE if timely else datetime.max.replace(tzinfo=UTC)
        kept = _Kept(answer, version, until)
        if (
            made.status in (200, 410) and state is self._state
        ):  # nobody fills the memory with addresses that are none
            self._keep(key, kept)
        return kept

    def _keep(self, key: _Key, kept: _Kept) -> None:
        if old := self._kept.pop(key, None):
            self._bytes -= old.answer.size
        self._kept[key] = kept
        self._bytes += kept.answer.size
        while len(self._kept) > _KEPT or self._bytes > _MOST_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].answer.size

    async def _view(self, state: _State, key: _Key, now: datetime) -> View:
        plan = state.plan
        head, slash, rest = key.path.partition("/")
        foreign = slash and head in LANGUAGES and head != plan.language
        code, path = (head, rest) if foreign else (plan.language, key.path)
        shown = await self._sources(state)
        root = "../" * key.path.count("/") or "./"
        return View(plan, language(code), now, root, key.base, shown, path, key.query, state.bot)

    async def _sources(self, state: _State) -> Mapping[int, Source]:
        """The sources that are shown, by number: a configuration is in the store before it counts.

        One that is not there yet is looked for again.
        """
        if len(state.sources) < len(state.plan.sources):
            async with self._store.reading() as connection:
                known = await sources.brief(connection)
            for name, source in state.plan.sources.items():
                if name in known:
                    state.sources[known[name].id] = source
        return state.sources

    async def _page(self, view: View, modified: datetime) -> tuple[Made, bool]:
        """What is at a path, and whether it is true for a minute alone, as it shows the time."""
        for page in PAGES:
            if match := re.fullmatch(page.path, view.path):
                try:
                    context = await page.read(Making(view, self._store, match.groups()))
                except Unknown:
                    break
                made = await asyncio.to_thread(_rendered, view, page.template, context, modified)
                return made, page.timely
        return await asyncio.to_thread(_rendered, view, "missing.html", _missing, None), False


def _missing() -> dict[str, Any]:
    return {"indexed": False, STATUS: 404}


def _rendered(
    view: View, name: str, context: Callable[[], Mapping[str, Any]], modified: datetime | None
) -> Made:
    """A page; not on the event loop."""
    shown = common(view) | dict(context())
    if modified and shown["today"]:
        modified = max(modified, view.now.replace(second=0))
    text = view.language.templates.get_template(f"site/{name}").render(shown)
    kind = _KINDS[name.rpartition(".")[2]]
    return Made(text.encode(), kind, int(shown.get(STATUS, 200)), modified)


def _asked(query: bytes) -> tuple[tuple[str, str], ...]:
    if not query or len(query) > _LONGEST_QUERY:
        return ()
    pairs = parse_qsl(query.decode("latin-1"), errors="replace")
    found = dict(pairs)
    return tuple((name, found[name]) for name in _KNOWN if found.get(name))
