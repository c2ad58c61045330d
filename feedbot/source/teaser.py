"""Whether what a feed carries of an entry is all of it, or a teaser for its page.

A feed does not say. `<description>` can be either; `<content:encoded>`, Atom's `content` and JSON
Feed's `content_html` are meant to be the whole, and in many feeds are not. Told by length, by how a
text ends, and by whether there is a shorter summary beside it. In doubt it is a teaser: the page is
then read once, and where that fails the teaser stays.
"""

from __future__ import annotations

import re

from feedbot.source.tidy import one_line, words

#: Characters from which a description alone is taken for the whole text.
_LONG = 1500
#: Characters from which a content of its own is.
_ENOUGH = 250
_END = 80  # characters at the end in which a text says that it goes on
_CUT = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&hellip;\]|\[\+\d+ chars\])\W*$")
_GO_ON = re.compile(
    r"(?:read|continue|learn|see|view)\s+(?:more|on|reading|full|the full|the rest)|more\s*[»›→>]"
    r"|full (?:story|article|text)|keep reading|the post .{1,200} (?:appeared first|first appeared)"
    r"|читать (?:далее|дальше|полностью)|подробнее|далее\s*[»›→>]"
    r"|weiter\s?lesen|mehr (?:lesen|erfahren)|zum artikel"
    r"|lire (?:la suite|plus)|en savoir plus|leer más|seguir leyendo|continuar (?:lendo|leyendo)"
    r"|leia mais|leggi (?:tutto|di più)|continua a leggere|lees (?:meer|verder)|läs mer|les mer"
    r"|czytaj (?:więcej|dalej)|číst dál|více\s*[»›→>]|devamını oku"
    r"|阅读(?:全文|更多)|查看全文|続きを読む|더 ?보기|اقرأ المزيد|ادامه مطلب|קרא עוד",
    re.I,
)
_SIGN_OFF = re.compile(
    r"(?<!\s)\s*the post .{1,200} (?:appeared first|first appeared) on .{1,100}$", re.I
)


def is_whole(text: str, summary: str, *, own: bool, titled: bool) -> bool:
    """Whether `text`, all that a feed carries of an entry, is the whole of it.

    summary: what stands beside it, or the same where nothing does
    own:     it stands where a feed has whole texts, not where it has summaries
    titled:  the entry has a title of its own; one without is its text (a microblog's)
    """
    text = _SIGN_OFF.sub("", one_line(text))
    if not text:
        return False
    end = text[-_END:]
    if _CUT.search(end) or _GO_ON.search(end):
        return False
    if not titled:
        return True
    if not own:
        return len(text) >= _LONG
    short = one_line(summary)
    alone = words(short) == words(text)
    return len(text) >= _LONG or (len(text) >= _ENOUGH and (alone or 2 * len(short) < len(text)))
