"""docs/artists.md promises a piece in an evening, docs/networks.md one with a network.

Their listings must run as they stand."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from installation import piece, texts
from installation.assets import STAND_IN_FILM
from installation.exhibition import OnShow
from installation.health import alerts
from installation.networks import weights
from installation.networks.picture_folders import read_pictures
from installation.networks.training import RunError
from installation.render import Plan, render
from installation.testing import Room

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/artists.md", "docs/networks.md")
TEXT = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
_LISTING = re.compile(r"(?ms)^```python\n(.*?)^```")
_CALLED = re.compile(r"`((?:pieces|tests)/[a-z_/]+\.py)`")  # the file, named before the listing
FILES = {
    _CALLED.findall(TEXT[: found.start()])[-1]: found[1] for found in _LISTING.finditer(TEXT) if "import" in found[1]
}
TEST, RIPPLES, TINTED = "tests/pieces/ripples/test_piece.py", "pieces/ripples/", "pieces/tinted/"
ECHOES = "pieces/echoes/piece.py"
ORDER = ("network", "evaluate", "train", "bench", "piece")  # each imports those before it only


def test_each_listing_has_a_file_of_its_own() -> None:
    tinted = {f"{TINTED}{name}.py" for name in ORDER}
    assert set(FILES) == {f"{RIPPLES}piece.py", ECHOES, TEST, *tinted}


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """A listing of the page as the module that its file is."""
    for name in ("ripples", "tinted"):
        package = ModuleType(f"pieces.{name}")
        package.__path__ = []
        monkeypatch.setitem(sys.modules, package.__name__, package)

    def module(path: str) -> ModuleType:
        made = ModuleType(path.removesuffix(".py").replace("/", "."))
        monkeypatch.setitem(sys.modules, made.__name__, made)
        exec(compile(FILES[path], path, "exec"), made.__dict__)
        return made

    yield module


def pictures_of(shown: type[piece.Piece], seconds: float = 1.0, out: Path | None = None) -> list[np.ndarray]:
    """What the piece shows before the built-in film."""
    pictures: list[np.ndarray] = []
    show = (OnShow("ripples", shown, shown.Settings()), None)
    keep = lambda picture, sound: pictures.append(picture.copy())  # noqa: E731
    render(show, Plan(seconds, size=(320, 180), rate_hz=10), out, keep)
    return pictures


def test_the_first_listing_renders(listed: Callable[[str], ModuleType], tmp_path: Path) -> None:
    out = tmp_path / "r.mp4"
    pictures = pictures_of(listed(f"{RIPPLES}piece.py").Ripples, out=out)
    assert len(pictures) == 10 and out.stat().st_size > 1000
    assert pictures[0].max() == 0, "nothing has moved before the first picture"
    assert max(picture.mean() for picture in pictures) > 20, "the film moves, so its ripples must be seen"


def test_the_test_of_the_page_passes_and_can_fail(
    listed: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    ripples, test = listed(f"{RIPPLES}piece.py").Ripples, listed(TEST).test_nothing_ripples_where_nothing_moves
    test()
    monkeypatch.setattr(ripples, "frame", lambda self, moment: moment.camera.fitted(moment.size))
    with pytest.raises(AssertionError):
        test()


def test_the_wording_of_the_page_can_be_read(tmp_path: Path) -> None:
    (listing,) = re.findall(r"(?m)^```yaml\n(shown:.*?)^```", TEXT, re.DOTALL)
    (tmp_path / "texts.yaml").write_text(listing, encoding="utf-8")
    own = texts.read_texts(tmp_path / "texts.yaml")
    assert own.names == ("moved",) and own.line("moved", "de") == "Das waren Sie"


def test_the_alert_of_the_page_can_be_raised(tmp_path: Path) -> None:
    (listing,) = re.findall(r"(?m)^```yaml\n(sketch_unreadable:.*?)^```", TEXT, re.DOTALL)
    (tmp_path / "alerts.yaml").write_text(listing, encoding="utf-8")
    found, faults = alerts.of_pieces({"ripples": tmp_path})
    assert faults == {}
    alerts.Board(found["ripples"], strict=True).alert("sketch_unreadable", file="a.png", reason="it is empty")


def test_its_setting_is_checked(listed: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="not a colour"):
        listed(f"{RIPPLES}piece.py").Ripples.Settings(colour="orange")


def test_it_works_on_few_points_and_scales_up_at_the_end(listed: Callable[[str], ModuleType]) -> None:
    """Else it breaks the page's own rule: computed at full size it took 50 ms of a frame's 33 at 1280x720."""
    ripples = listed(f"{RIPPLES}piece.py").Ripples
    with Room(ripples(ripples.Settings()), size=(1280, 720)) as room:
        assert room.run(0.2).shape == (720, 1280, 3)
        piece = room.stage.piece
        assert all(array.size <= 1280 * 720 / 4 for array in vars(piece).values() if isinstance(array, np.ndarray))


def photographs(folder: Path) -> None:
    """Two dozen, with all the endings that cameras and people write."""
    for number in range(24):
        ending = (".jpg", ".JPG", ".jpeg", ".png")[number % 4]
        folder.mkdir(exist_ok=True)
        picture = np.full((90, 120, 3), (30 + number, 60, 200), np.uint8)
        (folder / f"{number}{ending}").write_bytes(cv2.imencode(ending, picture)[1].tobytes())


@pytest.mark.filterwarnings("error")
def test_the_network_of_the_page_is_trained_measured_timed_and_shown(
    listed: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path / "weights")
    data = tmp_path / "photographs"
    photographs(data)
    network, evaluate, train, bench, tinted = (listed(f"{TINTED}{name}.py") for name in ORDER)
    train.colours(data, run=tmp_path / "run", steps=80)
    card = weights.load("tinted.colours").card
    tried_out = train.colours(data, run=tmp_path / "run", steps=80, out=tmp_path / "mine")
    assert tried_out == tmp_path / "mine" / "tinted.colours.safetensors" and tried_out.is_file()
    assert card.measured == pytest.approx(evaluate.colours(data)) and card.measured["error"] < 0.1
    assert bench.look()["look_ms"] > 0
    camera, tinted_by_it = (pictures_of(tinted.Tinted, seconds=2.0)[number] for number in (0, -1))
    assert np.ptp(tinted_by_it.astype(int), axis=2).mean() > np.ptp(camera.astype(int), axis=2).mean()
    assert alerts.board().active() == []
    assert isinstance(network.load("cpu"), network.Colours)


def test_it_learns_from_what_can_be_read_and_goes_on_with_that_only(
    listed: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the page promises of pictures and of runs."""
    data = tmp_path / "photographs"
    photographs(data)
    (data / "damaged.jpg").write_bytes(b"no picture")
    _, evaluate, train = (listed(f"{TINTED}{name}.py") for name in ("network", "evaluate", "train"))
    train.colours(data, run=tmp_path / "run", steps=2, out=tmp_path / "out")
    assert "damaged.jpg: cannot be decoded; it was left out" in capsys.readouterr().err
    seen = [evaluate.squares(read_pictures(data, 64, part)) for part in ("train", "held_back", "all")]
    assert len(seen[0]) + len(seen[1]) == len(seen[2]) == 24 and len(seen[1]) >= 1
    (data / "0.jpg").write_bytes((data / "4.jpg").read_bytes() + b"another picture")
    with pytest.raises(RunError, match=r"1 of them are gone now, were changed .*\(the first: 0\.jpg\)"):
        train.colours(data, run=tmp_path / "run", steps=4, out=tmp_path / "out")
    with pytest.raises(OSError, match="no folder"):
        train.colours(tmp_path / "none", run=tmp_path / "other", steps=4, out=tmp_path / "out")


def test_without_its_weights_it_shows_the_camera_and_says_so(
    listed: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    listed(f"{TINTED}network.py")
    raised: list[str] = []
    monkeypatch.setattr(alerts.Board, "alert", lambda self, name, **details: raised.append(name))
    assert pictures_of(listed(f"{TINTED}piece.py").Tinted, seconds=2.0)[-1].any()
    assert raised == ["weights_invalid"]


def test_a_network_that_fails_ends_nothing_and_is_told(
    listed: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises: what was not foreseen had the piece opened anew, and set aside after three times."""
    tinted = listed(f"{TINTED}piece.py")

    def fails(network: object, small: np.ndarray, gpu: str) -> np.ndarray:
        raise RuntimeError("the driver hiccuped")

    monkeypatch.setattr(tinted, "_load", lambda gpu: object())
    monkeypatch.setattr(tinted, "_look", fails)
    with Room(tinted.Tinted(tinted.Tinted.Settings()), size=(160, 90), rate_hz=10) as room:
        assert room.run(3.0).any() and list(room.alerts) == ["network_failed"]
        monkeypatch.setattr(tinted, "_look", lambda network, small, gpu: np.full_like(small, 200))
        assert room.run(6.0).min() == 200 and not room.alerts


# ---- all of it, followed to the letter -----------------------------------------------------------------------------

COMMANDS = [shlex.split(line, comments=True) for line in re.findall(r"(?m)^    python3 run\.py (.*)$", TEXT)]
BRIEFLY = {"render": ["--size", "160x90", "--rate", "5"], "train": ["--steps", "60"]}  # what it takes hours to follow
FOLLOW = """
import json, sys
from typer.testing import CliRunner
from installation.cli import app
for words in json.load(sys.stdin):
    done = CliRunner().invoke(app, words)
    print(json.dumps([done.exit_code, done.stdout, done.stderr + (repr(done.exception) if done.exception else "")]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the project with the files that the page has, registered as it says."""
    (tmp_path / "pieces").mkdir()
    (tmp_path / "installation").symlink_to(ROOT / "installation")
    for path in (ROOT / "pieces").iterdir():
        (tmp_path / "pieces" / path.name).symlink_to(path)
    for name, listing in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(listing, encoding="utf-8")
        (tmp_path / name).with_name("__init__.py").touch()
    (tmp_path / TINTED / "weights").mkdir()
    (tmp_path / "page-1.dist-info").mkdir()
    (tmp_path / "page-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: page\nVersion: 1\n")
    points = "\n".join(
        f"{name} = {target}"
        for listing in re.findall(r"(?ms)^```toml\n(.*?)^```", TEXT)
        for name, target in tomllib.loads(listing)["project"]["entry-points"]["installation.pieces"].items()
    )
    (tmp_path / "page-1.dist-info" / "entry_points.txt").write_text(f"[installation.pieces]\n{points}\n")
    (exhibition,) = re.findall(r"(?ms)^```yaml\n(title: Ripples\n.*?)^```", TEXT)
    (tmp_path / "exhibition.yaml").write_text(exhibition, encoding="utf-8")
    (tmp_path / "clip.mp4").symlink_to(STAND_IN_FILM)
    photographs(tmp_path / "photographs")
    return tmp_path


@pytest.mark.timeout(240)
def test_the_whole_page_can_be_followed_to_the_letter(place: Path) -> None:
    """In a process of its own, as if every line were typed, in their order."""
    assert {words[0] for words in COMMANDS} == {"pieces", "render", "train", "evaluate", "bench"}
    commands = [["check"], *([*words, *BRIEFLY.get(words[0], [])] for words in COMMANDS)]
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(commands)
    for words, (code, said, wrong) in zip(commands, answers, strict=True):
        assert code == 0, f"{' '.join(words)}: {said}{wrong}"
        if words[0] == "render":
            assert words[words.index("--out") + 1] in said
    assert "ripples" in answers[0][1], "its settings are those of the page, quotes and all"
    assert "tinted.colours" in answers[1][1]
    assert (place / TINTED / "weights" / "tinted.colours.safetensors").is_file()


def test_the_settings_of_the_page_are_understood(listed: Callable[[str], ModuleType], place: Path) -> None:
    from installation.exhibition import load

    ripples = listed(f"{RIPPLES}piece.py").Ripples
    (show,) = load(place / "exhibition.yaml", {"ripples": ripples}).pieces
    assert show.settings.colour == "#00ff88"


@pytest.mark.parametrize("command", [("check",), ("format", "--diff")], ids=" ".join)
@pytest.mark.parametrize("name", FILES)
def test_ruff_finds_nothing_in_a_listing(command: tuple[str, ...], name: str) -> None:
    ours = ["--config", 'lint.isort.known-first-party=["installation", "pieces"]']  # no file says so
    ruff = [sys.executable, "-m", "ruff", *command, *ours, "--stdin-filename", name, "-"]
    done = subprocess.run(ruff, cwd=ROOT, input=FILES[name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_argument_in_the_listings_has_a_type() -> None:
    """Else mypy refuses what was copied from here."""
    for listing in FILES.values():
        for node in ast.walk(ast.parse(listing)):
            if isinstance(node, ast.FunctionDef):
                arguments = [each for each in node.args.args if each.arg != "self"]
                assert node.returns is not None and all(each.annotation for each in arguments), node.name


def test_the_pages_name_all_that_the_contract_offers() -> None:
    """What an artist does not read of here is used by nobody."""
    for owner, contract in (("moment", piece.Moment), ("stage", piece.Stage)):
        names = {name for name in (*contract.__annotations__, *vars(contract)) if not name.startswith("_")}
        missing = {name for name in names if f"{owner}.{name}" not in TEXT}
        assert not missing, f"{' and '.join(PAGES)} do not name {owner}.{{{', '.join(sorted(missing))}}}"


def test_the_built_in_lines_that_speak_of_sound_are_all_named() -> None:
    """Whose piece records none shows others instead, and must know which."""
    lines = texts.built_in()["en"].lines
    spoken = {name for name, line in lines.items() if re.search("sound|clap|hear|listen", line.lower())}
    named = re.compile(r"built-in\s+lines((?:[\s,]|and|`\w+`)+)speak\s+of\s+sound")
    for said in (TEXT, piece.Recording.__doc__ or ""):
        found = named.search(said)
        assert found is not None and set(re.findall(r"`(\w+)`", found[1])) == spoken
    assert [name for name, line in lines.items() if "film" in line] == ["kept"]
