"""What `check` understood, as curators say it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installation.exhibition import Exhibition, parse
from installation.in_words import in_words
from installation.piece import Piece, Recording
from installation.texts import PieceTexts

Loaded = Callable[..., Exhibition]


@pytest.mark.parametrize(
    ("written", "what", "how"),
    [
        ("pieces: beat", "on show", "beat"),
        ("pieces: [beat, hum]\nchange_every: 90 s", "on show", "beat, hum, in turns of 90 s"),
        ("pieces: beat", "open", "always"),
        ("pieces: beat\nhours: {open: 10:00, close: 24:00}", "open", "daily 10:00–24:00"),
        (
            "pieces: beat\nhours: [{open: 10:00, close: 18:00, days: [wed, tue, fri, sun]}, "
            "{open: 20:00, close: 1:00, days: [thu]}]\nclosed: [2026-12-25, 2026-12-31 to 2027-01-01]",
            "open",
            "tue, wed, fri, sun 10:00–18:00; thu 20:00–01:00 the next day, but not on 2026-12-25, "
            "2026-12-31 to 2027-01-01",
        ),
        ("pieces: beat\nhours: {open: 9:00, close: 17:00, days: [sat, thu, fri]}", "open", "thu–sat 09:00–17:00"),
        ("pieces: beat\nclosed: 2026-12-25", "open", "always, but not on 2026-12-25"),
        ("pieces: beat\nlanguages: [de, ar]", "languages", "de, ar"),
    ],
)
def test_what_is_written_is_said_in_words(written: str, what: str, how: str, loaded: Loaded) -> None:
    assert dict(in_words(loaded(written)))[what] == how


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1 month", "1 month"),
        ("1.5 days", "1.5 days"),
        ("8 weeks", "8 weeks"),
        ("30days", "30 days"),
        ("90\u00a0minutes", "90 minutes"),
    ],
)
def test_durations_are_said_as_they_were_written(written: str, said: str, loaded: Loaded) -> None:
    text = f"pieces: [neural_beatbox, imaginary_soundscape]\nvisitors: {{keep: {written}}}\nchange_every: 1 hour"
    words = dict(in_words(parse(text.encode(), loaded("pieces: beat").path)))
    assert words["recordings"] == f"kept for {said}, taken back within 20 s"
    assert words["on show"].endswith("in turns of 1 hour")


def test_wording_that_the_screen_does_not_speak_is_noted(loaded: Loaded) -> None:
    texts = "{invitation: {it: Ciao, de: Hallo}, closed: {it: Chiuso, fr: Fermé, en: Closed}}"
    text = f"pieces: neural_beatbox\nlanguages: [de-AT, en]\nhours: {{open: 9:00, close: 17:00}}\ntexts: {texts}"
    found = list(in_words(parse(text.encode(), loaded("pieces: beat").path)))
    assert [how for what, how in found if what == "note"] == [
        "the wording of 'invitation', 'closed' in 'it' is not shown: 'languages' names only de-AT, en",
        "the wording of 'closed' in 'fr' is not shown: 'languages' names only de-AT, en",
    ]


def test_wording_for_which_there_is_no_occasion_is_noted(loaded: Loaded) -> None:
    path, texts = (
        loaded("pieces: beat").path,
        "texts: {look_around: Go, kept: The sentence, closed: Shut, world_sea: So}",
    )
    found = list(in_words(parse(f"pieces: learning_to_see\n{texts}".encode(), path)))
    assert [how for what, how in found if what == "note"] == [
        "the wording of 'look_around' is not shown: it is that of imaginary_soundscape, not on show",
        "the wording of 'kept' is for visitors who are recorded, and no piece on show records any",
        "the wording of 'closed' is for outside the opening hours, and the exhibition is always open",
    ]
    pieces = "pieces: [imaginary_soundscape, neural_beatbox, learning_to_see]\nhours: {open: 9:00, close: 17:00}\n"
    assert not [how for what, how in in_words(parse((pieces + texts).encode(), path)) if what == "note"]


def test_texts_of_a_piece_that_nobody_has_worded_in_a_language_of_the_screen_are_noted(loaded: Loaded) -> None:
    """Where they should be read there is nothing."""
    lines = {"en": {"a": "A", "b": "B", "c": "C", "d": "D"}, "fr": {"a": "À"}}
    path = loaded("pieces: beat").path
    exhibition = parse(b"pieces: learning_to_see\nlanguages: [en, fr-CA]", path)
    own, of_pieces = {"c": {"fr": "Voilà"}}, {"learning_to_see": PieceTexts(lines, {})}
    exhibition = exhibition.model_copy(update={"own_texts": own, "texts_of_pieces": of_pieces})
    notes = [how for what, how in in_words(exhibition) if what == "note"]
    assert "learning_to_see has no wording of 'b', 'd' in 'fr-CA'; write it under 'texts'" in notes
    assert not [note for note in notes if "in 'en'" in note]


def test_recordings_are_spoken_of_where_somebody_is_recorded(loaded: Loaded) -> None:
    assert "recordings" not in dict(in_words(loaded("pieces: beat")))
    text = b"pieces: neural_beatbox\nvisitors: {keep: 2 weeks, undo: 30 s}"
    exhibition = parse(text, loaded("pieces: beat").path)
    assert dict(in_words(exhibition))["recordings"] == "kept for 2 weeks, taken back within 30 s"
    by_sound = parse(exhibition.source + b"\ncontrols: {button: [sound]}\n", exhibition.path)
    assert dict(in_words(by_sound))["recordings"] == "kept for 2 weeks, taken back by nobody: no sound does that"


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Piece]]:
    """Three pieces that record each in its own way; `sketch` words everything that it must, `mute` nothing."""
    wording = {
        "sketch": "en: {lines: {invitation: Pose, kept: A drawing, perform: Hold still, listening: H, full: F}}",
        "mute": "en: {lines: {moved: You moved}}",
        "choir": "en: {lines: {perform: Sing}}",
    }
    records = {"sketch": Recording(sound=False), "mute": Recording(sound=False), "choir": Recording(film=False)}
    pieces = {}
    for name, text in wording.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "texts.yaml").write_text(text, encoding="utf-8")
        pieces[name] = type(name.title(), (Piece,), {"__module__": name, "records": records[name]})
    monkeypatch.syspath_prepend(tmp_path)
    return pieces


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("pieces: sketch", []),
        (
            "pieces: mute",
            [
                "mute keeps no sound, and the built-in wording of 'invitation', 'kept', 'perform' and 2 more speaks "
                "of it; write your own"
            ],
        ),
        ("pieces: choir", ["choir keeps no film, and the built-in wording of 'kept' speaks of it; write your own"]),
        ("pieces: choir\ntexts: {kept: Your voice stays}", []),
        ("pieces: choir\ntexts: {choir.kept: Your voice stays}", []),
        (
            "pieces: choir\nlanguages: [en, de]\ntexts: {choir.kept: Your voice stays, perform: {de: Sing}}",
            ["choir keeps no film, and the built-in wording of 'kept' in 'de' speaks of it; write your own"],
        ),
        (
            "pieces: choir\nlanguages: [en, de-AT]\ntexts: {choir.kept: {en: Y, de: D}, perform: {de: Sing}}",
            [],
        ),
        ("pieces: sketch\ntexts: {kept: The lawyer's sentence}", []),
        (
            "pieces: [sketch, choir]\ntexts: {kept: Your voice stays, perform: Now}",
            [
                "your wording of 'kept', 'perform' stands above that of sketch, too, which records in its own way; "
                "what you say of that alone is called 'sketch.kept'",
                "your wording of 'perform' stands above that of choir, too, which records in its own way; what you "
                "say of that alone is called 'choir.perform'",
            ],
        ),
        ("pieces: [sketch, choir]\ntexts: {choir.kept: Your voice stays, choir.perform: Now}", []),
        (
            "pieces: choir\ntexts: {choir.kept: V, sketch.kept: S}",
            ["the wording of 'sketch.kept' is not shown: sketch is not on show"],
        ),
        (
            "pieces: sketch\nlanguages: [en, fr]",
            [
                "sketch has no wording of 'sketch.invitation', 'sketch.kept', 'sketch.perform' and 2 more in 'fr'; "
                "write it under 'texts'",
                "who reads only 'fr' is not told what sketch keeps of them",
            ],
        ),
    ],
)
def test_what_would_be_said_of_another_recording_than_theirs_is_noted(
    recording: dict[str, type[Piece]], text: str, notes: list[str]
) -> None:
    """Visitors read that their sound is kept where only a drawing is, or nothing where it is."""
    found = in_words(parse(text.encode(), Path("x.yaml"), recording))
    assert [how for what, how in found if what == "note"] == notes
