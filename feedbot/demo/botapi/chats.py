"""Chats, the people in them, and what the bot may do there.

Who may write where, and how Telegram says no, after https://core.telegram.org/bots/api#chat and
what its server answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from feedbot.demo.botapi.errors import bad_request, forbidden, migrated

ChatType = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

_ADMIN_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
_CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages", "can_manage_direct_messages")
_GROUP_RIGHTS = ("can_pin_messages", "can_manage_topics")
_MEMBER_RIGHTS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos",
    "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
    "can_send_other_messages", "can_add_web_page_previews", "can_react_to_messages",
)  # fmt: skip
_PERMISSIONS = (
    *_MEMBER_RIGHTS, "can_change_info", "can_invite_users", "can_pin_messages",
    "can_manage_topics", "can_edit_tag",
)  # fmt: skip


@dataclass(slots=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    username: str | None = None
    is_bot: bool = False
    language_code: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The User object."""
        user = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        for name in ("username", "language_code"):
            if getattr(self, name):
                user[name] = getattr(self, name)
        return user


@dataclass(slots=True)
class Member:
    """Somebody's place in a chat. rights: those that differ from the status's usual ones."""

    user: User
    status: Status = "member"
    rights: dict[str, bool] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """True for the owner and administrators."""
        return self.status in ("creator", "administrator")

    @property
    def is_in(self) -> bool:
        """True for those in the chat."""
        return self.status not in ("left", "kicked")

    def may(self, right: str) -> bool:
        """Whether the status and rights allow it: an owner all, an administrator unless taken."""
        if self.status == "creator":
            return True
        default = self.status == "administrator" or right in _MEMBER_RIGHTS
        return self.is_in and self.rights.get(right, default)

    def as_dict(self, chat_type: ChatType) -> dict[str, Any]:
        """The ChatMember object."""
        member: dict[str, Any] = {"user": self.user.as_dict(), "status": self.status}
        if self.status == "creator":
            member["is_anonymous"] = False
        elif self.status == "administrator":
            names = _CHANNEL_RIGHTS if chat_type == "channel" else _GROUP_RIGHTS
            member |= {"can_be_edited": False, "is_anonymous": False}
            member |= {name: self.may(name) for name in (*_ADMIN_RIGHTS, *names)}
        elif self.status == "restricted":
            member |= {"is_member": True, "until_date": 0}
            member |= {name: self.rights.get(name, False) for name in _PERMISSIONS}
        elif self.status == "kicked":
            member["until_date"] = 0
        return member


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is the id of the message that opened it."""

    message_thread_id: int
    name: str
    closed: bool = False
    deleted: bool = False


@dataclass
class Chat:
    """A chat, its people and its messages.

    message_ids: where new message ids come from (private chats and basic groups share one)
    started, blocked, deactivated: of a private chat: the person has written to the bot first, has
                 blocked it, has deleted the account
    permissions: what ordinary members may do, where it differs from everything
    """

    id: int
    type: ChatType
    title: str
    message_ids: Iterator[int]
    username: str | None = None
    is_forum: bool = False
    started: bool = True
    blocked: bool = False
    deactivated: bool = False
    deleted: bool = False
    migrated_to: int | None = None
    members: dict[int, Member] = field(default_factory=dict)
    permissions: dict[str, bool] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)

    @property
    def is_group(self) -> bool:
        """True for what Telegram counts as a group or channel in its limits."""
        return self.type != "private"

    @cached_property
    def brief(self) -> dict[str, Any]:
        """The Chat object; one for all messages of the chat, so do not change it."""
        named = "first_name" if self.type == "private" else "title"
        brief: dict[str, Any] = {"id": self.id, "type": self.type, named: self.title}
        if self.username:
            brief["username"] = self.username
        if self.is_forum:
            brief["is_forum"] = True
        return brief

    def full(self) -> dict[str, Any]:
        """The ChatFullInfo object."""
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                 "gifts_from_channels")  # fmt: skip
        full = {
            **self.brief,
            "accent_color_id": abs(self.id) % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }
        if self.username:
            full["active_usernames"] = [self.username]
        if self.type in ("group", "supergroup"):
            full["permissions"] = {name: self.permissions.get(name, True) for name in _PERMISSIONS}
        if self.pinned:
            full["pinned_message"] = self.messages[self.pinned[-1]]
        return full

    def check_readable(self, bot: Member | None) -> None:
        """Raise unless the bot may see the chat."""
        if self.type in ("supergroup", "channel"):
            if bot and bot.status == "kicked":
                raise forbidden(f"bot was kicked from the {self.type} chat")
            if not self.username and not (bot and bot.is_in):
                raise forbidden(f"bot is not a member of the {self.type} chat")

    def check_editable(self, bot: Member | None) -> None:
        """Raise unless the bot is in the chat."""
        self.check_readable(bot)
        if self.type == "private":
            if self.deactivated:
                raise forbidden("user is deactivated")
        elif self.type == "group" and bot and bot.status == "kicked":
            raise forbidden("bot was kicked from the group chat")
        elif not (bot and bot.is_in):
            raise forbidden(f"bot is not a member of the {self.type} chat")

    def check_writable(self, bot: Member | None, what: str = "text messages") -> None:
        """Raise unless the bot may send `what` ("text messages", "photos") to the chat."""
        if self.migrated_to is not None:
            raise migrated(self.migrated_to)
        if self.deleted:
            raise forbidden(f"the {self.type} chat was deleted")
        self.check_editable(bot)
        if self.type == "private":
            self._check_person()
        elif self.type == "channel":
            if not (bot and bot.is_admin and bot.may("can_post_messages")):
                raise bad_request("need administrator rights in the channel chat")
        elif bot and not bot.is_admin:
            right = "can_send_photos" if what == "photos" else "can_send_messages"
            if not (bot.may(right) and self.permissions.get(right, True)):
                raise bad_request(f"not enough rights to send {what} to the chat")

    def _check_person(self) -> None:
        if not self.started:
            raise forbidden("bot can't initiate conversation with a user")
        if self.blocked:
            raise forbidden("bot was blocked by the user")

    def check_topic(self, thread: int, bot: Member | None) -> int | None:
        """The topic to write to; None for none. Where there are no topics it is not looked at."""
        if not thread or (self.type != "private" and not self.is_forum):
            return None
        topic = self.topics.get(thread)
        if topic is None or topic.deleted:
            raise bad_request("message thread not found")
        if topic.closed and not (bot and bot.is_admin and bot.may("can_manage_topics")):
            raise bad_request("TOPIC_CLOSED")
        return thread


def new_ids(start: int = 1) -> Iterator[int]:
    """Message ids in sequence."""
    return itertools.count(start)
