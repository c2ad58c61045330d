from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbot.source.text import decode

PAGES = Path(__file__).parent / "data" / "pages"
RUSSIAN = "Посольство сообщает: приём граждан ведётся по записи, просим проверить документы."
CAPITALS = "НОВОСТИ ПОСОЛЬСТВА И ОБЪЯВЛЕНИЯ"
FRENCH = "Un café à Paris, été prolongé, déjà vu où"
CYRILLIC = ("windows-1251", "koi8-r", "cp866", "iso-8859-5")


@pytest.mark.parametrize("text", [RUSSIAN, CAPITALS, "Новость 1", "Объявление: ёлка в СССР"])
@pytest.mark.parametrize("charset", [*CYRILLIC, "utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declared", [None, "utf-8", "iso-8859-1", "windows-1251", "koi8-r", "nonsense", "base64"]
)
def test_russian_is_read_whatever_is_declared(
    text: str, charset: str, declared: str | None
) -> None:
    header = f"text/html; charset={declared}" if declared else None
    page = f"<html><body><p>{text}</p></body></html>"
    assert decode(page.encode(charset), header) == page


@pytest.mark.parametrize("declared", [None, "utf-8", "windows-1251", "koi8-r", "iso-8859-1"])
def test_western_text_is_read_whatever_is_declared(declared: str | None) -> None:
    header = f"text/html; charset={declared}" if declared else None
    assert decode(FRENCH.encode("cp1252"), header) == FRENCH
    assert decode(FRENCH.encode(), header) == FRENCH


def test_a_right_declaration_is_believed_where_the_bytes_cannot_tell() -> None:
    assert decode("naïve €".encode("iso-8859-15"), "text/html; charset=ISO-8859-15") == "naïve €"
    assert decode("Łódź jest".encode("iso-8859-2"), "text/html;charset=iso-8859-2") == "Łódź jest"
    assert decode("Українські новини: її, є".encode("koi8-u"), "text/html; charset=koi8-u") == (
        "Українські новини: її, є"
    )


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("新闻发布会今天在北京举行", "gb2312"),
        ("日本のニュース記事", "shift_jis"),
        ("日本のニュース記事", "euc-jp"),
        ("한국 대사관 뉴스", "euc-kr"),
        ("新聞發布會", "big5"),
        ("مرحبا بالعالم", "windows-1256"),
        ("Ειδήσεις της ημέρας", "windows-1253"),
    ],
)
def test_declared_charsets_of_other_scripts(text: str, charset: str) -> None:
    assert decode(text.encode(charset), f"text/html; charset={charset}") == text
    meta = f'<meta charset="{charset}"><p>{text}'
    assert decode(meta.encode(charset), None) == meta
    assert decode(text.encode(), f"text/html; charset={charset}") == text, "really UTF-8"


@pytest.mark.parametrize(
    ("mark", "charset"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_beats_the_header_and_is_no_text(mark: bytes, charset: str) -> None:
    body = mark + RUSSIAN.encode(charset)
    assert decode(body, "text/html; charset=windows-1251") == RUSSIAN


PROSE = {
    "ru": ("cp1251 koi8-r cp866 iso-8859-5 utf-16", "Посольство сообщает о приёме|НОВОСТИ НЕДЕЛИ"),
    "uk": ("cp1251 koi8-u", "Українські новини сьогодні|Їжа та її ціна|Засідання комітету"),
    "bg": ("cp1251", "Съобщение на посолството|Новини от България днес"),
    "fr": ("cp1252 iso-8859-15", "Réunion du comité à Paris|Déjà l'été : où aller ?|Évêque"),
    "de": ("cp1252", "Änderung der Öffnungszeiten|Größere Straßenbauarbeiten"),
    "es": ("cp1252", "¿Qué pasó en España? ¡Mañana más!|Comunicación de la Comisión"),
    "pl": ("cp1250 iso-8859-2", "Łódź: posiedzenie komisji|Źródła wiedzy i życzenia"),
    "cs": ("cp1250 iso-8859-2", "Příliš žluťoučký kůň úpěl|Úřední deska města"),
    "tr": ("cp1254", "Şehir içi ulaşım değişiklikleri|İstanbul'da yeni çalışmalar"),
    "el": ("cp1253 iso-8859-7", "Ειδήσεις της ημέρας|Ανακοίνωση της πρεσβείας"),
    "he": ("cp1255", "חדשות היום בירושלים|הודעה של השגרירות"),
    "ar": ("cp1256 iso-8859-6", "مرحبا بالعالم من السفارة|إعلان عن مواعيد العمل الجديدة"),
    "zh": ("gb18030 gbk utf-16-le", "新闻发布会今天在北京举行|关于开展环境保护工作的通知"),
    "ja": ("cp932 euc_jp iso2022_jp", "日本のニュース記事のお知らせ|カタカナのテスト"),
    "ko": ("cp949", "한국 대사관 뉴스|위원회 회의 공지사항"),
    "th": ("cp874", "ข่าวประชาสัมพันธ์วันนี้|ประกาศสถานทูต"),
}


@pytest.mark.parametrize("language", PROSE)
@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "windows-1251", "windows-1252"])
def test_the_bytes_decide_whatever_header_and_meta_say(language: str, declared: str | None) -> None:
    charsets, rows = PROSE[language]
    for charset in (*charsets.split(), "utf-8"):
        for meta in (None, declared, charset):
            head = f'<meta charset="{meta}">' if meta else ""
            items = "".join(
                f"<li><a href='/n'>{row}</a> 12.03.2024</li>" for row in rows.split("|")
            )
            page = (
                f"<html><head>{head}<title>News</title></head><body><ul>{items}</ul></body></html>"
            )
            header = f"text/html; charset={declared}" if declared else "text/html"
            assert decode(page.encode(charset), header) == page, (charset, meta)


@pytest.mark.parametrize(
    "text",
    [
        "Prices: £5 and £6, £7.50 or £8",
        "“Smart” quotes — and ’tis",
        "½ cup, ¼ spoon",
        "1 m² = 10 µm",
    ],
)
@pytest.mark.parametrize("declared", [None, "iso-8859-1", "utf-8"])
def test_signs_among_english_words_are_western(text: str, declared: str | None) -> None:
    header = f"text/html; charset={declared}" if declared else None
    assert decode(text.encode("cp1252"), header) == text


def test_a_declared_utf8_page_of_few_accents_survives_a_broken_byte() -> None:
    page = "<p>An “English” page with a broken caf\xe9</p>".encode().replace(b"\xc3\xa9", b"\xe9")
    assert decode(page, "text/html; charset=utf-8") == (
        "<p>An “English” page with a broken caf\ufffd</p>"
    )


def test_utf16_without_a_mark_is_told_by_its_markup() -> None:
    page = f"<html><head><title>x</title></head><body><p>{CAPITALS}</p></body></html>"
    assert decode(page.encode("utf-16-le"), None) == page
    assert decode(page.encode("utf-16-be"), "text/html; charset=utf-8") == page


def test_meta_and_xml_declarations() -> None:
    for head in (
        '<?xml version="1.0" encoding="windows-1251"?>',
        "<meta charset=windows-1251>",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
    ):
        page = f"{head}<p>{RUSSIAN}"
        assert decode(page.encode("cp1251"), "text/html") == page


def test_utf8_that_is_cut_or_slightly_broken_stays_utf8() -> None:
    body = RUSSIAN.encode()
    assert decode(body[:-2], None) == RUSSIAN[:-2] + "\ufffd"
    broken = body + b"\xff" + body
    assert decode(broken, "text/html; charset=utf-8").split("\ufffd") == [RUSSIAN, RUSSIAN]


def test_sample_pages() -> None:
    declared = decode((PAGES / "russian-windows-1251.html").read_bytes(), None)
    undeclared = decode((PAGES / "russian-koi8-r.html").read_bytes(), "text/html")
    assert "О работе консульского отдела в июне" in declared
    assert "О работе консульского отдела в июне" in undeclared


@given(st.binary(), st.one_of(st.none(), st.text()))
def test_any_bytes_give_text(body: bytes, content_type: str | None) -> None:
    assert isinstance(decode(body, content_type), str)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf-8", None]))
def test_utf8_comes_back_as_it_was(text: str, declared: str | None) -> None:
    body = text.encode()
    header = f"text/html; charset={declared}" if declared else None
    if not body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE)) and "\0" not in text:
        assert decode(body, header) == text


@given(st.sampled_from(["text/html; charset={}", "text/html;CHARSET='{}'"]), st.text(max_size=30))
def test_any_label_is_survived(header: str, label: str) -> None:
    assert RUSSIAN in decode(RUSSIAN.encode(), header.format(label))
