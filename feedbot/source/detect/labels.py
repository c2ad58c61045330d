"""What rows and headings say of a text beside it: a title, when it was published, another date."""

from __future__ import annotations

import re

TITLE_LABEL = re.compile(
    r"\b(?:title|name|caption|subject|headline|case|style|topic|titel|titre|t[ií]tulo|titolo|betreff"
    r"|objet|asunto|oggetto|назва\w*|назван\w*|заголов\w*|тема|наименование|tytuł|název|başlık)\b",
    re.I,
)
DATE_LABEL = re.compile(
    r"\b(?:date|posted|published|publication|filed|released?|issued?|decided|issuance|decision"
    r"|datum|veröffentlicht|publié|fecha|publicad[oa]|data|pubblicat[oa]"
    r"|дата|опубликован\w*|размещ[её]н\w*)\b",
    re.I,
)
OTHER_DATE = re.compile(
    r"\b(?:updated?|modified|argued|argument|hearing|expir\w*|deadline|due|clos\w+|apply|effective"
    r"|valid|event|until|end\w*|start\w*|reclassified|bis|frist|aktualisiert|modifié|fin|hasta|vence|actualizado"
    r"|scadenza|обновл[её]н\w*|истекает|до|срок|окончани\w*)\b",
    re.I,
)
