"""What holds for every test."""

import os

from hypothesis import settings

# A property is no stopwatch: on a busy machine a slow example says nothing.
settings.register_profile("feedbot", deadline=None)
settings.load_profile("feedbot")

# What a command prints is fitted to this where it is set, and a shell may have set it.
os.environ.pop("COLUMNS", None)
