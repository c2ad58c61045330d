"""Settings from the environment: `FEEDBOT_SECTION__KEY`, read by pydantic-settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from feedbot.config.outline import ANY, PREFIX, sections, variables
from feedbot.config.wording import did_you_mean, printable

#: Variables that mean something to feedbot and are no keys of the file.
OTHERS = ("FEEDBOT_CONFIG", "FEEDBOT_URL", "FEEDBOT_CHAT", "FEEDBOT_REQUIRE")

_LISTS = tuple(
    PREFIX + "__".join(pattern[:-1]).upper() for pattern in sections() if pattern[-1:] == (ANY,)
)


def is_text(value: str) -> bool:
    """Whether `value` came as UTF-8; Python keeps other bytes as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """The values that known variables give, in the shape of the file."""
    known = {name: value for name, value in environ.items() if name in variables()}
    known = {name: value for name, value in known.items() if is_text(value)}
    if not known:
        return {}
    from feedbot.config.variables import VariablesSource  # brings pydantic-settings along

    return VariablesSource(known)()


def strangers(environ: Mapping[str, str]) -> Iterator[str]:
    """A warning for every FEEDBOT_ variable that means nothing."""
    known = {*variables(), *OTHERS}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            in_list = any(name.startswith(start) for start in _LISTS)
            cure = "set [[…]] in the file" if in_list else did_you_mean(name, known)
            yield f"{printable(name)}: no such setting, so it changes nothing" + (
                f"; {cure}" if cure else ""
            )
