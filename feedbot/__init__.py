"""feedbot: pages without a feed become an Atom feed and Telegram messages, each item once."""

__version__ = "0.1.0"
