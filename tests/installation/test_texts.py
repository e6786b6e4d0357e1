"""The wording on the wall: complete and of one shape in every language, with durations in the right plural."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from installation import texts
from installation.programme import DISTRIBUTION, Installed, texts_of

PROMISED = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "ja",
    "zh",
    "ko",
    "ar",
    "he",
    "hi",
    "ru",
    "tr",
    "uk",
    "cs",
    "sv",
    "da",
)
NAMES = (
    "invitation",
    "kept",
    "ready",
    "perform",
    "listening",
    "joined",
    "take_back",
    "unheard",
    "withdrawn",
    "full",
    "closed",
)
SCRIPTS = {
    "ja": "\u3040-\u30ff", "zh": "\u4e00-\u9fff", "zh-Hant": "\u4e00-\u9fff", "ko": "\uac00-\ud7a3",
    "ar": "\u0600-\u06ff", "he": "\u0590-\u05ff", "hi": "\u0900-\u097f", "ru": "\u0400-\u04ff", "uk": "\u0400-\u04ff",
}  # fmt: skip
LANGUAGES = tuple(texts.built_in())


OF_PIECES = texts_of(Installed(DISTRIBUTION))[0]


def test_every_promised_language_and_text_is_there() -> None:
    assert set(PROMISED) <= set(LANGUAGES)
    assert set(NAMES) <= set(texts.names())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_complete_and_of_the_shape_of_the_others(language: str) -> None:
    wording, english = texts.built_in()[language], texts.built_in()["en"]
    assert tuple(wording.lines) == texts.names()
    for name, line in wording.lines.items():
        assert texts.faults(line) == []
        assert re.findall(r"\{\w+\}", line) == re.findall(r"\{\w+\}", english.lines[name]), name
        assert len(line) <= 100, f"{name} must be read from four metres"
        assert line == line.strip() and not line.endswith("."), "lines on a wall end without a full stop"
        assert re.search(f"[{SCRIPTS.get(language, 'A-Za-z')}]", line), f"{name} is in another script"
    assert len(set(wording.lines.values())) == len(texts.names())
    assert set(wording.durations) == set(english.durations)
    for forms in wording.durations.values():
        assert "other" in forms and {"zero", "one", "two", "few", "many", "other"} >= set(forms)
        assert all("{n}" in form or category in {"one", "two"} for category, form in forms.items())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("piece", OF_PIECES)
def test_so_is_the_wording_of_the_pieces_that_ship(piece: str, language: str) -> None:
    own = OF_PIECES[piece]
    lines = own.lines[language]
    assert tuple(lines) == own.names
    for name, line in lines.items():
        assert re.findall(r"\{\w+\}", line) == re.findall(r"\{\w+\}", own.lines["en"][name]), name
        assert len(line) <= 100, f"{name} must be read from four metres"
        assert line == line.strip() and not line.endswith("."), "lines on a wall end without a full stop"
        assert re.search(f"[{SCRIPTS.get(language, 'A-Za-z')}]", line), f"{name} is in another script"
    assert len(set(lines.values())) == len(own.names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_has_its_plural(language: str) -> None:
    forms = texts.built_in()[language].durations["day"]
    for count in range(1, 400):
        assert texts.plural(count, language) in forms, count


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 1, "1 second"),
        ("en", 20, "20 seconds"),
        ("en", 90, "90 seconds"),
        ("en", 120, "2 minutes"),
        ("en", 30 * 86400, "30 days"),
        ("en", 14 * 86400, "2 weeks"),
        ("en", 31557600, "1 year"),
        ("en", 0.2, "0 seconds"),
        ("en", 86400.3, "1 day"),
        ("en", 100_000, "100000 seconds"),
        ("de", 86400, "1 Tag"),
        ("fr", 30 * 86400, "30 jours"),
        ("ru", 21 * 86400 + 0, "3 недели"),
        ("ru", 30 * 86400, "30 дней"),
        ("ru", 31 * 86400, "31 день"),
        ("ru", 22, "22 секунды"),
        ("ru", 11, "11 секунд"),
        ("uk", 25 * 86400, "25 днів"),
        ("pl", 22, "22 sekundy"),
        ("pl", 21, "21 sekund"),
        ("pl", 12, "12 sekund"),
        ("cs", 3 * 86400, "3 dny"),
        ("cs", 30 * 86400, "30 dní"),
        ("ar", 2 * 86400, "يومين"),
        ("ar", 10, "10 ثوانٍ"),
        ("ar", 30 * 86400, "30 يومًا"),
        ("he", 2 * 3600, "שעתיים"),
        ("ja", 30 * 86400, "30日間"),
        ("zh-TW", 60, "1分鐘"),
        ("pt-BR", 20, "20 segundos"),
        ("xx", 20, "20 seconds"),
    ],
)
def test_durations_as_people_say_them(language: str, seconds: float, said: str) -> None:
    assert texts.duration(seconds, language) == said


@pytest.mark.parametrize(
    ("tag", "same_as"),
    [
        ("de-AT", "de"),
        ("pt-BR", "pt"),
        ("zh-Hans-CN", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("eu", None),
    ],
)
def test_a_regional_language_falls_back_to_its_parent(tag: str, same_as: str | None) -> None:
    assert texts.wording_of(tag) is (texts.built_in()[same_as] if same_as else None)


def test_a_curators_wording_comes_first_and_serves_regions_too() -> None:
    own = {"ready": {"de": "Los"}}
    assert texts.lines_for("ready", ["de-AT", "en"], own, 60, 20) == ["Los", texts.built_in()["en"].lines["ready"]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{day}", "unknown placeholder '{day}'"),
        ("{days", "stands alone"),
        ("a } b", "stands alone"),
        (" ", "is empty"),
    ],
)
def test_wording_with_broken_placeholders_is_refused(text: str, fault: str) -> None:
    assert any(fault in found for found in texts.faults(text))


# ---- the wording of a piece ---------------------------------------------------------------------------------------

TIDE = """
shown: {ebb: when the water goes}
en: {lines: {ebb: "The tide goes out for {days}", flood: It comes}}
de: {lines: {ebb: Die Flut geht}}
"""


@pytest.fixture
def tide(tmp_path: Path) -> texts.PieceTexts:
    (tmp_path / "texts.yaml").write_text(TIDE, encoding="utf-8")
    return texts.read_texts(tmp_path / "texts.yaml")


def test_a_piece_brings_wording_of_its_own(tide: texts.PieceTexts) -> None:
    assert tide.names == ("ebb", "flood") and tide.shown == {"ebb": "when the water goes"}
    said = texts.every_text(["de-AT", "en", "fr"], {"flood": {"fr": "Elle vient"}}, 86400.0, 20.0, {"tide": tide})
    assert said["ebb"] == ["Die Flut geht", "The tide goes out for 1\u00a0day"]
    assert said["flood"] == ["It comes", "Elle vient"], "a curator's wording replaces it as it does the runtime's"
    assert said["full"] == [texts.built_in()[language].lines["full"] for language in ("de", "en", "fr")]


def test_when_a_text_of_the_runtime_is_shown_need_not_be_said(tmp_path: Path) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text("shown: {ebb: at low tide, joined: later}\nen: {lines: {kept: x, ebb: y, joined: z}}\n")
    shown = {"kept": texts.SHOWN["kept"], "ebb": "at low tide", "joined": "later"}
    assert texts.read_texts(path).shown == shown


def test_a_piece_without_wording_in_any_language_speaks_its_first(tide: texts.PieceTexts) -> None:
    assert texts.every_text(["fr"], {}, 86400.0, 20.0, {"tide": tide})["flood"] == ["It comes"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("en: {lines: {ebb: x}", ":1:5: '{' is never closed: a comma or '}' is missing"),
        ("en:\n  lines:\n    ebb: {day", ":3:10: '{' is never closed"),
        ("en:\n  lines:\n\tebb: out", ":3:1: there is a tab here; indent with spaces instead"),
        ("[en]", "write 'en:', below it 'lines:'"),
        ("en: {ebb: x}", "below 'en' there must be 'lines:'"),
        ("en: {lines: {ebb: x}, durations: {}}", "below 'en' there must be 'lines:' and nothing else"),
        ("english: {lines: {ebb: x}}", "'english' is not a language"),
        ("en: {lines: {ebb: 3}}", "'ebb' of 'en' must be a text; put it in quotes"),
        ("en: {lines: {ebb: '{day}'}}", "'ebb' of 'en': unknown placeholder '{day}'"),
        (
            "en: {lines: {ebb: x}}\nde: {lines: {ebbe: x}}",
            "'ebbe' of 'de' is not in the first language; did you mean",
        ),
        ("en: {lines: {ebb: x}}\nshown: {ebbe: x}", "'ebbe' of 'shown' is not in the first language"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_the_file(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(texts.TextsError) as raised:
        texts.read_texts(path)
    assert str(raised.value).startswith(f"{path}:") and fault in str(raised.value)


def test_a_piece_replaces_words_of_the_runtime_for_its_own_turns() -> None:
    moon = texts.PieceTexts({"en": {"kept": "Nothing is kept"}, "de": {"kept": "Nichts bleibt"}}, {})
    night = texts.PieceTexts({"en": {"kept": "Kept for {days}"}}, {})
    of_pieces = {"moon": moon, "night": night}
    assert list(texts.clashes(of_pieces)) == []

    def kept(languages: list[str], on_stage: str, **curators: str) -> list[str]:
        own = {"kept": curators} if curators else {}
        return texts.every_text(languages, own, 86400.0, 20.0, of_pieces, on_stage)["kept"]

    assert kept(["de", "en"], "moon") == ["Nichts bleibt", "Nothing is kept"]
    assert kept(["de", "en"], "night") == ["Kept for 1\u00a0day"], (
        "what it does not say is left out: it would be untrue"
    )
    assert kept(["fr"], "moon") == ["Nothing is kept"]
    built = texts.every_text(["de", "en"], {}, 86400.0, 20.0, {})["kept"]
    assert kept(["de", "en"], "") == kept(["de", "en"], "tide") == built
    assert kept(["de", "en"], "night", de="Der Satz") == ["Der Satz", "Kept for 1\u00a0day"]


def test_a_name_that_is_taken_twice_is_found(tide: texts.PieceTexts) -> None:
    other = texts.PieceTexts({"en": {"closed": "x", "ebb": "y"}}, {})
    assert list(texts.clashes({"tide": tide, "moon": other})) == [("closed", "moon", ""), ("ebb", "moon", "tide")]
    assert list(texts.clashes({"tide": tide, "tide_at_night": tide})) == [], "two pieces of one folder share its file"
