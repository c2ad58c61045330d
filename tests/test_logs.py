"""Log lines: one format or the other, and nothing in them that should not be."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from feedbot import logs
from feedbot.demo.botapi import TOKEN

SECRET = TOKEN.partition(":")[2]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    quiet = {name: logging.getLogger(name).level for name in logs._NOISY}
    yield
    root.handlers, root.level = handlers, level
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"https://api.telegram.org/bot{TOKEN.replace(':', '%3A')}/getMe",
        f"token={TOKEN}, chat=1",
    ],
)
def test_no_token_passes_wherever_it_stands(text: str) -> None:
    assert SECRET not in logs.scrub(text)
    assert "<bot token>" in logs.scrub(text)


def test_what_is_no_token_stays() -> None:
    text = "at 12:30:45 on 127.0.0.1:8080: 815 days; tag:feedbot.invalid,2020-05-27:embassy/1"
    assert logs.scrub(text) == text


def test_a_text_line_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("text", 0)
    logging.getLogger("feedbot.poll").warning("a title with\r\x1b[31m\x00control %s", "\x85end")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.endswith("WARNING test_logs: a title with��[31m�control �end\n")


def test_json_lines_hold_time_level_logger_message_and_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.setup("json", 0)
    try:
        raise ValueError(f"boom at /bot{TOKEN}/x")
    except ValueError:
        logging.getLogger("feedbot.poll").exception("it %s", "failed")
    out = capsys.readouterr().err
    assert SECRET not in out
    line = json.loads(out)
    assert (line["level"], line["logger"], line["message"]) == (
        "error",
        "feedbot.poll",
        "it failed",
    )
    assert line["time"].endswith("Z")
    assert "ValueError: boom" in line["error"]


def test_libraries_that_log_urls_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("text", 1)
    logging.getLogger("httpx").info("HTTP Request: POST https://…/bot%s/getMe", TOKEN)
    logging.getLogger("feedbot.poll").debug("a step")
    assert capsys.readouterr().err.count("\n") == 1
