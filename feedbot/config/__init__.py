"""The configuration: config.toml, the environment and secret files, checked as one."""

from feedbot.config.amounts import parse_duration
from feedbot.config.load import find, load
from feedbot.config.settings import Settings
from feedbot.config.show import schema, show
from feedbot.config.wording import WrongValueError

__all__ = ["Settings", "WrongValueError", "find", "load", "parse_duration", "schema", "show"]
