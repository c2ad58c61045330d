"""Texts a setting can hold: names, secrets, patterns, templates.

Each type here and beside raises `WrongValueError` with what is wrong and the cure. A message quotes
a value only where the value cannot hold a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, Strict

from feedbot.config.wording import WrongValueError, masked, quoted

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}$"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2, token


def _one_line(text: str) -> str:
    if not text.strip():
        raise WrongValueError("is empty", "remove the line or give it a value")
    if _CONTROL.search(text):
        raise WrongValueError("holds a line break or another control character", "keep to one line")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(NAME_PATTERN, text):
        cure = "use small letters a-z, digits and hyphens, up to 64, e.g. "
        raise WrongValueError(
            f"{quoted(text)} is not a name", cure + quoted(_as_name(masked(text)))
        )
    return text


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64] or "my-page"


def _path(value: object) -> object:
    return _one_line(value) if isinstance(value, str) else value


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise WrongValueError(
            f"{quoted(text)} is not a name HTTP allows", "use letters, digits and hyphens"
        )
    return text


def _one_line_secret(secret: SecretStr) -> SecretStr:
    _one_line(secret.get_secret_value())
    return secret


def _token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or re.search(r"[^!-~]|[/?#%]", text):
        raise WrongValueError(
            "is empty, or holds spaces or signs no bot token has",
            "copy the token again from @BotFather",
        )
    return secret


def _pattern(text: str) -> str:
    from feedbot.filters import check_pattern  # brings google-re2 along

    problem = check_pattern(text)
    if problem:
        raise WrongValueError(f"{quoted(text)} {problem}")
    return text


def _template(text: str) -> str:
    from feedbot.render.message import check_template  # brings Jinja2 along

    problem = check_template(text)
    if problem:
        raise WrongValueError(problem)
    return text


Text = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": NAME_PATTERN})]
Secret = Annotated[SecretStr, AfterValidator(_one_line_secret)]
Token = Annotated[SecretStr, AfterValidator(_token)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Template = Annotated[str, AfterValidator(_template)]
FilePath = Annotated[Path, Strict(False), BeforeValidator(_path)]
