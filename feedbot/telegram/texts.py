"""What feedbot itself says in chats, in the languages it speaks."""

from __future__ import annotations

LANGUAGES = ("en", "ru")

_NOTICES = {
    "paused": {
        "en": "Nothing can be posted to {chat}: {error}. What is owed to it waits. Let the bot"
        " post there, then: feedbot chats resume {address}. Adding the bot again resumes it, too.",
        "ru": "В {chat} нельзя отправить сообщение: {error}. То, что ему причитается, ждёт."
        " Дайте боту право писать туда, затем: feedbot chats resume {address}. Можно и добавить"
        " бота заново.",
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
    "renamed": {
        "en": "The chat that was {chat} is called that no longer. Posts still go to it, by its"
        " number {number}; please put that into the configuration.",
        "ru": "Чат {chat} больше так не называется. Сообщения по-прежнему идут в него по номеру"
        " {number}; укажите, пожалуйста, номер в конфигурации.",
    },
    "name taken": {
        "en": "{chat} is another chat now. Posts still go to the one it was, by its number"
        " {number}; please put the number of the right one into the configuration.",
        "ru": "{chat} теперь другой чат. Сообщения по-прежнему идут в прежний, по номеру {number};"
        " укажите, пожалуйста, в конфигурации номер нужного.",
    },
    "twins": {
        "en": "{called} and {number} are one chat. It gets everything once, as is configured"
        " for {number}; please remove the other one from the configuration.",
        "ru": "{called} и {number} — один и тот же чат. Всё приходит туда один раз, как указано для"
        " {number}; уберите, пожалуйста, второе упоминание из конфигурации.",
    },
    "topic": {
        "en": "{chat}: its topic {topic} is closed or gone ({error}); posts go to its general"
        " topic.",
        "ru": "{chat}: темы {topic} нет или она закрыта ({error}); сообщения идут в общую тему.",
    },
    "defect, plain": {
        "en": "Telegram could not read the markup of a message for {chat}: {error}. It goes as"
        " plain text. This is a defect of feedbot: please report it.",
        "ru": "Telegram не разобрал разметку сообщения для {chat}: {error}. Оно отправляется"
        " простым текстом. Это ошибка feedbot: сообщите о ней, пожалуйста.",
    },
    "defect, split": {
        "en": "Telegram finds a message for {chat} too long: {error}. It goes in parts. This is a"
        " defect of feedbot: please report it.",
        "ru": "Для Telegram сообщение для {chat} слишком длинное: {error}. Оно отправляется по"
        " частям. Это ошибка feedbot: сообщите о ней, пожалуйста.",
    },
    "too old": {
        "en": "A message for {chat} could not be delivered for too long and is given up: {error}."
        " It is kept; `feedbot deliveries retry` tries it again.",
        "ru": "Сообщение для {chat} слишком долго не удавалось доставить: {error}. Попытки"
        " прекращены; его можно повторить: `feedbot deliveries retry`.",
    },
    "unknown": {
        "en": "Telegram refuses a message for {chat} in words feedbot does not know: {error}. It is"
        " tried again for half an hour; after that it is kept, and `feedbot deliveries` shows it.",
        "ru": "Telegram не принимает сообщение для {chat} по неизвестной feedbot причине: {error}."
        " Попытки продолжатся полчаса; потом оно останется в `feedbot deliveries`.",
    },
    "refused": {
        "en": "Telegram refuses a message for {chat}: {error}. It was given up.",
        "ru": "Telegram не принимает сообщение для {chat}: {error}. Оно не будет отправлено.",
    },
    "template": {
        "en": "{chat}: its template cannot be used for “{message}”: {error}. That post, and others"
        " like it, look as they do without one.",
        "ru": "{chat}: шаблон не подходит для «{message}»: {error}. Это сообщение и подобные ему"
        " выглядят так же, как без шаблона.",
    },
    "not retracted": {
        "en": "{chat}: “{message}” cannot be taken back: {error}. Delete it by hand.",
        "ru": "{chat}: «{message}» не удаётся отозвать: {error}. Удалите сообщение вручную.",
    },
    "unsure, resend": {
        "en": "{chat}: it could not be found out whether “{message}” arrived ({error}). It is sent"
        " again, so it may be there twice.",
        "ru": "{chat}: не удалось выяснить, дошло ли «{message}» ({error}). Сообщение отправляется"
        " ещё раз и может оказаться там дважды.",
    },
    "unsure, skip": {
        "en": "{chat}: it could not be found out whether “{message}” arrived ({error}). It is not"
        " sent again, so it may be missing.",
        "ru": "{chat}: не удалось выяснить, дошло ли «{message}» ({error}). Сообщение не"
        " отправляется ещё раз, и его может там не быть.",
    },
    "asks": {
        "en": "{chat} asks to follow: /allow_{id} or /deny_{id}",
        "ru": "{chat} просит подписку: /allow_{id} или /deny_{id}",
    },
}

_REPLIES = {
    "started": {
        "en": "You follow now. What is new will come here: {sources}. /stop ends it.",
        "ru": "Подписка оформлена. Новое будет приходить сюда: {sources}. /stop — отписаться.",
    },
    "already": {
        "en": "You follow already. /stop ends it.",
        "ru": "Подписка уже есть. /stop — отписаться.",
    },
    "asked": {
        "en": "The operator has been asked and decides.",
        "ru": "Запрос передан оператору, решает он.",
    },
    "let in": {
        "en": "The operator has let you in: what is new will come here. /stop ends it.",
        "ru": "Оператор разрешил подписку: новое будет приходить сюда. /stop — отписаться.",
    },
    "turned away": {
        "en": "The operator has declined. What was stored of this chat is deleted.",
        "ru": "Оператор отказал. Всё, что хранилось об этом чате, удалено.",
    },
    "closed": {
        "en": "This bot takes no new followers.",
        "ru": "Этот бот не принимает новых подписчиков.",
    },
    "configured": {
        "en": "The operator has set up this chat and decides what it follows.",
        "ru": "Этот чат настроил оператор, и решает он.",
    },
    "administrators": {
        "en": "Only administrators of this group may do that.",
        "ru": "Это могут делать только администраторы группы.",
    },
    "stopped": {
        "en": "You no longer follow. What was stored of this chat is deleted.",
        "ru": "Подписка окончена. Всё, что хранилось об этом чате, удалено.",
    },
    "not following": {
        "en": "This chat does not follow anything. /start begins.",
        "ru": "У этого чата нет подписки. /start — подписаться.",
    },
    "allowed": {"en": "{chat} follows now.", "ru": "{chat}: подписка оформлена."},
    "denied": {"en": "{chat} was turned away.", "ru": "{chat}: отказано."},
    "nobody asks": {
        "en": "Nobody with this number asks to follow.",
        "ru": "Никто с таким номером не просит подписку.",
    },
    "privacy": {
        "en": "Of a chat that follows, this bot keeps its number, its name and kind as Telegram"
        " showed them, since when it follows, and which messages it was sent. Of your messages"
        " nothing is kept. /stop deletes all of it.",
        "ru": "О подписанном чате бот хранит его номер, название и вид, как их показал Telegram,"
        " время подписки и какие сообщения ему отправлены. Из ваших сообщений не хранится"
        " ничего. /stop удаляет всё.",
    },
    "help": {
        "en": "/start – follow: what is new comes to this chat\n/stop – end it, and delete what is"
        " stored of this chat\n/privacy – what is stored\n/help – this list",
        "ru": "/start — подписаться: новое будет приходить в этот чат\n/stop — отписаться и"
        " удалить всё, что хранится об этом чате\n/privacy — что хранится\n/help — этот список",
    },
}

#: The menu Telegram shows: command, what it does.
MENU = {
    "en": {
        "start": "Follow",
        "stop": "Stop, and delete what is stored",
        "privacy": "What is stored",
        "help": "What I can do",
    },
    "ru": {
        "start": "Подписаться",
        "stop": "Отписаться и удалить данные",
        "privacy": "Что хранится",
        "help": "Что я умею",
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


def reply(name: str, language: str, **values: object) -> str:
    """An answer to a command."""
    return _REPLIES[name][language_of(language, "en")].format(**values)
