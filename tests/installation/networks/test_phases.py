"""Whoever waits is told what for."""

from __future__ import annotations

import pytest

from installation.networks import phases


def test_a_phase_that_lasts_is_told_soon_and_then_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    done = []
    for thing in phases.counted("drawing panoramas", "abcdefgh", lambda: now[0]):
        done.append(thing)
        now[0] += phases.EVERY_S / 3
    assert "".join(done) == "abcdefgh"
    printed = capsys.readouterr()
    assert printed.err == "drawing panoramas 2/8 …\ndrawing panoramas 5/8 …\ndrawing panoramas 8/8 …\n"
    assert not printed.out, "standard output is for results"


def test_what_is_over_at_once_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(phases.counted("drawing panoramas", "abc")) == ["a", "b", "c"]
    assert list(phases.counted("drawing panoramas", ())) == []
    assert not capsys.readouterr().err
