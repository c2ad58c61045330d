"""The methods that put messages into chats: text, photos, albums, forwards."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from feedbot.demo.botapi.call import Call
from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.entities import Entity, utf16
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.demo.botapi.formatting import formatted
from feedbot.demo.botapi.log import LogEntry
from feedbot.demo.botapi.world import Message, World

MAX_TEXT = 4096  # UTF-16 units after parsing
MAX_CAPTION = 1024
_IMAGE = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")
_MAX_PHOTO = 10 << 20  # bytes of an upload
_URL = re.compile(r"https?://[^\s/]+", re.IGNORECASE)


def send_message(world: World, call: Call) -> Message:
    """https://core.telegram.org/bots/api#sendmessage."""
    content = text_content(world, call)
    chat = world.chat(call.text("chat_id"))
    return _send(world, call, chat, [content], "text messages")[0]


def send_photo(world: World, call: Call) -> Message:
    """https://core.telegram.org/bots/api#sendphoto."""
    caption = caption_content(world, call.text("caption"), call.text("parse_mode"),
                              call.json("caption_entities", "entities"))  # fmt: skip
    photo = _photo(world, call, call.text("photo") or "attach://photo")
    chat = world.chat(call.text("chat_id"))
    content = {"photo": photo, **caption, **_above(call.flag("show_caption_above_media"))}
    return _send(world, call, chat, [content], "photos")[0]


def send_media_group(world: World, call: Call) -> list[Message]:
    """https://core.telegram.org/bots/api#sendmediagroup, of photos."""
    media = call.json("media", "media")
    if not isinstance(media, list):
        raise bad_request("expected an Array of InputMedia")
    if not 2 <= len(media) <= 10:
        amount = "few" if len(media) < 2 else "many"
        raise bad_request(f"too {amount} messages to send as an album")
    contents = [_media(world, call, item) for item in media]
    chat = world.chat(call.text("chat_id"))
    album = str(13_000_000_000_000_000 + len(world.log.entries))
    contents = [{"media_group_id": album, **content} for content in contents]
    return _send(world, call, chat, contents, "photos")


def forward_message(world: World, call: Call) -> Message:
    """https://core.telegram.org/bots/api#forwardmessage."""
    source = world.chat(call.text("from_chat_id"))
    source.check_readable(world.bot_in(source))
    original = source.messages.get(call.number("message_id"))
    if original is None:
        raise bad_request("message to forward not found")
    if original.get("has_protected_content") or not _content_of(original):
        raise bad_request("the message can't be forwarded")
    chat = world.chat(call.text("chat_id"))
    content = {"forward_origin": forward_origin(original), **_content_of(original)}
    what = "photos" if "photo" in original else "text messages"
    return _send(world, call, chat, [content], what)[0]


def forward_origin(message: Message) -> dict[str, Any]:
    """The MessageOrigin object of a forward: the first place it was written in."""
    if "forward_origin" in message:
        origin: dict[str, Any] = message["forward_origin"]
        return origin
    if "sender_chat" in message:
        return {
            "type": "channel",
            "date": message["date"],
            "chat": message["sender_chat"],
            "message_id": message["message_id"],
        }
    return {"type": "user", "date": message["date"], "sender_user": message["from"]}


def text_content(world: World, call: Call) -> dict[str, Any]:
    """`text` and `entities` of a message; ApiError where it is empty, wrong, or too long."""
    source = call.text("text")
    if not source:
        raise bad_request("message text is empty")
    given = call.json("entities", "entities")
    text, entities = formatted(source, call.text("parse_mode"), given)
    if utf16(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return {"text": text, **_entities("entities", world, entities)}


def caption_content(world: World, source: str, parse_mode: str, given: Any) -> dict[str, Any]:
    """`caption` and `caption_entities` of a message; nothing for an empty one."""
    caption, entities = formatted(source, parse_mode, given)
    if utf16(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    if not caption:
        return {}
    return {"caption": caption, **_entities("caption_entities", world, entities)}


def reply_markup(call: Call) -> dict[str, Any]:
    """The inline keyboard of a message, where there is one."""
    markup = call.json("reply_markup", "reply keyboard markup")
    if markup is not None and not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if not markup or "inline_keyboard" not in markup:
        return {}
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict) or not button.get("text"):
            raise bad_request("can't parse inline keyboard button: text is empty")
        if len(str(button.get("callback_data", "")).encode()) > 64:
            raise bad_request("BUTTON_DATA_INVALID")
    return {"reply_markup": {"inline_keyboard": rows}}


def accept(world: World, call: Call, message: Message) -> None:
    """Write an accepted message or edit to the log."""
    captioned = "caption" in message
    world.log.accept(
        LogEntry(
            time=world.clock.now(),
            method=call.method,
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            message_thread_id=message.get("message_thread_id"),
            text=message.get("caption" if captioned else "text", ""),
            entities=message.get("caption_entities" if captioned else "entities", []),
            parameters=call.logged(),
            message=dict(message),
            fault=call.fault,
        )
    )


def _send(
    world: World, call: Call, chat: Chat, contents: list[dict[str, Any]], what: str
) -> list[Message]:
    """Check rights, topic, reply and limits; then accept all of it at once."""
    bot = world.bot_in(chat)
    chat.check_writable(bot, what)
    shared: dict[str, Any] = {}
    if (thread := call.number("message_thread_id")) and chat.check_topic(thread, bot):
        shared |= {"message_thread_id": thread, "is_topic_message": True}
    shared |= _reply(call, chat) | reply_markup(call)
    if call.flag("protect_content"):
        shared["has_protected_content"] = True
    now = world.clock.now()
    world.windows.check(chat.id, group=chat.is_group, messages=len(contents), now=now)
    world.windows.accept(chat.id, group=chat.is_group, messages=len(contents), now=now)
    messages = [world.stored(chat, {**shared, **content}) for content in contents]
    for message in messages:
        accept(world, call, message)
    return messages


def _reply(call: Call, chat: Chat) -> dict[str, Any]:
    given = call.json("reply_parameters", "reply parameters") or {}
    if not isinstance(given, dict):
        raise bad_request("object expected as reply parameters")
    target = given.get("message_id") or call.number("reply_to_message_id")
    if not target:
        return {}
    if not isinstance(target, int):
        raise bad_request("can't parse reply parameters: message identifier must be a Number")
    message = chat.messages.get(target)
    if message is not None:
        plain = {key: value for key, value in message.items() if key != "reply_to_message"}
        return {"reply_to_message": plain}
    if given.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _entities(name: str, world: World, entities: list[Entity]) -> dict[str, Any]:
    """Entities for an answer; a mention of somebody unknown is none."""
    kept = []
    for entity in entities:
        if entity["type"] == "text_mention":
            user = world.users.get(entity["user"].get("id"))
            if user is None:
                continue
            entity = {**entity, "user": user.as_dict()}
        kept.append(entity)
    return {name: kept} if kept else {}


def _above(flag: bool) -> dict[str, bool]:
    return {"show_caption_above_media": True} if flag else {}


def _media(world: World, call: Call, item: Any) -> dict[str, Any]:
    """One item of an album."""
    if not isinstance(item, dict):
        raise bad_request("expected an Object as input media")
    if item.get("type") != "photo":
        raise bad_request("this server takes albums of photos only")
    caption = caption_content(world, str(item.get("caption") or ""),
                              str(item.get("parse_mode") or ""),
                              item.get("caption_entities"))  # fmt: skip
    photo = _photo(world, call, str(item.get("media", "")))
    return {"photo": photo, **caption, **_above(bool(item.get("show_caption_above_media")))}


def _photo(world: World, call: Call, source: str) -> list[dict[str, Any]]:
    """The PhotoSize objects of an upload (`attach://name`), a URL, or a file_id given before."""
    size: dict[str, Any] = {"width": 1280, "height": 720}
    if source.startswith("attach://"):
        content = call.files.get(source.removeprefix("attach://"))
        if content is None:
            raise bad_request("there is no photo in the request")
        _check_image(content)
        key, size["file_size"] = content, len(content)
    elif _URL.match(source):
        key = source.encode()
    elif source in world.file_ids:
        return [{"file_id": source, "file_unique_id": source[-16:], **size}]
    else:
        raise bad_request("wrong file identifier/HTTP URL specified")
    file_id = "AgAC" + hashlib.sha256(key).hexdigest()[:40]
    world.file_ids.add(file_id)
    return [{"file_id": file_id, "file_unique_id": file_id[-16:], **size}]


def _check_image(content: bytes) -> None:
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > _MAX_PHOTO:
        raise ApiError(413, "Request Entity Too Large")
    if not content.startswith(_IMAGE):
        raise bad_request("IMAGE_PROCESS_FAILED")


def _content_of(message: Message) -> dict[str, Any]:
    names = ("text", "entities", "photo", "caption", "caption_entities")
    return {name: message[name] for name in names if name in message}
