"""Which world when: turned by hand or by waiting, smoothly, from wherever the mixture is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pieces.learning_to_see.changes import Changes

WORLDS = ("sea", "fire", "flowers", "clouds")
HZ = 60
NEVER = 1e9


def run(changes: Changes, seconds: float, presses: dict[int, int], blend: float = 4.0) -> np.ndarray:
    """The mixture at every frame as weights of `WORLDS`; `presses`: frame -> turns."""
    rows = []
    for frame in range(round(seconds * HZ)):
        changes.step(1 / HZ, presses.get(frame, 0), NEVER, blend)
        rows.append([changes.mixture.get(world, 0.0) for world in WORLDS])
    return np.array(rows)


def test_it_begins_in_the_first_world_and_stays() -> None:
    changes = Changes(WORLDS)
    assert run(changes, 10, {})[-1].tolist() == [1, 0, 0, 0] and not changes.blending


def test_a_blend_takes_as_long_as_it_should_and_is_half_way_in_the_middle() -> None:
    changes = Changes(WORLDS)
    weights = run(changes, 5, {0: 1})
    assert weights[2 * HZ - 1 : 2 * HZ + 2, 1].mean() == pytest.approx(0.5, abs=0.01)
    assert weights[4 * HZ - 6, 1] < 1.0 and weights[4 * HZ + 1].tolist() == [0, 1, 0, 0]
    assert weights[6, 1] < 0.002 and np.diff(weights[:, 1]).min() >= 0, "soft at its beginning, and never back"


def test_waiting_changes_the_world_and_a_press_starts_the_waiting_anew() -> None:
    changes, shown = Changes(WORLDS), []
    for frame in range(40 * HZ):
        changes.step(1 / HZ, 1 if frame == 15 * HZ else 0, 10.0, 1.0)
        shown.append(changes.world)
    turns = [(frame / HZ, new) for frame, (old, new) in enumerate(itertools.pairwise(shown), 1) if old != new]
    assert [world for _, world in turns] == ["fire", "flowers", "clouds", "sea"]
    assert [at for at, _ in turns] == pytest.approx([10, 15, 25, 35], abs=0.1)


def test_both_directions_go_round() -> None:
    changes = Changes(WORLDS)
    for turns, world in ((-1, "clouds"), (1, "sea"), (3, "clouds"), (-6, "fire"), (4, "fire")):
        changes.step(0.1, turns, NEVER, 1.0)
        assert changes.world == world


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(0, 5 * HZ), st.integers(-3, 3), max_size=12), st.floats(0.5, 6))
def test_however_the_knob_is_turned_the_mixture_is_a_mixture_and_moves_without_a_jump(
    presses: dict[int, int], blend: float
) -> None:
    changes = Changes(WORLDS)
    weights = run(changes, 6 + blend, presses, blend)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))
    assert weights.min() >= 0
    fastest = 1.875 / (blend * HZ)  # of the minimum-jerk path, a frame
    assert np.abs(np.diff(weights, axis=0)).max() < 3.5 * fastest
    assert weights[-1].max() == 1.0, "it arrives"


def test_a_change_of_mind_keeps_the_speed() -> None:
    """Between two frames before and after the second press the weights move alike: no stop, no jerk."""
    weights = run(Changes(WORLDS), 5, {0: 1, 2 * HZ: 1})
    speed = np.diff(weights, axis=0)
    before, after = speed[2 * HZ - 2], speed[2 * HZ + 1]
    assert np.abs(before).max() > 0.005
    assert after == pytest.approx(before, abs=0.001)


def test_worlds_that_come_and_go_while_it_runs() -> None:
    changes = Changes(WORLDS)
    changes.step(0.1, 2, NEVER, 1.0)
    changes.show(("clouds", "flowers"), 1.0)
    assert changes.world == "flowers" and changes.blending, "what stays on show goes on"
    changes.show(("clouds", "rust"), 1.0)
    assert changes.world == "clouds"
    mixture = changes.mixture
    assert sum(mixture.values()) == pytest.approx(1) and "clouds" not in mixture, "it begins where it was"
    for _ in range(20):
        changes.step(0.1, 0, NEVER, 1.0)
    assert changes.mixture == {"clouds": 1.0}
    changes.step(0.1, 1, NEVER, 1.0)
    assert changes.world == "rust"


def test_a_world_may_stand_in_the_list_twice() -> None:
    changes, shown = Changes(("sea", "fire", "sea", "clouds")), []
    for _ in range(5):
        changes.step(2.0, 1, NEVER, 1.0)
        shown.append(changes.world)
    assert shown == ["fire", "sea", "clouds", "sea", "fire"]


def test_a_single_world_stays_and_none_is_refused() -> None:
    changes = Changes(("sea",))
    changes.step(100.0, 5, 10.0, 1.0)
    assert changes.mixture == {"sea": 1.0} and not changes.blending
    with pytest.raises(ValueError, match="at least one"):
        Changes(())
    with pytest.raises(ValueError, match="at least one"):
        changes.show((), 1.0)
