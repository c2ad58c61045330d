"""A listing rule's selectors, compiled once.

CSS by cssselect, or `xpath:…`. `a@href` takes an attribute of what is selected, `@href` alone the
row's own. `label:Title` takes the text that follows that label. Everything but `item` and `day` is
relative to the row; `+ dd` and `> a` start at the row itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from feedbot.errors import ParseError
from feedbot.model import ListingRule
from feedbot.source.page import Element, labelled, text_of
from feedbot.source.tidy import words

#: An element found, or the text of an attribute or XPath function.
Found = Any

_XPATH = "xpath:"
_LABEL = "label:"
_CSS_ATTRIBUTE = re.compile(r"(.*?)@([A-Za-z_][\w.:-]*)", re.S)
_XPATH_ATTRIBUTE = re.compile(r"(.*[\w\])*.])@([A-Za-z_][\w.:-]*)", re.S)
_TRANSLATOR = HTMLTranslator()
_EMPTY = etree.fromstring("<html><body><p/></body></html>", etree.HTMLParser())
_KEYS = ("item", "day", "title", "link", "date", "summary", "image", "author")
# strptime directives that together make a whole date.
_WHOLE_DATES = (
    ("%d", "%m%b%B", "%Y%y"),
    ("%j", "%Y%y"),
    ("%G", "%V", "%u"),
    ("%c%x",),
)


class SelectorProblem(ValueError):
    """What is wrong with one selector, for a person."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled selector: an XPath (None: the row itself) and the attribute to take.

    label: of a text after a label, in words; who has walked the row knows its lines already
    """

    path: Any
    attribute: str | None
    label: str | None = None

    def all(self, row: Element) -> list[Found]:
        """Everything selected, in document order; elements without the attribute are left out."""
        found = [row] if self.path is None else self.path(row)
        if not isinstance(found, list):
            found = [_as_text(found)]
        if self.attribute is None:
            return found
        values = (node if isinstance(node, str) else node.get(self.attribute) for node in found)
        return [value for value in values if value is not None]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A listing rule ready to be applied."""

    rule: ListingRule
    item: Selector
    day: Selector | None
    title: Selector | None
    link: Selector | None
    date: Selector | None
    summary: Selector | None
    image: Selector | None
    author: Selector | None


@lru_cache(maxsize=1_024)
def compile_rule(rule: ListingRule) -> CompiledRule:
    """Compile each selector of a rule. Raises ParseError naming the first that is wrong."""
    selectors: dict[str, Selector | None] = {}
    for key in _KEYS:
        text = getattr(rule, key)
        try:
            selectors[key] = None if text is None else compile_selector(text, is_item=key == "item")
        except SelectorProblem as problem:
            raise ParseError(f"listing.{key}: {problem}") from problem
    item = selectors.pop("item")
    assert item is not None  # noqa: S101 - a rule has an `item`
    return CompiledRule(rule=rule, item=item, **selectors)


def check_rule(rule: ListingRule) -> list[tuple[str, str]]:
    """Everything wrong with a rule, as (key, message); an empty list for a good one."""
    problems = []
    for key in _KEYS:
        text = getattr(rule, key)
        if text is None:
            continue
        try:
            compile_selector(text, is_item=key == "item")
        except SelectorProblem as problem:
            problems.append((key, str(problem)))
    if rule.date_format is not None:
        wrong = _wrong_format(rule.date_format)
        if wrong:
            problems.append(("date_format", wrong))
    return problems


def compile_selector(text: str, *, is_item: bool = False) -> Selector:
    """Compile one selector. Raises SelectorProblem."""
    text = text.strip()
    if not text:
        raise SelectorProblem("the selector is empty")
    if text.startswith(_LABEL):
        return _label_selector(text.removeprefix(_LABEL), is_item=is_item)
    is_xpath = text.startswith(_XPATH)
    body = text.removeprefix(_XPATH).strip()
    match = (_XPATH_ATTRIBUTE if is_xpath else _CSS_ATTRIBUTE).fullmatch(body)
    attribute = match[2] if match else None
    path = match[1].strip() if match else body
    if is_item and attribute is not None:
        raise SelectorProblem("rows are elements, an attribute cannot be a row: leave out the `@…`")
    if not path and attribute:
        return Selector(None, attribute)
    return Selector(_compiled(path if is_xpath else _css(path), text), attribute)


def _label_selector(text: str, *, is_item: bool) -> Selector:
    label = words(text)
    if not label:
        raise SelectorProblem(f"{_LABEL!r} names no label: write label:Title")
    if is_item:
        raise SelectorProblem("rows are elements, the text after a label cannot be a row")

    def path(row: Element) -> list[Found]:
        found = labelled(text_of(row), label)
        return [] if found is None else [found]

    return Selector(path, None, label)


def _css(text: str) -> str:
    """The XPath of a CSS selector."""
    if text[0] in ">+~":
        text = f":scope {text}"
    try:
        return _TRANSLATOR.css_to_xpath(text, prefix="descendant-or-self::")
    except (SelectorError, RecursionError) as error:
        raise SelectorProblem(f"{text!r} is no CSS selector: {error}") from error


def _compiled(path: str, text: str) -> Any:
    """A compiled XPath that has been tried once: unknown functions show only in use."""
    try:
        compiled = etree.XPath(path, smart_strings=False)
        compiled(_EMPTY)
    except (etree.XPathError, ValueError, TypeError) as error:
        raise SelectorProblem(f"{text!r} is no XPath: {error}") from error
    return compiled


def _as_text(value: Any) -> str:
    """The result of an XPath function as text; numbers without a needless `.0`."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return str(value)


def _wrong_format(date_format: str) -> str | None:
    """What is wrong with a strptime format, None where it reads whole dates."""
    sample = datetime(2020, 5, 27, 14, 30)  # noqa: DTZ001 - only to try the format
    try:
        datetime.strptime(sample.strftime(date_format), date_format)  # noqa: DTZ007 - only tried
    except (ValueError, re.error) as error:
        if "%z" not in date_format and "%Z" not in date_format:
            return f"{date_format!r} is no strptime format: {error}"
    for parts in _WHOLE_DATES:
        if all(_has(date_format, choices) for choices in parts):
            return None
    return f"{date_format!r} reads no whole date: it needs day, month and year (%d.%m.%Y)"


def _has(date_format: str, choices: str) -> bool:
    """Whether one of the directives run together in `choices` is in the format."""
    return any(f"%{choice}" in date_format for choice in choices.split("%") if choice)
