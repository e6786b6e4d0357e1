"""The speakers: found by identity and never replaced, and a stand-in that keeps the pace of a card."""

from __future__ import annotations

import builtins
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation.devices import DeviceError, speakers
from installation.devices.listing import SoundFound, find, identified
from installation.devices.speakers import BLOCK_FRAMES, Card, Silent, find_device
from tests.installation.stand_ins import standing_clock

RATE_HZ = 48_000


def host(*names: str, default: int = 0, channels: int = 2) -> Any:
    """A sounddevice with outputs of these names; the one called "input" has no outputs."""
    devices = [
        {"name": name, "max_output_channels": 0 if name == "input" else channels, "hostapi": index % 2}
        for index, name in enumerate(names)
    ]
    return SimpleNamespace(
        query_devices=lambda: devices,
        query_hostapis=lambda: [{"name": "ALSA"}, {"name": "JACK"}],
        default=SimpleNamespace(device=(-1, default)),
        PortAudioError=RuntimeError,
    )


def found(sounddevice: Any, name: str | None) -> str:
    return str(find_device(sounddevice, name, "max_output_channels")[1]["name"])


def test_a_device_is_found_by_its_whole_name_or_the_only_one_that_contains_it() -> None:
    one = host("input", "USB: Audio (hw:1,0)", "USB: Audio (hw:1,0) copy", "HDMI")
    assert found(one, "USB: Audio (hw:1,0)") == "USB: Audio (hw:1,0)"
    assert found(one, "HDM") == "HDMI"
    with pytest.raises(DeviceError, match=r"several sound devices are called 'USB'.*JACK.*ALSA"):
        find_device(one, "USB", "max_output_channels")


def test_what_is_found_is_what_is_opened() -> None:
    """Whatever `doctor` lists under an identity is opened by it, also after its number has changed."""
    named = ["HDMI: 0 (hw:0,3)", "USB: - (hw:1,0)", "USB: - (hw:4,0)", "Mixer (hw:2,0)", "Mixer"]
    devices = [SoundFound("", name, ("ALSA", "JACK")[index % 2], 0, 2, 48_000.0) for index, name in enumerate(named)]
    listed = identified(devices)
    for wanted in [*(device.identity for device in listed), "USB: - (hw:9,0)", "HDMI: 0 (hw:9,9)", "HDM", "Mixer"]:
        meant = find(wanted, listed)
        if meant is None:
            with pytest.raises(DeviceError, match="several"):
                found(host(*named), wanted)
        else:
            assert found(host(*named), wanted) == meant.name
    assert found(host("HDMI: 0 (hw:1,3)", "USB: - (hw:3,0)"), "USB: - (hw:1,0)") == "USB: - (hw:3,0)"


def test_another_device_never_takes_its_place() -> None:
    with pytest.raises(DeviceError, match=r"no sound device is called 'Focusrite'; there are: 'HDMI'"):
        find_device(host("input", "HDMI"), "Focusrite", "max_output_channels")
    with pytest.raises(DeviceError, match=r"no sound device is there; .*sudo apt install libasound2-plugins"):
        find_device(host("input"), None, "max_output_channels")


def test_the_default_device_where_none_is_asked_for() -> None:
    """sounddevice says (input, output): a machine's default output is not its default input."""
    one = host("HDMI", "Analog", "input", default=1)
    one.default.device = (2, 1)
    assert found(one, None) == "Analog"
    for device in one.query_devices():
        device["max_input_channels"] = 2
    one.default.device = (2, 0)
    assert find_device(one, None, "max_input_channels")[1]["name"] == "input"
    one.default.device = (-1, -1)
    assert found(one, None) == "HDMI", "the first one where the system names none"


def test_sounddevice_counts_its_defaults_as_this_does() -> None:
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)
    assert sounddevice.default.device._indexmapping["output"] == 1


def test_without_portaudio_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DeviceError, match="libportaudio2"):
        speakers.import_sounddevice()


def test_a_card_says_when_its_samples_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    one, made = host("Analog"), {}

    def output_stream(**options: Any) -> Any:
        made.update(options)
        return SimpleNamespace(latency=0.07, start=lambda: None, close=lambda **_: None)

    one.OutputStream = output_stream
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: one)
    clock = standing_clock(monkeypatch, speakers, 50.0)
    card, heard = Card(None, RATE_HZ), []
    card.start(lambda out, at: heard.append(at))
    out = np.zeros((BLOCK_FRAMES, 2), np.float32)
    for dac, current in ((10.03, 10.0), (0.0, 0.0), (99.0, 10.0)):  # the host's own clock; some leave it empty
        made["callback"](out, BLOCK_FRAMES, SimpleNamespace(outputBufferDacTime=dac, currentTime=current), None)
    assert heard == pytest.approx([50.03, 50.07, 50.07])
    assert card.alive()
    clock.at += 3.5
    assert not card.alive(), "a card that asks for nothing is dead, whatever its flags say"


def test_a_gap_is_counted_once_whether_the_card_tells_of_it_or_only_the_clock_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, made = host("Analog"), {}
    one.OutputStream = lambda **options: made.update(options) or SimpleNamespace(latency=0.1, start=lambda: None)
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: one)
    clock = standing_clock(monkeypatch, speakers, 50.0)
    card = Card(None, RATE_HZ)
    card.start(lambda out, at: None)
    out, block = np.zeros((BLOCK_FRAMES, 2), np.float32), BLOCK_FRAMES / RATE_HZ

    def asks(ahead: float = 0.1, said: bool = False, after: float = block) -> int:
        """The card asks for a block that is heard `ahead` seconds later; how often it has run dry so far."""
        clock.at += after
        times = SimpleNamespace(outputBufferDacTime=7.0 + ahead, currentTime=7.0)
        made["callback"](out, BLOCK_FRAMES, times, SimpleNamespace(output_underflow=said))
        return card.underruns

    assert asks(said=True) == asks(after=0.6) == 0, "it begins"
    assert [asks() for _ in range(300)][-1] == 0
    assert asks(after=0.09) == asks(ahead=0.05, after=0.08) == asks(ahead=0.06, after=0.0) == 0, "in bursts"
    assert [asks() for _ in range(100)][-1] == 0
    assert asks(ahead=0.001, after=0.36) == 1, "it was asked too late, and says nothing"
    assert [asks() for _ in range(100)][-1] == 1
    assert [asks(0.001, said=True, after=0.36), asks(0.011, said=True, after=0.0), asks(0.021, said=True)] == [2] * 3
    assert [asks() for _ in range(100)][-1] == 2
    assert asks(said=True) == 3, "it says so, and its clock does not"


def test_a_card_that_can_be_opened_and_does_not_play_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    one, closed = host("Analog"), []

    def refuse() -> None:
        raise one.PortAudioError("Unanticipated host error")

    one.OutputStream = lambda **_: SimpleNamespace(latency=0.07, start=refuse, close=lambda **_: closed.append(True))
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: one)
    with pytest.raises(DeviceError, match="'Analog' can be opened, but do not play: Unanticipated"):
        Card(None, RATE_HZ).start(lambda out, at: None)
    assert closed


@pytest.mark.parametrize(
    ("wanted", "there", "opened"), [(2, 2, 2), (8, 8, 8), (8, 2, 2), (2, 8, 2), (1, 2, 1), (8, 1, 1)]
)
def test_a_card_is_opened_with_the_channels_that_are_wanted_and_there(
    monkeypatch: pytest.MonkeyPatch, wanted: int, there: int, opened: int
) -> None:
    one, made = host("Analog", channels=there), {}
    one.OutputStream = lambda **options: made.update(options) or SimpleNamespace(latency=0.07, start=lambda: None)
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: one)
    card = Card(None, RATE_HZ, wanted)
    assert card.channels == made["channels"] == opened

    def pull(out: np.ndarray, heard_at: float) -> None:
        out[:] = np.arange(out.shape[1]) / 10

    card.start(pull)
    out = np.zeros((BLOCK_FRAMES, opened), np.float32)
    made["callback"](out, BLOCK_FRAMES, SimpleNamespace(outputBufferDacTime=1.0, currentTime=0.9), None)
    mean_of_a_pair = opened == 1 < wanted
    assert out[-1] == pytest.approx([0.05] if mean_of_a_pair else list(np.arange(opened) / 10))


def test_the_silent_card_takes_its_blocks_at_the_pace_of_a_real_one() -> None:
    pulls: list[float] = []
    enough = threading.Event()

    def pull(out: np.ndarray, heard_at: float) -> None:
        assert out.shape == (BLOCK_FRAMES, 6)
        pulls.append(heard_at)
        if len(pulls) > 30:
            enough.set()

    card = Silent(RATE_HZ, 6)
    assert not card.alive()
    began = time.monotonic()
    card.start(pull)
    assert enough.wait(5.0) and card.alive()
    took = time.monotonic() - began
    card.close()
    assert not card.alive()
    assert took >= 29 * BLOCK_FRAMES / RATE_HZ, "never faster than the samples last"
    assert np.diff(pulls) == pytest.approx(BLOCK_FRAMES / RATE_HZ, abs=1e-6), "told as if it were never late"
    assert pulls[0] == pytest.approx(began + Silent.latency, abs=0.2)
