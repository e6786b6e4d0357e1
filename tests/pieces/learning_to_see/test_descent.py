"""Worlds of one parent can be blended; of others one family is shown, and the rest is named."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from installation.health import alerts
from installation.inspection import check
from installation.networks import weights
from installation.networks.weights import Card
from pieces.learning_to_see import loading, worlds
from pieces.learning_to_see.descent import NOTHING, SHIPPED_PARENT, why_apart
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.worlds import Architecture
from tests.pieces.learning_to_see.painter import Room

SMALL = Architecture(width=8, middle=8, fine=8, trunk=1, tail=1)
CARD = Card("", asdict(SMALL), ["mine"], "CC0", "python3 run.py train learning_to_see --data PICTURES --world rust")
SEA = replace(CARD, sha256="1")
"""Of a world from before there was a parent in cards, as the shipped ones are."""


@pytest.mark.parametrize(
    ("card", "other", "together"),
    [
        (SEA, SEA, True),
        (replace(SEA, parent_sha256=SHIPPED_PARENT), SEA, True),
        (replace(SEA, parent_sha256="mine"), SEA, False),
        (replace(SEA, parent_sha256="mine"), replace(SEA, parent_sha256="mine", sha256="2"), True),
        (replace(SEA, parent_sha256=NOTHING), SEA, False),
        (replace(SEA, parent_sha256=NOTHING), replace(SEA, parent_sha256=NOTHING, sha256="2"), False),
        (replace(SEA, parent_sha256=NOTHING), replace(SEA, parent_sha256=NOTHING), True),
        (replace(SEA, architecture={**SEA.architecture, "width": 16}), SEA, False),
    ],
)
def test_worlds_that_began_from_the_same_weights_can_be_blended(card: Card, other: Card, together: bool) -> None:
    assert (why_apart(card, "sea", other) == "") is together
    assert (why_apart(other, "sea", card) == "") is together


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `sea` and `fire` are of one parent, `rust` and `moss` of another, and `gold` of none."""
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    for name, parent in (("sea", ""), ("fire", ""), ("rust", "mine"), ("moss", "mine"), ("gold", NOTHING)):
        worlds.save(name, Generator(SMALL), replace(CARD, parent_sha256=parent), tmp_path)
    return tmp_path


def test_only_worlds_of_the_first_one_s_parent_are_mixed(mixed: Path) -> None:
    loaded = loading.load(("sea", "rust", "fire", "gold"), ("moss",), 256, 1.0, "cpu")
    assert loaded.worlds == ("sea", "fire") and loaded.faults.keys() == {"rust", "gold", "moss"}
    assert loaded.faults["rust"] == (
        "it did not grow from the same parent as sea and cannot be blended with it; show it without sea, or train it "
        f"again from the same parent: {CARD.command}"
    )
    assert loading.load(("rust", "moss"), (), 256, 1.0, "cpu").worlds == ("rust", "moss")
    assert loading.load(("gold",), ("sea",), 256, 1.0, "cpu").worlds == ("gold",)


def test_the_others_go_on_and_the_console_names_those_that_are_left_out(mixed: Path) -> None:
    room = Room(size=(160, 90), hz=15.0, detail=256, worlds=["sea", "rust", "fire"], change_every="5 s", blend="1 s")
    room.run(4)
    assert room.alerts == ["weights_invalid"] and room.piece._sight.worlds == ("sea", "fire")
    room.change(detail=256, worlds=["rust"])
    picture = room.run(3)
    assert room.piece._sight.worlds == ("rust",) and alerts.board().active() == []
    assert room.piece._sight.sees(room.time) and picture.any(), "who goes over to another family sees it"


def test_check_names_them_where_they_are_asked_for(mixed: Path) -> None:
    file = mixed / "exhibition.yaml"
    file.write_text("pieces:\n  learning_to_see:\n    worlds: [sea, rust, fire, gold]\n")
    (problem,) = check(file)
    assert (problem.line, problem.column) == (3, 13)
    assert problem.message.startswith(
        "'worlds' of piece 'learning_to_see': 'rust' is left out: it did not grow from the same parent as sea"
    )
    assert "; 'gold' is left out: it did" in problem.message and "'fire'" not in problem.message
    file.write_text("pieces:\n  learning_to_see:\n    worlds: [moss, rust]\n")
    assert check(file) == []
