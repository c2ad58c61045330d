"""The hidden side: what a test, a judge or a demonstrator orders and reads over HTTP.

    GET    /control/log?chat_id=&since=     accepted calls (from the `since`-th on) as JSON
    GET    /control/refused?since=          refused calls
    GET    /control/chats                   chats with what the bot is in them
    POST   /control/chats                   {"type", "title", "id", "username", …} → {"id"}
    POST   /control/chats/{id}              one of {"topic": name}, {"topic_closed": id},
                                            {"topic_deleted": id}, {"bot_status": …, "rights": {}},
                                            {"user_id", "status", "rights"}, {"blocked": true},
                                            {"deactivated": true}, {"deleted": true},
                                            {"migrate": true}, {"permissions": {}}
    GET    /control/chats/{id}/text         the chat as plain text
    POST   /control/updates                 {"chat_id", "text", "user_id", "message_thread_id",
                                            "reply_to"}, or {"chat_id", "message_id", "data",
                                            "user_id"} for a pressed button
    GET    /control/faults, POST (one or a list, the fields of `Fault`), DELETE
    POST   /control/limits                  {"per_bot", "per_chat", "per_group", "burst"}; null: off

None of it is Telegram's, and nothing of it is under `/bot`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from feedbot.demo.botapi.chats import Chat
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.faults import Fault, FaultKind
from feedbot.demo.botapi.limits import Limits
from feedbot.demo.botapi.log import as_json
from feedbot.demo.botapi.render import chat_as_text
from feedbot.demo.botapi.world import World

_Handler = Callable[[World, Request], Awaitable[Response]]


def control_routes(world: World) -> list[Route]:
    """The routes under `/control`."""
    handlers: list[tuple[str, str, _Handler]] = [
        ("GET", "/log", _log),
        ("GET", "/refused", _refused),
        ("GET", "/chats", _chats),
        ("POST", "/chats", _add_chat),
        ("POST", "/chats/{id}", _change_chat),
        ("GET", "/chats/{id}/text", _chat_text),
        ("POST", "/updates", _put_update),
        ("GET", "/faults", _faults),
        ("POST", "/faults", _add_faults),
        ("DELETE", "/faults", _clear_faults),
        ("POST", "/limits", _set_limits),
    ]
    return [
        Route(f"/control{path}", _bound(world, handler), methods=[method])
        for method, path, handler in handlers
    ]


def _bound(world: World, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(world, request)
        except KeyError as error:
            return JSONResponse({"error": f"no such chat, user, message or field: {error}"}, 404)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": f"not understood: {error}"}, 400)
        except ApiError as error:
            return JSONResponse(error.answer(), error.error_code)

    return endpoint


def _chat(world: World, request: Request) -> Chat:
    return world.chats[int(request.path_params["id"])]


async def _log(world: World, request: Request) -> Response:
    since, wanted = int(request.query_params.get("since", 0)), request.query_params.get("chat_id")
    entries = world.log.entries[since:]
    return JSONResponse([as_json(e) for e in entries if wanted in (None, str(e.chat_id))])


async def _refused(world: World, request: Request) -> Response:
    since = int(request.query_params.get("since", 0))
    return JSONResponse([as_json(call) for call in world.log.refused[since:]])


async def _chats(world: World, request: Request) -> Response:
    return JSONResponse(
        [
            {**chat.brief, "bot_status": chat.members[world.bot.id].status}
            for chat in world.chats.values()
        ]
    )


async def _add_chat(world: World, request: Request) -> Response:
    return JSONResponse({"id": add_chat(world, await request.json()).id})


def add_chat(world: World, wanted: dict[str, Any]) -> Chat:
    """Add a chat as a JSON object describes it: `type`, and what `World.add_<type>` takes."""
    adders: dict[str, Callable[..., Chat]] = {
        "channel": world.add_channel,
        "supergroup": world.add_supergroup,
        "group": world.add_group,
        "private": world.add_private,
    }
    fields = dict(wanted)
    kind = fields.pop("type", None)
    if kind not in adders:
        raise ValueError(f"type must be one of {', '.join(adders)}")
    title = {"first_name" if kind == "private" else "title": fields.pop("title", kind.capitalize())}
    return adders[kind](**title, **fields)


async def _change_chat(world: World, request: Request) -> Response:
    chat, wanted = _chat(world, request), await request.json()
    answer: dict[str, Any] = {}
    for name, value in wanted.items():
        match name:
            case "topic":
                answer["message_thread_id"] = world.add_topic(chat.id, value).message_thread_id
            case "topic_closed":
                chat.topics[value].closed = True
            case "topic_deleted":
                chat.topics[value].deleted = True
            case "bot_status":
                world.set_bot_status(chat.id, value, wanted.get("rights"))
            case "status":
                user = world.users[wanted["user_id"]]
                world.set_member(chat.id, user, value, wanted.get("rights"))
            case "blocked":
                world.block(chat.id, bool(value))
            case "deactivated" | "deleted" | "started" | "permissions":
                setattr(chat, name, value)
            case "migrate":
                answer["id"] = world.migrate(chat.id).id
            case "rights" | "user_id":
                pass  # belong to a status
            case _:
                raise ValueError(f"a chat has no {name!r} to change")
    return JSONResponse(answer)


async def _chat_text(world: World, request: Request) -> Response:
    return PlainTextResponse(chat_as_text(world.log, _chat(world, request).id))


async def _put_update(world: World, request: Request) -> Response:
    wanted = await request.json()
    user = world.users[wanted["user_id"]] if "user_id" in wanted else None
    chat_id = wanted["chat_id"]
    if "data" in wanted:
        user = user or world.users[chat_id]
        number = world.callback_query(chat_id, wanted["message_id"], wanted["data"], user)
        return JSONResponse({"callback_query_id": number})
    message = world.user_sends(
        chat_id, wanted["text"], user=user, message_thread_id=wanted.get("message_thread_id"),
        reply_to=wanted.get("reply_to"),
    )  # fmt: skip
    return JSONResponse(message)


async def _faults(world: World, request: Request) -> Response:
    return JSONResponse([_fault_json(fault) for fault in world.faults.ordered])


async def _add_faults(world: World, request: Request) -> Response:
    wanted = await request.json()
    faults = [
        Fault(**{**each, "kind": FaultKind(each["kind"])})
        for each in (wanted if isinstance(wanted, list) else [wanted])
    ]
    for fault in faults:
        world.faults.add(fault)
    return JSONResponse({"faults": len(world.faults.ordered)})


async def _clear_faults(world: World, request: Request) -> Response:
    world.faults.clear()
    return JSONResponse({"faults": 0})


async def _set_limits(world: World, request: Request) -> Response:
    world.limits = Limits(**await request.json())
    return JSONResponse({})


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in Fault.__dataclass_fields__}
