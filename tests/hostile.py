"""Text as the web can serve it at its worst, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

#: Any character there is, halves of surrogate pairs included.
CHARACTERS = st.characters(exclude_categories=())
PIECES = st.sampled_from(
    [
        "<b>", "</b>", "<a href='x'>", "<br>", "<", ">", "&", "&amp;", "&lt;", "&nbsp;", "&#0;",
        '"', "'", "]]>", "<!--", "{{ title }}", "{% raw %}", "\x00", "\x1b", "\x85", "\ufffe",
        "\uffff", "\ufffd", "\ud83d", "\ude00", "\u2028", "\u2029", "\u202e", "\u200f", "\ufeff",
        "e\u0301", "A\u030a", "x\u0333", "👨‍👩‍👧‍👦", "🇬🇧🇷🇺", "👍🏽", "שלום", "مرحبا", "ह",
        "िन्दी", "北京", "\n", "\n\n", "\r\n", "\t", "\xa0", " ", "word", "слово", "@name", "#tag", "https://e.org/",
    ]
)  # fmt: skip
SHORT = st.lists(st.one_of(PIECES, st.text(CHARACTERS, max_size=8)), max_size=12).map("".join)
#: Up to several messages long.
LONG = st.builds(
    lambda parts, times: "".join(parts) * times,
    st.lists(st.one_of(PIECES, st.text(CHARACTERS, max_size=20)), max_size=8),
    st.sampled_from([1, 7, 60, 300]),
)
TEXTS = st.one_of(SHORT, LONG)
