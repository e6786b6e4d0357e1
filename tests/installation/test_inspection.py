"""`check` names what an exhibition needs and this machine lacks: files, weights, fonts; and hours nobody meant."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
import pytest
import soundfile
import yaml

from installation.assets import STAND_IN_FILM
from installation.controls import Keys
from installation.exhibition import Exhibition, parse
from installation.host import examine_weights
from installation.in_words import in_words
from installation.inspection import check, weights_fault
from installation.piece import Inspected, Piece, Recording
from installation.settings import Field, Folder, NetworkOf

Pieces = dict[str, type[Piece]]


def checked(folder: Path, text: str, pieces: Pieces) -> list[str]:
    path = folder / "exhibition.yaml"
    path.write_text(text, encoding="utf-8")
    return [f"{p.line}:{p.column}: {p.message}" for p in check(path, pieces)]


def test_check_names_files_that_are_not_there(tmp_path: Path, pieces: Pieces) -> None:
    text = "pieces: {beat: {film: a.mp4}}\ncamera: b.mp4\nmicrophone: {id: c.wav}\nscreen: {closed_picture: d.png}"
    assert [line.split(": there")[0] for line in checked(tmp_path, text, pieces)] == [
        "1:23: 'film' of piece 'beat'", "2:9: 'camera'", "3:18: 'id' of 'microphone'",
        "4:26: 'closed_picture' of 'screen'",
    ]  # fmt: skip
    (tmp_path / "a.mp4").touch()  # what is in it is the piece's business
    shutil.copyfile(STAND_IN_FILM, tmp_path / "b.mp4")
    soundfile.write(tmp_path / "c.wav", np.zeros(480, np.float32), 48_000)
    cv2.imwrite(str(tmp_path / "d.png"), np.zeros((8, 8, 3), np.uint8))
    assert checked(tmp_path, text, pieces) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("screen: {closed_picture: notes.png}", "2:26: 'closed_picture' of 'screen': "),
        ("screen: {closed_picture: notes.txt}", "2:26: 'closed_picture' of 'screen': "),
        ("camera: notes.mp4", "2:9: 'camera': "),
        ("camera: notes.txt", "2:9: 'camera': "),
        ("camera: {id: notes.txt}", "2:14: 'id' of 'camera': "),
        ("microphone: notes.wav", "2:13: 'microphone': "),
        ("microphone: notes.mp3", "2:13: 'microphone': "),
        ("microphone: notes.txt", "2:13: 'microphone': "),
        ("camera: folder.mp4", "2:9: 'camera': "),
        ("data: /proc/nix", "2:7: 'data': /proc/nix cannot be written in /proc"),
        ("data: notes.txt/data", "2:7: 'data': "),
    ],
)
def test_check_names_files_that_are_something_else(tmp_path: Path, pieces: Pieces, line: str, said: str) -> None:
    for name in ("notes.txt", "notes.mp4", "notes.wav", "notes.mp3", "notes.png"):
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "folder.mp4").mkdir()
    (problem,) = checked(tmp_path, f"pieces: beat\n{line}", pieces)
    assert problem.startswith(said)


def test_a_path_that_double_quotes_made_another_is_said_as_it_was_typed(tmp_path: Path, pieces: Pieces) -> None:
    (problem,) = checked(tmp_path, 'pieces: beat\nscreen: {closed_picture: "C:\\new\\talk.png"}', pieces)
    assert problem == (
        f"2:26: 'closed_picture' of 'screen': there is no file {tmp_path}/C:\\new\\talk.png; a \\ in double quotes "
        "has a meaning of its own: write / instead, or single quotes"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("screen: {closed_picture: LONG.png}", "2:26: 'closed_picture' of 'screen': "),
        ("camera: LONG.mp4", "2:9: 'camera': "),
        ("microphone: {id: LONG.wav}", "2:18: 'id' of 'microphone': "),
        ("data: LONG", "2:7: 'data': "),
        ("title: x\npieces: {beat: {film: LONG}}", "3:23: 'film' of piece 'beat': "),
    ],
)
def test_check_names_what_cannot_be_reached(tmp_path: Path, pieces: Pieces, line: str, said: str) -> None:
    first = "log: info" if "pieces" in line else "pieces: beat"
    (problem,) = checked(tmp_path, f"{first}\n{line.replace('LONG', 300 * 'a')}", pieces)
    assert problem.startswith(said) and "cannot be reached (" in problem


@pytest.mark.parametrize("room", ["exhibition.on_show", "inspection.found_here"])
def test_whatever_breaks_over_a_file_is_said_as_a_problem_of_it(
    tmp_path: Path, pieces: Pieces, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("\ud83c")

    monkeypatch.setattr(f"installation.{room}", breaks)
    (problem,) = checked(tmp_path, "pieces: beat", pieces)
    assert problem.startswith("1:1: cannot be judged: KeyError: ") and problem.encode()


class Sketches(Piece):
    """A piece that knows more of its folder than the runtime."""

    class Settings(Piece.Settings):
        sketches: Folder | None = Field(default=None, description="a folder")
        kind: str = Field(default="ink", pattern="^(ink|chalk|coal)$", description="of sketches")

    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        if settings.kind == "chalk":
            raise LookupError("chalk")
        if settings.kind == "coal":
            raise SystemExit("no coal")
        if settings.sketches is None or not camera:
            return Inspected({"sketches": "none is chosen"})
        if settings.kind == "ink" and settings.sketches.name == "walls":
            return Inspected({"": "no wall is free"})
        return Inspected(found=["1 folder", "2 sketches"], notes=["all in ink"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pieces: {sketches: {sketches: none}}", "1:31: 'sketches' of piece 'sketches': there is no folder "),
        (
            "pieces: {sketches: {sketches: exhibition.yaml}}",
            "1:31: 'sketches' of piece 'sketches': {folder}/exhibition.yaml is a file, not a folder; name the folder",
        ),
        ("title: x\npieces: sketches", "2:9: 'sketches' of piece 'sketches': none is chosen"),
        ("pieces: {sketches: {sketches: .}}\ncamera: none", "1:31: 'sketches' of piece 'sketches': none is chosen"),
        (
            "pieces: {sketches: {kind: chalk}}",
            "1:10: piece 'sketches': its settings cannot be inspected: LookupError: chalk",
        ),
        (
            "pieces: {sketches: {kind: coal}}",
            "1:10: piece 'sketches': its settings cannot be inspected: LeavingError: it calls sys.exit('no coal')",
        ),
        ("title: x\npieces: {sketches: {sketches: walls}}", "2:10: piece 'sketches': no wall is free"),
        (
            "pieces: {sketches: {kind: oil, sketches: .}}",
            "1:27: 'kind' of piece 'sketches': 'oil' is not valid here; see docs/settings.md",
        ),
    ],
)
def test_a_piece_says_what_is_wrong_where_its_settings_lead(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "walls").mkdir()
    (problem,) = checked(tmp_path, text, {"sketches": Sketches})
    assert problem.startswith(said.format(folder=tmp_path))


def test_what_a_piece_found_is_counted(tmp_path: Path) -> None:
    text = "pieces: {sketches: {sketches: .}}"
    assert checked(tmp_path, text, {"sketches": Sketches}) == []
    said = dict(in_words(parse(text.encode(), tmp_path / "exhibition.yaml", {"sketches": Sketches})))
    assert said["found"] == "1 folder and 2 sketches for sketches" and said["note"] == "sketches: all in ink"
    assert "found" not in dict(in_words(parse(b"pieces: sketches", tmp_path / "x.yaml", {"sketches": Sketches})))


def test_check_leaves_no_trace_where_data_will_be(tmp_path: Path, pieces: Pieces) -> None:
    assert checked(tmp_path, "pieces: beat\ndata: a/b", pieces) == []
    assert [path.name for path in tmp_path.iterdir()] == ["exhibition.yaml"]


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ("{button: [space], next: [space]}", "2:36: 'next' of 'controls': 'space' already means 'button'"),
        ("{next: n, previous: n}", "2:31: 'previous' of 'controls': 'n' already means 'next'"),
        (
            "{button: right}",
            "2:20: 'button' of 'controls': 'right' already means 'next', which is the default; choose another, o",
        ),
    ],
)
def test_check_names_keys_that_are_meant_twice(tmp_path: Path, pieces: Pieces, controls: str, said: str) -> None:
    (problem,) = checked(tmp_path, f"pieces: beat\ncontrols: {controls}", pieces)
    assert problem.startswith(said)
    assert checked(tmp_path, "pieces: beat\ncontrols: {button: right, next: []}", pieces) == []


class Mixing(Piece):
    """Has controls of its own."""

    class Settings(Piece.Settings):
        shuffle: Keys = Field(default=["s"], description="shuffles")
        spread: Keys = Field(default=["right"], description="spreads")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pieces: mixing", ["1:9: 'spread' of piece 'mixing': 'right' already means 'next'; choose another"]),
        ("pieces: {mixing: {spread: up}}", []),
        ("pieces: {mixing: {spread: [p, s]}}", ["1:27: 'spread' of piece 'mixing': 's' already means 'shuffle'"]),
        ("pieces: {mixing: {spread: right}}\ncontrols: {next: n}", []),
        ("pieces: {mixing: {spread: sound}}", ["1:27: 'spread' of piece 'mixing': a sound can only count as"]),
        ("pieces: {mixing: {spread: strg}}", ["1:27: 'spread' of piece 'mixing': no control is called 'strg'"]),
    ],
)
def test_check_names_keys_of_a_pieces_own_that_mean_something_else(
    tmp_path: Path, pieces: Pieces, text: str, said: list[str]
) -> None:
    found = checked(tmp_path, text, {**pieces, "mixing": Mixing})
    assert [each[: len(start)] for each, start in zip(found, said, strict=True)] == said


def test_check_names_a_control_that_every_exhibition_has(tmp_path: Path, pieces: Pieces) -> None:
    settings = type("Settings", (Piece.Settings,), {"__annotations__": {"next": Keys}, "next": Field(default=["n"])})
    found = checked(tmp_path, "pieces: mixing", {**pieces, "mixing": type("Odd", (Piece,), {"Settings": settings})})
    assert "'next' of piece 'mixing': every exhibition has a control of that name" in found[0]


@pytest.mark.parametrize(("button", "left"), [("touch", False), ("[touch, mouse]", False), ("[sound, touch]", True)])
def test_check_says_where_a_piece_that_records_takes_the_button_for_itself(
    tmp_path: Path, pieces: Pieces, button: str, left: bool
) -> None:
    drawing = type("Drawing", (pieces["hum"],), {"takes_touch": True})
    recording = type("Recorded", (drawing,), {"records": Recording()})
    text = f"pieces: [hum]\ncontrols: {{button: {button}}}"
    assert checked(tmp_path, text, {**pieces, "hum": drawing}) == [], "who records nobody needs no button"
    found = checked(tmp_path, text, {**pieces, "hum": recording})
    told = "2:20: 'button' of 'controls': piece 'hum' takes touch and mouse for itself, so that nothing is left"
    assert found == [] if left else [each[: len(told)] for each in found] == [told]


def test_check_says_everything_at_once(tmp_path: Path, pieces: Pieces) -> None:
    text = (
        "pieces:\n  beat: {tempoo: 3, film: a.mp4}\n  hmu:\ncamera: {id: b.mp4, rate_hz: 1000}\ntitel: x\n"
        "microphone: c.wav\nhours: {open: 10:00, close: 10:00}\nlanguages: [en, xx]\n"
    )
    said = [
        line.split(": ")[0] + " " + line.split("; ")[0].split(": ", 1)[1] for line in checked(tmp_path, text, pieces)
    ]
    assert said == [
        "2:10 unknown setting 'tempoo' of piece 'beat'",
        "2:27 'film' of piece 'beat': there is no file " + str(tmp_path / "a.mp4"),
        "3:3 unknown piece 'hmu'",
        "4:14 'id' of 'camera': there is no file " + str(tmp_path / "b.mp4"),
        "4:30 'rate_hz' of 'camera': 1000 is not allowed",
        "5:1 unknown setting 'titel'",
        "6:13 'microphone': there is no file " + str(tmp_path / "c.wav"),
        "7:29 'open' and 'close' are both 10:00",
        said[-1],
    ]
    assert said[-1].startswith("8:17 item 2 of 'languages': there is no built-in wording in 'xx'")


@pytest.mark.parametrize(
    "fault",
    [
        "hours: {open: 25:00, close: 9}",
        "hours: {open: 25:00, close: 18:00}",
        "hours: {close: 18:00}",
        "hours: [{open: 10:00, close: 12:00}, {open: 25:00, close: 18:00}]",
        "closed: tomorrow",
        "texts: {invitation: {en: [1]}}",
        "texts: {invitation: {en: 5}}",
        "languages: []\ntexts: {invitation: Come}",
    ],
)
def test_no_fault_hides_a_missing_file(tmp_path: Path, pieces: Pieces, fault: str) -> None:
    said = checked(tmp_path, f"pieces: beat\n{fault}\ncamera: b.mp4", pieces)
    assert said[0].startswith("2:") and ":9: 'camera': there is no file" in said[-1]


def test_check_says_what_load_says_too(tmp_path: Path, pieces: Pieces) -> None:
    assert checked(tmp_path, "pieces: baet", pieces) == ["1:9: unknown piece 'baet'; did you mean 'beat'?"]


def test_check_verifies_weights_by_checksum_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Heavy(Piece):
        networks: ClassVar[tuple[str, ...]] = ("heavy",)

    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    pieces: Pieces = {"beat": Heavy}
    assert "heavy.safetensors: there is no such file; restore it" in checked(tmp_path, "pieces: [beat]", pieces)[0]
    (tmp_path / "heavy.safetensors").write_bytes(b"abc")
    card = {"name": "heavy", "architecture": {}, "command": "run.py train heavy", "data": [], "licence": "x"}
    digest = hashlib.sha256(b"abc").hexdigest()
    (tmp_path / "heavy.yaml").write_text(yaml.safe_dump({**card, "sha256": digest}))
    assert checked(tmp_path, "pieces: [beat]", pieces) == []
    (tmp_path / "heavy.safetensors").write_bytes(b"ab")
    (problem,) = checked(tmp_path, "title: x\npieces: [beat]", pieces)
    assert problem.startswith("2:10: piece 'beat': ") and "train again: run.py train heavy" in problem


@pytest.mark.parametrize(
    ("network", "command"),
    [
        ("rooms.ear", "or train it: python3 run.py train rooms.ear --data DIR"),
        ("rooms.fire", "or train it: python3 run.py train rooms --data DIR --world fire"),
        ("rooms.Fire", "or train it: python3 run.py train rooms --data DIR --world fire, and write 'fire' instead"),
    ],
)
def test_missing_weights_name_the_command_that_trains_them(tmp_path: Path, network: str, command: str) -> None:
    said = weights_fault(network, tmp_path, trains={"world": "rooms.train:world", "ear": "rooms.train:ear"})
    assert said.endswith(command)
    assert weights_fault(network, tmp_path).endswith("or train it")


def test_a_network_that_makes_its_own_data_is_not_advised_to_take_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command refused what `check` had said."""
    (tmp_path / "hands.py").write_text("def hand(run=None, steps=1200): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    trains = {"hand": "hands:hand"}
    assert weights_fault("rooms.hand", tmp_path, trains=trains).endswith(": python3 run.py train rooms.hand")
    assert weights_fault("rooms.left", tmp_path, trains=trains).endswith("train rooms --world left")


def test_check_and_doctor_name_it(
    loaded: Callable[[str], Exhibition],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pieces: dict[str, type[Piece]],
) -> None:
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr(pieces["beat"], "networks", ("beat.net",))
    monkeypatch.setattr(pieces["beat"], "trains", {"net": "beat.train:net"})
    command = "python3 run.py train beat.net --data DIR"
    assert command in checked(tmp_path, "pieces: [beat]", pieces)[0]
    assert command in examine_weights(loaded("pieces: beat"))[0].remedy


def test_check_looks_after_networks_that_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very item that names one; at the piece where the setting is left out; and of another version, too."""

    class Pond(Piece):
        class Settings(Piece.Settings):
            waters: list[Annotated[str, NetworkOf("pond")]] = Field(default=["still"], description="waters")
            one: Annotated[str, NetworkOf("pond")] = Field(default="still", description="water")

        @classmethod
        def refuses(cls, network: str, architecture: Mapping[str, Any]) -> str:
            return "" if architecture == {"width": 3} else f"{network} is old"

    def write(name: str, architecture: dict[str, int]) -> None:
        (tmp_path / f"{name}.safetensors").write_bytes(b"abc")
        card = {"name": name, "architecture": architecture, "command": f"train {name}", "data": [], "licence": "x"}
        digest = hashlib.sha256(b"abc").hexdigest()
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({**card, "sha256": digest}))

    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    pieces: Pieces = {"pond": Pond}
    write("pond.still", {"width": 3})
    assert checked(tmp_path, "pieces: [pond]", pieces) == []
    text = "pieces:\n  pond:\n    waters: [still, deep]\n    one: wild"
    first, second = checked(tmp_path, text, pieces)
    assert first.startswith("3:21: item 2 of 'waters' of piece 'pond': ") and "pond.deep" in first
    assert second.startswith("4:10: 'one' of piece 'pond': ") and "pond.wild" in second
    write("pond.deep", {"width": 3})
    write("pond.wild", {"width": 4})
    (problem,) = checked(tmp_path, text, pieces)
    assert problem.startswith("4:10: ") and problem.endswith(
        "pond.wild is old; restore it or train again: train pond.wild"
    )
    (problem,) = checked(tmp_path, "pieces: {pond: {one: stil}}", pieces)
    assert problem.endswith("pond.stil.safetensors: there is no such file; did you mean 'still'?")
    (tmp_path / "pond.still.yaml").unlink()
    assert {line.split(": ")[0] for line in checked(tmp_path, "title: x\npieces: [pond]", pieces)} == {"2:10"}


def test_a_piece_that_refuses_a_network_may_name_the_remedy(tmp_path: Path) -> None:
    """To train it again does not help where it is the wrong one."""
    (tmp_path / "pond.still.safetensors").write_bytes(b"abc")
    card = {"name": "pond.still", "architecture": {}, "command": "train it", "data": [], "licence": "x"}
    digest = hashlib.sha256(b"abc").hexdigest()
    (tmp_path / "pond.still.yaml").write_text(yaml.safe_dump({**card, "sha256": digest}))
    for said, whole in (
        ("old", "old; restore it or train again: train it"),
        ("no water; name a pond", "no water; name a pond"),
    ):
        fault = weights_fault("pond.still", tmp_path, lambda network, architecture, said=said: said)
        assert fault == f"{tmp_path}/pond.still.safetensors: {whole}"


def test_a_card_that_a_piece_cannot_judge_is_a_fault_of_the_weights(tmp_path: Path) -> None:
    def refuses(network: str, architecture: Mapping[str, Any]) -> str:
        return "" if architecture["width"] else "old"

    (tmp_path / "pond.still.safetensors").write_bytes(b"abc")
    card = {"name": "pond.still", "architecture": {}, "command": "train it", "data": [], "licence": "x"}
    digest = hashlib.sha256(b"abc").hexdigest()
    (tmp_path / "pond.still.yaml").write_text(yaml.safe_dump({**card, "sha256": digest}))
    assert "cannot judge its card (KeyError: 'width')" in weights_fault("pond.still", tmp_path, refuses)

    def leaves(network: str, architecture: Mapping[str, Any]) -> str:
        raise SystemExit

    assert "cannot judge its card (LeavingError: " in weights_fault("pond.still", tmp_path, leaves)


def test_check_names_odd_hours(tmp_path: Path, pieces: Pieces) -> None:
    text = "pieces: beat\nhours:\n  - {open: 10:00, close: 10:00, days: [mon]}\n  - {open: 9:00, close: 11:00}\n"
    lines = checked(tmp_path, text, pieces)
    assert lines[0].startswith("3:26: 'open' and 'close' are both 10:00")
    assert lines[1].startswith("4:5: 'mon', 'tue' 09:00 to 11:00 overlaps with item 1 of 'hours'")
    text = "pieces: beat\nhours: {open: 9:00, close: 10:00, days: [mon, mon]}"
    assert checked(tmp_path, text, pieces) == ["2:41: 'mon' is listed twice"]


def test_a_whole_day_is_written_as_check_advises(tmp_path: Path, pieces: Pieces) -> None:
    (said,) = checked(tmp_path, "pieces: beat\nhours: {sat-sun: 0-24}", pieces)
    assert said.endswith("write {open: 0:00, close: 24:00, days: [sat, sun]}")
    assert checked(tmp_path, "pieces: beat\nhours: {open: 0:00, close: 24:00, days: [sat, sun]}", pieces) == []
    for hours in ("open: 0:00, close: 24:00", "open: 0:00, close: 0:00, days: [sat]"):
        (said,) = checked(tmp_path, f"pieces: beat\nhours: {{{hours}}}", pieces)
        assert "'open' and 'close' are both 00:00; remove 'hours' to be always open; on certain days only: " in said


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ("open: 10:00, close: 18:00, days: [tue, wed]", "open: 10:00, close: 22:00, days: [thu]", ""),
        ("open: 10:00, close: 12:30", "open: 14:00, close: 18:00", ""),
        ("open: 10:00, close: 12:30", "open: 12:30, close: 18:00", ""),
        ("open: 10:00, close: 18:00", "open: 10:00, close: 22:00, days: [thu]", "'thu'"),
        ("open: 20:00, close: 2:00, days: [sun]", "open: 1:00, close: 9:00, days: [mon, tue]", "'mon'"),
        ("open: 1:00, close: 9:00, days: [mon]", "open: 20:00, close: 2:00, days: [sat, sun]", "'sun'"),
        ("open: 20:00, close: 2:00, days: [sun]", "open: 2:00, close: 20:00", ""),
    ],
)
def test_only_hours_that_overlap_are_odd(
    first: str, second: str, overlaps: str, tmp_path: Path, pieces: Pieces
) -> None:
    lines = checked(tmp_path, f"pieces: beat\nhours:\n  - {{{first}}}\n  - {{{second}}}\n", pieces)
    assert [line.split(" ")[1] for line in lines] == ([overlaps] if overlaps else [])
    assert all(line.startswith("4:") for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("texts: {invitation: {en: 音}}", ["3:26: 'en' of 'invitation' of 'texts'"]),
        ("texts: {invitation: 音}", ["3:21: 'invitation' of 'texts'"]),
        ("texts: {invitation: {en: 音}, joined: 声}", ["3:26: 'en' of", "3:38: 'joined' of"]),
        ("languages: [en, ja]\ntexts: {joined: {en: 声音}}", ["3:17: 'ja'", "4:22: 'en' of 'joined' of"]),
        ("languages: [en, ja]", ["3:17: 'ja'"]),
    ],
)
def test_a_script_without_a_font_is_named_where_it_is_written(
    tmp_path: Path, pieces: Pieces, monkeypatch: pytest.MonkeyPatch, text: str, said: list[str]
) -> None:
    def gaps(text: str) -> list[tuple[str, str, str]]:
        lacking = "".join(each for each in "音声" if each in text)
        return [("Chinese", lacking, "fonts-noto-cjk")] if lacking else []

    monkeypatch.setattr("installation.inspection.missing_glyphs", gaps)
    found = checked(tmp_path, f"pieces: beat\ntitle: x\n{text}", pieces)
    assert len(found) == len(said)
    for problem, beginning in zip(found, said, strict=True):
        assert problem.startswith(beginning) and "no font can write Chinese (" in problem


def test_check_names_scripts_without_a_font(tmp_path: Path, pieces: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "installation.inspection.missing_glyphs",
        lambda text: [("Japanese", "音", "fonts-noto-cjk")] if "音" in text else [],
    )
    assert checked(tmp_path, "pieces: beat\nlanguages: [en, ja]", pieces) == [
        "2:17: 'ja': no font can write Japanese (音); install fonts-noto-cjk"
    ]
