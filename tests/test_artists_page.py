"""docs/artists.md promises a piece in an evening: its listings must run as they stand."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from installation import piece, texts
from installation.exhibition import OnShow
from installation.health import alerts
from installation.networks import weights
from installation.render import render

PAGE = Path(__file__).resolve().parents[1] / "docs" / "artists.md"
TEXT = PAGE.read_text(encoding="utf-8")
LISTINGS = [listing for listing in re.findall(r"(?m)^```python\n(.*?)^```", TEXT, re.DOTALL) if "import" in listing]
BY_NAME = dict(zip(("piece", "test_piece", "network", "train", "evaluate", "bench", "tinted"), LISTINGS, strict=True))
ORDER = ("network", "evaluate", "train", "bench", "tinted")  # each imports those before it only


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """A listing of the page as the module of `pieces.ripples` that the page says it is."""
    package = ModuleType("pieces.ripples")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "pieces.ripples", package)

    def module(name: str) -> ModuleType:
        made = ModuleType(f"pieces.ripples.{name}")
        monkeypatch.setitem(sys.modules, made.__name__, made)
        exec(compile(BY_NAME[name], str(PAGE), "exec"), made.__dict__)
        return made

    yield module


def pictures_of(shown: type[piece.Piece], seconds: float = 1.0, out: Path | None = None) -> list[np.ndarray]:
    """What the piece shows before the built-in film."""
    pictures: list[np.ndarray] = []
    show = (OnShow("ripples", shown, shown.Settings()), None)
    keep = lambda picture, sound: pictures.append(picture.copy())  # noqa: E731
    render(show, seconds=seconds, out=out, size=(320, 180), rate_hz=10, each=keep)
    return pictures


def test_the_first_listing_renders(listed: Callable[[str], ModuleType], tmp_path: Path) -> None:
    out = tmp_path / "r.mp4"
    pictures = pictures_of(listed("piece").Ripples, out=out)
    assert len(pictures) == 10 and out.stat().st_size > 1000
    assert pictures[0].max() == 0, "nothing has moved before the first picture"
    assert max(picture.mean() for picture in pictures) > 20, "the film moves, so its ripples must be seen"


def test_the_test_of_the_page_passes_and_can_fail(
    listed: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    ripples, test = listed("piece").Ripples, listed("test_piece").test_nothing_ripples_where_nothing_moves
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
        listed("piece").Ripples.Settings(colour="orange")


@pytest.mark.filterwarnings("error")
def test_the_network_of_the_page_is_trained_measured_timed_and_shown(
    listed: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path / "weights")
    photograph = np.full((90, 120, 3), (30, 60, 200), np.uint8)
    cv2.imwrite(str(tmp_path / "a.jpg"), photograph)
    network, evaluate, train, bench, tinted = (listed(name) for name in ORDER)
    train.waves(tmp_path, run=tmp_path / "run", steps=80)
    card = weights.load("ripples.waves").card
    assert card.measured == pytest.approx(evaluate.waves(tmp_path)) and card.measured["error"] < 0.1
    assert bench.waves()["look_ms"] > 0
    camera, tinted_by_it = (pictures_of(tinted.Tinted, seconds=2.0)[number] for number in (0, -1))
    assert np.ptp(tinted_by_it.astype(int), axis=2).mean() > np.ptp(camera.astype(int), axis=2).mean()
    assert alerts.board().active() == []
    assert isinstance(network.load("cpu"), network.Waves)
    shown = tinted.Tinted
    for target in (*shown.trains.values(), *shown.evaluates.values(), *shown.benches.values()):
        module, _, function = target.partition(":")
        assert callable(getattr(sys.modules[module], function))


def test_without_its_weights_it_shows_the_camera_and_says_so(
    listed: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    listed("network")
    raised: list[str] = []
    monkeypatch.setattr(alerts.Board, "alert", lambda self, name, **details: raised.append(name))
    assert pictures_of(listed("tinted").Tinted, seconds=2.0)[-1].any()
    assert raised == ["weights_invalid"]


@pytest.mark.parametrize("command", [("check",), ("format", "--diff")], ids=" ".join)
@pytest.mark.parametrize("name", BY_NAME)
def test_ruff_finds_nothing_in_a_listing(command: tuple[str, ...], name: str) -> None:
    ours = ["--config", 'lint.isort.known-first-party=["installation", "pieces"]']  # no file says so
    ruff = [sys.executable, "-m", "ruff", *command, *ours, "--stdin-filename", f"pieces/ripples/{name}.py", "-"]
    done = subprocess.run(ruff, cwd=PAGE.parents[1], input=BY_NAME[name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_argument_in_the_listings_has_a_type() -> None:
    """Else mypy refuses what was copied from here."""
    for listing in LISTINGS:
        for node in ast.walk(ast.parse(listing)):
            if isinstance(node, ast.FunctionDef):
                arguments = [each for each in node.args.args if each.arg != "self"]
                assert node.returns is not None and all(each.annotation for each in arguments), node.name


def test_the_page_names_all_that_the_contract_offers() -> None:
    """What an artist does not read of here is used by nobody."""
    for owner, contract in (("moment", piece.Moment), ("stage", piece.Stage)):
        names = {name for name in (*contract.__annotations__, *vars(contract)) if not name.startswith("_")}
        missing = {name for name in names if f"{owner}.{name}" not in TEXT}
        assert not missing, f"docs/artists.md does not name {owner}.{{{', '.join(sorted(missing))}}}"
