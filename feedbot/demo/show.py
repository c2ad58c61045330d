"""`feedbot demo`: the whole program at work, with nothing to set up and no network.

    sample press site ──→ feedbot (baseline yesterday, then today) ──→ fake Bot API
                              └→ feed file, page                          └→ what the chat got

The configuration is written into a folder of its own, so that it can be read and played with. What
the follower's chat received is drawn from the fake server's log, not from what feedbot believes.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from feedbot import config
from feedbot.app import App
from feedbot.clock import Clock, SimulatedClock, SystemClock
from feedbot.config import Settings
from feedbot.demo.botapi import TOKEN, FakeBotApi, chat_as_text
from feedbot.demo.site import LISTING, PressSite, SampleSite, correction, demo_events
from feedbot.publish.configured import base_url

ZONE = ZoneInfo("Europe/London")
CHANNEL = "@press_office_demo"
#: How often the sample site publishes something while the demo runs.
PACE = timedelta(seconds=8)
_WAIT = timedelta(minutes=10)
_CONFIG = """\
# The demo's configuration. The site and the Bot API it names run only as long as the demo does.
timezone = "Europe/London"

[storage]
url = "sqlite:///feedbot.db"

[http]
allow_private_networks = true           # the sample site is on this machine
per_host = {{ pause = 0 }}              # and is asked as fast as it likes

[feeds]
directory = "feeds"

[web]
listen = "{listen}"

[site]
title = "Press office"
description = "A sample: every message of the press office, as it comes."
lead = "speeches"

[[site.clocks]]
name = "Moscow"
timezone = "Europe/Moscow"

[[site.clocks]]
name = "London"
timezone = "Europe/London"

[[site.contacts]]
label = "Consular queries"
phone = "+44 (0) 203 668 7474"
email = "info@rusemb.org.uk"

[telegram]
token = "{token}"
api_url = "{api_url}"

[[telegram.chats]]
id = "{channel}"
text = "full"                           # of the article's own page

[[sources]]
name = "embassy"
title = "Press office"
url = "{site_url}/"
every = "2s"

[sources.listing]
{listing}

[[sources]]                             # the leading article on the same page
name = "speeches"
title = "Speeches, interviews, articles"
url = "{site_url}/"
every = "1h"

[sources.listing]
item = "#lead"
title = "xpath:string(.//h1)"
link = "h1 a@href"
date = "p.day"
summary = "h1 + p"

[[counters]]
name = "salisbury"
source = "embassy"
since = 2018-03-04
at = "00:00"
text = "{{days}} days have passed since the Salisbury incident - no credible information or \
response from the British authorities"

[[counters]]
name = "glushkov"
source = "embassy"
since = 2018-03-12
at = "00:00"
text = "{{days}} days have passed since the death of Nikolay Glushkov on British soil - no \
credible information or response from the British authorities"
"""


async def demo(*, once: bool) -> int:
    """Run the demo: one round, or until interrupted. Returns the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="feedbot-demo-"))
    start = datetime.now(UTC)
    clock: Clock = SimulatedClock(start) if once else SystemClock()
    async with AsyncExitStack() as stack:
        site = PressSite()
        server = await stack.enter_async_context(SampleSite(site))
        api = await stack.enter_async_context(FakeBotApi(clock=clock))
        chat = api.add_channel("Press office", username=CHANNEL.removeprefix("@"))
        settings = _configure(folder, server.url, api.url)
        await _baseline(settings, site, start)
        if once:
            return await _round(settings, site, api, chat.id, clock)
        return await _show(settings, site, server.url, api, chat.id)


def _configure(folder: Path, site_url: str, api_url: str) -> Settings:
    path = folder / "config.toml"
    listing = [
        f"{name} = {_quoted(getattr(LISTING, name))}"
        for name in LISTING.__dataclass_fields__
        if getattr(LISTING, name) is not None
    ]
    path.write_text(
        _CONFIG.format(
            listen=f"127.0.0.1:{_free_port()}",
            token=TOKEN,
            api_url=api_url,
            channel=CHANNEL,
            site_url=site_url,
            listing="\n".join(listing),
        ),
        encoding="utf-8",
    )
    return config.load(path, {})


def _quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else f'"""{text}"""'


def _free_port() -> int:
    for port in (8080, 0):  # 8080 is the default; any other if it is taken
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise AssertionError("the system gives no port")


async def _baseline(settings: Settings, site: PressSite, start: datetime) -> None:
    """The evening before: feedbot sees the page, and the counters, for the first time."""
    today = start.astimezone(ZONE).date()
    evening = datetime.combine(today - timedelta(days=1), time(20), ZONE)
    site.move_to(evening)
    async with App.open(settings, SimulatedClock(evening)) as app:
        await app.once(_WAIT)


async def _round(
    settings: Settings, site: PressSite, api: FakeBotApi, chat_id: int, clock: Clock
) -> int:
    """One new event, one changed and seen twice, both counters; then what came of it."""
    site.move_to(clock.now())
    new = site.publish(demo_events(clock.now().astimezone(ZONE).date())[0])
    old = site.latest[3]
    changed = site.change(old, title=correction(old))
    async with App.open(settings, clock) as app:
        results = [await app.once(_WAIT) for _ in range(2)]
        feed = app.publisher.path("embassy")
    print(f"Feed: {feed}\n  new: {new.title}\n  changed: {changed.title}\n")
    print(chat_as_text(api.log, chat_id, zone=ZONE), end="")
    for polled in (poll for polls, _ in results for poll in polls if poll.error):
        print(polled.error)
    sound = all(sent and not any(poll.error for poll in polls) for polls, sent in results)
    return 0 if sound else 1


async def _show(
    settings: Settings, site: PressSite, site_url: str, api: FakeBotApi, chat_id: int
) -> int:
    """Run until interrupted, publishing as we go; the chat is printed as it grows."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    here = base_url(settings)
    print(_GREETING.format(site=site_url, here=here, folder=settings.feeds.directory.parent))
    async with App.open(settings) as app:
        others = [
            asyncio.create_task(_publish(site, stop)),
            asyncio.create_task(_follow(api, chat_id, stop)),
        ]
        await app.run(lambda: settings, stop)
        await asyncio.gather(*others)
    return 0


_GREETING = """\
feedbot is watching a sample press site that publishes something every few seconds.

  the site   {site}/
  the feed   {here}/feeds/embassy.atom
  the page   {here}/
  all files  {folder}  (configuration, database, feeds)

Stop with Ctrl-C. What the channel receives:
"""


async def _publish(site: PressSite, stop: asyncio.Event) -> None:
    """Publish the demo's events one after the other, correcting every fourth."""
    events = demo_events(datetime.now(ZONE).date())
    for count, event in enumerate(events, start=1):
        if await _stopped(stop, PACE):
            return
        site.move_to(datetime.now(UTC))
        published = site.publish(event)
        if count % 4 == 0 and not await _stopped(stop, PACE):
            site.change(published, title=correction(published))


async def _follow(api: FakeBotApi, chat_id: int, stop: asyncio.Event) -> None:
    """Print the chat's messages as they arrive."""
    shown = ""
    while True:
        ended = await _stopped(stop, timedelta(seconds=0.5))
        text = chat_as_text(api.log, chat_id, zone=ZONE)
        print(_grown(shown.splitlines(), text.splitlines()), end="", flush=True)
        shown = text
        if ended:
            return


def _grown(before: Sequence[str], now: Sequence[str]) -> str:
    """The lines that were added at the end; the first is a heading that counts."""
    return "".join(f"{line}\n" for line in now[max(len(before), 2) :])


async def _stopped(stop: asyncio.Event, after: timedelta) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(after.total_seconds()):
            await stop.wait()
    return stop.is_set()
