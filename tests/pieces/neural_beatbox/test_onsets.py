"""Where sounds begin, from the onset head's output and the take's levels alone."""

from __future__ import annotations

import numpy as np
import pytest

from pieces.neural_beatbox.onsets import beginnings, pick_onsets


def test_peaks_of_nearness_become_onsets_between_columns() -> None:
    nearness = np.zeros(100, np.float32)
    nearness[[10, 11]] = (0.9, 0.6)
    nearness[[40, 43]] = (0.8, 0.7)  # 15 ms apart: one sound
    nearness[70] = 0.2
    onsets = pick_onsets(nearness)
    assert onsets == pytest.approx([10.4, 40], abs=0.01)
    assert pick_onsets(np.zeros(50, np.float32)).size == 0
    assert pick_onsets(np.array([0.9, 0.1], np.float32))[0] == pytest.approx(0.1, abs=0.01)


def test_what_begins_with_the_take_must_stand_out_of_it() -> None:
    """The silence that is put before a take makes an onset of any room."""
    nearness, levels_db = np.zeros(212, np.float32), np.full(200, -40.0)
    nearness[12] = 0.9
    assert beginnings(nearness, levels_db, 12).size == 0
    levels_db[:8] = -20.0
    assert beginnings(nearness, levels_db, 12) == pytest.approx([12.0])


def test_faint_onsets_count_only_where_there_is_no_other_and_only_if_it_gets_louder() -> None:
    nearness, levels_db = np.zeros(212, np.float32), np.full(200, -40.0)
    nearness[[62, 112]] = 0.3
    levels_db[100:110] = -20.0
    assert beginnings(nearness, levels_db, 12) == pytest.approx([112.0])
    nearness[162] = 0.8
    assert beginnings(nearness, levels_db, 12) == pytest.approx([112.0]), "nor does what is near and no louder"
    levels_db[150:160] = -30.0
    assert beginnings(nearness, levels_db, 12) == pytest.approx([162.0])
    nearness[182] = 0.8
    assert beginnings(nearness, levels_db, 12) == pytest.approx([162.0, 182.0]), "softer sounds of a performance"


def test_breath_between_sounds_is_none_of_them() -> None:
    nearness, levels_db = np.zeros(612, np.float32), np.full(600, -60.0)
    for column, level_db in zip((112, 212, 312, 412), (-10.0, -12.0, -14.0, -33.0), strict=True):
        nearness[column] = 0.6
        levels_db[column - 12 : column - 2] = level_db
    assert beginnings(nearness, levels_db, 12) == pytest.approx([112.0, 212.0, 312.0])
    nearness[412] = 0.8
    assert beginnings(nearness, levels_db, 12).size == 4, "a soft sound that begins as surely as a stroke"
    nearness[412], levels_db[400:410] = 0.6, -28.0
    assert beginnings(nearness, levels_db, 12).size == 4, "a soft sound"
    levels_db[100:110] = 0.0
    assert beginnings(nearness, levels_db, 12).size == 4, "and one shout makes no breath of the others"


def test_a_room_that_gets_louder_by_and_by_has_no_onsets() -> None:
    """Ventilation that starts, a train that passes: loud, but nobody's sound."""
    nearness, levels_db = np.zeros(612, np.float32), np.full(600, -40.0)
    levels_db[200:400] = -40 + 9 * np.sin(np.linspace(0, np.pi, 200))
    nearness[[262, 312]] = 0.9
    assert beginnings(nearness, levels_db, 12).size == 0
    levels_db[300:310] += 8
    assert beginnings(nearness, levels_db, 12) == pytest.approx([262.0, 312.0])


def test_what_swells_begins_where_it_has_come_near_its_height() -> None:
    levels_db = np.concatenate([np.linspace(-60, -20, 100), np.full(100, -20.0)])
    assert beginnings(np.zeros(212, np.float32), levels_db, 12) == pytest.approx([12 + 77], abs=1)
    assert beginnings(np.zeros(12, np.float32), np.zeros(0), 12).size == 0
