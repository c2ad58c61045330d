"""Telegram: what is owed is sent, and what people tell the bot is heard.

deliver   the loop that sends; limits, answers, compose and settle are its parts
bot       the loop that hears; commands says what it answers
service   both as one part of the program
"""

from feedbot.telegram.online import Online, check_online
from feedbot.telegram.service import Telegram

__all__ = ["Online", "Telegram", "check_online"]
