"""The command line. Results on stdout, logs on stderr.

Exit 0: all well. 1: a source or delivery failed, or nothing was found; the rest was done.
2: usage or configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from feedbot import __version__, logs
from feedbot.errors import ConfigError, FeedbotError, Problem, StoreError
from feedbot.model import SourceKind
from feedbot.operator.arguments import add_operator, duration

if TYPE_CHECKING:
    from feedbot.config import Settings

KINDS = tuple(map(str, SourceKind))
_Arguments = Callable[..., argparse.Action]
_EPILOG = "Start with: feedbot demo. The configuration is explained in config.example.toml."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(argv)
    logs.setup(options.log_format, options.verbose)
    if isinstance(sys.stdout, io.TextIOWrapper):  # JSON is UTF-8 (RFC 8259 8.1), so all of it is
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except FeedbotError as error:
        for line in str(error).splitlines():
            print(f"feedbot: {logs.scrub(line)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # our output's reader has gone, as `| head` does, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"feedbot: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _common() -> argparse.ArgumentParser:
    """What may stand before a command and after it.

    Each parser needs its own: they would share defaults, and one's would undo what the other read.
    """
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "-c", "--config", type=Path, metavar="FILE",
        help="configuration (else FEEDBOT_CONFIG, ./config.toml, the XDG config folder)",
    )  # fmt: skip
    common.add_argument("--log-format", choices=("text", "json"), help="default: text")
    common.add_argument("-v", dest="verbose", action="count", help="log every step")
    return common


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="feedbot",
        parents=[_common()],
        description="Pages without a feed become an Atom feed and Telegram messages.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"feedbot {__version__}")
    parser.set_defaults(config=None, log_format="text", verbose=0)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> _Arguments:
        command = commands.add_parser(name, parents=[_common()], help=text, description=text)
        command.set_defaults(command=run)
        return command.add_argument

    argument = add("demo", _demo, "show it at work: a sample site, a pretended Telegram, no set-up")
    argument("--once", action="store_true", help="one round, then exit")
    argument = add(
        "init", _init, "write a configuration for a page or feed, and show what is found"
    )
    argument("url", metavar="URL")
    argument("--chat", default="", metavar="@NAME|NUMBER", help="where to post what is new")
    argument("--name", default="", help="the source's permanent name (default: from the host)")
    argument = add("run", _run, "watch, deliver, answer and serve until stopped")
    argument("--dry-run", action="store_true", help="show every message; send and store nothing")
    argument = add("once", _once, "poll every source now, deliver what is owed, and exit")
    argument(
        "--wait", type=duration, default="10m", metavar="TIME",
        help="how long to wait for Telegram's limits (default: %(default)s)",
    )  # fmt: skip
    argument("--dry-run", action="store_true", help="show every message; send and store nothing")
    argument = add("check", _check, "validate the configuration; names every problem")
    argument("--online", action="store_true", help="also ask Telegram about the bot and its chats")
    argument = add(
        "preview", _preview, "show what would be found in a page or feed; stores nothing"
    )
    argument("place", metavar="URL|FILE")
    argument("--source", metavar="NAME", help="read it as this source of the configuration")
    argument("--base-url", metavar="URL", help="what links in a file are relative to")
    argument("--kind", choices=KINDS, help="read it in this way")
    argument("--list", type=int, metavar="N", help="take this list of the page's")
    argument("--explain", action="store_true", help="say what speaks for each list, and its rule")
    argument("--json", action="store_true")
    add("status", _status, "how every source, counter and delivery stands")(
        "--json", action="store_true"
    )
    add_operator(commands, _common, _load)
    argument = add("config", _config, "show the configuration in effect, secrets masked")
    argument("--schema", action="store_true", help="print its JSON schema instead")
    add("backup", _backup, "copy the store while it is in use")("file", type=Path, metavar="FILE")
    return parser


# -------------------------------------------------------------------- configuration


def _path(options: argparse.Namespace) -> Path | None:
    from feedbot import config  # brings pydantic along, which --help does not need

    return options.config or config.find(os.environ, Path.cwd())


def _settings(options: argparse.Namespace) -> Settings:
    """The configuration, with its warnings said. Raises ConfigError."""
    path = _path(options)
    if path and os.environ.get("FEEDBOT_CONFIG") and not options.config and not path.exists():
        from feedbot.firstrun import first_run

        code = asyncio.run(first_run(path, os.environ))
        if code:
            sys.exit(code)
    settings = _load(options)
    for warning in settings.warnings:
        print(f"feedbot: warning: {warning}", file=sys.stderr)
    return settings


def _load(options: argparse.Namespace) -> Settings:
    from feedbot import config

    path = _path(options)
    if path is None:
        raise ConfigError(
            [
                Problem(
                    "config.toml",
                    "file",
                    "there is no configuration here",
                    "copy config.example.toml, name a file with -c, or try `feedbot demo`",
                )
            ]
        )
    return config.load(path, os.environ)


def _watching(options: argparse.Namespace, settings: Settings) -> Settings:
    """`settings`, of a command that needs something to watch. Raises ConfigError if it has nothing.

    A reload needs it too: a file that is just being written can be empty, and taking that for an
    order would end every chat and drop what it is owed.
    """
    if not settings.sources and not settings.counters:
        raise ConfigError(
            [
                Problem(
                    str(_path(options)), "sources", "there is nothing to watch", "add [[sources]]"
                )
            ]
        )
    return settings


# -------------------------------------------------------------------- commands


def _demo(options: argparse.Namespace) -> int:
    from feedbot.demo.show import demo

    if not options.verbose:  # the chat is what is to be seen
        logging.getLogger().setLevel(logging.WARNING)
    return asyncio.run(demo(once=options.once))


def _init(options: argparse.Namespace) -> int:
    from feedbot.config.first import wish
    from feedbot.firstrun import init

    named = options.config or os.environ.get("FEEDBOT_CONFIG") or "config.toml"
    asked = wish(options.url, options.chat, options.name)
    return asyncio.run(init(Path(named), asked, os.environ))


def _run(options: argparse.Namespace) -> int:
    from feedbot.app import App

    settings = _watching(options, _settings(options))

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # what it asks for is being done
        if options.dry_run:
            from feedbot.operator.rehearsal import rehearse_run

            await rehearse_run(settings, stop)
            return
        async with App.open(settings) as app:
            await app.run(lambda: _watching(options, _load(options)), stop)
        _leave()

    asyncio.run(run())
    return 0


def _leave() -> None:
    """End with 0 at once: all is stored and closed.

    Python would wait for its threads, and one that reads a large page cannot be interrupted.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _once(options: argparse.Namespace) -> int:
    settings = _watching(options, _settings(options))
    if options.dry_run:
        from feedbot.operator.rehearsal import rehearse

        return asyncio.run(rehearse(settings))
    from feedbot.once import once

    return asyncio.run(once(settings, options.wait))


def _check(options: argparse.Namespace) -> int:
    settings = _settings(options)
    print(
        f"{_path(options)}: no problem found; sources: {len(settings.sources)},"
        f" counters: {len(settings.counters)}, chats: {len(settings.telegram.chats)}"
    )
    if settings.telegram.admin_chat is None and settings.alerts.url is None:
        print(
            "nobody is told when a source fails, falls silent, has become short or lost its dates,"
        )
        print("nor asked about what is held: telegram.admin_chat or alerts.url says whom to tell")
    elif settings.telegram.admin_chat is None:
        print("no telegram.admin_chat: nobody is asked about what is held; see `feedbot held`")
    if not options.online:
        return 0
    from feedbot.telegram import check_online

    found = asyncio.run(check_online(settings))
    for line in found.lines:
        print(line)
    return 1 if found.problems else 0


def _preview(options: argparse.Namespace) -> int:
    from feedbot import config
    from feedbot.preview.command import preview

    settings = _load(options) if _path(options) else config.load(None, os.environ)
    return asyncio.run(
        preview(
            settings,
            options.place,
            source_name=options.source,
            base_url=options.base_url,
            kind=options.kind,
            number=options.list,
            explain=options.explain,
            as_json=options.json,
        )
    )


def _status(options: argparse.Namespace) -> int:
    from feedbot.status import status

    settings = _load(options)
    found = asyncio.run(status(settings))
    if options.json:
        print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        print(found.as_text(ZoneInfo(settings.timezone)))
    return 0


def _config(options: argparse.Namespace) -> int:
    from feedbot import config

    if options.schema:
        print(json.dumps(config.schema(), indent=2, ensure_ascii=False))
        return 0
    settings = _load(options) if _path(options) else config.load(None, os.environ)
    print(config.show(settings), end="")
    return 0


def _backup(options: argparse.Namespace) -> int:
    from feedbot.store.engine import Store

    storage = _load(options).storage
    if not storage.path.exists():
        raise StoreError(f"{storage.path}: there is no store here yet, so nothing to copy")

    async def backup() -> None:
        store = await Store.open(storage.url)
        try:
            await store.backup(options.file)
        finally:
            await store.close()

    asyncio.run(backup())
    print(f"{options.file}: written")
    return 0
