"""What the YAML parser complains of, in the words of someone who has never heard of tokens.

Lives here: why a file cannot be read at all, and how the curator's own line is written so that it can be. What is
wrong with a file that can be read is said elsewhere (`places.py`, `problems.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

# Spaces that do not break, pasted from a chat or a web page: to YAML they are letters.
FALSE_SPACES = "\u00a0\u2007\u202f"
# Where one stands in the place of indentation, or behind the dash of an item or the colon of a setting.
FALSE_STRUCTURE = re.compile(rf"[ \t]*(?:- *|[\w-]+:|- +[\w-]+:)?([{FALSE_SPACES}])")
FALSE = "a space that only looks like one; delete it and type it again"
QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"  # “ ” „ ‘ ’ ‚ « »: to YAML they are letters
LONGEST_LINE = 2000  # characters of a line that are looked at
LONGEST = 100  # characters of a line that is quoted back to whoever wrote it

_CONFLICT = re.compile(r"(<{7}|={7}|>{7})(\s|$)")
_NO_COLON = re.compile(r"[ \t]*[A-Za-z_]\w*(:[^\s:]|[ \t]*=)")
_SETTING = re.compile(r"(?P<indent>[ \t]*(?:- +)*)(?P<name>[\w-]+):[ \t]+(?P<value>.*?)(?:[ \t]+#.*|[ \t]*)")
_IN_BRACKETS = re.compile(r"(?<=[{\[,])[ \t]*(?P<name>[\w-]+):[ \t]+")
_NESTED = re.compile(r"[{][ \t]*[\w-]+:[ \t]")
_NEXT_IN_BRACKETS = re.compile(r",[ \t]*[\w-]+:[ \t]")
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')[ \t]*""")
# How a \ and the letter behind it are read within double quotes.
_ESCAPED = dict(zip("\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", "0abtnvfreN_LP", strict=True))
_KINDS = {
    b"{\\rtf": "a word processor's file (RTF)",
    b"PK\x03\x04": "a word processor's file (such as .docx or .odt) or an archive",
    b"\xd0\xcf\x11\xe0": "a word processor's file (such as .doc)",
    b"%PDF": "a PDF file",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}  # fmt: skip


@dataclass(frozen=True)
class Complaint:
    """What is wrong, and where; line and column count from 1."""

    line: int
    column: int
    message: str


def other_kind(data: bytes) -> str:
    """What a file is by its first bytes, and what to do about it, where it is certainly no plain text; else empty."""
    begin = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    kind = next((kind for mark, kind in _KINDS.items() if begin.startswith(mark.lower())), "")
    return f"this is {kind}; save it as plain text" if kind else ""


def in_quotes(text: str) -> str:
    """`It's on` → `"It's on"`: a text in quotes of a kind that it does not hold itself."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_typed(text: str) -> str:
    """A text in double quotes as it was typed, where a \\ and the letter behind it were read as one character:
    `C:\\new` with its `\\n`."""
    return "".join(f"\\{_ESCAPED[sign]}" if sign in _ESCAPED else sign for sign in text)


def holds_escapes(text: str) -> bool:
    """Whether a text has characters that nobody types but by a \\ in double quotes."""
    return any(sign in _ESCAPED and sign != "\u00a0" for sign in text)


def where_and_why(error: Exception, path: Path) -> str:
    """What keeps the file at `path` from being read, in a line: file, place and fault."""
    if isinstance(error, yaml.MarkedYAMLError):
        try:
            complaint = explained(error, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):  # it has gone, or was written anew meanwhile
            return f"{path}: {' '.join(str(error).split())}"
        return f"{path}:{complaint.line}:{complaint.column}: {complaint.message}"
    if isinstance(error, UnicodeDecodeError):
        return f"{path}: this is no text in UTF-8; save it as that"
    return f"{path}: {' '.join(str(error).split())}"


def explained(error: yaml.MarkedYAMLError, text: str) -> Complaint:
    """The parser's complaint over `text`, in plain words, where the cause is."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    began = (error.context_mark.line + 1, error.context_mark.column + 1) if error.context_mark else None
    problem, context = error.problem or "", error.context or ""
    lines = [each[:LONGEST_LINE] for each in text.split("\n")]
    here = lines[line - 1] if line <= len(lines) else ""
    at = here[column - 1 : column]
    if at == "\t" or ("\t" in here[: column - 1] and not here[: column - 1].strip()):
        return Complaint(line, here.index("\t") + 1, "there is a tab here; indent with spaces instead")
    for number, each in enumerate(lines, 1):
        if _CONFLICT.match(each):
            message = "git left this mark where two versions differ: keep one of them and delete the marks"
            return Complaint(number, 1, message)
    if "quoted scalar" in context and began:
        message = "this text is never closed: a quotation mark is missing"
        return Complaint(*began, _of_backslashes(lines, *began) if "escape" in problem else message)
    for number in range((began or (line, column))[0], line + 1):
        false = FALSE_STRUCTURE.match(lines[number - 1]) if number <= len(lines) else None
        if false:
            return Complaint(number, false.start(1) + 1, f"this is {FALSE}")
    if ("flow sequence" in context or "flow mapping" in context) and began:
        return _in_brackets(lines, began, line, column, "[" if "sequence" in context else "{")
    if problem.startswith("mapping values are not allowed"):
        return _colon(lines, line, column)
    if problem.startswith("could not find expected ':'"):
        return Complaint(*(began or (line, column)), "a colon is missing after the name of the setting")
    if problem.startswith("expected <block end>"):
        if here[: column - 1].rstrip().endswith(("'", '"', "]", "}")):
            return Complaint(line, column, _quoted_whole(here))
        return Complaint(line, column, "the indentation does not fit: start this line exactly below its neighbours")
    if "alias" in context or "anchor" in context:
        return Complaint(*(began or (line, column)), "a text that begins with * or & must stand in quotes")
    if problem.startswith("found character") and at:
        return Complaint(line, column, f"a text that begins with {at} must stand in quotes")
    said = ", ".join(part for part in (context, problem) if part)
    return Complaint(line, column, f"this is not YAML ({said})")


def _of_backslashes(lines: list[str], line: int, column: int) -> str:
    """A \\ within double quotes that begins nothing that YAML knows: nearly always a path of Windows."""
    written = lines[line - 1][column:].partition('"')[0]
    example = f": '{written}'" if written and "'" not in written and len(written) < LONGEST else ""
    remedy = f"write / instead, or put the text in single quotes{example}"
    return f"a \\ in double quotes has a meaning of its own; {remedy}"


def _in_brackets(lines: list[str], began: tuple[int, int], line: int, column: int, opened: str) -> Complaint:
    """A list or group within brackets that breaks off: at a text that needs quotes, or because its end is missing."""
    here = lines[line - 1] if line <= len(lines) else ""
    closing = {"[": "]", "{": "}"}[opened]
    at, before = here[column - 1 : column], here[: column - 1].rstrip()
    inside = before and before[-1] not in "{[,:"
    if before.endswith(("'", '"')) and at and at not in ":}]":
        for name, value, start in _texts_in(here):
            if start <= column - 1 <= start + len(value):
                return Complaint(line, start + 1, _quotation_mark(f"{name}: ", value))
        return Complaint(line, column, _quotation_mark("", ""))
    if (at and at in "{[?" and inside) or (before.endswith(("}", "]")) and at and at not in ":,{[}]" and inside):
        for name, value, start in _texts_in(here):
            if start <= column - 1 <= start + len(value):
                return Complaint(line, start + 1, _needs_quotes(f"{name}: {in_quotes(value)}"))
        return Complaint(line, column, _needs_quotes(""))
    if at == ":" and line == began[0] and closing in here[column:]:
        message = "unexpected colon: if it belongs to the text, put the text in quotes; otherwise a comma is missing"
        return Complaint(line, column, message)
    missing = f"a comma or '{closing}' is missing before line {line}, column {column}"
    return Complaint(*began, f"'{opened}' is never closed: {missing}")


def _needs_quotes(example: str) -> str:
    said = "a text that holds a comma, ?, [ ] or { } must stand in quotes"
    return f"{said}; write {example}" if example and len(example) < LONGEST else said


def _quotation_mark(name: str, value: str) -> str:
    """A text that ends, to YAML, at a quotation mark which belongs to it."""
    inner = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
    example = f"{name}{in_quotes(inner)}" if inner and len(inner) < LONGEST else '"It\'s a beat"'
    return f"this text holds a quotation mark: put it in the other kind, for example {example}"


def _texts_in(line: str) -> Iterator[tuple[str, str, int]]:
    """Each `name: value` within the brackets of a line, with where the value begins; up to the next one, whatever
    commas and brackets it holds."""
    end = len(re.sub(r"[ \t]+#.*$|[ \t]+$", "", line))
    match = _IN_BRACKETS.search(line)
    while match:
        after = _NEXT_IN_BRACKETS.search(line, match.end(), end)
        value = line[match.end() : after.start() if after else end].rstrip().rstrip(",")
        while not after and value.endswith(("}", "]")) and _closes_more(value):
            value = value[:-1].rstrip()
        nested = _NESTED.match(line, match.end()) or (value.startswith("[") and value.endswith("]"))
        if not nested:
            yield match["name"], value, match.end()
        beyond = match.end() if nested else after.start() + 1 if after else None
        match = _IN_BRACKETS.search(line, beyond) if beyond is not None else None


def _closes_more(text: str) -> bool:
    return any(text.count(closing) > text.count(opening) for opening, closing in ("{}", "[]"))


def _quoted_whole(line: str) -> str:
    """A line whose text goes on behind its closing quotation mark or bracket."""
    match = _SETTING.fullmatch(line)
    name, value = (f"{match['name']}: ", match["value"]) if match else ("", "")
    if value.startswith(("'", '"')):
        return _quotation_mark(name, value)
    if value.startswith(("{", "[")):
        example = f"; write {name}{in_quotes(value)}" if len(value) < LONGEST else ""
        return f"a text that begins with {value[0]} must stand in quotes{example}"
    return "the text goes on behind its end; put all of it in quotes"


def _colon(lines: list[str], line: int, column: int) -> Complaint:
    """A colon in a text, or behind the name of a setting that is indented wrongly, or stands below such a one."""
    here = lines[line - 1] if line <= len(lines) else ""
    before = lines[line - 2] if 2 <= line <= len(lines) + 1 else ""
    if _NO_COLON.match(before):
        message = "after the name of a setting there must be a colon and a space"
        return Complaint(line - 1, _indent(before) + 1, message)
    above = lines[line - 3] if line >= 3 else ""
    setting, begins = _SETTING.fullmatch(before), here[: column - 1].strip()
    outdented = _indent(before) < _indent(here) == _indent(above) and above.strip()
    if setting and outdented and re.fullmatch(r"[\w-]+", begins):
        name = setting["name"]
        message = f"'{name}' begins too far left; start it exactly below its neighbours"
        return Complaint(line - 1, _indent(before) + 1, message)
    written = _SETTING.fullmatch(here)
    value = written["value"] if written and column > written.start("value") else ""
    if value.startswith("(") and value.endswith(")"):
        message = f"settings in one line stand in curly brackets, not in round ones: {{{value[1:-1]}}}"
        return Complaint(line, written.start("value") + 1 if written else column, message)
    example = f" ({in_quotes(value)})" if value and value[0] not in "'\"{[" and len(value) < LONGEST else ""
    remedy = f"if it belongs to the text, put the text in quotes{example}; otherwise check the indentation"
    return Complaint(line, column, f"unexpected colon: {remedy}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
