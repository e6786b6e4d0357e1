"""The speakers that the sound process opens: as many as are named, or as many as there are, and then it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from installation.devices import DeviceError
from installation.exhibition import Exhibition
from installation.health import alerts
from installation.health.vitals import Vitals
from installation.layout import Layout
from installation.sound import process

Loaded = Callable[[str], Exhibition]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(alerts, "alert", lambda name, **details: found.append((name, details)))
    yield found


@pytest.mark.parametrize(
    ("layout", "there", "fewer"), [("ring of 8", 2, True), ("stereo", 1, False), ("ring of 6", 6, False)]
)
def test_fewer_channels_than_speakers_are_named_both(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, said: list[Any], layout: str, there: int, fewer: bool
) -> None:
    exhibition = loaded(f"pieces: beat\nspeakers: {{layout: {layout}}}")
    monkeypatch.setattr(
        process, "Card", lambda name, rate, channels: SimpleNamespace(name="Analog", channels=min(there, channels))
    )
    card = process.open_speakers(exhibition, Vitals(None, "sound"))
    wanted = len(exhibition.speakers.azimuths)
    expected = [("speakers_fewer", {"speakers": "Analog", "wanted": wanted, "found": there})]
    assert said == (expected if fewer else [])
    channels = Layout(exhibition.speakers.azimuths).on(card.channels).channels
    assert channels == (2 if there == 1 else there), "one channel plays the mean of a pair"


def test_without_a_card_silence_has_as_many_channels(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_card(*_: object) -> None:
        raise DeviceError("no sound device is there")

    monkeypatch.setattr(process, "Card", no_card)
    exhibition = loaded("pieces: beat\nspeakers: {layout: [0, 90, 180, off]}")
    card = process.open_speakers(exhibition, Vitals(None, "sound"))
    assert card.channels == 4 and not card.real
