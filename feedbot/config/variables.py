"""The environment's variables as pydantic-settings reads them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from feedbot.config.outline import PREFIX
from feedbot.config.settings import Settings


class _View(Settings, BaseSettings):
    """The settings as pydantic-settings wants to see them; never made into a value.

    `Settings` itself is a plain model, so that making one never reads the process's environment.
    """

    model_config = SettingsConfigDict(
        strict=True,  # texts of the environment are then turned into the key's type
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose files pass on variables nobody has set
    )


class VariablesSource(EnvSettingsSource):
    """pydantic-settings' reader over a mapping that is handed in."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(_View)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value}
