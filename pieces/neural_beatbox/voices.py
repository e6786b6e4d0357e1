"""From a take to voices: a sound is cut out at its onset, cleaned, and brought to the loudness of its kind."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pieces.neural_beatbox import synthesis

BEFORE_SECONDS = 0.003  # the attack's first breath belongs to the sound
LONGEST_SECONDS = {"cymbal": 1.6, "hat_open": 0.9}
LONGEST = 0.6
FADE_SECONDS = 0.02
TARGET_LUFS = -20.5  # of the loudest 400 ms, as ears weigh them: nobody's sound stands out of the others
LOUDNESS_SECONDS = 0.4
PEAK = 0.95
MOST_GAIN = 40.0  # a whisper is brought up by 32 dB at most, or the room's noise comes with it

# Loudness of each drum in the mix, and the place of the house's own between the speakers, as the audience sees it.
GAIN = {
    "kick": 0.8, "snare": 1.0, "hat_closed": 0.55, "hat_open": 0.5, "tom_low": 0.75, "tom_mid": 0.75,
    "tom_high": 0.8, "crash": 0.6, "ride": 0.5,
}  # fmt: skip
PAN = {
    "kick": 0.0, "snare": 0.05, "hat_closed": 0.35, "hat_open": 0.35, "tom_low": -0.45, "tom_mid": -0.1,
    "tom_high": 0.2, "crash": -0.4, "ride": 0.5,
}  # fmt: skip
# A visitor is heard from where they hang on the wall, so far out of the way to the speaker; bass stays in the middle.
REACH = {"kick": 0.15, "tom_low": 0.4}
WIDEST_REACH = 0.65
BUILT_IN = {
    "kick": "kick", "snare": "snare", "hat_closed": "hat_closed", "hat_open": "hat_open", "tom_low": "tom",
    "tom_mid": "tom", "tom_high": "tom", "crash": "cymbal", "ride": "cymbal",
}  # fmt: skip
BUILT_IN_SEED = 2019

Samples = NDArray[np.float32]


def pan_of(drum: str, across: float | None) -> float:
    """The place between the speakers of somebody who plays `drum` and hangs at `across` (-1 … 1) of the wall.

    None, who is not on the wall (yet), sounds from where the house's own drum would.
    """
    return PAN[drum] if across is None else across * REACH.get(drum, WIDEST_REACH)


def cut(samples: Samples, rate_hz: int, onset_s: float, duration_s: float, label: str) -> Samples:
    """The sound of at most `duration_s` that begins at `onset_s` of a take [frames], faded, levelled."""
    until = onset_s + min(duration_s, LONGEST_SECONDS.get(label, LONGEST))
    first = max(round((onset_s - BEFORE_SECONDS) * rate_hz), 0)
    last = max(round(until * rate_hz), first + round(0.03 * rate_hz))
    sound = samples[first:last].astype(np.float32).copy()
    if sound.size == 0:
        return np.zeros(round(0.03 * rate_hz), np.float32)
    sound -= np.float32(sound.mean())
    fade = min(round(FADE_SECONDS * rate_hz), sound.size)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32) ** 2
    rise = min(round(BEFORE_SECONDS * rate_hz), sound.size)
    sound[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    return levelled(sound, rate_hz)


def levelled(sound: Samples, rate_hz: int) -> Samples:
    """`sound` as loud as all others, its peak within bounds."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak <= 0.0:
        return sound
    gain = min(10 ** ((TARGET_LUFS - loudness_lufs(sound, rate_hz)) / 20), PEAK / peak, MOST_GAIN)
    return (sound * np.float32(gain)).astype(np.float32)


def loudness_lufs(sound: Samples, rate_hz: int) -> float:
    """Momentary loudness of the loudest 400 ms of a sound [frames], one channel, after ITU-R BS.1770-4."""
    window = round(LOUDNESS_SECONDS * rate_hz)
    frames = sound.size + 2 * window  # room for the filters to ring out, and never less than a window
    spectrum = np.fft.rfft(sound.astype(np.float64), frames)
    heard = np.fft.irfft(spectrum * _weighting(np.fft.rfftfreq(frames, 1 / rate_hz)), frames)
    sums = np.concatenate([[0.0], np.cumsum(heard**2)])
    power = float((sums[window:] - sums[:-window]).max()) / window
    return -0.691 + 10 * math.log10(max(power, 1e-20))


def _weighting(frequencies_hz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """The recommendation's two filters (a head, and deaf to the lowest), whose coefficients it gives for 48 kHz."""
    z = np.exp(-2j * np.pi * np.minimum(frequencies_hz, 24_000) / 48_000)
    head = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    deaf = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weighting: NDArray[np.complexfloating] = head * deaf
    return weighting


def built_in(rate_hz: int) -> dict[str, Samples]:
    """The kit that plays while nobody has recorded: synthesised, one voice for each drum, always the same."""
    kit = {}
    for number, (drum, label) in enumerate(BUILT_IN.items()):
        rng = np.random.default_rng((BUILT_IN_SEED, number))
        kit[drum] = levelled(synthesis.hit(label, rng, rate_hz, voice="drum"), rate_hz)
    return kit
