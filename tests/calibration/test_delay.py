"""What whoever measures the delay is told where it cannot be measured."""

from __future__ import annotations

import pytest

from calibration import delay


@pytest.mark.parametrize(("peak", "way"), [(0.0, "up"), (0.1, "up"), (0.97, "up"), (1.0, "down")])
def test_an_overdriven_microphone_is_turned_down_and_a_faint_one_up(peak: float, way: str) -> None:
    told = delay.remedy(peak)
    assert f" {way}" in told and f" {'up' if way == 'down' else 'down'}" not in told


def test_sweeps_that_the_microphone_clipped_are_not_asked_to_be_louder(monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib
    from types import SimpleNamespace

    from installation.exhibition import Exhibition

    monkeypatch.setattr(delay, "sound_alone", lambda *_: contextlib.nullcontext(SimpleNamespace(folder=None)))
    monkeypatch.setattr(delay, "real_devices", lambda *_: {"speakers": "A", "microphone": "B"})
    heard: list[tuple[list[float], float]] = [([3.0], 1.0), ([], 0.02)]
    monkeypatch.setattr(delay, "_play_and_hear", lambda folder: heard.pop(0))
    exhibition = Exhibition.model_construct(path=None)
    with pytest.raises(delay.CalibrationError, match=r"only 1 of 10 sweeps .* overdriven.*gain down"):
        delay.measure(exhibition)
    with pytest.raises(delay.CalibrationError, match=r"only 0 of 10 sweeps .*speakers up"):
        delay.measure(exhibition)
