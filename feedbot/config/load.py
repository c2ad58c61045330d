"""From a file and the environment to `Settings`, or to every problem there is.

file ──────── secrets from files ─┐
                                  ├─ merged (environment > file > default) → checked → Settings
environment ─ secrets from files ─┘
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from os.path import isfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from feedbot.config import environment
from feedbot.config.amounts import format_duration
from feedbot.config.check import Finding, check
from feedbot.config.files import anchored, read_secret, read_toml, secret_tables
from feedbot.config.outline import variables
from feedbot.config.problems import finding_of, label
from feedbot.config.settings import KeyPath, Settings
from feedbot.config.wording import printable
from feedbot.errors import ConfigError, Problem

POLITE = timedelta(seconds=30)  # asked more often, many sites take a reader for an attack


def find(environ: Mapping[str, str], cwd: Path) -> Path | None:
    """The file to use: FEEDBOT_CONFIG, else ./config.toml, else the XDG config folder's, else none.

    A file that FEEDBOT_CONFIG names is returned whether or not it is there.
    """
    if environ.get("FEEDBOT_CONFIG"):
        return cwd / environ["FEEDBOT_CONFIG"]
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not folder.startswith("/"):  # XDG base directories: a relative path is to be ignored
        folder = f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    places = [cwd / "config.toml", *([Path(folder) / "feedbot/config.toml"] if folder else [])]
    return next((place for place in places if isfile(place)), None)  # unreadable: not there


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The configuration in effect, from `path` (None: no file) and `environ`.

    Relative paths are taken from the file's folder; from the working directory where they come from
    the environment or there is no file. Raises ConfigError with every problem found.
    """
    here = Path.cwd()
    base = here / path.parent if path else here
    draft = _Draft(str(path) if path else "environment")
    below = read_toml(path) if path else {}
    above = environment.read(environ)
    _drop_replaced_token(below, above)
    draft.take(below, base, {})
    draft.take(above, here, {key: name for name, key in _set(environ)})
    for name, key in _set(environ):
        if not environment.is_text(environ[name]):
            draft.origins[key] = name
            draft.findings.append(Finding(key, "is not UTF-8", "write it in UTF-8"))
    settings = draft.settings()
    settings = _anchored(settings, lambda key: here if key in draft.from_environment else base)
    if "?" in str(settings.storage.path):  # what follows would be read as the URL's options
        what = f"leads to a folder with a `?` in its name, {settings.storage.path}"
        finding = Finding(("storage", "url"), what, "name a file in another folder")
        raise ConfigError([draft.problem(finding)])
    return settings.noted(draft.origins, [*environment.strangers(environ), *_doubts(settings)])


def _set(environ: Mapping[str, str]) -> Iterator[tuple[str, KeyPath]]:
    return ((name, path) for name, path in variables().items() if environ.get(name))


def _drop_replaced_token(below: dict[str, Any], above: dict[str, Any]) -> None:
    """A token of the environment, given either way, replaces the file's, given either way."""
    telegram = below.get("telegram")
    if isinstance(telegram, dict) and above.get("telegram", {}).keys() & {"token", "token_file"}:
        telegram.pop("token", None)
        telegram.pop("token_file", None)


@dataclass
class _Draft:
    """What is being loaded: data so far, where each value came from, what is wrong."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    from_environment: set[KeyPath] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def take(self, layer: dict[str, Any], base: Path, names: Mapping[KeyPath, str]) -> None:
        """Lay `layer` over what is there; relative secret files are looked for in `base`."""
        for path in _leaves(layer):
            self.origins[path] = names.get(path, self.file)
        self.from_environment.update(names)
        for path, key, table in secret_tables(layer):
            self._read_secret(path, key, table, base)
        self.data = _merged(self.data, layer)

    def _read_secret(self, path: KeyPath, key: str, table: dict[str, Any], base: Path) -> None:
        written = table.get(f"{key}_file")
        if not isinstance(written, str | Path) or not str(written).isprintable():
            return  # the models say what is wrong
        where = (*path, f"{key}_file")
        if key in table:
            self.findings.append(Finding(where, f"stands beside `{key}`", "keep one of them"))
            return
        file = anchored(written, base)
        table[f"{key}_file"] = str(file)
        try:
            table[key] = read_secret(file)
        except ValueError as error:
            self.findings.append(Finding(where, str(error), f"put the {key} into that file"))
        else:
            self.origins[(*path, key)] = str(file)

    def settings(self) -> Settings:
        """The data as values, or ConfigError with everything that is wrong with it."""
        self.findings += check(self.data)
        try:
            settings = Settings.model_validate(self.data)
        except ValidationError as error:
            found = [finding_of(one, self.data) for one in error.errors(include_url=False)]
            self.findings = found + self.findings
        if self.findings:
            raise ConfigError([self.problem(finding) for finding in self.findings]) from None
        return settings

    def problem(self, finding: Finding) -> Problem:
        ends = range(len(finding.path), 0, -1)
        origins = (self.origins.get(finding.path[:end]) for end in ends)
        where = next((origin for origin in origins if origin), self.file)
        key = label(finding.path, self.data)
        return Problem(where, *map(printable, (key, finding.what, finding.cure)))


def _leaves(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(data, list) and any(isinstance(row, dict) for row in data):
        for index, row in enumerate(data):
            yield from _leaves(row, (*path, index))
    else:
        yield path


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        if not isinstance(value, dict):
            result[key] = value
        elif isinstance(below.get(key, {}), dict):  # else the file's own mistake stays to be named
            result[key] = _merged(below.get(key, {}), value)
    return result


def _anchored(settings: Settings, base_of: Callable[[KeyPath], Path]) -> Settings:
    """`settings` with its relative paths made absolute."""
    storage, feeds = settings.storage, settings.feeds
    database = anchored(storage.path, base_of(("storage", "url")))
    directory = anchored(feeds.directory, base_of(("feeds", "directory")))
    files = {
        name: anchored(file, base_of(("site", name)))
        for name in ("logo", "css")
        if (file := getattr(settings.site, name))
    }
    return settings.model_copy(
        update={
            "storage": storage.model_copy(update={"url": f"sqlite:///{database}"}),
            "feeds": feeds.model_copy(update={"directory": directory}),
            "site": settings.site.model_copy(update=files),
        }
    )


def _doubts(settings: Settings) -> Iterator[str]:
    """What is allowed and probably not meant."""
    telegram = settings.telegram
    if telegram.token is None:
        yield "telegram.token: not set, so nothing will be posted to Telegram"
    else:
        if not re.fullmatch(r"\d+:[\w-]+", telegram.token.get_secret_value(), re.ASCII):
            yield "telegram.token: does not look like a bot's token (number:letters)"
        if telegram.admin_chat is None:
            yield "telegram.admin_chat: not set, so nobody is told in Telegram what goes wrong"
    if not telegram.open and telegram.admin_chat is None:
        yield "telegram.open: false, and there is no admin_chat that could let anybody in"
    if not settings.sources:
        yield "sources: there is none, so nothing is watched"
    for source in settings.sources:
        if source.name == "all":
            yield "sources[all].name: takes the place of all.atom, the feed of all sources"
        if source.every < POLITE:
            every = format_duration(source.every)
            yield f"sources[{source.name}].every: {every} is often; many sites mind under 30s"
        if source.kind in ("feed", "sitemap") and source.listing is not None:
            yield f"sources[{source.name}].listing: not used, as kind is {source.kind}"
        if source.render and source.kind in ("feed", "json", "sitemap"):
            yield f"sources[{source.name}].render: of no use, as kind is {source.kind}"
        if source.render and {name.lower() for name in source.headers} - {"user-agent"}:
            yield f"sources[{source.name}].headers: only the User-Agent is sent, as render is true"
