"""What a room is learned to return, from levels alone."""

from __future__ import annotations

import numpy as np
import pytest

from installation.sound.bands import SILENT_DB, Bands
from installation.sound.room_return import AHEAD_HOPS, PAST_HOPS, Quantile, RoomReturn
from installation.sound.somebody import CLEAR_DB

HOPS_A_SECOND = 94


def beat(seconds: float, seed: int = 0) -> Bands:
    """Levels [hops, 2] of a hit each quarter of a second, in one band or in both, each as loud as it likes."""
    random = np.random.default_rng(seed)
    levels = np.full((round(seconds * HOPS_A_SECOND), 2), SILENT_DB)
    for start in range(5, len(levels) - 5, 23):
        levels[start : start + 4] = random.uniform(-30, -10) - np.arange(4)[:, None] * 6
        levels[start : start + 4, random.integers(3) % 2] -= random.choice([0.0, 30.0])
    return levels


def heard(played: Bands, gain_db: float, delay: int, fade_db: float = 0.6) -> Bands:
    """What comes back: later by `delay` hops, and fading by so much in each."""
    back = np.full(len(played) + delay, SILENT_DB).repeat(2).reshape(-1, 2)
    level = np.full(2, SILENT_DB)
    for hop, now in enumerate(played):
        level = np.maximum(level - fade_db, now + gain_db)
        back[hop + delay] = level
    return np.maximum(back[: len(played)], -70.0)


def above(room: RoomReturn, heard: Bands, played: Bands) -> Bands:
    quiet = np.full((PAST_HOPS, 2), SILENT_DB)
    around = np.concatenate([quiet, played, quiet[:AHEAD_HOPS]])
    window = PAST_HOPS + 1 + AHEAD_HOPS
    return np.stack([level - room.most(level, around[hop : hop + window]) for hop, level in enumerate(heard)])


@pytest.mark.parametrize("delay", [0, 7, 30])
def test_a_room_is_known_within_seconds_and_is_not_taken_for_somebody(delay: int) -> None:
    room, played = RoomReturn(2), beat(30)
    back = heard(played, -10.0, delay)
    over = above(room, back, played)
    first = int(np.argmax(np.isfinite(over).all(axis=1)))
    assert HOPS_A_SECOND < first < 6 * HOPS_A_SECOND, "careful until then, and no longer"
    assert over[np.isfinite(over)].max() < 6.0
    faint = np.maximum(back, np.where(np.arange(len(back))[:, None] % 470 < 3, -8.0, SILENT_DB))
    assert (above(room, faint, played).max(axis=1)[::470] > 6.0).any(), "and somebody is heard"


def test_another_volume_is_learned_and_a_visitor_is_not() -> None:
    room, played = RoomReturn(2), beat(60)
    above(room, heard(played, -20.0, 5), played)
    shouted = heard(played[: 6 * HOPS_A_SECOND], -20.0, 5)
    shouted[:] = np.maximum(shouted, -5.0)
    over = above(room, shouted, played[: 6 * HOPS_A_SECOND])
    assert over[-40:].min() > 12.0, "he is heard to the end"
    assert above(room, heard(played, 0.0, 5), played)[-8 * HOPS_A_SECOND :].max() < CLEAR_DB


def test_what_is_not_played_yet_is_not_known() -> None:
    room = RoomReturn(2)
    silence = np.full((3 * HOPS_A_SECOND, 2), SILENT_DB)
    above(room, np.full_like(silence, -60.0), silence)
    played = beat(0.4)
    assert not np.isfinite(above(room, np.full_like(played, -20.0), played)[7:10]).any()


def test_a_quantile_forgets_what_is_old_and_never_runs_out() -> None:
    quantile = Quantile((2,), (-20, 20), 0.5, 10)
    for value in [*range(400), *[3.4] * 40]:
        quantile.add(np.array([min(value, 15.0), 5.0]), np.array([True, value == 399]))
        found = quantile.value()
    assert list(found) == [3.5, 5.5] and list(quantile.count) == [440, 1]
