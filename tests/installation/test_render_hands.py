"""A table of what fingers do, in a render: as a window would say it, and every mistake in it by its line."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from installation.piece import Moment, Picture, Piece, Recording
from installation.programme import OnShow
from installation.render import Plan, render
from installation.render_hands import MOST_SAID, touches_of
from installation.render_inputs import RenderError

HEADER = "second,id,x,y,phase\n"


class Sheet(Piece):
    """Remembers what it was told of hands."""

    records: ClassVar[Recording | None] = Recording()
    moments: ClassVar[list[Moment]] = []

    def frame(self, moment: Moment) -> Picture:
        self.moments.append(moment)
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class Drawing(Sheet):
    takes_touch: ClassVar[bool] = True


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "line.csv"


def rendered(piece: type[Sheet], table: Path) -> list[Moment]:
    Sheet.moments.clear()
    plan = Plan(3.0, size=(72, 36), rate_hz=10, touches=touches_of(table, 3.0))
    render((OnShow("sheet", piece, piece.Settings()), None), plan)
    return Sheet.moments


def test_a_line_that_is_written_down_is_drawn_and_pulled(table: Path) -> None:
    lines = "1.0,a,0.2,0.5,down\n1.14,a,0.4,0.5,held\n1.18,a,0.5,0.6,held\n1.4,a,0.5,0.5,up\n\n2.5,b,1,0,down\n"
    table.write_text(HEADER + lines)
    moments = rendered(Drawing, table)
    told = {m.frame: [(p.id, p.phase, p.path) for p in m.pointers] for m in moments if m.pointers}
    assert told == {
        10: [(1, "down", ((0.2, 0.5),) * 2)],
        11: [(1, "held", ((0.2, 0.5),) * 2)],
        12: [(1, "held", ((0.2, 0.5), (0.4, 0.5), (0.5, 0.6)))],
        13: [(1, "held", ((0.5, 0.6),) * 2)],
        14: [(1, "up", ((0.5, 0.6), (0.5, 0.5)))],
        25: [(2, "down", ((1.0, 0.0),) * 2)],
        **{number: [(2, "held", ((1.0, 0.0),) * 2)] for number in range(26, 30)},
    }
    assert moments[12].dragged == pytest.approx((0.6, 0.1)) and moments[14].dragged == pytest.approx((0.0, -0.1))
    assert not any(m.controls or m.held for m in moments), "touch is the piece's own, and no visitor steps up"


def test_a_touch_is_the_button_as_in_a_gallery(table: Path) -> None:
    table.write_text(HEADER + "1,a,0.2,0.5,down\n1.25,a,0.2,0.5,up\n")
    moments = rendered(Sheet, table)
    assert [m.frame for m in moments if "button" in m.controls] == [10]
    assert [m.frame for m in moments if "button" in m.held] == [10, 11, 12] and moments[10].booth.phase == "asking"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: its columns must be second,id,x,y,phase; it is empty"),
        ("second,id,x,y\n", "line 1: its columns must be second,id,x,y,phase, not second,id,x,y"),
        ("second;id;x;y;phase\n", "not second;id;x;y;phase; columns are parted by commas"),
        (HEADER, "below its columns is nothing; write for example 1.5,1,0.5,0.5,down"),
        (HEADER + "1,a,0.5,0.5\n", "line 2: there are 4 values, not 5"),
        (HEADER + "1,a,0.5,0.5,down,\n", "line 2: there are 6 values, not 5"),
        (HEADER + "\nnan,a,0.5,0.5,down\n", "line 3: 'second' is 'nan'; write a number such as 1.5"),
        (HEADER + "3,a,0.5,0.5,down\n", "line 2: 3 s comes after the end of the film, which is 3 s long"),
        (HEADER + "1,,0.5,0.5,down\n", "line 2: 'id' is missing"),
        (
            HEADER + "1,a,640,0.5,down\n",
            "line 2: 'x' is '640'; write a number from 0 to 1, as a share of the picture",
        ),
        (HEADER + "1,a,0.5,nan,down\n", "line 2: 'y' is 'nan'"),
        (HEADER + "1,a,0.5,0.5,dwon\n", "line 2: 'phase' is 'dwon'; did you mean 'down'?"),
        (HEADER + "1,a,0.5,0.5,pressed\n", "line 2: 'phase' is 'pressed'; write down, held or up"),
        (HEADER + "1,a,0.5,0.5,down\n2,b,0.5,0.5,held\n", "line 3: finger b is 'held' before it is down"),
        (HEADER + "2,a,0.5,0.5,down\n1,a,0.5,0.5,up\n", "line 3: finger a is 'up' before it is down"),
        (HEADER + "1,a,0.5,0.5,down\n2,a,0.5,0.5,down\n", "line 3: finger a is down since line 2; write held, or up"),
    ],
)
def test_a_mistake_is_named_by_its_line(table: Path, text: str, said: str) -> None:
    table.write_text(text)
    with pytest.raises(RenderError) as error:
        touches_of(table, 3.0)
    assert str(error.value).startswith(f"--pointer: {table}") and said in str(error.value)
    assert "\n" not in str(error.value)


def test_all_mistakes_are_named_but_not_without_end(table: Path) -> None:
    table.write_text(HEADER + "x,,2,2,dwon\n")
    with pytest.raises(RenderError) as error:
        touches_of(table, 3.0)
    assert [line.split("line 2: ")[1][:5] for line in str(error.value).splitlines()] == [
        "'id' ", "'phas", "'seco", "'x' i", "'y' i",
    ]  # fmt: skip
    table.write_text(HEADER + "1,a,640,0.5,held\n" * 50)
    with pytest.raises(RenderError) as error:
        touches_of(table, 3.0)
    assert str(error.value).splitlines()[MOST_SAID:] == ["and 30 more"]


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"--pointer: .*gone.csv cannot be read: No such file"):
        touches_of(tmp_path / "gone.csv", 3.0)
    (tmp_path / "film.mp4").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(RenderError, match=r"--pointer: .*film.mp4 is no table; save it as CSV, in UTF-8"):
        touches_of(tmp_path / "film.mp4", 3.0)


def test_a_table_of_a_spreadsheet_is_read(table: Path) -> None:
    table.write_text('\ufeffid,"second",X,y,phase\r\n1, 0.5 ,1,0,down\r\n', encoding="utf-8")
    (touch,) = touches_of(table, 3.0)
    assert (touch.second, touch.id, touch.at, touch.phase) == (0.5, "1", (1.0, 0.0), "down")
