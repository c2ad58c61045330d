"""An operator's own wording of a news message: Jinja2, kept so small that it cannot do harm.

A template is checked as a syntax tree before it is ever run. What is left of the language (fields,
conditions, a few filters, a loop over the sources) takes time and makes output in proportion to the
template's own length, so nothing can hang or swell; the sandbox and autoescaping stand behind that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from feedbot.render.telegram_html import (
    MAX_TEXT,
    TAGS,
    MarkupError,
    fits,
    known_tags,
    visible_text,
)
from feedbot.render.text import clean

#: What a template may name. `sources` is a list, all others are text; what is not known is empty.
FIELDS = ("title", "link", "date", "summary", "source", "sources", "author", "language")
#: Filters that keep the size or shorten; none that multiplies (`replace`, `center`, `urlencode`).
FILTERS = ("capitalize", "default", "e", "escape", "first", "join", "last", "length", "lower",
           "title", "trim", "truncate", "upper")  # fmt: skip

MAX_SOURCE = 8_000  # characters of a template
MAX_OUTPUT = 400_000  # characters it may make; shortening starts from there

_ALLOWED_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.Filter,
    nodes.Test, nodes.Concat, nodes.For, nodes.Getattr, nodes.Keyword,
)  # fmt: skip
_TESTS = ("defined", "undefined", "string", "none", "equalto", "eq", "ne", "in")
_LOOP_ATTRIBUTES = ("first", "last", "index", "length")
_TAG_START = re.compile(r"<(?P<name>/?[^\s<>]*)")
_REFERENCE = re.compile(r"&(?!(?:lt|gt|amp|quot);)\w+;")

_environment = ImmutableSandboxedEnvironment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.clear()


class TemplateProblem(ValueError):
    """A template that cannot be used; one line naming the template's line and the cure."""

    def __init__(self, line: int | None, what: str) -> None:
        super().__init__(f"line {line}: {what}" if line else what)


def render(source: str, fields: Mapping[str, str | Sequence[str]]) -> str:
    """The HTML that template `source` makes of `fields`. Raises TemplateProblem."""
    parts: list[str] = []
    size = 0
    try:
        for part in _compiled(source).generate(**fields):
            parts.append(part)
            size += len(part)
            if size > MAX_OUTPUT:
                raise TemplateProblem(None, f"makes more than {MAX_OUTPUT} characters")
    except (TemplateError, TypeError, ValueError, ArithmeticError, AssertionError) as error:
        if isinstance(error, TemplateProblem):
            raise
        raise TemplateProblem(None, f"cannot be filled in: {_brief(error)}") from error
    return clean("".join(parts))


def check(source: str) -> str | None:
    """What is wrong with `source` as a template, in one line, or None."""
    try:
        _compiled(source)
        _check_tags(source)
        visible = [bool(_sample(source, fields).strip()) for fields in _samples()]
    except TemplateProblem as problem:
        return str(problem)
    return None if any(visible) else "makes an empty message"


@lru_cache(maxsize=256)
def is_filtered(source: str, name: str) -> bool:
    """Whether template `source` puts field `name` through a filter. Raises TemplateProblem."""
    _compiled(source)
    filters = _environment.parse(source).find_all(nodes.Filter)
    return any(name == one.name for node in filters for one in node.find_all(nodes.Name))


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    """`source` ready to run, proved harmless. Raises TemplateProblem."""
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(None, f"longer than {MAX_SOURCE} characters")
    try:
        tree = _environment.parse(source)
        _check_nodes(tree, frozenset(FIELDS), in_loop=False)
        return _environment.from_string(source)
    except TemplateSyntaxError as error:
        raise TemplateProblem(error.lineno, _brief(error)) from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateProblem(None, "nested too deeply") from error


def _brief(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]


def _check_nodes(node: nodes.Node, names: frozenset[str], *, in_loop: bool) -> None:
    """Refuse everything in the tree that is not known to be harmless."""
    if not isinstance(node, _ALLOWED_NODES):
        raise TemplateProblem(node.lineno, f"{_construct(node)} is not allowed in a template")
    if isinstance(node, nodes.For):
        _check_loop(node, names, in_loop=in_loop)
        return
    if isinstance(node, nodes.Name) and node.name not in names:
        raise TemplateProblem(node.lineno, _unknown("field", node.name, FIELDS))
    if isinstance(node, nodes.Getattr):
        _check_attribute(node, names)
    if isinstance(node, (nodes.Filter, nodes.Test)):
        _check_filter(node)
    for child in node.iter_child_nodes():
        _check_nodes(child, names, in_loop=in_loop)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    """What is wrong with a name, and the nearest right one, or all there are."""
    name = name[:40]
    near = get_close_matches(name, known, n=1)
    cure = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
    return f"unknown {kind} `{name}`; {cure}"


def _construct(node: nodes.Node) -> str:
    """What an operator would call the node."""
    named = {nodes.Call: "a call", nodes.Assign: "`set`", nodes.Getitem: "an index"}
    return named.get(type(node), f"`{type(node).__name__.lower()}`")


def _check_loop(node: nodes.For, names: frozenset[str], *, in_loop: bool) -> None:
    """A loop runs over `sources` and holds no other, so its length is known."""
    over_sources = isinstance(node.iter, nodes.Name) and node.iter.name == "sources"
    simple = not node.recursive and node.test is None
    if in_loop or not over_sources or not simple or not isinstance(node.target, nodes.Name):
        raise TemplateProblem(
            node.lineno, "a loop must be `{% for name in sources %}`, one within none"
        )
    inner = names | {node.target.name, "loop"}
    for child in node.body:
        _check_nodes(child, inner, in_loop=True)
    for child in node.else_:
        _check_nodes(child, names, in_loop=in_loop)


def _check_attribute(node: nodes.Getattr, names: frozenset[str]) -> None:
    """Only the loop has attributes worth having."""
    of_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop" and "loop" in names
    if not of_loop or node.attr not in _LOOP_ATTRIBUTES:
        raise TemplateProblem(
            node.lineno, f"`.{node.attr[:40]}` is not known; fields are plain text"
        )


def _check_filter(node: nodes.Filter | nodes.Test) -> None:
    known = FILTERS if isinstance(node, nodes.Filter) else _TESTS
    kind = "filter" if isinstance(node, nodes.Filter) else "test"
    if node.name not in known:
        raise TemplateProblem(node.lineno, _unknown(kind, node.name, known))
    if node.name == "join" and not (
        isinstance(node.node, nodes.Name) and node.node.name == "sources"
    ):
        raise TemplateProblem(node.lineno, "`join` is for `sources`")
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateProblem(node.lineno, f"`{node.name}` takes plain arguments only")


def _check_tags(source: str) -> None:
    """Name the line of a tag that Telegram does not have. Raises TemplateProblem."""
    for line, kind, text in _environment.lex(source):
        if kind != "data":
            continue
        if found := _REFERENCE.search(text):
            at = line + text.count("\n", 0, found.start())
            raise TemplateProblem(at, f"{found[0][:20]} is not known; write the character itself")
        for found in _TAG_START.finditer(text):
            name = found["name"].removeprefix("/").lower()
            at = line + text.count("\n", 0, found.start())
            if found["name"] in ("", "/") and found.end() < len(text):
                raise TemplateProblem(at, "a < that begins no tag; write &lt;")
            if name and name not in TAGS:
                raise TemplateProblem(
                    at, f"<{name[:20]}> is no tag of Telegram's; it has {known_tags()}"
                )


def _sample(source: str, fields: Mapping[str, Any]) -> str:
    """The template filled with a sample, its markup proved. Raises TemplateProblem."""
    html = render(source, fields)
    try:
        if not fits(html):
            raise MarkupError(f"too long or with too many tags for a message of {MAX_TEXT}")
        return visible_text(html)
    except MarkupError as error:
        filled = ", ".join(name for name, value in fields.items() if value) or "nothing"
        raise TemplateProblem(None, f"{error} (with {filled} filled in)") from error


def _samples() -> Iterator[dict[str, str | Sequence[str]]]:
    """Fields as they come: all there, each one missing, each one alone, one or several sources."""
    full: dict[str, str | Sequence[str]] = {name: f"Some {name} & more" for name in FIELDS}
    full |= {"link": "https://example.org/?a=1&b=2", "sources": ("One", "Two & three")}
    empty: dict[str, str | Sequence[str]] = dict.fromkeys(FIELDS, "") | {"sources": ()}
    yield full
    yield full | {"sources": ("One",)}
    yield empty
    for name in FIELDS:
        yield full | {name: empty[name]}
        yield empty | {name: full[name]}
