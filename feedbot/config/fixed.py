"""What of the configuration takes a restart."""

from __future__ import annotations

from collections.abc import Callable

from feedbot.config.settings import Settings


def fixed_keys(old: Settings, new: Settings) -> list[str]:
    """Keys that were changed and cannot be while running."""
    watched: dict[str, Callable[[Settings], object]] = {
        "storage.url": lambda s: s.storage,
        "http": lambda s: s.http,
        "feeds.directory": lambda s: s.feeds.directory,
        "web.listen": lambda s: s.web,
        "telegram.token": lambda s: s.telegram.token,
        "telegram.api_url": lambda s: s.telegram.api_url,
        "telegram.proxy": lambda s: s.telegram.proxy,
    }
    return [key for key, value in watched.items() if value(old) != value(new)]
