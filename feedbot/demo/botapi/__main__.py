"""The fake Bot API as a program of its own.

    python -m feedbot.demo.botapi --port 0 --log calls.jsonl --chat channel:@press --chat private:42

Prints its address on one line once it listens, and ends at SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from feedbot.demo.botapi.limits import Limits
from feedbot.demo.botapi.server import FakeBotApi
from feedbot.demo.botapi.world import TOKEN

_TYPES = ("channel", "supergroup", "forum", "group", "private")


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; 2 if the address cannot be listened on or the log not written."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        place = error.filename or f"{options.host}:{options.port}"
        sys.stderr.write(f"{place}: {error.strerror or error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m feedbot.demo.botapi", description="A fake Telegram Bot API on loopback."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0: any free one (%(default)s)")
    parser.add_argument("--token", default=TOKEN, help="the bot's token (%(default)s)")
    parser.add_argument("--log", type=Path, help="file to append every call to, as JSON lines")
    parser.add_argument("--no-limits", action="store_true", help="answer no 429 by itself")
    parser.add_argument(
        "--chat", action="append", default=[], type=_chat, metavar="TYPE[:@NAME|:ID[:TITLE]]",
        help=f"a chat the bot is in; TYPE is one of {', '.join(_TYPES)}; may be repeated",
    )  # fmt: skip
    return parser


def _chat(text: str) -> tuple[str, int | None, str | None, str]:
    """`TYPE[:@NAME|:ID[:TITLE]]` as type, id, username and title."""
    kind, _, rest = text.partition(":")
    address, _, title = rest.partition(":")
    if kind not in _TYPES:
        raise argparse.ArgumentTypeError(f"{kind}: the type is one of {', '.join(_TYPES)}")
    if address.startswith("@"):
        return kind, None, address[1:], title or address[1:]
    try:
        return kind, int(address) if address else None, None, title or kind.capitalize()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{address}: neither a number nor @name") from None


def add_chats(api: FakeBotApi, chats: list[tuple[str, int | None, str | None, str]]) -> None:
    """Add the chats of `--chat`."""
    for kind, number, username, title in chats:
        if kind == "channel":
            api.add_channel(title, id=number, username=username)
        elif kind in ("supergroup", "forum"):
            api.add_supergroup(title, id=number, username=username, is_forum=kind == "forum")
        elif kind == "group":
            api.add_group(title, id=number)
        else:
            api.add_private(title, id=number, username=username)


async def _serve(options: argparse.Namespace) -> None:
    limits = Limits.OFF if options.no_limits else Limits()
    api = FakeBotApi(
        host=options.host, port=options.port, token=options.token, limits=limits,
        log_file=options.log,
    )  # fmt: skip
    add_chats(api, options.chat)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with api:
        sys.stdout.write(f"{api.url}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
