"""YAML read so that every value remembers where it stands, down to line and column.

Here a text becomes a tree of `Node`s, and what is wrong with the text itself becomes `Problem`s. What the
values mean is not known here. The words of YAML are read in the stricter way of version 1.2, which spares
curators the old traps: `10:00` is a text and not 36000, `no` is Norwegian and not false. `true` and `false` stay
texts too; a setting that is a switch understands them, and a number never takes one for 1.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 1 << 18
MOST_NODES = 20_000  # after aliases are unfolded: what ten short lines of nested aliases could otherwise become
DEEPEST = 40

_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# Spaces that do not break, pasted from a chat or a web page: to YAML they are letters.
_FALSE_SPACES = "\u00a0\u2007\u202f"
_FALSE_SPACE = f"[{_FALSE_SPACES}]"
# Where one stands in the place of indentation, or behind the dash of an item or the colon of a setting.
_FALSE_STRUCTURE = re.compile(rf"[ \t]*(?:- *|[\w-]+:|- +[\w-]+:)?({_FALSE_SPACE})")
_FALSE = "a space that only looks like one; delete it and type it again"
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSHOWABLE = re.compile("[\0\ud800-\udfff]")
_CONFLICT = re.compile(r"(<{7}|={7}|>{7})(\s|$)")
_NO_COLON = re.compile(r"[ \t]*[A-Za-z_]\w*(:[^\s:]|[ \t]*=)")
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_TAGS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "number",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:seq": "list",
    "tag:yaml.org,2002:map": "settings",
}


@dataclass(frozen=True, order=True)
class Place:
    """Where something begins in a text; line and column count from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, order=True)
class Problem:
    """Something that a person must put right, and where."""

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True)
class Member:
    """A key of a mapping: where the key stands, and its value."""

    place: Place
    node: Node


@dataclass(frozen=True)
class Node:
    """A value and its place. `content` is a plain value, a list of nodes, or a dict of members."""

    place: Place
    content: str | int | float | list[Node] | dict[str, Member] | None

    def plain(self) -> Any:
        """The value without places: lists, dicts, str, int, float, None."""
        if isinstance(self.content, list):
            return [item.plain() for item in self.content]
        if isinstance(self.content, dict):
            return {key: member.node.plain() for key, member in self.content.items()}
        return self.content


class UnreadableError(Exception):
    """The text is not YAML at all; carries the one place where reading ended."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`"; did you mean 'tempo'?"`, or nothing where no known word is near."""
    folded = {name.casefold().replace("-", "_"): name for name in known}
    near = get_close_matches(word.casefold().replace("-", "_"), list(folded), n=1, cutoff=0.6)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so (as some editors save it).

    Raises:
        UnreadableError: the bytes are not text; the place of the first that is not.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableError(Place(), f"the file is {len(data) >> 10} KiB long; this cannot be an exhibition")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
        raise UnreadableError(_end(before), "not text in UTF-8; save the file with the encoding UTF-8") from error


def read(text: str) -> tuple[Node | None, list[tuple[Place, str]]]:
    """The tree of `text` (None for an empty one), and all that is wrong with it though it could be read.

    Raises:
        UnreadableError: reading ended early: broken quotes or brackets, a tab, an alias bomb, …
    """
    builder = _Builder(text)
    try:
        return builder.document(), builder.wrong
    except yaml.reader.ReaderError as error:
        place = _end(text[: error.position])
        raise UnreadableError(
            place, f"an invisible character (code {ord(text[error.position])}); delete it"
        ) from error
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from error


def cut_short(text: str, node: Node) -> bool:
    """Whether a value of `text`, the whole file, ends at a # with a letter or digit behind it: `Back in room #3`.

    To YAML that is a comment. A comment that is meant as one has a space behind its # in nearly every file.
    """
    lines = _LINE_END.split(text)
    if not isinstance(node.content, str) or not 1 <= node.place.line <= len(lines):
        return False
    rest = lines[node.place.line - 1][node.place.column - 1 :]
    behind = rest.removeprefix(node.content)
    return behind != rest and re.match(r"[ \t]+#\w", behind) is not None


class _Builder:
    """Turns the parser's events into nodes; aliases are unfolded, and stand where they are used."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open_anchors: set[str] = set()
        self.count = 0
        self.wrong: list[tuple[Place, str]] = []

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise UnreadableError(_place(event), "a second document begins here; delete the '---'")
                root = self.node(next(self.events), 0)
        return root

    def node(self, event: Any, depth: int) -> Node:
        self.count += 1
        if self.count > MOST_NODES or depth > DEEPEST:
            raise UnreadableError(_place(event), "too many nested values or aliases; this cannot be an exhibition")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if isinstance(event, yaml.ScalarEvent):
            event.value = self.showable(event)
        anchor, before = event.anchor, self.count
        if anchor:
            self.open_anchors.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(_place(event), self.scalar(event))
        else:
            if event.tag and event.tag not in _TAGS:
                self.wrong.append((_place(event), f"'{_shown(event.tag)}' cannot be used here; delete it"))
            is_list = isinstance(event, yaml.SequenceStartEvent)
            node = Node(_place(event), self.items(depth) if is_list else self.members(depth))
        if anchor:
            self.open_anchors.discard(anchor)
            self.anchors[anchor] = (node, self.count - before + 1)
        return node

    def alias(self, event: Any) -> Node:
        if event.anchor in self.open_anchors:
            raise UnreadableError(_place(event), f"'*{event.anchor}' contains itself")
        if event.anchor not in self.anchors:
            hint = (
                did_you_mean(event.anchor, list(self.anchors)) or "; a text that begins with * must stand in quotes"
            )
            raise UnreadableError(_place(event), f"'*{event.anchor}' refers to nothing above it{hint}")
        node, size = self.anchors[event.anchor]
        self.count += size
        return Node(_place(event), node.content)

    def scalar(self, event: Any) -> str | int | float | None:
        text: str = event.value
        if event.tag and event.tag not in _TAGS and event.tag != "!":
            self.wrong.append((_place(event), f"'{_shown(event.tag)}' cannot be used here; delete it"))
            return text
        if event.style is not None or _TAGS.get(event.tag or "") == "text":
            return text
        text = self.without_false_spaces(event)
        if text in _NOTHING:
            return None
        if _WHOLE.fullmatch(text) and len(text) < 300:
            return int(text)
        return float(text.replace(".inf", "inf").replace(".nan", "nan")) if _DECIMAL.fullmatch(text) else text

    def showable(self, event: Any) -> str:
        """A value whose escapes may have written a character in two halves, as JSON does: `"\\ud83c\\udf89"`. Half a
        one that stands alone, and the one that is no character, are said: nothing can print them."""
        text = _HALVES.sub(lambda both: both[0].encode("utf-16", "surrogatepass").decode("utf-16"), event.value)
        if found := _UNSHOWABLE.search(text):
            message = f"a character that cannot be shown (code {ord(found[0])}); delete it, or write it as it is"
            self.wrong.append((_place(event), message))
        return _UNSHOWABLE.sub("\ufffd", text)

    def without_false_spaces(self, event: Any) -> str:
        """A plain value without the false spaces at its ends, which are said.

        Raises:
            UnreadableError: one stands where the structure of the file is decided, so that the rest means nothing.
        """
        text: str = event.value
        begin = self.text.rfind("\n", 0, event.start_mark.index) + 1
        structure = _FALSE_STRUCTURE.match(self.text, begin)
        if structure and event.start_mark.index <= structure.start(1) < event.end_mark.index:
            raise UnreadableError(Place(event.start_mark.line + 1, structure.start(1) - begin + 1), _FALSE)
        if text.strip(_FALSE_SPACES) != text:
            self.wrong.append((_place(event), f"'{text.strip(_FALSE_SPACES)}' begins or ends with {_FALSE}"))
        return text.strip(_FALSE_SPACES)

    def items(self, depth: int) -> list[Node]:
        found = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.node(event, depth + 1))
        return found

    def members(self, depth: int) -> dict[str, Member]:
        found: dict[str, Member] = {}
        merged: dict[str, Member] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place = _place(event)
            key = self.node(event, depth + 1)
            node = self.node(next(self.events), depth + 1)
            if isinstance(key.content, list | dict):
                self.wrong.append((place, "the name of a setting must be a word"))
                continue
            name = event.value.strip(_FALSE_SPACES) if isinstance(event, yaml.ScalarEvent) else str(key.content)
            if name == "<<":
                merged.update(self.merged(place, node))
            elif name in found:
                self.wrong.append((place, f"'{name}' is written twice; it is also in line {found[name].place.line}"))
            else:
                found[name] = Member(place, node)
        return {**merged, **found}

    def merged(self, place: Place, node: Node) -> dict[str, Member]:
        """What `<<` takes over from other mappings; the earlier of a list wins."""
        sources = node.content if isinstance(node.content, list) else [node]
        taken: dict[str, Member] = {}
        for source in reversed(sources):
            if isinstance(source.content, dict):
                taken.update(source.content)
            else:
                self.wrong.append((place, "'<<' must be followed by an alias of settings, like '<<: *quiet'"))
        return taken


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _end(text: str) -> Place:
    """The place just behind `text`."""
    lines = re.split(r"\r\n|[\r\n]", text)
    return Place(len(lines), len(lines[-1]) + 1)


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _explained(error: yaml.MarkedYAMLError, text: str) -> UnreadableError:
    """The parser's complaint in the words of someone who has never heard of tokens."""
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place()
    began = error.context_mark and Place(error.context_mark.line + 1, error.context_mark.column + 1)
    problem, context = error.problem or "", error.context or ""
    lines = text.split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    at = line[place.column - 1 : place.column]
    if at == "\t" or ("\t" in line[: place.column] and not line[: place.column].strip()):
        place = Place(place.line, line.index("\t") + 1)
        return UnreadableError(place, "a tab; indent with spaces instead")
    for number, each in enumerate(lines, 1):
        if _CONFLICT.match(each):
            message = "git left this mark where two versions differ: keep one of them and delete the marks"
            return UnreadableError(Place(number, 1), message)
    if "quoted scalar" in context and began:
        return UnreadableError(began, "this text is never closed: a quotation mark is missing")
    for number in range((began or place).line, place.line + 1):
        false = _FALSE_STRUCTURE.match(lines[number - 1]) if number <= len(lines) else None
        if false:
            return UnreadableError(Place(number, false.start(1) + 1), _FALSE)
    if ("flow sequence" in context or "flow mapping" in context) and began:
        opened = "[" if "sequence" in context else "{"
        closing = {"[": "]", "{": "}"}[opened]
        missing = f"a comma or '{closing}' is missing before line {place.line}, column {place.column}"
        return UnreadableError(began, f"'{opened}' is never closed: {missing}")
    if problem.startswith("mapping values are not allowed"):
        before = lines[place.line - 2] if 2 <= place.line <= len(lines) + 1 else ""
        if _NO_COLON.match(before):
            indent = len(before) - len(before.lstrip())
            message = "after the name of a setting there must be a colon and a space"
            return UnreadableError(Place(place.line - 1, indent + 1), message)
        return UnreadableError(place, "a colon that is not expected here; is the line indented like its neighbours, "
                          "or must the text stand in quotes?")  # fmt: skip
    if problem.startswith("could not find expected ':'"):
        return UnreadableError(began or place, "a colon is missing after the name of the setting")
    if problem.startswith("expected <block end>"):
        before = line[: place.column - 1].rstrip()
        if before.endswith(("'", '"', "]", "}")):
            remedy = "put all of the text in quotes, of the kind that it does not hold itself"
            return UnreadableError(place, f"nothing can follow {before[-1]} here; {remedy}")
        return UnreadableError(place, "the indentation does not fit: start this line exactly below its neighbours")
    if "alias" in context or "anchor" in context:
        return UnreadableError(began or place, "a text that begins with * or & must stand in quotes")
    if problem.startswith("found character") and at:
        return UnreadableError(place, f"a text that begins with {at} must stand in quotes")
    said = ", ".join(part for part in (context, problem) if part)
    return UnreadableError(place, f"this is not YAML ({said})")
