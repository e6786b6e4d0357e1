"""The contract of a piece: what its class declares, its objects leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from installation.piece import Moment, Picture, Piece, Recording, Stage
from installation.testing import Room, Still


class Shelf(Piece):
    """Plays records, and records nobody."""

    def open(self, stage: Stage) -> None:
        self.shelf = {}
        self.records = {}  # type: ignore[misc]

    def frame(self, moment: Moment) -> Picture:
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


def test_a_piece_does_not_record_its_visitors_by_the_name_of_what_it_holds() -> None:
    with pytest.raises(TypeError, match=r"Shelf sets self\.records, which is what its class declares; call it other"):
        Room(Shelf(None), camera=Still())
    assert Shelf.records is None


def test_a_class_declares_what_it_likes() -> None:
    class Booth(Shelf):
        records = Recording(seconds=3.0)

        def open(self, stage: Stage) -> None:
            self.shelf = {"own": "things"}

    booth = Booth(None)
    with Room(booth, camera=Still()) as room:
        room.step()
    assert booth.records == Recording(seconds=3.0)
