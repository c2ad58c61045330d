"""The state behind the server: the bot, its chats, and what people do in them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

from feedbot.clock import Clock, SystemClock
from feedbot.demo.botapi.chats import Chat, Member, Status, Topic, User, new_ids
from feedbot.demo.botapi.entities import Entity, utf16
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.faults import Faults
from feedbot.demo.botapi.limits import Limits, Windows
from feedbot.demo.botapi.log import Log
from feedbot.demo.botapi.updates import Updates

Message = dict[str, Any]  #: a Message object of the Bot API

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"  # noqa: S105 - the fake's own default
_COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]+)?")
_CHANNEL_BASE = -1_000_000_000_000  # supergroups and channels are numbered below it


class World:
    """Chats, members, messages, updates, log: everything but HTTP.

    Names and values are the Bot API's. Ids are given out in sequence where none is given.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "feedbot_demo_bot",
        clock: Clock | None = None,
        limits: Limits | None = None,
        log_file: Path | None = None,
    ) -> None:
        self.token = token
        self.clock: Clock = clock or SystemClock()
        self.windows = Windows(limits or Limits())
        self.faults = Faults()
        self.log = Log(log_file)
        self.updates = Updates(self.clock)
        self.bot = User(int(token.partition(":")[0]), "feedbot", username, is_bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.callbacks: dict[str, dict[str, str] | None] = {}
        self.file_ids: set[str] = set()
        self._numbers = itertools.count(1001)
        self._shared_ids = new_ids()

    @property
    def limits(self) -> Limits:
        """The limits in force; settable at any time."""
        return self.windows.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self.windows.limits = limits

    # Chats

    def add_channel(
        self, title: str = "Channel", *, id: int | None = None, username: str | None = None,
        bot_status: Status = "administrator",
    ) -> Chat:  # fmt: skip
        """A channel; the bot is its administrator unless said otherwise."""
        number = id or _CHANNEL_BASE - next(self._numbers)
        return self._add(Chat(number, "channel", title, new_ids(), username), bot_status)

    def add_supergroup(
        self, title: str = "Supergroup", *, id: int | None = None, username: str | None = None,
        is_forum: bool = False, bot_status: Status = "member",
    ) -> Chat:  # fmt: skip
        """A supergroup, or a forum; the bot is a member of it."""
        number = id or _CHANNEL_BASE - next(self._numbers)
        chat = Chat(number, "supergroup", title, new_ids(), username, is_forum=is_forum)
        return self._add(chat, bot_status)

    def add_group(
        self, title: str = "Group", *, id: int | None = None, bot_status: Status = "member"
    ) -> Chat:
        """A basic group; the bot is a member of it."""
        number = id or -next(self._numbers)
        return self._add(Chat(number, "group", title, self._shared_ids), bot_status)

    def add_private(
        self, first_name: str = "Reader", *, id: int | None = None, username: str | None = None,
        started: bool = True,
    ) -> Chat:  # fmt: skip
        """A person and the chat with them. Not `started`: the bot may not write first."""
        number = id or next(self._numbers)
        user = self.add_user(first_name, id=number, username=username)
        chat = Chat(number, "private", first_name, self._shared_ids, username, started=started)
        chat.members[user.id] = Member(user)
        return self._add(chat, "member")

    def add_user(
        self, first_name: str = "Reader", *, id: int | None = None, username: str | None = None
    ) -> User:
        """A person, in no chat yet."""
        user = User(id or next(self._numbers), first_name, username, language_code="en")
        self.users[user.id] = user
        return user

    def add_topic(self, chat_id: int, name: str) -> Topic:
        """A topic of a forum."""
        chat = self.chats[chat_id]
        opened = self.stored(chat, {"forum_topic_created": {"name": name, "icon_color": 7322096}})
        topic = Topic(opened["message_id"], name)
        chat.topics[topic.message_thread_id] = topic
        return topic

    def _add(self, chat: Chat, bot_status: Status) -> Chat:
        chat.members[self.bot.id] = Member(self.bot, bot_status)
        self.chats[chat.id] = chat
        return chat

    def chat(self, address: str) -> Chat:
        """The chat that a `chat_id` parameter names: a number or @username."""
        if not address:
            raise bad_request("chat_id is empty")
        if address.startswith("@"):
            wanted = address[1:].lower()
            for chat in self.chats.values():
                if chat.type != "private" and (chat.username or "").lower() == wanted:
                    return chat
        elif re.fullmatch(r"-?[0-9]+", address) and int(address) in self.chats:
            return self.chats[int(address)]
        raise bad_request("chat not found")

    def bot_in(self, chat: Chat) -> Member | None:
        """The bot's place in the chat."""
        return chat.members.get(self.bot.id)

    # What happens in chats

    def stored(self, chat: Chat, content: dict[str, Any], user: User | None = None) -> Message:
        """A new message of `user` (None: the bot, or in a channel the channel) in the chat."""
        message: Message = {
            "message_id": next(chat.message_ids),
            "date": int(self.clock.now().timestamp()),
            "chat": chat.brief,
        }
        if chat.type == "channel":
            message["sender_chat"] = chat.brief
        else:
            message["from"] = (user or self.bot).as_dict()
        message.update(content)
        chat.messages[message["message_id"]] = message
        return message

    def set_member(
        self, chat_id: int, user: User, status: Status, rights: dict[str, bool] | None = None
    ) -> Member:
        """Make somebody a member, an administrator…; the bot hears of it where it would."""
        chat = self.chats[chat_id]
        old = chat.members.get(user.id, Member(user, "left"))
        new = chat.members[user.id] = Member(user, status, rights or {})
        kind = "my_chat_member" if user is self.bot else "chat_member"
        if user is self.bot or (self.bot_in(chat) or new).is_admin:
            self.updates.put(kind, self._member_change(chat, user, old, new))
        return new

    def set_bot_status(
        self, chat_id: int, status: Status, rights: dict[str, bool] | None = None
    ) -> Member:
        """Add, promote, restrict, or kick the bot (`my_chat_member`)."""
        return self.set_member(chat_id, self.bot, status, rights)

    def block(self, user_id: int, blocked: bool = True) -> None:
        """The person blocks the bot, or unblocks it (`my_chat_member`)."""
        chat = self.chats[user_id]
        chat.blocked = blocked
        old = Member(self.bot, "member" if blocked else "kicked")
        new = Member(self.bot, "kicked" if blocked else "member")
        self.updates.put("my_chat_member", self._member_change(chat, self.users[user_id], old, new))

    def _member_change(self, chat: Chat, by: User, old: Member, new: Member) -> dict[str, Any]:
        return {
            "chat": chat.brief,
            "from": (self._owner(chat) if by is self.bot else by).as_dict(),
            "date": int(self.clock.now().timestamp()),
            "old_chat_member": old.as_dict(chat.type),
            "new_chat_member": new.as_dict(chat.type),
        }

    def _owner(self, chat: Chat) -> User:
        """Who acts where nobody is named: the owner, or somebody who becomes it."""
        for member in chat.members.values():
            if member.status == "creator":
                return member.user
        owner = self.add_user("Owner")
        chat.members[owner.id] = Member(owner, "creator")
        return owner

    def migrate(self, chat_id: int) -> Chat:
        """Turn a basic group into a supergroup; writing to the old one names the new."""
        old = self.chats[chat_id]
        new = self.add_supergroup(old.title)
        new.members = {id: Member(m.user, m.status, m.rights) for id, m in old.members.items()}
        old.migrated_to = new.id
        user = self._owner(old)
        self._tell(self.stored(old, {"migrate_to_chat_id": new.id}, user))
        self._tell(self.stored(new, {"migrate_from_chat_id": old.id}, user))
        return new

    def user_sends(
        self, chat_id: int, text: str, *, user: User | None = None,
        message_thread_id: int | None = None, reply_to: int | None = None,
    ) -> Message:  # fmt: skip
        """A person writes to a chat (in a channel: an administrator posts).

        user: left out, the person of a private chat, or the owner
        The bot gets `message` or `channel_post`; in a group, unless it is an administrator, only
        commands, replies to it, and texts that name it, as with Telegram's privacy mode.
        """
        chat = self.chats[chat_id]
        sender = user or (self.users[chat.id] if chat.type == "private" else self._owner(chat))
        if chat.type == "private":
            chat.started = True
            if chat.blocked:
                self.block(chat.id, False)
        else:
            chat.members.setdefault(sender.id, Member(sender))
        content: dict[str, Any] = {"text": text}
        if commands := _commands(text):
            content["entities"] = commands
        if message_thread_id is not None:
            content |= {"message_thread_id": message_thread_id, "is_topic_message": True}
        if reply_to is not None:
            content["reply_to_message"] = chat.messages[reply_to]
        message = self.stored(chat, content, sender)
        if self._hears(chat, message):
            self._tell(message)
        return message

    def callback_query(self, chat_id: int, message_id: int, data: str, user: User) -> str:
        """A person presses an inline button; the id of the callback query."""
        query_id = str(next(self._numbers) + 10**15)
        self.callbacks[query_id] = None
        message = self.chats[chat_id].messages[message_id]
        self.updates.put(
            "callback_query",
            {
                "id": query_id,
                "from": user.as_dict(),
                "message": message,
                "chat_instance": str(abs(chat_id)),
                "data": data,
            },
        )
        return query_id

    def _hears(self, chat: Chat, message: Message) -> bool:
        bot = self.bot_in(chat)
        if bot is None or not bot.is_in:
            return False
        if chat.type in ("private", "channel") or bot.is_admin or "entities" in message:
            return True
        replied = message.get("reply_to_message", {}).get("from", {}).get("id") == self.bot.id
        return replied or f"@{self.bot.username}" in message["text"]

    def _tell(self, message: Message) -> None:
        kind = "channel_post" if message["chat"]["type"] == "channel" else "message"
        self.updates.put(kind, message)


def _commands(text: str) -> list[Entity]:
    """The bot commands in a person's text, which Telegram marks."""
    return [
        {"type": "bot_command", "offset": utf16(text[: m.start()]), "length": len(m[0])}
        for m in _COMMAND.finditer(text)
    ]
