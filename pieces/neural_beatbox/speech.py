"""Whether somebody speaks in a take instead of performing: then its sounds are percussion, whatever they resemble.

Speech is vowels, with what lies between them: much of the time that it sounds, a voice is heard with its overtones.
A mouth that imitates drums holds few of them, and those drums that have a voice (a snare that is a long "kah", a
hummed kick) are drums to the network all the same; of speech it is not sure, and takes some of it for percussion.
Neither says enough by itself. Pitch by autocorrelation, corrected for its window (Boersma 1993).

Both thresholds were set on takes of 26 people's mouth sounds, heard by networks that had not heard them, on drum
machines, and on what four recorded and six computed voices say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FRAME_S, STEP_S = 0.04, 0.01
PITCHES_HZ = (80.0, 400.0)
PERIODIC = 0.6  # of the autocorrelation at the pitch
OVERTONES = 0.15  # of the power that lies above 2.5 times the pitch: a tom and a kick have none to speak of
BESIDE_DB = 20.0  # what is so much softer than the loudest of a take does not count
VOWEL_S = 0.04  # that a vowel lasts, at least
VOICED = 0.25  # of the time that a take sounds are vowels where somebody speaks
UNSURE = 0.06  # is what the network then gives percussion, in the mean of all sounds
LONGEST_S = 1.5  # of a sound that is looked at


def spoken(sounds: Sequence[NDArray[np.float32]], percussion: float, rate_hz: int) -> bool:
    """Whether somebody speaks in a take.

    Args:
        sounds: float32 [frames] each, from its onset to the next.
        percussion: the probability that the network gives this label, in the mean of all sounds.
        rate_hz: their sampling rate.
    """
    return percussion >= UNSURE and voiced(sounds, rate_hz) >= VOICED


def voiced(sounds: Sequence[NDArray[np.float32]], rate_hz: int) -> float:
    """Share of the time that the `sounds` of a take, [frames] each, are vowels: periodic, and rich in overtones."""
    looks = [_look(sound[: int(LONGEST_S * rate_hz)].astype(np.float64), rate_hz) for sound in sounds]
    loudest_db = max((level_db.max(initial=-np.inf) for level_db, _ in looks), default=-np.inf)
    sounding = vowels = 0
    for level_db, vowel in looks:
        loud = level_db > loudest_db - BESIDE_DB
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (vowel & loud).astype(int), [0]])))
        lengths = edges[1::2] - edges[::2]
        sounding += int(loud.sum())
        vowels += int(lengths[lengths >= round(VOWEL_S / STEP_S)].sum())
    return vowels / max(sounding, 1)


def _look(sound: NDArray[np.float64], rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """sound [frames] -> its level in dB and whether it is a voice with overtones, [steps] each."""
    size, step = round(FRAME_S * rate_hz), round(STEP_S * rate_hz)
    if sound.size < size:
        return np.zeros(0), np.zeros(0, bool)
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::step] * window
    bins = 1 << int(np.ceil(np.log2(2 * size)))
    power = np.abs(np.fft.rfft(frames, bins)) ** 2  # [steps, bins / 2 + 1]
    shortest, longest = round(rate_hz / PITCHES_HZ[1]), round(rate_hz / PITCHES_HZ[0])
    alike = np.fft.irfft(power)[:, : longest + 1]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, bins)) ** 2)[: longest + 1]
    alike = alike / (alike[:, :1] + 1e-12) / (own / own[0])
    period = alike[:, shortest:].argmax(1) + shortest  # samples
    total = power.sum(1) + 1e-12
    above = np.cumsum(power[:, ::-1], 1)[:, ::-1]  # power from a bin upwards
    steps, first = np.arange(len(power)), np.ceil(2.5 * bins / period).astype(int)
    rich = above[steps, np.minimum(first, power.shape[1] - 1)] > OVERTONES * total
    return 10 * np.log10(total), (alike[steps, period] > PERIODIC) & rich
