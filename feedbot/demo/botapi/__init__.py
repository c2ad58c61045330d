"""A fake Bot API: Telegram's server as far as a bot that posts can tell, on loopback.

Real code over HTTP, for the demo and for tests; its log is what tests count. `FakeBotApi` runs it
in a process of one's own, `python -m feedbot.demo.botapi` in another.
"""

from feedbot.demo.botapi.chats import Chat, Member, Topic, User
from feedbot.demo.botapi.faults import Fault, FaultKind
from feedbot.demo.botapi.limits import Limits
from feedbot.demo.botapi.log import Log, LogEntry, RefusedCall, read_log
from feedbot.demo.botapi.render import chat_as_text
from feedbot.demo.botapi.server import FakeBotApi
from feedbot.demo.botapi.world import TOKEN

__all__ = [
    "TOKEN",
    "Chat",
    "FakeBotApi",
    "Fault",
    "FaultKind",
    "Limits",
    "Log",
    "LogEntry",
    "Member",
    "RefusedCall",
    "Topic",
    "User",
    "chat_as_text",
    "read_log",
]
