"""The wall from frame to frame: nobody passes over anybody, who came last hangs first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from installation.piece import Booth, Phase
from installation.typography import Typesetter
from installation.visitors.film import JpegFilm, encode
from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.picture import Strike, Tile
from pieces.neural_beatbox.piece import NeuralBeatbox
from tests.pieces.neural_beatbox.test_layout import overlap
from tests.pieces.neural_beatbox.wall_room import LANDSCAPE, PORTRAIT, ColourFilm, Room, visitors

VISIT: tuple[Phase, ...] = ("asking", "counting", "performing", "listening", "withdrawn", "idle")


def piled(room: Room, besides: str = "") -> float:
    """The largest share of a panel that is seen and hidden by another one that is seen."""
    panels = room.composition._wall._panels.items()
    places = [panel.spring.at for key, panel in panels if panel.presence > 0 and key != besides]
    pairs = itertools.combinations(places, 2)
    return max((overlap(a, b) / min(a.width * a.height, b.width * b.height) for a, b in pairs), default=0.0)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("number", [0, 1, 2, 5, 12, 24, 64])
def test_during_a_visit_no_panel_passes_over_another(setter: Typesetter, size: tuple[int, int], number: int) -> None:
    room = Room(setter, size)
    room.tiles = visitors(number)
    room.run(1.0)
    for phase in VISIT:
        for _ in range(45):
            room.frame(booth=Booth(phase, left=3.0))
            assert piled(room) < 0.01, phase
        assert all(panel.presence == 1 for panel in room.composition._wall._panels.values())


@pytest.mark.parametrize("number", [0, 1, 5, 9, 23])
def test_when_somebody_joins_only_they_cross_the_wall(setter: Typesetter, number: int) -> None:
    room = Room(setter, tempo=60.0)
    room.tiles = visitors(number)
    room.run(1.0)
    room.run(1.0, booth=Booth("listening"))
    mirror = room.composition._booth._mirror
    assert mirror is not None
    room.tiles = [*room.tiles, Tile("new", ColourFilm(), ("kick",))]
    arrived = None
    for count in range(240):
        room.frame(booth=Booth("joined", since=count / 30, left=12 - count / 30, visit="new"))
        assert piled(room, besides="new") < 0.01
        new = room.composition._wall._panels.get("new")
        assert new is None or new.presence == 1, "they fly, they are not lost"
        arrived = arrived or (new and new.spring.at)
    assert arrived is not None and arrived.width > 0.5 * mirror.target.width, "out of the mirror"
    assert piled(room) == 0


def test_films_that_were_recorded_smaller_hang_beside_those_of_today(setter: Typesetter) -> None:
    """Whoever was recorded before an update stays on the wall, in colour while they sound."""
    assert NeuralBeatbox.records is not None
    today = NeuralBeatbox.records.film_size[0]
    room = Room(setter)
    for side in (320, today):
        film = JpegFilm([encode(np.full((side, side, 3), (200, 60, 40), np.uint8))] * 3, 20.0)
        room.tiles.append(Tile(f"of {side}", film, (DRUMS[len(room.tiles)],)))
    room.run(1.0)
    strikes = [Strike(tile.drums[0], tile.visit, seconds=0.5) for tile in room.tiles]
    picture = np.array(room.frame(*strikes))
    middles = (room.part(picture, tile.visit)[40:-80, 40:-80] for tile in room.tiles)  # without light and marks
    earlier, of_today = (middle.mean(axis=(0, 1)) for middle in middles)
    assert today > 320 and earlier[0] > 2 * earlier[2], "in colour"
    assert np.allclose(earlier, of_today, atol=1.0)


def test_when_somebody_is_forgotten_or_the_kit_changes_nobody_passes_over_another(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(24)
    room.run(1.0)
    for tiles in (room.tiles[1:], room.tiles[5:], visitors(24, playing=4), visitors(12), []):
        room.tiles = tiles
        for _ in range(40):
            room.frame()
            assert piled(room) < 0.01


def test_a_change_in_the_midst_of_a_change_ends_in_the_right_places(setter: Typesetter) -> None:
    room, calm = Room(setter), Room(setter)
    room.tiles = calm.tiles = visitors(12)
    room.run(1.0)
    room.run(0.1, booth=Booth("asking", left=3.0))
    room.run(0.1)
    room.run(0.3, booth=Booth("asking", left=3.0))
    room.run(2.0)
    calm.run(2.0)
    for tile in room.tiles:
        assert room.composition._wall.place(tile.visit) == calm.composition._wall.place(tile.visit)


def test_who_came_last_hangs_first_among_those_who_play(setter: Typesetter) -> None:
    room = Room(setter)
    tiles = [Tile(f"v{i}", ColourFilm(), (DRUMS[i - 15],) if i >= 15 else ()) for i in range(24)]
    room.tiles = tiles
    room.run(1.0)

    def reading(visit: str) -> tuple[int, int]:
        place = room.composition._wall.place(visit)
        assert place is not None
        return round(place.y), round(place.x)

    played = [reading(f"v{i}") for i in range(23, 14, -1)]
    assert played == sorted(played)
    room.tiles = [*tiles[:15], Tile("v15", ColourFilm()), *tiles[16:], Tile("new", ColourFilm(), (DRUMS[0],))]
    room.run(2.0)
    assert reading("new") == min(reading(tile.visit) for tile in room.tiles)
