"""The stage's screen where there is none: it has the size of the one that is meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from installation.exhibition import Exhibition
from installation.health.vitals import Vitals
from installation.stage_screen import opened


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
    assert opened(loaded(f"pieces: beat\nscreen: {screen}"), Vitals(None, "stage")).size == size


def test_without_a_desktop_it_is_said_what_to_install(
    loaded: Callable[..., Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    vitals = Vitals(None, "stage")
    said: list[str] = []
    monkeypatch.setattr(vitals, "device", lambda kind, name, real, reason="": said.append(reason))
    opened(loaded("pieces: beat"), vitals)
    (reason,) = said
    assert "no X server or Wayland" in reason and "sudo apt install xserver-xorg xinit" in reason
    assert "\n" not in reason
