"""Text in any script: shaped, ordered, broken into lines, and never an empty box."""

import logging
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from installation import typography
from installation.fonts import Face, find_faces, ranked, read_face
from installation.scripts import broken, levels, line_count, right_to_left, stretches
from installation.typography import BASELINE, LINE, Side, Typesetter


@pytest.fixture(scope="module")
def bare() -> Typesetter:
    """A machine without fonts: only the one that comes with pygame."""
    return Typesetter(system=False)


EVERYTHING = Typesetter()


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return EVERYTHING


def bundled() -> Path:
    import pygame.font

    return Path(pygame.font.__file__).parent / pygame.font.get_default_font()


def test_an_account_without_a_home_has_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is started with a number that its list of accounts does not know."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert any(face.path == bundled() for face in find_faces([bundled().parent]))


# ---- lines --------------------------------------------------------------------------------------------------


def test_a_line_stands_on_its_baseline(bare: Typesetter) -> None:
    mask = bare.line("HEH", 100)
    assert mask.dtype == np.uint8 and mask.shape[0] == round(LINE * 100)
    rows = np.flatnonzero(mask.max(axis=1) > 127)
    assert abs(rows[-1] + 1 - round(BASELINE * 100)) <= 2
    assert 60 <= rows[-1] - rows[0] <= 80


def test_a_mask_is_shared_and_cannot_be_spoilt(bare: Typesetter) -> None:
    mask = bare.line("shared", 40)
    assert bare.line("shared", 40) is mask
    with pytest.raises(ValueError, match="read-only"):
        mask[0, 0] = 1


def test_an_em_below_a_pixel_is_refused(bare: Typesetter) -> None:
    with pytest.raises(ValueError, match="an em of 0"):
        bare.line("H", 0)


def test_line_breaks_and_tabs_are_spaces(bare: Typesetter) -> None:
    assert np.array_equal(bare.line("a\n\tb", 40), bare.line("a b", 40))


def test_letters_and_their_marks_are_put_together(bare: Typesetter) -> None:
    assert np.array_equal(bare.line("e\u0301t\u00e9 \u212b", 40), bare.line("\u00e9t\u00e9 \u00c5", 40))


def test_nothing_to_say_is_a_mask_without_ink(bare: Typesetter) -> None:
    assert bare.line("", 40).max() == 0 and bare.line("   ", 40).shape[0] == 60


def test_bold_has_more_ink(setter: Typesetter) -> None:
    assert setter.line("Hamburg", 80, "bold").mean() > 1.1 * setter.line("Hamburg", 80).mean()


def test_widths_foretell_masks(bare: Typesetter) -> None:
    for text in ("Make a sound", "WAVE", "1234"):
        assert bare.width(text, 50) == bare.line(text, 50).shape[1]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
@example("\0a\ud800\x07b\u200f")
@example("\u200d")
@example("\u0301")
def test_no_text_is_an_error(bare: Typesetter, text: str) -> None:
    assert bare.line(text, 20).shape[0] == 30


def test_no_display_is_opened(bare: Typesetter) -> None:
    import pygame

    bare.line("quiet", 30)
    assert not pygame.display.get_init()


def test_a_font_that_is_taken_away_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ended every piece at its next new line, until the stage was started anew."""
    mine = tmp_path / "Inter.ttf"
    shutil.copy(bundled(), mine)
    setter, bare = Typesetter([tmp_path], system=False), Typesetter(system=False)
    setter.line("before", 40)
    assert setter._ranked("regular")[0].path == mine
    mine.unlink()
    setter._fonts.clear()
    for ask in (lambda each: each.width("after", 40), lambda each: each.line("after", 40)):
        assert np.array_equal(ask(setter), ask(bare))
    words = [(mask.tolist(), left, top) for mask, left, top in setter.words("after that", 40, 400)]
    assert words == [(mask.tolist(), left, top) for mask, left, top in bare.words("after that", 40, 400)]
    assert caplog.text.count("cannot be opened any more") == 1


def test_the_cache_is_bounded_by_bytes() -> None:
    setter = Typesetter(system=False, cache_bytes=200_000)
    for number in range(200):
        setter.line(f"visitor {number}", 40)
    assert setter._lines_bytes == sum(mask.nbytes for mask in setter._lines.values()) <= 200_000
    assert len(setter._fonts) <= 24


# ---- missing fonts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "script", "package"),
    [
        ("音を出して", "Japanese", "fonts-noto-cjk"),
        ("发出声音", "Chinese", "fonts-noto-cjk"),
        ("소리를", "Korean", "fonts-noto-cjk"),
        ("आवाज़", "Devanagari", "fonts-noto-core"),
        ("اصدر صوتا", "Arabic", "fonts-noto-core"),
        ("ส่งเสียง", "Thai", "fonts-noto-core"),
        ("🥁", "symbols", "fonts-symbola"),
    ],
)
def test_a_missing_font_is_named_with_its_package(bare: Typesetter, text: str, script: str, package: str) -> None:
    (missing,) = bare.missing(text)
    assert (missing.script, missing.package) == (script, package)
    assert package in str(missing) and script in str(missing)


def test_nothing_is_missing_for_latin(bare: Typesetter) -> None:
    assert bare.missing("Façade, naïve – “Žluťoučký” 123\u200d\ufe0f\n") == ()


@pytest.mark.parametrize(("system", "told"), [(True, "install fonts-noto-cjk"), (False, "take Typesetter()")])
def test_characters_without_a_font_are_left_out_and_reported_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, system: bool, told: str
) -> None:
    monkeypatch.setattr(typography, "find_faces", lambda folders, system: find_faces(folders, False))
    setter = Typesetter(system=system)
    with caplog.at_level(logging.WARNING):
        assert setter.line("音音", 60).max() == 0
        assert np.array_equal(setter.line("A音B", 60), np.hstack([setter.line("A", 60), setter.line("B", 60)]))
    assert len([record for record in caplog.records if told in record.message]) == 1


# ---- faces --------------------------------------------------------------------------------------------------


def test_the_character_map_agrees_with_the_renderer() -> None:
    """SDL_ttf reads the same files with FreeType: it must find the same characters."""
    import pygame.font
    import pygame.surfarray

    pygame.font.init()
    faces = [read_face(bundled()), *ranked(find_faces(), 400)[:2]]
    characters = [
        chr(c)
        for c in [
            *range(33, 127, 3),
            *range(0xA1, 0x530, 7),
            *range(0x600, 0x700, 5),
            *range(0x2000, 0x2700, 13),
            0x65E5,
        ]
    ]
    for face in faces:
        font = pygame.font.Font(str(face.path), 20)
        absent = pygame.surfarray.array_alpha(font.render("\U0010fffd", True, "white"))  # the face's empty box
        for character in characters:
            if unicodedata.category(character)[0] in "ZCM" or unicodedata.normalize("NFD", character) != character:
                continue  # HarfBuzz can make these of others
            shown = pygame.surfarray.array_alpha(font.render(character, True, "white"))
            assert face.covers(character) != np.array_equal(shown, absent), (face.path, hex(ord(character)))


def test_what_is_no_font_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "poem.ttf").write_text("no font at all")
    (tmp_path / "cut.ttf").write_bytes(bundled().read_bytes()[:300])
    (tmp_path / "empty.otf").write_bytes(b"")
    (tmp_path / "good.ttf").write_bytes(bundled().read_bytes())
    for name in ("poem.ttf", "cut.ttf", "empty.otf"):
        with pytest.raises(ValueError, match=name.split(".")[0]):
            read_face(tmp_path / name)
    assert [face.path.name for face in find_faces([tmp_path], system=False)] == ["good.ttf"]


def test_a_font_with_a_damaged_map_covers_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = read_face(bundled())
    data = bytearray(bundled().read_bytes())
    at = whole._tables["cmap"][0]
    data[at : at + 40] = b"\xff" * 40
    (tmp_path / "damaged.ttf").write_bytes(bytes(data))
    assert not read_face(tmp_path / "damaged.ttf").covers("A")
    assert "character map" in caplog.text


def test_grotesques_come_first_and_italics_never() -> None:
    def face(family: str, weight: int = 400, italic: bool = False) -> Face:
        return Face(Path(f"{family}{weight}.ttf"), family, "Regular", weight, italic, {})

    faces = [face("Times"), face("DejaVu Sans"), face("Noto Sans Mono"), face("Noto Sans Thai"), face("Inter", 700)]
    faces += [face("Inter"), face("Comic Sans"), face("Helvetica", italic=True)]
    families = [(f.family, f.weight) for f in ranked(faces, 400)]
    assert families[:2] == [("Inter", 400), ("Inter", 700)]
    assert [family for family, _ in families[2:]] == [
        "Noto Sans Thai", "Comic Sans", "DejaVu Sans", "Times", "Noto Sans Mono",
    ]  # fmt: skip
    assert ranked(faces, 700)[0].weight == 700


def test_arabic_is_joined(setter: Typesetter) -> None:
    if setter.missing("سلام"):
        pytest.skip("this machine has no Arabic font: " + str(setter.missing("سلام")[0]))
    alone = sum(setter.width(letter, 60) for letter in "سلام")
    assert setter.width("سلام", 60) < 0.9 * alone
    assert not np.array_equal(setter.line("سلام", 60), setter.line("مالس", 60))


# ---- directions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc 12", "000000"),
        ("אבג 12", "111122"),
        ("אבג abc", "1111222"),
        ("abc אבג", "0000111"),
        ("abc אבג 12 def", "00001111220000"),
        ("אבג 1,250 (ab)", "11112222211221"),
        ("?אבג!", "11111"),
    ],
)
def test_levels_follow_the_bidirectional_algorithm(text: str, expected: str) -> None:
    assert "".join(map(str, levels(text))) == expected


def test_the_first_strong_letter_gives_the_direction() -> None:
    assert right_to_left("12 … שלום abc") and right_to_left("سلام")
    assert not right_to_left("12") and not right_to_left("abc שלום") and not right_to_left("")


def test_punctuation_stays_with_its_script() -> None:
    assert stretches("音を出す。Hello!") == [("音を出す。", "Hani", 0), ("Hello!", "Latn", 0)]


# ---- breaking -----------------------------------------------------------------------------------------------


def test_no_line_ends_between_a_number_and_its_unit() -> None:
    assert broken("kept for 30 days here", 12, len) == ["kept for 30", "days here"]
    assert broken("kept for 30\u00a0days here", 12, len) == ["kept for", "30\u00a0days here"]
    assert broken("\u00a0", 12, len) == []


def test_two_lines_are_two_sentences_where_they_fit() -> None:
    text = "We heard nothing. Please try again"
    assert broken(text, 20, len) == ["We heard nothing.", "Please try again"]
    assert broken("Wir haben nichts. Bitte noch einmal versuchen", 24, len)[0] == "Wir haben nichts. Bitte", (
        "else it is balanced"
    )
    assert broken("No. It is much too long for one line", 34, len) == ["No.", "It is much too long for one line"]
    assert line_count(text, 20, len) == 2


def test_texts_that_cannot_be_drawn_are_left_out(bare: Typesetter) -> None:
    texts = {
        "greeting": ["Hello", "こんにちは、", "Grüß Gott"],
        "only": ["。「音」"],
        "price": ["5 €, ☺"],
        "none": [],
    }
    found = bare.legible(texts)
    assert found == {"greeting": ["Hello", "Grüß Gott"], "only": ["。「音」"], "price": ["5 €, ☺"], "none": []}


def test_lines_are_few_and_balanced() -> None:
    assert broken("press the button and lend us a sound", 24, len) == ["press the button", "and lend us a sound"]
    assert broken("one", 2, len) == ["one"]
    assert broken("  ", 10, len) == []


def test_japanese_breaks_between_characters_but_not_before_a_full_stop() -> None:
    lines = broken("音を出して、ビートに加わろう。", 5, len)
    assert "".join(lines) == "音を出して、ビートに加わろう。" and len(lines) > 2
    assert all(line[0] not in "、。ー" for line in lines)


def test_japanese_breaks_between_phrases_where_that_takes_no_more_lines() -> None:
    text = "ボタンを押して、音を貸してください"
    assert broken(text, 11, len) == ["ボタンを押して、", "音を貸してください"]
    assert broken("聞こえません。もう一度どうぞ", 10, len) == ["聞こえません。", "もう一度どうぞ"]
    assert broken("またお越しください", 8, len) == ["またお越し", "ください"], "else between characters"
    assert broken("ビートに加わろう", 5, len) == ["ビートに", "加わろう"]
    assert all(len(line) <= 7 for line in broken(text, 7, len)), "a phrase that is too long is cut all the same"
    assert broken("現在拍手弾舌哼唱什么都可以", 7, len) == ["現在拍手弾舌哼", "唱什么都可以"], (
        "Chinese has no such marks"
    )


def test_korean_breaks_between_words() -> None:
    assert broken("버튼을 누르고 소리를", 7, len) == ["버튼을 누르고", "소리를"]


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("ab cde, あ音。、ーอาक्षשל(「」)"), max_size=60), st.integers(1, 20))
def test_breaking_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = broken(text, width, len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line and line == line.strip() for line in lines)
    assert line_count(text, width, len) == len(lines)
    for line in lines:
        assert len(line) <= width or len(broken(line, 1, len)) <= len(line)


def test_a_line_break_ends_a_line_of_a_block(bare: Typesetter) -> None:
    lines = bare.wrapped("press the button\n\nand\r\nlend us a sound for the evening\n", 40, 400)
    said = ["press the button", "", "and", "lend us a", "sound for the evening"]
    whole = [bare.line(text, 40) for text in said]
    assert len(lines) == 5 and all(map(np.array_equal, lines[:3], whole[:3]))
    assert all(line.shape[1] <= 400 for line in lines)
    block, one = bare.block("one\ntwo\n", 40, 4000), bare.line("one", 40)
    assert block.shape[0] == 120, "there is nothing behind the last line"
    assert np.array_equal(block[:60, : one.shape[1]], one) and not block[:60, one.shape[1] :].any()
    assert [top for _, _, top in bare.words("one\n\ntwo", 40, 4000)] == [0, 120]
    assert bare.wrapped(" \n ", 40, 400) == []


def test_a_text_is_broken_once_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plain = typography.broken

    def counted(text: str, *how: Any) -> list[str]:
        asked.append(text)
        return plain(text, *how)

    monkeypatch.setattr(typography, "broken", counted)
    monkeypatch.setattr(typography, "BREAKS", 3)
    setter = Typesetter(system=False)
    for _ in range(3):
        setter.block("lend us a sound", 40, 200)
        setter.wrapped("lend us a sound", 40, 200)
        setter.words("lend us a sound", 40, 200)
    assert len(asked) == 1
    setter.block("lend us a sound", 40, 150)
    setter.block("lend us a sound", 30, 200)
    setter.block("lend us a sound", 40, 200, "bold")
    assert len(asked) == 4 and len(setter._broken) == 3
    setter.block("lend us a sound", 40, 200)
    assert len(asked) == 5, "the one that was asked for longest ago is forgotten"
    block = setter.block("lend us a sound", 40, 200)
    block[:] = 0
    assert setter.block("lend us a sound", 40, 200).any(), "a block is the asker's own"


def test_wrapped_lines_fit(bare: Typesetter) -> None:
    masks = bare.wrapped("press the button and lend us a sound", 40, 400)
    assert len(masks) >= 2 and all(mask.shape[1] <= 400 for mask in masks)


@pytest.mark.parametrize("side", ["left", "middle", "right"])
def test_a_block_is_its_lines_below_one_another(bare: Typesetter, side: Side) -> None:
    text = "press the button and lend us a sound for the evening, or for a night"
    block, lines = bare.block(text, 40, 400, side=side), bare.wrapped(text, 40, 400)
    longest = max(line.shape[1] for line in lines)
    assert len(lines) >= 3 and block.shape == (60 * len(lines), longest) and longest <= 400
    for number, line in enumerate(lines):
        left = {"left": 0, "middle": (longest - line.shape[1]) // 2, "right": longest - line.shape[1]}[side]
        row = block[60 * number : 60 * (number + 1)]
        assert np.array_equal(row[:, left : left + line.shape[1]], line) and row.sum() == line.sum()


def test_a_block_of_one_line_or_of_none_is_a_mask_too(bare: Typesetter) -> None:
    assert np.array_equal(bare.block("one line", 40, 4000), bare.line("one line", 40))
    assert not bare.block("", 40, 400).any() and bare.block("", 40, 400).shape[0] == 60
    assert bare.block("Donaudampfschifffahrt", 40, 100).shape[1] > 100, "a word stays whole"


WORDS = [
    "press",
    "the",
    "Button!",
    "a",
    "naïve",
    "שלום",
    "עולם",
    "مرحبا",
    "بالعالم",
    "20",
    "km",
    "音を貸して",
    "(now)",
]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@given(SENTENCES, st.integers(60, 600), st.sampled_from(["left", "middle", "right"]))
@example("20 音を貸して 20", 96, "left")
def test_words_drawn_together_are_the_block(text: str, width: int, side: Side) -> None:
    setter = EVERYTHING
    block = setter.block(text, 30, width, side=side)
    drawn = np.zeros_like(block)
    for mask, left, top in setter.words(text, 30, width, side=side):
        there = drawn[top : top + mask.shape[0], left : left + mask.shape[1]]
        assert there.shape == mask.shape and not there.any(), "none lies over another"
        there[:] = mask
    np.testing.assert_array_equal(drawn, block)


def test_words_come_as_they_are_read(bare: Typesetter, setter: Typesetter) -> None:
    places = [(top, left) for _, left, top in bare.words("press the button and lend us a sound", 40, 400)]
    assert len(places) == 8 and places == sorted(places) and places[-1][0] > 0
    if not setter.missing("مرحبا بالعالم"):
        first, second = setter.words("مرحبا بالعالم", 40, 4000)
        assert first[1] > second[1], "from the right"
    if not setter.missing("音を貸して"):
        assert len(setter.words("音を貸して", 40, 4000)) == 5
    if not setter.missing("שלום"):
        lefts = [left for _, left, _ in setter.words("shalom שלום עולם", 40, 4000)]
        assert lefts[0] < lefts[2] < lefts[1]
    assert bare.words("", 40, 400) == []
