"""What an exhibition says: its own wording, its pieces', their alerts, and what its controls leave of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from installation.exhibition import Exhibition, ExhibitionError, parse
from installation.piece import Piece

Loaded = Callable[..., Exhibition]
Said = Callable[[str | bytes], list[str]]


def test_texts_come_in_the_order_of_the_languages_with_durations_filled_in(loaded: Loaded) -> None:
    wording = "texts: {invitation: {en: Sing to me, de: Sing mir was}}\nvisitors: {keep: 14 days, undo: 20 s}"
    texts = loaded(f"pieces: beat\nlanguages: [en, de]\n{wording}").texts()
    assert texts["invitation"] == ["Sing to me", "Sing mir was"]
    assert "2\u00a0weeks" in texts["kept"][0] and "2\u00a0Wochen" in texts["kept"][1]
    assert "20\u00a0seconds" in texts["take_back"][0] and "20\u00a0Sekunden" in texts["take_back"][1]
    assert all(len(lines) == 2 and "{" not in "".join(lines) for lines in texts.values())


@pytest.fixture
def tides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Piece]]:
    """Two pieces, in folders of their own, with wording."""
    pieces = {}
    for name, text in (("tide", "{ebb: Out, flood: In}"), ("moon", "{full_moon: Round}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "texts.yaml").write_text(f"en: {{lines: {text}}}", encoding="utf-8")
        pieces[name] = type(name.title(), (Piece,), {"__module__": name})
    monkeypatch.syspath_prepend(tmp_path)
    return pieces


def test_a_piece_s_own_wording_is_there_and_can_be_replaced(tides: dict[str, type[Piece]]) -> None:
    text = "pieces: tide\nlanguages: [en, de]\ntexts: {ebb: {de: Ebbe}, full_moon: {de: Voll}}"
    exhibition = parse(text.encode(), Path("x.yaml"), tides)
    found = exhibition.texts()
    assert (found["ebb"], found["flood"], found["full_moon"]) == (["Out", "Ebbe"], ["In"], ["Round", "Voll"])
    assert {"Ebbe", "Voll"} <= set(exhibition.texts_in("de")) and "In" not in exhibition.texts_in("de")
    with pytest.raises(ExhibitionError, match="no text is called 'ebbb'; did you mean 'ebb'"):
        parse(b"pieces: tide\ntexts: {ebbb: Out}", Path("x.yaml"), tides)


def test_what_nobody_will_see_needs_no_font(tides: dict[str, type[Piece]]) -> None:
    shown = parse(b"pieces: tide", Path("x.yaml"), tides).texts_in("en")
    assert {"Out", "In"} <= set(shown) and "Round" not in shown


def test_a_text_of_two_pieces_names_both_where_one_is_on_show(tides: dict[str, type[Piece]], tmp_path: Path) -> None:
    (tmp_path / "moon" / "texts.yaml").write_text("en: {lines: {ebb: x, closed: y}}", encoding="utf-8")
    tides["hum"] = type("Hum", (Piece,), {})
    with pytest.raises(ExhibitionError) as raised:
        parse(b"pieces:\n  - hum\n  - moon\n  - tide", Path("x.yaml"), tides)
    assert [str(problem) for problem in raised.value.problems] == [
        "x.yaml:3:5: piece 'moon' has a text 'closed', and so has the runtime; rename one of them",
        "x.yaml:4:5: piece 'tide' has a text 'ebb', and so has piece 'moon'; rename one of them",
    ]
    assert parse(b"pieces: hum", Path("x.yaml"), tides).texts()["closed"] != ["y"], "others are none of its business"


def test_a_piece_s_words_for_what_the_runtime_says_stand_in_its_own_turns_and_a_curator_s_above(
    tides: dict[str, type[Piece]], tmp_path: Path
) -> None:
    (tmp_path / "moon" / "texts.yaml").write_text("en: {lines: {kept: Only a drawing stays}}", encoding="utf-8")
    exhibition = parse(b"pieces: [tide, moon]", Path("x.yaml"), tides)
    tide, moon = exhibition.pieces
    assert exhibition.texts(moon)["kept"] == ["Only a drawing stays"]
    assert exhibition.texts(tide)["kept"] == exhibition.texts()["kept"] != ["Only a drawing stays"]
    assert "Only a drawing stays" in exhibition.texts_in("en"), "its letters are looked for in the fonts"
    said = parse(b"pieces: [tide, moon]\ntexts: {kept: The lawyer's sentence}", Path("x.yaml"), tides)
    assert said.texts(moon)["kept"] == said.texts(tide)["kept"] == ["The lawyer's sentence"]


def test_a_curator_words_a_text_for_one_piece_alone(tides: dict[str, type[Piece]], tmp_path: Path) -> None:
    """What is kept by one of two pieces would otherwise be said of the other, too."""
    (tmp_path / "moon" / "texts.yaml").write_text("en: {lines: {kept: A drawing}}\nde: {lines: {kept: Ein Bild}}")
    written = "texts: {kept: {en: A tape, de: Ein Band}, moon.kept: {en: 'An inch, for {days}'}, tide.ebb: Gone}"
    exhibition = parse(f"pieces: [tide, moon]\nlanguages: [en, de]\n{written}".encode(), Path("x.yaml"), tides)
    tide, moon = exhibition.pieces
    assert exhibition.texts(moon)["kept"] == ["An inch, for 30\u00a0days", "Ein Bild"], (
        "its own is nearer than that of all"
    )
    assert exhibition.texts(tide)["kept"] == exhibition.texts()["kept"] == ["A tape", "Ein Band"]
    assert (exhibition.texts(tide)["ebb"], exhibition.texts(moon)["ebb"]) == (["Gone"], ["Out"])
    assert {"An inch, for 30\u00a0days", "Gone"} <= set(exhibition.texts_in("en")), "their letters need a font"
    said = parse(
        f"pieces: tide\nlanguages: [en, de]\n{written.replace('moon.', 'tide.')}".encode(), Path("x.yaml"), tides
    )
    assert said.texts(said.pieces[0])["kept"] == ["An inch, for 30\u00a0days", "Ein Band"], (
        "it has no words of its own"
    )
    alone = parse(written.replace("texts", "pieces: tide\ntexts").encode(), Path("x.yaml"), tides)
    assert "An inch, for 30\u00a0days" not in alone.texts_in("en")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("moon.kepd", "no text is called 'moon.kepd'; did you mean 'moon.kept'?"),
        ("mooon.kept", "no text is called 'mooon.kept'; did you mean 'moon.kept'?"),
        ("moon.closed", "no text is called 'moon.closed'"),
        ("tide.full_moon", "no text is called 'tide.full_moon'"),
    ],
)
def test_what_is_worded_for_one_piece_must_be_a_text_of_its_turns(
    tides: dict[str, type[Piece]], name: str, said: str
) -> None:
    with pytest.raises(ExhibitionError) as raised:
        parse(f"pieces: [tide, moon]\ntexts: {{{name}: x}}".encode(), Path("x.yaml"), tides)
    (problem,) = raised.value.problems
    assert said in str(problem)


@pytest.mark.parametrize(
    ("texts", "invitation"),
    [("beat.invitation: Come", ["Come"]), ("beat.invitation_by_sound: Hum", ["Hum"]), ("kept: x", None)],
)
def test_an_invitation_for_one_piece_stands_where_only_sound_is_the_button(
    loaded: Loaded, texts: str, invitation: list[str] | None
) -> None:
    exhibition = loaded(f"pieces: beat\ncontrols: {{button: [sound]}}\ntexts: {{{texts}}}")
    found = exhibition.texts(exhibition.pieces[0])
    assert found["invitation"] == (invitation or found["invitation_by_sound"])


def test_wording_that_cannot_be_used_is_said_of_pieces_on_show(tides: dict[str, type[Piece]], tmp_path: Path) -> None:
    (tmp_path / "moon" / "texts.yaml").write_text("en: Round", encoding="utf-8")
    assert parse(b"pieces: tide", Path("x.yaml"), tides).texts()["ebb"] == ["Out"]
    with pytest.raises(ExhibitionError, match=r"1:9: piece 'moon': .*texts.yaml: below 'en' there must be 'lines:'"):
        parse(b"pieces: moon", Path("x.yaml"), tides)


def test_alerts_that_cannot_be_used_are_said_of_pieces_on_show(tides: dict[str, type[Piece]], tmp_path: Path) -> None:
    (tmp_path / "moon" / "alerts.yaml").write_text("disk_low: {severity: info, message: m, remedy: r}")
    assert parse(b"pieces: tide", Path("x.yaml"), tides).pieces
    with pytest.raises(ExhibitionError, match=r"1:9: piece 'moon': .*there is an alert 'disk_low' of the runtime"):
        parse(b"pieces: moon", Path("x.yaml"), tides)


def test_a_room_that_starts_by_sound_is_not_told_to_press_a_button(loaded: Loaded) -> None:
    by_sound = loaded("pieces: beat\ncontrols: {button: [sound]}").texts()
    assert by_sound["invitation"] == by_sound["invitation_by_sound"] != loaded("pieces: beat").texts()["invitation"]


@pytest.mark.parametrize(
    "own, curators, invitation",
    [
        ("{invitation: Draw}", "", "Draw"),
        ("{invitation_by_sound: Sing}", "", "Sing"),
        ("{invitation: Draw, invitation_by_sound: Sing}", "", "Sing"),
        ("{invitation: Draw, invitation_by_sound: Sing}", "texts: {invitation: Come}", "Come"),
        ("{invitation: Draw}", "texts: {invitation_by_sound: Hum}", "Hum"),
        ("{invitation: Draw}", "texts: {invitation: Come, invitation_by_sound: Hum}", "Come"),
    ],
)
def test_a_piece_s_own_invitation_stands_where_only_sound_is_the_button(
    tides: dict[str, type[Piece]], tmp_path: Path, own: str, curators: str, invitation: str
) -> None:
    (tmp_path / "moon" / "texts.yaml").write_text(f"en: {{lines: {own}}}", encoding="utf-8")
    text = f"pieces: [tide, moon]\ncontrols: {{button: [sound]}}\n{curators}"
    exhibition = parse(text.encode(), Path("x.yaml"), tides)
    tide, moon = exhibition.pieces
    assert exhibition.texts(moon)["invitation"] == [invitation]
    assert invitation in ("Come", "Hum") or exhibition.texts(tide)["invitation"] != [invitation]


def test_where_nothing_takes_a_recording_back_nobody_is_told_that_it_does(loaded: Loaded) -> None:
    assert loaded("pieces: beat\ncontrols: {button: [sound]}").texts()["take_back"] == []
    assert loaded("pieces: beat\ncontrols: {button: [sound, touch]}").texts()["take_back"]
    drawn = loaded("pieces: beat\ncontrols: {button: [sound, touch]}")
    (show,) = drawn.pieces
    assert drawn.texts(show)["take_back"]
    sheet = replace(show, piece=type("Sheet", (show.piece,), {"takes_touch": True}))
    assert drawn.texts(sheet)["take_back"] == [], "who draws takes nothing back by touch"
    own = "texts: {take_back: {en: 'Ask at the desk within {seconds}'}}"
    said = loaded(f"pieces: beat\ncontrols: {{button: [sound]}}\n{own}").texts()["take_back"]
    assert said == ["Ask at the desk within 20\u00a0seconds"]


def test_wording_in_an_unknown_language_is_enough_when_it_is_complete(loaded: Loaded, said: Said) -> None:
    names = list(loaded("pieces: beat").texts())
    texts = "".join(f"  {name}: {{eu: Kaixo}}\n" for name in names)
    assert loaded(f"pieces: beat\nlanguages: [eu]\ntexts:\n{texts}").texts()["full"] == ["Kaixo"]
    fewer = "".join(f"  {name}: {{eu: Kaixo}}\n" for name in names[1:])
    assert "for invitation" in said(f"pieces: beat\nlanguages: [eu]\ntexts:\n{fewer}")[0]
