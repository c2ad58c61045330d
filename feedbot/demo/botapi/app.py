"""The HTTP side of the methods: token, body, faults, answer.

Written against ASGI itself where every call passes, because the throughput benchmark does too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from feedbot.demo.botapi.call import Call
from feedbot.demo.botapi.control import control_routes
from feedbot.demo.botapi.errors import ApiError, bad_request
from feedbot.demo.botapi.faults import Fault, FaultKind
from feedbot.demo.botapi.log import RefusedCall
from feedbot.demo.botapi.methods import METHODS
from feedbot.demo.botapi.world import World

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

HangUp = Callable[[tuple[str, int]], None]

_MAX_POLL = 50  # seconds


def application(world: World, hang_up: HangUp) -> Starlette:
    """The ASGI application; `hang_up` closes a client's connection without an answer."""
    methods = _Methods(world, hang_up)
    return Starlette(
        routes=[
            Route("/bot{token}/{method}", methods),
            *control_routes(world),
            Route("/{path:path}", _NotFound()),
        ]
    )


class _NotFound:
    """What is not there is not there in the Bot API's own form."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _respond(send, 404, ApiError(404, "Not Found").answer())


class _Methods:
    """`/bot<token>/<method>`."""

    def __init__(self, world: World, hang_up: HangUp) -> None:
        self._world = world
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope["path_params"]["method"])
        try:
            self._authorize(scope["path_params"]["token"])
            call = await _read(scope, receive)
            result = await self._answer(call, receive)
        except ApiError as error:
            self._refuse(call, error)
            await _respond(send, error.error_code, error.answer(), error.parameters)
            return
        except _HangUp:
            self._hang_up(tuple(scope["client"]))
            await _gone(receive)
            return
        await _respond(send, 200, {"ok": True, "result": result})

    def _authorize(self, token: str) -> None:
        if ":" not in token or not token.partition(":")[0].isdigit():
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self._world.token:
            raise ApiError(401, "Unauthorized")

    async def _answer(self, call: Call, receive: Receive) -> Any:
        """The result of a call, after what its fault does before."""
        fault = self._world.faults.take(call.method, self._chat_id(call))
        if fault is None:
            return await self._run(call, receive)
        if fault.kind is FaultKind.ERROR:
            code, why = fault.error_code, fault.error_description()
            raise ApiError(code, why, fault.error_parameters())
        if fault.kind is FaultKind.DROP:
            self._refuse(call, ApiError(0, "dropped before acceptance"))
            raise _HangUp
        call.fault = fault.kind.value
        return await self._run_badly(call, fault, receive)

    async def _run_badly(self, call: Call, fault: Fault, receive: Receive) -> Any:
        if fault.kind is FaultKind.LATE:
            await _gone(receive)
        if fault.seconds and fault.kind in (FaultKind.LATE, FaultKind.DELAY):
            clock = self._world.clock
            await clock.wait((), clock.now() + timedelta(seconds=fault.seconds))
        result = await self._run(call, receive)
        if fault.kind is FaultKind.SILENT:
            await _gone(receive)
        if fault.kind is not FaultKind.DELAY:
            raise _HangUp
        return result

    async def _run(self, call: Call, receive: Receive) -> Any:
        if call.method == "getUpdates":
            return await self._get_updates(call, receive)
        return METHODS[call.method.lower()][1](self._world, call)

    async def _get_updates(self, call: Call, receive: Receive) -> list[dict[str, Any]]:
        """https://core.telegram.org/bots/api#getupdates."""
        allowed = call.json("allowed_updates", "allowed updates")
        gone = asyncio.ensure_future(_gone(receive))
        try:
            return await self._world.updates.get(
                offset=call.number("offset"),
                limit=min(max(call.number("limit", 100), 1), 100),
                seconds=min(max(call.number("timeout"), 0), _MAX_POLL),
                allowed_updates=map(str, allowed) if isinstance(allowed, list) else None,
                gone=gone,
            )
        finally:
            gone.cancel()

    def _chat_id(self, call: Call) -> int | None:
        """The numeric id of the chat a call is about, for faults; None if it names none."""
        try:
            return self._world.chat(call.text("chat_id")).id
        except ApiError:
            return None

    def _refuse(self, call: Call, error: ApiError) -> None:
        self._world.log.refuse(
            RefusedCall(
                time=self._world.clock.now(),
                method=call.method,
                chat_id=call.text("chat_id"),
                error_code=error.error_code,
                description=error.description,
                retry_after=error.parameters.get("retry_after"),
                parameters=call.logged(),
            )
        )


class _HangUp(Exception):
    """The connection is to be closed without an answer."""


async def _gone(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(
    send: Send, status: int, body: dict[str, Any], parameters: dict[str, Any] | None = None
) -> None:
    content = _encode(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    if parameters and "retry_after" in parameters:
        headers.append((b"retry-after", str(parameters["retry_after"]).encode()))
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": content})


async def _read(scope: Scope, receive: Receive) -> Call:
    """The call a request makes. ApiError 404 for an unknown method, 400 for a broken body."""
    wanted = scope["path_params"]["method"].lower()
    if wanted == "getupdates":
        name = "getUpdates"
    elif wanted in METHODS:
        name = METHODS[wanted][0]
    else:
        raise ApiError(404, "Not Found: method not found")
    parameters = _form(scope["query_string"])
    request = Request(scope, receive)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(name, parameters, request)
    body = await _body(receive)
    if kind == "application/json":
        parameters |= _json(body)
    elif kind == "application/x-www-form-urlencoded":
        parameters |= _form(body)
    return Call(name, parameters)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _form(content: bytes) -> dict[str, str]:
    if not content:
        return {}
    try:
        return dict(parse_qsl(content.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise bad_request("strings must be encoded in UTF-8") from None


def _json(body: bytes) -> dict[str, str]:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        raise bad_request("can't parse request JSON object") from None
    if not isinstance(given, dict):
        raise bad_request("object expected as request body")
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
        if value is not None
    }
    if any("\ud800" <= char <= "\udfff" for value in parameters.values() for char in value):
        raise bad_request("strings must be encoded in UTF-8")
    return parameters


async def _multipart(name: str, parameters: dict[str, str], request: Request) -> Call:
    files: dict[str, bytes] = {}
    async with request.form() as form:
        for field, value in form.items():
            if isinstance(value, UploadFile):
                files[field] = await value.read()
            else:
                parameters[field] = value
    return Call(name, parameters, files)
