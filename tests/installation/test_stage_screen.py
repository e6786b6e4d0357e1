"""The stage's screen where there is none: it has the size of the one that is meant."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from installation import stage_screen
from installation.answers import Offline
from installation.devices.probe import UnstoppableError
from installation.devices.screen import Offscreen
from installation.exhibition import Exhibition
from installation.health.vitals import Vitals
from installation.stage_screen import StageScreen, opened


@pytest.mark.parametrize(
    ("screen", "size"),
    [
        ("{mode: offscreen}", (1280, 720)),
        ("{mode: offscreen, rotate: 270}", (720, 1280)),
        ("{mode: offscreen, size: [320, 180]}", (320, 180)),
        ("{mode: offscreen, size: [320, 180], rotate: 90}", (180, 320)),
    ],
)
def test_without_a_screen_pieces_draw_what_they_would_draw_for_it(
    loaded: Callable[..., Exhibition], screen: str, size: tuple[int, int]
) -> None:
    assert opened(loaded(f"pieces: beat\nscreen: {screen}"), Vitals(None, "stage"), {}).size == size


def test_without_a_desktop_it_is_said_what_to_install(
    loaded: Callable[..., Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    vitals = Vitals(None, "stage")
    said: list[str] = []
    monkeypatch.setattr(vitals, "device", lambda kind, name, real, reason="": said.append(reason))
    opened(loaded("pieces: beat"), vitals, {})
    (reason,) = said
    assert "no X server or Wayland" in reason and "sudo apt install xserver-xorg xinit" in reason
    assert "\n" not in reason


def test_a_question_that_nobody_can_stop_is_asked_again_only_when_it_is_over(
    loaded: Callable[..., Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, asked = [True], list[float]()

    def displays() -> list[object]:
        asked.append(now)
        process = SimpleNamespace(poll=lambda: None if asleep[0] else -9)
        raise UnstoppableError("displays", process)  # type: ignore[arg-type]

    monkeypatch.setattr(stage_screen, "displays", displays)
    monkeypatch.setattr(stage_screen, "opened", lambda *_: Offscreen((64, 36)))
    exhibition, now = loaded("pieces: beat\nscreen: {mode: window}"), 0.0
    screen = StageScreen(exhibition, Vitals(None, "stage"), Offline(), now)  # type: ignore[arg-type]
    for now in np.arange(0.0, 600.0, 1.0):
        asleep[0] = now < 300
        screen._computer.time = now  # type: ignore[attr-defined]
        screen.look(exhibition, now)
    assert sum(second < 300 for second in asked) == 1 and 300 <= min(asked[1:]) < 302


def test_a_picture_that_another_window_hides_comes_forward_and_says_so_where_it_may_not(
    loaded: Callable[..., Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hidden(Offscreen):
        real, since, forward = True, float("inf"), list[float]()

        def away(self, now: float) -> float:
            return max(0.0, now - self.since)

        def come_forward(self) -> None:
            self.forward.append(now)

    shown, exhibition, vitals = Hidden((64, 36)), loaded("pieces: beat"), Vitals(None, "stage")
    monkeypatch.setattr(stage_screen, "opened", lambda *_: shown)
    now, raised = 0.0, list[tuple[float, bool]]()
    monkeypatch.setattr(
        vitals,
        "condition",
        lambda name, stands: raised.append((now, stands)) if name == "keyboard_elsewhere" else None,
    )
    screen = StageScreen(exhibition, vitals, Offline(), now)  # type: ignore[arg-type]
    for now in np.arange(0.0, 800.0, 1.0):
        if now == 100.0:
            shown.since = 100.0
        if now == 790.0:
            shown.since = float("inf")
        screen.look(exhibition, now)
    assert shown.forward == [221.0, 521.0], "not at once: somebody may be working there; and not all the time"
    standing = [at for at, stands in raised if stands]
    assert (standing[0], standing[-1]) == (121.0, 789.0)


def test_another_latency_of_the_screen_is_reached_without_a_leap(loaded: Callable[..., Exhibition]) -> None:
    exhibition = loaded("pieces: beat\nscreen: {mode: offscreen, latency_ms: 40}")
    screen = StageScreen(exhibition, Vitals(None, "stage"), Offline(), 0.0)  # type: ignore[arg-type]
    period = 1 / 30
    assert screen.shown_at(1.0, period, 40) == pytest.approx(1.0 + period + 0.040), "at once where it is known before"
    for began, wanted in ((2.0, 240), (4.0, 0)):
        at = [screen.shown_at(began + frame * period, period, wanted) for frame in range(30)]
        steps = np.diff(at)
        assert steps.min() > 0.49 * period and steps.max() < 1.51 * period
        assert at[-1] == pytest.approx(began + 30 * period + wanted / 1000)
    at = [
        screen.shown_at(9.0 + turn * period, period, wanted)
        for turn, wanted in ((0, 200), (1, 200), (2.9, 0), (3, 0))
    ]
    assert np.diff(at).min() >= 0, "nor where a late turn is caught up with"
