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
from pathlib import Path
from typing import Any

import yaml

from installation.broken_yaml import FALSE, FALSE_SPACES, FALSE_STRUCTURE, QUOTES, explained, in_quotes, other_kind

MOST_BYTES = 1 << 18
MOST_NODES = 20_000  # after aliases are unfolded: what ten short lines of nested aliases could otherwise become
DEEPEST = 40
LONGEST_NAME = 100  # characters of a word that are compared with those that are known

_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]+")
_ANY_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSHOWABLE = re.compile("[\0\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMA = re.compile(r"([-+]?\d+),(\d+)")
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


class _Whole(int):
    """A whole number that is shown as it was typed: 007."""

    typed: str

    def __repr__(self) -> str:
        return self.typed


class _Decimal(float):
    """A number that is shown as it was typed: 9.30."""

    typed: str

    def __repr__(self) -> str:
        return self.typed


def number_as_typed(number: float, text: str) -> int | float:
    """A number that is shown as `text` in messages. What is validated of it is a plain one again."""
    if repr(number) == text or len(text) > LONGEST_NAME:
        return number
    typed = _Whole(number) if isinstance(number, int) else _Decimal(number)
    typed.typed = text
    return typed


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
    """`"; did you mean 'tempo'?"`, or nothing where no known word is near: by a slip or two of the fingers, or one of
    the words of a longer name (`garden` for `night_garden`)."""
    typed = _plain(word)
    slips = {name: _slips(typed, _plain(name)) for name in known}
    near = [name for name in known if slips[name] <= _allowed(typed, _plain(name))]
    near = near or [name for name in known if _shares_a_word(typed, _plain(name))]
    return f"; did you mean '{min(near, key=slips.__getitem__)}'?" if near else ""


def _plain(word: str) -> str:
    return re.sub(r"[-+ ]+", "_", word.strip(QUOTES).casefold())[:LONGEST_NAME]


def _allowed(word: str, known: str) -> int:
    """How many slips of the fingers may lie between two words that are meant alike."""
    longest = max(len(word), len(known))
    return 0 if longest < 3 else 1 if longest < 6 else 2 if longest < 10 else 3


def _shares_a_word(word: str, known: str) -> bool:
    """Whether one is a part of the other, as `keep` of `keep_for`, or begins it, as `lang` does `languages`."""
    short, long = sorted((word, known), key=len)
    return len(short) >= 4 and (short in long.split("_") or long.startswith(short))


def _slips(one: str, other: str) -> int:
    """The least number of letters to leave out, put in, replace, or swap with their neighbour (optimal string
    alignment)."""
    row = list(range(len(other) + 1))
    above = row
    for i, letter in enumerate(one, 1):
        before, above, row = above, row, [i]
        for j, meant in enumerate(other, 1):
            costs = [above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != meant)]
            if i > 1 < j and letter == other[j - 2] and one[i - 2] == meant:
                costs.append(before[j - 2] + 1)
            row.append(min(costs))
    return row[-1]


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so (as some editors save it).

    Raises:
        UnreadableError: the bytes are not text; the place of the first that is not.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableError(Place(), f"the file is {len(data) >> 10} KiB long; this cannot be an exhibition")
    if kind := other_kind(data):
        raise UnreadableError(Place(), kind)
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
        raise UnreadableError(
            _end(before), "this is not UTF-8 text; save the file with the encoding UTF-8"
        ) from error


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
            place, f"there is an invisible character here (code {ord(text[error.position])}); delete it"
        ) from error
    except yaml.MarkedYAMLError as error:
        complaint = explained(error, text)
        raise UnreadableError(Place(complaint.line, complaint.column), complaint.message) from error


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
            raise UnreadableError(
                _place(event), "there are too many nested values or aliases; this cannot be an exhibition"
            )
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
            node = Node(_place(event), self.items(depth) if is_list else self.members(depth, event.flow_style))
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
        if _WHOLE_NUMBER.fullmatch(text) and len(text) < 300:
            return number_as_typed(int(text), text)
        if not _ANY_NUMBER.fullmatch(text):
            return text
        return number_as_typed(float(text.replace(".inf", "inf").replace(".nan", "nan")), text)

    def showable(self, event: Any) -> str:
        """A value whose escapes may have written a character in two halves, as JSON does: `"\\ud83c\\udf89"`. Half a
        one that stands alone, and the one that is no character, are said: nothing can print them."""
        text = _HALVES.sub(lambda both: both[0].encode("utf-16", "surrogatepass").decode("utf-16"), event.value)
        if found := _UNSHOWABLE.search(text):
            cause = f"there is a character here that cannot be shown (code {ord(found[0])})"
            message = f"{cause}; delete it, or type the sign itself"
            self.wrong.append((_place(event), message))
        return _UNSHOWABLE.sub("\ufffd", text)

    def without_false_spaces(self, event: Any) -> str:
        """A plain value without the false spaces at its ends, which are said.

        Raises:
            UnreadableError: one stands where the structure of the file is decided, so that the rest means nothing.
        """
        text: str = event.value
        begin = self.text.rfind("\n", 0, event.start_mark.index) + 1
        structure = FALSE_STRUCTURE.match(self.text, begin)
        if structure and event.start_mark.index <= structure.start(1) < event.end_mark.index:
            raise UnreadableError(
                Place(event.start_mark.line + 1, structure.start(1) - begin + 1), f"this is {FALSE}"
            )
        if text.strip(FALSE_SPACES) != text:
            self.wrong.append((_place(event), f"'{text.strip(FALSE_SPACES)}' begins or ends with {FALSE}"))
        return text.strip(FALSE_SPACES)

    def items(self, depth: int) -> list[Node]:
        found = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.node(event, depth + 1))
        return found

    def members(self, depth: int, in_brackets: bool) -> dict[str, Member]:
        found: dict[str, Member] = {}
        merged: dict[str, Member] = {}
        cut = _Cut()
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place = _place(event)
            key = self.node(event, depth + 1)
            value = next(self.events)
            node = self.node(value, depth + 1)
            if isinstance(key.content, list | dict):
                self.wrong.append((place, "the name of a setting must be a word"))
                continue
            name = event.value.strip(FALSE_SPACES) if isinstance(event, yaml.ScalarEvent) else str(key.content)
            if in_brackets and cut.continues(event, value, self.text):
                continue
            self.wrong += cut.said(self.text)
            cut = _Cut(name, value)
            if name == "<<":
                merged.update(self.merged(place, node))
            elif name in found:
                self.wrong.append((place, f"'{name}' is written twice; it is also in line {found[name].place.line}"))
            else:
                found[name] = Member(place, node)
        self.wrong += cut.said(self.text)
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


class _Cut:
    """A setting within brackets, and what follows it without a colon: most likely the rest of its text, which holds
    a comma."""

    def __init__(self, name: str = "", value: Any = None) -> None:
        text = isinstance(value, yaml.ScalarEvent) and value.style is None and bool(value.value)
        self._name, self._value = name, value if text else None
        self._rest: list[Any] = []

    def continues(self, key: Any, value: Any, text: str) -> bool:
        """Whether `key` is such a rest; it is remembered."""
        nothing = isinstance(value, yaml.ScalarEvent) and not value.value and value.style is None
        rest = self._value is not None and isinstance(key, yaml.ScalarEvent) and nothing
        if rest and ":" not in text[key.end_mark.index : value.start_mark.index]:
            self._rest.append(key)
            return True
        return False

    def said(self, text: str) -> list[tuple[Place, str]]:
        if self._value is None or not self._rest:
            return []
        written = text[self._value.start_mark.index : self._rest[-1].end_mark.index]
        place = _place(self._rest[0])
        if match := _COMMA.fullmatch(written):
            return [(place, f"a decimal has a point, not a comma; write {self._name}: {match[1]}.{match[2]}")]
        example = f"{self._name}: {in_quotes(' '.join(written.split()))}"
        remedy = f"if it belongs to the text before the comma, put that text in quotes: {example}"
        return [(place, f"'{self._rest[0].value}' has no colon; {remedy}")]


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _end(text: str) -> Place:
    """The place just behind `text`."""
    lines = re.split(r"\r\n|[\r\n]", text)
    return Place(len(lines), len(lines[-1]) + 1)


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
