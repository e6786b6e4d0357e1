"""Who presses what in a render, and when."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from installation.piece import Moment, Picture, Piece, Recording
from installation.programme import OnShow
from installation.render import Plan, render
from installation.render_inputs import RenderError
from installation.render_visitors import presses_of


class Panel(Piece):
    """Remembers what was pressed, and when."""

    pressed: ClassVar[list[tuple[float, str]]] = []

    def frame(self, moment: Moment) -> Picture:
        self.pressed.extend((round(moment.time, 3), control) for control in moment.controls)
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class PanelWithVisitors(Panel):
    records: ClassVar[Recording | None] = Recording()


@pytest.mark.parametrize("piece", [Panel, PanelWithVisitors])
def test_controls_are_pressed_when_they_should_be_and_no_others(piece: type[Panel]) -> None:
    Panel.pressed.clear()
    press = presses_of("1:next, 0.35:button,1:previous,2:next", 2.5)
    show = OnShow("panel", piece, piece.Settings())
    render((show, None), Plan(2.5, size=(64, 36), rate_hz=10, press=press))
    assert Panel.pressed == [(0.4, "button"), (1.0, "next"), (1.0, "previous"), (2.0, "next")]


def test_a_control_of_a_pieces_own_can_be_pressed() -> None:
    assert presses_of("1:shuffle,2:button", 3.0, ["shuffle"]) == [(1.0, "shuffle"), (2.0, "button")]
    with pytest.raises(RenderError, match=r"did you mean .shuffle.*down, shuffle"):
        presses_of("1:shufle", 3.0, ["shuffle"])
