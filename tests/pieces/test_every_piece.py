"""What every registered piece must do, whatever else it does: a new one is tested as soon as it has a name."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from installation.named_functions import faults_of, learns_from_data, resolved
from installation.piece import Picture, Size
from installation.piece_commands import options_for
from installation.programme import DISTRIBUTION, Installed, OnShow
from installation.testing import Room, default_texts
from tests.installation.test_import_law import loaded_by

PIECES = Installed(DISTRIBUTION)
EVERY = pytest.mark.parametrize("name", sorted(PIECES))
ODD, UPRIGHT, RATE_HZ = (161, 91), (90, 160), 5
WITHOUT_WEIGHTS = """
import sys
from pathlib import Path
from installation.networks import weights
weights.WEIGHTS_FOLDER = Path(sys.argv[2])  # before anybody else has looked where it is
weights.BESIDE = "nothing of that name"
from installation.programme import Installed
from installation.testing import Room
piece = Installed()[sys.argv[1]]
with Room(piece(piece.Settings()), size=(160, 90), rate_hz=5) as room:
    room.run(2.0, "button")
    room.run(1.0, "next")
    print(*room.alerts)
"""


def pictures(name: str, size: Size) -> list[Picture]:
    """A second of the piece with the settings' defaults, and a moment when its networks have had time to load."""
    with Room(PIECES[name](PIECES[name].Settings()), size, RATE_HZ) as room:
        return [*(room.step().copy() for _ in range(RATE_HZ)), room.run(1.6).copy()]


@pytest.fixture(scope="module", params=sorted(PIECES))
def seen(request: pytest.FixtureRequest) -> tuple[str, list[Picture]]:
    """Each piece, and what it shows on an odd screen."""
    return request.param, pictures(request.param, ODD)


def test_there_are_pieces() -> None:
    """A check that finds nothing proves nothing."""
    assert len(PIECES) >= 3


@EVERY
def test_it_is_declared_without_anything_heavy(name: str) -> None:
    heavy = loaded_by(PIECES.module(name))
    assert not heavy, (
        f"{PIECES.module(name)} imports {', '.join(heavy)}; import them inside the methods that use them"
    )


def test_its_pictures_fit_any_screen(seen: tuple[str, list[Picture]]) -> None:
    """In the room, a picture of another shape or type raises."""
    name, odd = seen
    assert len(odd) == len(pictures(name, UPRIGHT)) == RATE_HZ + 1


def test_the_same_seed_gives_the_same_pictures(seen: tuple[str, list[Picture]]) -> None:
    name, before = seen
    for number, (one, other) in enumerate(zip(before, pictures(name, ODD), strict=True)):
        assert np.array_equal(one, other), f"picture {number} differs: is all chance from stage.random?"


@EVERY
def test_it_can_be_closed_and_opened_again(name: str) -> None:
    """As at every turn where several pieces are on show: another object, the same process, sound and screen."""
    with Room(PIECES[name](PIECES[name].Settings()), ODD, RATE_HZ) as room:
        room.run(1.6)
        room.reopen(PIECES[name](PIECES[name].Settings()))
        assert room.run(1.6).shape == (ODD[1], ODD[0], 3)


@EVERY
def test_it_goes_on_without_its_weights_and_says_so(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_WEIGHTS, name, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    needs = list(OnShow(name, PIECES[name], PIECES[name].Settings()).networks())
    assert not needs or "weights_invalid" in done.stdout.split()


@pytest.mark.parametrize("name", [name for name in sorted(PIECES) if PIECES[name].records is not None])
def test_who_steps_up_reads_what_is_kept_before_anything_is(name: str) -> None:
    """It is the piece that draws the line, in whatever letters: with another wording the picture is another."""
    seen = []
    for kept in ("We keep your sound", "Nothing is kept"):
        texts = {**default_texts(name), "kept": [kept]}
        with Room(PIECES[name](PIECES[name].Settings()), ODD, RATE_HZ, texts=texts) as room:
            room.run(4.0)
            room.run(2.0, "button")
            assert room.stage.booth.phase == "asking", f"{name} takes nobody in, {room.alerts or 'and says not why'}"
            seen.append(room.step().copy())
    assert not np.array_equal(*seen), f"{name} does not show stage.texts['kept'] while moment.booth asks"


@EVERY
def test_what_it_names_for_the_command_line_is_there(name: str) -> None:
    assert list(faults_of(name, PIECES[name])) == []


NETWORKS = pytest.mark.parametrize(
    "network", [f"{name}.{each}" for name in sorted(PIECES) for each in PIECES[name].trains]
)


@NETWORKS
def test_training_takes_the_options_that_the_command_promises(network: str) -> None:
    target = target_of(network)
    options = {"run": Path("somewhere"), "steps": 3}
    options |= {"data": Path("pictures")} if learns_from_data(target) else {}
    assert options_for(network, resolved(target), **options) == options


@NETWORKS
def test_training_says_what_its_folder_must_hold(
    network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not learns_from_data(target_of(network)):
        pytest.skip("it makes its own data, and would be trained")
    monkeypatch.chdir(tmp_path)  # whatever is written nevertheless, it is nothing of this checkout
    for begun in ("training.Run.__init__", "weights.save", "weights.write_whole"):
        monkeypatch.setattr(f"installation.networks.{begun}", began)
    train = resolved(target_of(network))
    first, *others = signature(train).parameters
    options = {"world": "rust"} if "world" in others else {}
    for data in (tmp_path, tmp_path / "none", Path(__file__)):
        with pytest.raises((OSError, ValueError)) as refused:
            train(**{first: data}, **options)
        said = str(refused.value)
        assert data.name in said or "--data" in said, "what it looked at, and where to say another"
        assert "Errno" not in said


def target_of(network: str) -> str:
    name, _, each = network.partition(".")
    return PIECES[name].trains[each]


def began(*arguments: object, **options: object) -> None:
    """In place of what trains, or replaces the network that the exhibition uses."""
    raise AssertionError("it began to train before it had looked what the folder holds")
