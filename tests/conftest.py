"""What holds for every test."""

from hypothesis import settings

# A property is no stopwatch: on a busy machine a slow example says nothing.
settings.register_profile("feedbot", deadline=None)
settings.load_profile("feedbot")
