"""What a process says of itself: conditions stand in their newest words, each subject by itself."""

from __future__ import annotations

import logging

import pytest

from installation.health import alerts
from installation.health.vitals import Vitals


@pytest.fixture
def vitals() -> Vitals:
    return Vitals(None, "stage")


def standing() -> dict[tuple[str, str], str]:
    return {(alert.name, alert.about): alert.message for alert in alerts.board().active()}


def test_a_condition_stands_in_its_newest_words(vitals: Vitals, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        vitals.condition("exhibition_invalid", True, file="a.yaml", path="a.yaml", reason="line 2")
        vitals.condition("exhibition_invalid", True, file="a.yaml", path="a.yaml", reason="line 2")
        vitals.condition("exhibition_invalid", True, file="a.yaml", path="a.yaml", reason="line 3")
    (raised,) = alerts.board().active()
    assert raised.message.endswith("line 3") and raised.count == 1, "it is still the same"
    assert len(caplog.records) == 1
    vitals.condition("exhibition_invalid", False)
    vitals.condition("exhibition_invalid", False)
    assert standing() == {} and len(caplog.records) == 1
    vitals.condition("exhibition_invalid", True, file="a.yaml", path="a.yaml", reason="line 2")
    assert len(standing()) == 1


def test_each_subject_stands_by_itself(vitals: Vitals) -> None:
    for script, example in (("Arabic", "ع"), ("Thai", "ก"), ("Arabic", "ب")):
        vitals.condition("font_missing", True, script=script, example=example, install="fonts")
    assert set(standing()) == {("font_missing", "Arabic"), ("font_missing", "Thai")}
    assert "ب" in standing()["font_missing", "Arabic"]
    vitals.condition("font_missing", False, script="Arabic")
    vitals.condition("font_missing", False, script="Greek")
    assert set(standing()) == {("font_missing", "Thai")}
    vitals.condition("font_missing", True, script="Arabic", example="ع", install="fonts")
    vitals.condition("font_missing", False)
    assert standing() == {}


def test_where_there_is_one_at_a_time_the_next_takes_its_place(vitals: Vitals) -> None:
    vitals.condition("piece_slow", True, piece="Rings", frames_hz=11.0, expected_hz=60.0)
    vitals.condition("piece_slow", True, piece="Tides", frames_hz=12.0, expected_hz=60.0)
    assert list(standing().values()) == ["The piece Tides draws 12 pictures a second instead of 60."]
    vitals.condition("piece_slow", False, piece="Rings", frames_hz=60.0, expected_hz=60.0)
    assert standing() == {}


def test_what_was_taken_back_otherwise_can_come_again(vitals: Vitals) -> None:
    details = {"archive": "birds", "reason": "empty"}
    for take_back in (lambda: vitals.over("archive_unusable"), lambda: vitals.cleared("archive_unusable", **details)):
        vitals.condition("archive_unusable", True, **details)
        assert len(standing()) == 1
        take_back()
        assert standing() == {}
