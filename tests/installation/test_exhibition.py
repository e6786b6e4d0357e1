"""exhibition.yaml: what is right is read, and what is wrong is said at its line and column, all at once."""

from __future__ import annotations

import hashlib
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import field_validator

from installation import programme
from installation.controls import TRIGGERS
from installation.exhibition import Exhibition, ExhibitionError, parse
from installation.piece import Piece
from installation.problems import duration
from installation.settings import Field, Range, to_seconds
from tests.shipped import exhibition_text

ROOT = Path(__file__).parents[2]
Loaded = Callable[..., Exhibition]
Said = Callable[[str | bytes], list[str]]

GOOD = """\
# what is on show
title: Good morning
languages: [en, de]
pieces:
  - beat:
      tempo: [90, 100]
      remember: 12
      fade: 2.5 s
      glow:
        strength: 0.25
        colours: ["#ff8800", "#00ff00"]
  - hum
change_every: 10 min
hours:
  - {open: 10:00, close: 18:00, days: [tue, wed]}
  - open: 10:00
    close: 22:00
    days:
      - thu
      - sat
screen: {mode: window, size: [1280, 720], rotate: 90, rate_hz: 60}
camera:
  id: usb-046d_HD_Pro_Webcam_C920_8C1A2F3F
  mirror: no
  crop: [0, 0.1, 1, 0.9]
speakers: {id: auto, gain_db: -3}
visitors:
  keep: 14 days
  undo: 20 s
texts:
  invitation:
    en: Sing to me
    de: Sing mir was
console:
  port: off
log: debug
"""


# ---- what is right --------------------------------------------------------------------------------------


def test_a_good_file_is_read_in_full(loaded: Loaded) -> None:
    exhibition = loaded(GOOD)
    assert [show.name for show in exhibition.pieces] == ["beat", "hum"]
    beat = exhibition.pieces[0]
    assert beat.settings.tempo == Range(low=90, high=100) and beat.settings.fade == 2.5
    assert beat.settings.glow.colours == ["#ff8800", "#00ff00"]
    assert exhibition.change_every == 600 and exhibition.visitors.keep == 14 * 86400
    assert exhibition.screen.size == (1280, 720) and exhibition.screen.rotate == 90
    assert exhibition.camera.is_identity and not exhibition.camera.mirror
    assert exhibition.console.port is None and exhibition.log_level == "debug"
    assert exhibition.digest == hashlib.sha256(GOOD.encode()).hexdigest()


def test_the_default_file_is_good_and_loads_nothing_heavy() -> None:
    heavy = {"torch", "torchaudio", "pygame", "cv2", "sounddevice", "scipy", "nicegui"}
    code = "import sys, pathlib; from installation import exhibition, watching, reference; x = exhibition.parse("
    code += f"sys.stdin.read().encode(), pathlib.Path('a.yaml')); print(x.pieces[0].name, {heavy} & set(sys.modules))"
    asked = {"input": exhibition_text(), "text": True, "capture_output": True}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, **asked)  # type: ignore[call-overload]
    assert done.stdout.strip() == "neural_beatbox set()", done.stderr


def test_a_misspelt_setting_of_the_default_file_is_said_as_the_readme_shows_it() -> None:
    with pytest.raises(ExhibitionError) as caught:
        parse(exhibition_text().replace("    tempo:", "    tempoo:").encode(), Path("exhibition.yaml"))
    expected = "exhibition.yaml:12:5: unknown setting 'tempoo' of piece 'neural_beatbox'; did you mean 'tempo'?"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "written", ["pieces: beat", "pieces: [beat]", "pieces:\n- beat", "pieces: {beat: {}}", "pieces:\n  beat:"]
)
def test_one_piece_can_be_written_in_every_natural_way(written: str, loaded: Loaded) -> None:
    assert [show.name for show in loaded(written).pieces] == ["beat"]


def test_left_out_means_the_default_and_so_does_a_section_whose_lines_are_commented_out(loaded: Loaded) -> None:
    exhibition = loaded("pieces: beat\nscreen:\n  # mode: window\nhours:\ntexts:\nvisitors:\n")
    assert exhibition.screen.mode == "auto" and exhibition.hours == [] and exhibition.visitors.undo == 20


def test_a_single_word_does_for_a_list_of_one(loaded: Loaded) -> None:
    exhibition = loaded("pieces: beat\nlanguages: de\ncontrols: {button: sound}\ntexts: {ready: Los}")
    assert exhibition.languages == ["de"] and exhibition.controls.button == ["sound"]
    assert exhibition.texts()["ready"] == ["Los"]


def test_times_and_words_need_no_quotes(loaded: Loaded, said: Said) -> None:
    text = "pieces: beat\nhours: {open: 10:00, close: 24:00}\nlanguages: [no]\nconsole: {port: off}\n"
    lines = [line for line in said(text) if "languages" not in line]
    assert lines == []
    with pytest.raises(ExhibitionError, match="no built-in wording in 'no'"):
        loaded(text)


def test_paths_are_relative_to_the_file(tmp_path: Path, loaded: Loaded) -> None:
    text = "pieces: {beat: {film: a.mp4}}\ncamera: films/room.mp4\ndata: kept\nscreen: {closed_picture: night.png}"
    exhibition = loaded(text, tmp_path / "exhibition.yaml")
    assert exhibition.camera.is_file and exhibition.camera.id == str(tmp_path / "films/room.mp4")
    assert exhibition.data_folder == tmp_path / "kept"
    assert exhibition.screen.closed_picture == tmp_path / "night.png"


def test_an_exhibition_travels_to_another_process(loaded: Loaded) -> None:
    exhibition = loaded("pieces: hum")
    assert pickle.loads(pickle.dumps(exhibition)) == exhibition


def test_anchors_and_merged_groups(loaded: Loaded) -> None:
    text = "pieces:\n  beat: &quiet\n    remember: 3\n    glow: {strength: 0.1}\n"
    merged = text + "  hum: {}\nvisitors: &v {undo: 30 s}\n"
    assert loaded(merged).visitors.undo == 30
    text = "controls: &c {button: [space]}\npieces: {beat: {<<: {remember: 5, fade: 4 s}, fade: 2 s}}\n"
    beat = loaded(text).pieces[0].settings
    assert (beat.remember, beat.fade) == (5, 2)


# ---- what is wrong --------------------------------------------------------------------------------------

WRONG = [
    ("pieces: beat\ntitel: x", "2:1: unknown setting 'titel'; did you mean 'title'?"),
    ("pieces: beat\ntempo: 3", "2:1: unknown setting 'tempo'; it belongs under piece 'beat'"),
    ("pieces: beat\nrotate: 90", "2:1: unknown setting 'rotate'; it belongs under 'screen'"),
    ("pieces:\n  beat:\n    tempoo: 1", "3:5: unknown setting 'tempoo' of piece 'beat'; did you mean 'tempo'?"),
    ("pieces: {beat: {glow: {stength: 1}}}", "1:24: unknown setting 'stength' of 'glow' of piece 'beat'; did you"),
    ("pieces: baet", "1:9: unknown piece 'baet'; did you mean 'beat'?"),
    ("pieces: [hum, xyz]", "1:15: unknown piece 'xyz'; there are beat, hum"),
    ("pieces: [hum, hum]", "1:15: piece 'hum' is on show twice"),
    ("pieces: [[hum]]", "1:10: a list of 1 is not the name of a piece"),
    ("pieces: []", "1:1: 'pieces' is empty; write what is on show: there are beat, hum"),
    ("pieces:", "1:1: 'pieces' is empty; write what is on show: there are beat, hum"),
    ("title: x", "1:1: 'pieces' is missing; write what is on show: there are beat, hum"),
    ("Pieces: beat", "1:1: unknown setting 'Pieces'; did you mean 'pieces'?"),
    ("title: x\npiece: beat", "2:1: unknown setting 'piece'; did you mean 'pieces'?"),
    ("pieces: {beat: fast}", "1:16: piece 'beat': 'fast' is not a group of settings"),
    ("pieces: {beat: {tempo: [110, 90]}}", "1:24: 'tempo' of piece 'beat': [110, 90] is not a range; write the low"),
    ("pieces: {beat: {tempo: [50, 90]}}", "1:24: 'tempo' of piece 'beat': 50 is not allowed; it must be at least"),
    ("pieces: {beat: {tempo: fast}}", "1:24: 'tempo' of piece 'beat': 'fast' is not a range; write [low, high]"),
    ("pieces: {beat: {tempo: [5, 900]}}", "1:24: 'tempo' of piece 'beat': 5 is not allowed; it must be at least 60"),
    ("pieces: beat\nconsole: {host: not a host}", "2:17: 'host' of 'console': 'not a host' is not an addr"),
    ("pieces: {beat: {remember: 99}}", "1:27: 'remember' of piece 'beat': 99 is not allowed; it must be at most"),
    ("pieces: {beat: {remember: many}}", "1:27: 'remember' of piece 'beat': 'many' is not a number"),
    ("pieces: {beat: {remember: 3.5}}", "1:27: 'remember' of piece 'beat': 3.5 is not a whole number"),
    ("pieces: {beat: {remember: true}}", "1:27: 'remember' of piece 'beat': 'true' is not a number"),
    ("pieces: {beat: {remember: }}", "1:17: 'remember' of piece 'beat' has no value; write one, or delete the l"),
    ("pieces: {beat: {fade: 90 s}}", "1:23: 'fade' of piece 'beat': '90 s' is not allowed; it must be at most 1"),
    ("pieces: {beat: {fade: .nan}}", "1:23: 'fade' of piece 'beat': .nan has no unit; write for example '3 s'"),
    ("pieces: {beat: {fade: 3}}", "1:23: 'fade' of piece 'beat': 3 has no unit; write for example '3 s'"),
    ("pieces: {beat: {shape: rond}}", "1:24: 'shape' of piece 'beat': 'rond' is not one of round, square; did yo"),
    ("pieces: {beat: {loud: perhaps}}", "1:23: 'loud' of piece 'beat': 'perhaps' is neither true nor false"),
    ("pieces: {beat: {where: [1, x]}}", "1:28: item 2 of 'where' of piece 'beat': 'x' is not a number"),
    ("pieces: {beat: {glow: 3}}", "1:23: 'glow' of piece 'beat': 3 is not a group of settings; write 'name: valu"),
    ("pieces: {beat: {glow: {colours: [red]}}}", "1:34: item 1 of 'colours' of 'glow' of piece 'beat': 'red' is"),
    ("pieces: {beat: {glow: {colours: [a, b, c, d]}}}", "piece 'beat' has 4 items; it must have at most 3"),
    ("pieces: beat\ntitle: 2026", "2:8: 'title': 2026 is not a text; write it in quotes: \"2026\""),
    ("pieces: beat\nhours: {open: 10, close: 11:00}", "2:15: 'open' of 'hours': 10 is not a time of day"),
    ("pieces: beat\nhours: {open: 10:00}", "2:1: 'close' of 'hours' is missing"),
    ("pieces: beat\nhours: {open: 10:00, close: 25:00}", "2:29: 'close' of 'hours': '25:00' is not a time of day"),
    ("pieces: beat\nhours: {open: 9:00, close: 18:00, days: [montag]}", "2:42: item 1 of 'days' of 'hours': 'mon"),
    ("pieces: beat\nlanguages: [en, DE]", "2:17: item 2 of 'languages': 'DE' is not the code of a lang"),
    ("pieces: beat\nlanguages: [pt_br]", "2:13: item 1 of 'languages': 'pt_br' is not the code of a lan"),
    ("pieces: beat\nlanguages: [eu]", "2:13: item 1 of 'languages': there is no built-in wording in 'eu'"),
    ("pieces: beat\nlanguages: [en, en]", "2:17: item 2 of 'languages': 'en' is listed twice"),
    ("pieces: beat\ntexts: {invitaton: {en: x}}", "2:9: no text is called 'invitaton'; did you mean 'invitation'?"),
    ("pieces: beat\ntexts: {kept: {en: 'for {day}'}}", "2:20: 'en' of 'kept' of 'texts': unknown placeholder '{d"),
    ("pieces: beat\ntexts: {kept: {ne: x}}", "2:20: 'ne' of 'kept' of 'texts': this wording is never shown: 'ne' is"),
    ("pieces: beat\ntexts: {kept: {EN: x}}", "2:16: 'EN' of 'kept' of 'texts': 'EN' is not the code of a language"),
    ("pieces: beat\ncamera: atuo", "2:9: 'camera': 'atuo' is neither auto, film, none nor the identity of a devi"),
    ("pieces: beat\ncamera: {crop: [0.5, 0, 0.5, 1]}", "2:9: 'camera': crop [0.5, 0.0, 0.5, 1.0] leaves nothing"),
    ("pieces: beat\nscreen: {size: 1080p}", "2:16: 'size' of 'screen': '1080p' is not a size; write [width, heig"),
    ("pieces: beat\nscreen: {size: [9, 99]}", "2:17: item 1 of 'size' of 'screen': 9 is not allowed; it must be a"),
    ("pieces: beat\nscreen: {rotate: 45}", "2:18: 'rotate' of 'screen': 45 is not one of 0, 90, 180, 270"),
    ("pieces: beat\nscreen: {rate_hz: 200}", "2:19: 'rate_hz' of 'screen': 200 is not allowed; it must be at mos"),
    ("pieces: beat\nspeakers: {gain_db: .inf}", "2:21: 'gain_db' of 'speakers': .inf is not a number that can be"),
    ("pieces:\n  beat:\n  fade: 2 s", "3:3: 'fade' is a setting of piece 'beat'; indent it further, below that name"),
    ("pieces: beat\ncamera: off", "2:9: 'camera': 'off' is not the identity of a device; did you mean 'none'?"),
    ("pieces: beat\nmicrophone: {id: Mute}", "'Mute' is not the identity of a device; did you mean 'none'?"),
    ("pieces: beat\nmicrophone: film", "'film' is not the identity of a device; did you mean 'stand-in'?"),
    ("pieces: beat\ncamera: stand-in", "'stand-in' is not the identity of a device; did you mean 'film'?"),
    ("pieces: beat\nspeakers: Stand-in", "'Stand-in' is not the identity of a device; did you mean 'silent'?"),
    ("pieces: beat\nspeakers: none", "'none' is not the identity of a device; did you mean 'silent'?"),
    ("pieces: beat\ncamera: 0", "2:9: 'camera': 0 does not name a device; write its identity as `run.py"),
    ("pieces: beat\nspeakers:\n  gain_db: -6,5", "3:12: 'gain_db' of 'speakers': '-6,5' is not a number; write -6.5"),
    ("pieces: beat\nvisitors: {keep: '1,5 days'}", "'1,5 days' is not a duration; write '1.5 days': a "),
    ("pieces: beat\nclosed: 25.12.2026", "2:9: 'closed': '25.12.2026' is not a date; write 2026-12-25"),
    ("pieces: beat\nclosed: [2026-02-30]", "2:10: item 1 of 'closed': there is no day '2026-02-30'"),
    ("pieces: beat\nclosed: [2027-01-02 to 2026-12-24]", "2:10: item 1 of 'closed': '2027-01-02 to 2026-12-24' "),
    ("pieces: beat\ncamera:\n  mirror: no\n  id: ~nobody-here/a.mp4", "4:7: 'id' of 'camera': there is no account"),
    ("pieces: beat\nmicrophone: ~nobody-here/a.wav", "2:13: 'microphone': there is no account 'nobody-here'"),
    ("pieces: beat\ndata: ~nobody-here", "2:7: 'data': there is no account 'nobody-here' on this machine; write the"),
    ("pieces: {beat: {film: ~nobody-here/a}}", "1:23: 'film' of piece 'beat': there is no account 'nobody-here'"),
    ("pieces: beat\nhours: 10-18", "2:8: 'hours': '10-18' is not a set of opening hours; write {open: 10:00, cl"),
    ("pieces: {beat: {remember: " + 250 * "9" + "}}", "9… is not allowed; it must be at most 64"),
    ("pieces: {beat: {remember: 1e400}}", "1e400 is not a number that can be used"),
    ("pieces: beat\nlog: |\n  debug\n  info", "2:6: 'log': 'debug info' is not one of"),
    ("pieces: beat\ngpu: 0", "2:6: 'gpu': '0' is not a device; write auto, cpu, cuda:0"),
    ("pieces: beat\ngpu: cuba", "2:6: 'gpu': 'cuba' is not a device; did you mean 'cuda'?"),
    ("pieces: beat\ncontrols: {button: [spcae]}", "2:21: item 1 of 'button' of 'controls': no control is called"),
    ("pieces: beat\ncontrols: {next: [up, sound]}", "2:18: 'next' of 'controls': a sound can only"),
    ("pieces: beat\nconsole: {port: 99999}", "2:17: 'port' of 'console': 99999 is not allowed; it must be at mos"),
    ("pieces: beat\nvisitors: {keep: for ever}", "2:18: 'keep' of 'visitors': 'for ever' is not a duration"),
    ("pieces: beat\nscreen: 5", "2:9: 'screen': 5 is not a group of settings"),
    ("pieces: beat\nscreen: {}\nscreen: {}", "3:1: 'screen' is written twice; it is also in line 2"),
    ("pieces: beat\n[1]: 2", "2:1: the name of a setting must be a word"),
    ("pieces: !!python/object:os.system hum", "1:9: '!!python/object:os.system' cannot be used here; delete it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[expected[:50] for _, expected in WRONG])
def test_each_mistake_is_said_where_it_stands(text: str, expected: str, said: Said) -> None:
    assert any(expected in line for line in said(text)), said(text)
    assert len(said(text)) == 1, "one mistake, one problem"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("texts:\n  closed: Back in room #3\n", "3:11"),
        ("texts:\n  closed:\n    de: Zurück in Raum #3\n    en: Back # in room 3\n", "4:9"),
        ("title: We are #one\n", "2:8"),
    ],
)
def test_wording_that_ends_at_a_comment_is_said(text: str, place: str, said: Said) -> None:
    (problem,) = said(f"pieces: beat\n{text}")
    assert problem.startswith(f"{place}: '") and "everything after # is a comment; put the text in quotes" in problem


def test_real_comments_and_quoted_numbers_are_left_alone(said: Said) -> None:
    text = """\
pieces: beat    #hum
title: Room#3   # the small one
texts:          #own wording
  #ready: Los
  closed: "Back in room #3"    #not yet agreed
  full: {en: Full, de: Voll}   #agreed
  perform: >
    Now #clap
  listening: Listening  #
  joined: Joined        ####
"""
    assert said(text) == []


@pytest.mark.parametrize("pieces", ["{hum: {remember: 3}, beat: {}}", "{beat: {}, hum: {remember: 3}}"])
def test_a_setting_of_another_piece_on_show_is_sent_there(pieces: str, said: Said) -> None:
    (problem,) = said(f"pieces: {pieces}")
    assert problem.endswith("unknown setting 'remember' of piece 'hum'; it belongs under piece 'beat'")


RETYPED = [
    ("console: off", "'console': 'off' is not a group of settings; write {port: off} for no page at all"),
    ("console: nowhere", "'nowhere' is not a group of settings; write 'name: value' lines, indented below"),
    ("screen: {rotate: -90}", "-90 is not one of 0, 90, 180, 270"),
    ("screen: {rotate: 99}", "99 is not one of 0, 90, 180, 270"),
    ("screen: {rate_hz: 30 Hz}", "'30 Hz' is not a number; write 30; the unit is Hz already"),
    ("screen: {rate_hz: 30 fps}", "'30 fps' is not a number; write 30 (Hz)"),
    ("speakers: {gain_db: -6 dB}", "'-6 dB' is not a number; write -6; the unit is dB already"),
    ("speakers: {gain_db: -6.5dB}", "'-6.5dB' is not a number; write -6.5; the unit is dB already"),
    ("speakers: {gain_db: \u22126}", "'\u22126' is not a number; write -6 (dB)"),
    ("speakers: {gain_db: \u20136 dB}", "'\u20136 dB' is not a number; write -6; the unit is dB already"),
    ("speakers: {gain_db: quiet}", "'quiet' is not a number"),
    ("speakers:\n  gain_db: -1,5", "'-1,5' is not a number; write -1.5: a decimal has a point"),
    ("visitors: {keep: 30}", "30 has no unit; write for example '30 days'"),
    ("visitors: {keep: 36500}", "36500 has no unit; write for example '36500 s'"),
    ("visitors: {undo: 1}", "1 has no unit; write for example '1 min'"),
    ("visitors: {undo: 1000}", "1000 has no unit; write for example '20 s'"),
    ("visitors: {undo: -3}", "-3 has no unit; write for example '20 s'"),
    ("visitors: {keep: 2592000}", "2592000 has no unit; write for example '30 days'"),
    ("visitors: {keep: 1e6}", "1e6 has no unit; write for example '1000000 s'"),
    ("visitors: {keep: 0.00001}", "0.00001 has no unit; write for example '30 days'"),
    ("visitors: {keep: .inf}", ".inf has no unit; write for example '30 days'"),
    ("change_every: " + 40 * "9", "has no unit; write for example '20 min'"),
    ("visitors: {keep: \u201c30 days\u201d}", 'write it without quotation marks, or with straight ones: "'),
    ("log: \u201einfo\u201d", "did you mean 'info'? Write it without quotation marks, or with straight ones: \""),
]


@pytest.mark.parametrize(("line", "expected"), RETYPED, ids=[line for line, _ in RETYPED])
def test_what_is_right_to_the_eye_is_said_with_what_to_type(line: str, expected: str, said: Said) -> None:
    (problem,) = said(f"pieces: beat\n{line}")
    assert problem.endswith(expected)


def test_the_unit_of_a_piece_s_range_is_known_at_its_ends(said: Said) -> None:
    (problem,) = said("pieces: {beat: {tempo: [88 bpm, 112]}}")
    assert problem.endswith("'88 bpm' is not a number; write 88; the unit is bpm already")
    (problem,) = said("pieces: {beat: {remember: 16 visitors}}")
    assert problem.endswith("'16 visitors' is not a number; write 16")


def test_keys_that_somebody_gave_another_meaning_do_not_also_look_up_or_down(loaded: Loaded) -> None:
    assert loaded("pieces: beat").controls.triggers()["up"] == ["up"]
    older = loaded("pieces: beat\ncontrols: {next: [right, up], previous: [left, down]}").controls.triggers()
    assert older["next"] == ["right", "up"] and older["up"] == [] and older["down"] == []
    named = loaded("pieces: beat\ncontrols: {up: [up, w], next: d}").controls.triggers()
    assert named["up"] == ["up", "w"] and named["down"] == ["down"]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_lines(said: Said) -> None:
    text = "\n".join(
        ["titel: x", "pieces:", "  beat: {tempoo: 1, remember: 99}", "  xyz:", "screen: {rotate: 1, rotate: 2}",
         "visitors: {keep: 3}", "languages: [EN]", "texts: {invitaton: {en: x}}"]
    )  # fmt: skip
    places = [tuple(map(int, line.split(":")[:2])) for line in said(text)]
    assert [line for line, _ in places] == [1, 3, 3, 4, 5, 5, 6, 7, 8]
    assert places == sorted(places)


def test_a_piece_that_cannot_be_imported_is_a_problem_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("broken", "no_such_module:Piece", "installation.pieces"),
              EntryPoint("wrong", "pathlib:Path", "installation.pieces")]  # fmt: skip
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    with pytest.raises(ExhibitionError) as caught:
        parse(b"pieces: [broken, wrong, brokn]", Path("x.yaml"))
    assert [str(p) for p in caught.value.problems] == [
        "x.yaml:1:10: piece 'broken' cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'",
        "x.yaml:1:18: piece 'wrong' cannot be loaded: TypeError: pathlib:Path is not a Piece",
        "x.yaml:1:25: unknown piece 'brokn'; did you mean 'broken'?",
    ]


def test_where_a_piece_cannot_be_loaded_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pieces" / "dream"
    folder.mkdir(parents=True)
    (folder / "piece.py").write_text("import math\n\nSIZE = math.floor('48k')\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [EntryPoint("dream", "piece:Dream", group)])
    with pytest.raises(ExhibitionError) as caught:
        parse(b"pieces: dream", Path("x.yaml"))
    assert "cannot be loaded: TypeError: must be real number" in str(caught.value)
    assert str(caught.value).endswith("(pieces/dream/piece.py, line 3)")


class Deep(Piece):
    """An artist's slip: a default that its own bounds forbid."""

    class Settings(Piece.Settings):
        depth: int = Field(default=7, le=1, description="how deep")
        shape: Literal["round", "square"] = Field(default="sqare", description="of what")  # type: ignore[arg-type]


def test_a_default_that_cannot_stand_is_said_to_be_one() -> None:
    with pytest.raises(ExhibitionError) as caught:
        parse(b"pieces: {deep: {}}", Path("x.yaml"), {"deep": Deep})
    said = str(caught.value)
    assert (
        "'depth' of piece 'deep': the default in the piece's code is invalid: 7 is not allowed; it must be at most 1"
        in said
    )
    assert (
        "'shape' of piece 'deep': the default in the piece's code is invalid: 'sqare' is not one of round, square"
        in said
    )


def test_a_piece_that_is_not_named_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("broken", "no_such_module:Piece", "installation.pieces"),
              EntryPoint("fine", "installation.piece:Piece", "installation.pieces")]  # fmt: skip
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    assert parse(b"pieces: fine", Path("x.yaml")).pieces[0].piece is Piece


# ---- any mistake, anywhere ------------------------------------------------------------------------------


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        return [node]
    children = node.value if isinstance(node, yaml.SequenceNode) else [pair[1] for pair in node.value]
    return [scalar for child in children for scalar in _scalars(child)]


def _keys(node: yaml.Node) -> list[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        return [key for pair in node.value for key in (pair[0], *_keys(pair[1]))]
    return [key for child in node.value for key in _keys(child)] if isinstance(node, yaml.SequenceNode) else []


TREE = yaml.compose(GOOD)
VALUES = [node for node in _scalars(TREE) if node.value not in {"Good morning", "Sing to me", "Sing mir was"}]
KEYS = [key for key in _keys(TREE) if key.value not in {"en", "de", "beat", "open", "close", "invitation"}]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(node=st.sampled_from(VALUES), bad=st.sampled_from(["{a: {b: 1}}", "[[1]]", "[{x: y}]"]))
def test_any_wrong_value_is_found_at_its_line_and_column(node: yaml.ScalarNode, bad: str, said: Said) -> None:
    start, end = node.start_mark, node.end_mark
    text = GOOD[: start.index] + bad + GOOD[end.index :]
    lines = said(text)
    places = {tuple(map(int, line.split(":")[:2])) for line in lines}
    line, column = start.line + 1, start.column + 1
    # a value within [a, b] may be refused as a whole, which begins at the bracket
    brackets = {(line, GOOD.splitlines()[start.line].rfind("[", 0, start.column) + 1)}
    inner = {(line, column + offset) for offset in range(1, len(bad))}
    assert (line, column) in places or places & (brackets | inner), (text.splitlines()[start.line], lines)
    assert {place[0] for place in places} == {line}, lines


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), more=st.sampled_from("qxz_"), blank=st.integers(0, 3))
def test_any_misspelt_setting_is_found_at_its_line_and_column(
    key: yaml.ScalarNode, more: str, blank: int, said: Said
) -> None:
    text = "\n" * blank + GOOD[: key.end_mark.index] + more + GOOD[key.end_mark.index :]
    expected = f"{key.start_mark.line + 1 + blank}:{key.start_mark.column + 1}: "
    wrong = key.value + more
    matching = [line for line in said(text) if line.startswith(expected) and f"'{wrong}'" in line]
    assert len(matching) == 1, said(text)
    known = re.search(r"did you mean '([^']+)'", matching[0])
    assert known and known[1] == key.value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), cut=st.integers(0, len(GOOD)))
def test_no_file_whatever_breaks_the_reader(data: bytes, cut: int, said: Said) -> None:
    encoded = GOOD.encode()
    for attempt in (data, encoded[:cut] + data + encoded[cut:], encoded[:cut]):
        for line in said(attempt):
            row, column = map(int, line.split(":")[:2])
            assert 1 <= row <= attempt.count(b"\n") + attempt.count(b"\r") + 60 and column >= 1


def test_every_key_that_can_be_named_is_known_to_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    try:
        others = {"touch", "mouse", "gamepad", "sound", "wheel up", "wheel down"}
        keys = [name for name in (*TRIGGERS, "a", "z", "0", "9", "f1", "f12") if name not in others]
        assert all(pygame.key.key_code(key) for key in keys)
    finally:
        pygame.display.quit()


# ---- words for bounds -----------------------------------------------------------------------------------


@given(st.integers(1, 10**8))
def test_bounds_read_back_as_they_were_meant(whole: int) -> None:
    assert math.isclose(to_seconds(duration(whole)), whole)


def test_one_day_is_not_days() -> None:
    lengths = (1, 60, 3600, 86400, 2 * 86400, 31557600, 2 * 31557600)
    assert [duration(seconds) for seconds in lengths] == [
        "1 s", "1 min", "1 h", "1 day", "2 days", "1 year", "2 years",
    ]  # fmt: skip


def test_a_piece_whose_own_check_of_a_setting_fails_is_named_and_ends_nothing() -> None:
    """The supervisor reads what a curator saves: whatever goes wrong there would end the whole exhibition."""

    class Shaky(Piece):
        class Settings(Piece.Settings):
            parts: int = Field(default=2, description="parts")

            @field_validator("parts")
            @classmethod
            def _whole(cls, parts: int) -> int:
                return 12 // parts

    with pytest.raises(ExhibitionError, match="1:11: piece 'shaky': its settings cannot be checked: ZeroDivision"):
        parse(b"pieces: { shaky: {parts: 0} }", Path("x.yaml"), {"shaky": Shaky})
