"""Reading the configuration file, and secrets that are kept in files of their own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from os.path import expanduser
from pathlib import Path
from typing import Any

from feedbot.config.wording import printable
from feedbot.errors import ConfigError, Problem

_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Raises ConfigError, one line, where it cannot be read or parsed."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # Notepad writes a BOM
    except OSError as error:
        problem = Problem(str(path), "", f"cannot be read: {error.strerror}", _cure(error))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), f"line {line}", "is not UTF-8", "save the file as UTF-8")
    except RecursionError:
        problem = Problem(str(path), "", "lists are nested too deeply", "no key needs that")
    except ValueError as error:  # tomllib's own, and a number of thousands of digits
        problem = _syntax(path, str(error))
    raise ConfigError([problem]) from None


def _cure(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "name a file that is there; config.example.toml shows every key"
    if isinstance(error, PermissionError):
        return "let feedbot's user read it"
    return "name a readable file"


def _syntax(path: Path, message: str) -> Problem:
    match = _PLACE.fullmatch(message)
    key = f"line {match[2]}, column {match[3]}" if match else ""
    what = (match[1] if match else message).strip()
    cure = "texts stand in quotes, a key stands once"
    return Problem(str(path), key, f"is not TOML: {printable(what)}", cure)


def anchored(path: Path | str, base: Path) -> Path:
    """`path`, relative to `base` unless it is absolute; `~` is the user's home."""
    return base / expanduser(path)


def read_secret(path: Path) -> str:
    """A secret that is a file's text, less the line break at its end.

    Raises ValueError, whose text says what is wrong and holds nothing of the file.
    """
    try:
        text = path.read_bytes().decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text in UTF-8") from None
    if not text:
        raise ValueError(f"{path} is empty")
    return text


def secret_tables(
    data: dict[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, Any]]]:
    """Every table that can hold a secret: its path, the secret's key, and the table itself."""
    if isinstance(data.get("telegram"), dict):
        yield ("telegram",), "token", data["telegram"]
    sources = data.get("sources")
    for index, source in enumerate(sources if isinstance(sources, list) else []):
        auth = source.get("auth") if isinstance(source, dict) else None
        if isinstance(auth, dict):
            yield ("sources", index, "auth"), "password", auth
