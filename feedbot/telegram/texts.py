"""What feedbot itself says in chats, in the languages it speaks."""

from __future__ import annotations

LANGUAGES = ("en", "ru")

_NOTICES = {
    "paused": {
        "en": "Nothing can be posted to {chat}: {error}. What is owed to it waits. Let the bot"
        " post there, then restart feedbot, or add the bot again.",
        "ru": "В {chat} нельзя отправить сообщение: {error}. То, что ему причитается, ждёт."
        " Дайте боту право писать туда и перезапустите feedbot или добавьте бота заново.",
    },
    "resumed": {
        "en": "{chat} can be written to again; what was owed to it follows.",
        "ru": "В {chat} снова можно писать; задержанные сообщения будут отправлены.",
    },
    "migrated": {
        "en": "The group {old} has become a supergroup: its number is {new} now. Posts go there;"
        " please change it in the configuration.",
        "ru": "Группа {old} стала супергруппой: теперь её номер {new}. Сообщения идут туда;"
        " исправьте, пожалуйста, номер в конфигурации.",
    },
    "topic": {
        "en": "{chat} has no topic {topic}; posts go to its general topic.",
        "ru": "В {chat} нет темы {topic}; сообщения идут в общую тему.",
    },
    "refused": {
        "en": "Telegram refuses a message for {chat}: {error}. It was given up.",
        "ru": "Telegram не принимает сообщение для {chat}: {error}. Оно не будет отправлено.",
    },
}


def language_of(wanted: str | None, otherwise: str) -> str:
    """The language of ours to speak: the wanted one (`ru`, `ru-RU`), else the other, else en."""
    for tag in (wanted, otherwise):
        if tag and (short := tag.lower().replace("_", "-").partition("-")[0]) in LANGUAGES:
            return short
    return "en"


def notice(name: str, language: str, **values: object) -> str:
    """A notice to the operator."""
    return _NOTICES[name][language_of(language, "en")].format(**values)
