"""Takes whose every onset is known to the sample: hits laid out in time, then heard through a room and a microphone.

Lives here: `compose`, which makes a stand-in visitor's take or a training example, and the ways in which galleries
spoil sound (rooms, rumble, dull microphones, noise, speech, clipping), each a pure function of samples. Must not
live here: how a hit itself sounds (`synthesis.py`) and networks. A take's onset is where its hit departs from
silence; a room or a microphone moves none of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from pieces.neural_beatbox import mouth_voices, synthesis
from pieces.neural_beatbox.synthesis import Label, Samples

Generator = np.random.Generator
HitSource = Callable[[Generator], tuple[Samples, Label]]
"""Draws one hit with its onset at sample 0: samples [frames] at the take's rate, and its label."""


@dataclass(frozen=True)
class Take:
    """samples float32 [frames] mono; onsets_s ascending; labels[i] belongs to onsets_s[i]."""

    samples: Samples
    onsets_s: tuple[float, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Surroundings:
    """Between mouth and file. Levels in dB relative to the take's own loudest part; None leaves a stage out."""

    rt60_s: float | None = None
    distance: float = 0.5  # 0 = at the lips, 1 = across the room: how much of the sound is reflection
    response_db: tuple[float, ...] | None = None  # microphone, at RESPONSE_HZ
    rumble_db: float | None = None
    noise_db: float | None = None
    noise_slope: float = 0.0  # 0 white, 1 pink, 2 brown
    speech_db: float | None = None
    breath_db: float | None = None
    clip: float | None = None  # full scale as a fraction of the peak
    gain_db: float = -3.0


RESPONSE_HZ = (30, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 16000)
STUDIO = Surroundings()


def surroundings(rng: Generator) -> Surroundings:
    """Any gallery: from a good microphone at the lips (one in four) to a laptop across a stone hall."""
    if rng.random() < 0.25:
        hush = float(rng.uniform(-70, -35)) if rng.random() < 0.6 else None
        flat = tuple(float(level) for level in rng.normal(0, 1.5, len(RESPONSE_HZ)))
        return Surroundings(response_db=flat, noise_db=hush, noise_slope=1.0, gain_db=float(rng.uniform(-30, 0)))
    microphone = rng.choice(3, p=[0.15, 0.5, 0.35])
    response = rng.normal(0, 3.5, len(RESPONSE_HZ)) if microphone else np.zeros(len(RESPONSE_HZ))
    if microphone == 2:  # dull: no bass, no air
        pitches = np.array(RESPONSE_HZ)
        bass, air = rng.uniform(80, 400), rng.uniform(2500, 8000)
        response = response - rng.uniform(6, 18) * np.log2(np.maximum(bass / pitches, 1))
        response = response - rng.uniform(6, 24) * np.log2(np.maximum(pitches / air, 1))
    return Surroundings(
        rt60_s=float(np.exp(rng.uniform(np.log(0.1), np.log(1.3)))) if rng.random() < 0.65 else None,
        distance=float(rng.uniform(0.1, 1.0)),
        response_db=tuple(float(level) for level in response),
        rumble_db=float(rng.uniform(-15, 5)) if rng.random() < 0.45 else None,
        noise_db=float(rng.uniform(-65, -12)) if rng.random() < 0.75 else None,
        noise_slope=float(rng.uniform(0, 2)),
        speech_db=float(rng.uniform(-40, -18)) if rng.random() < 0.08 else None,
        breath_db=float(rng.uniform(-36, -14)) if rng.random() < 0.3 else None,
        clip=float(rng.uniform(0.15, 0.9)) if rng.random() < 0.12 else None,
        gain_db=float(rng.uniform(-30, 0)),
    )


def voices(voice: synthesis.Voice, rate_hz: int, labels: Sequence[Label] = synthesis.LABELS) -> HitSource:
    """A source that synthesises every hit anew."""

    def draw(rng: Generator) -> tuple[Samples, Label]:
        label = labels[int(rng.integers(len(labels)))]
        return synthesis.hit(label, rng, rate_hz, voice), label

    return draw


def compose(
    rng: Generator,
    rate_hz: int,
    seconds: float = 6.0,
    source: HitSource | None = None,
    hits: int | None = None,
    around: Surroundings | None = None,
    shortest_gap_s: float = 0.09,
    background: Samples | None = None,
) -> Take:
    """A take with exact annotations.

    Args:
        rng: decides everything.
        rate_hz: rate of the take and of what `source` draws.
        seconds: length of the take.
        source: where hits come from; None synthesises a mouth's.
        hits: how many; None draws a busy or a sparse performer. Those that do not fit are left out.
        around: room and microphone; None draws `surroundings`.
        shortest_gap_s: between two onsets.
        background: recorded ambience of at least the take's length, in place of coloured noise.

    Returns:
        Take of round(seconds * rate_hz) frames, peak at most 1.
    """
    source = source or voices("mouth", rate_hz)
    frames = round(seconds * rate_hz)
    onsets = _rhythm(rng, seconds, hits, shortest_gap_s)
    samples = np.zeros(frames, np.float32)
    labels = []
    for onset in (np.asarray(onsets) * rate_hz).round().astype(int):
        sound, label = source(rng)
        room = min(sound.size, frames - onset)
        samples[onset : onset + room] += np.float32(10 ** (rng.uniform(-10, 0) / 20)) * sound[:room]
        labels.append(label)
    times = tuple(float(round(at * rate_hz) / rate_hz) for at in onsets)
    heard = through(samples, rate_hz, rng, surroundings(rng) if around is None else around, background)
    return Take(heard, times, tuple(labels))


def _rhythm(rng: Generator, seconds: float, hits: int | None, shortest_gap_s: float) -> list[float]:
    """Onsets [s]: a loose grid of sixteenths, or no grid at all, never closer than the shortest gap."""
    first, last = min(rng.uniform(0.05, 0.4), seconds / 2), seconds - 0.12
    if rng.random() < 0.5:
        step = 60 / rng.uniform(70, 170) / 4
        grid = np.arange(first, last, step)
        chosen = grid[rng.random(grid.size) < rng.uniform(0.25, 0.8)]
        chosen = chosen + rng.normal(0, 0.012, chosen.size)
    else:
        gaps = np.exp(rng.normal(np.log(rng.uniform(0.1, 0.7)), 0.45, int(seconds * 12) + 1))
        chosen = first + np.cumsum(gaps) - gaps[0]
    if hits is not None:
        chosen = np.sort(rng.uniform(first, last, 4 * hits)) if chosen.size < hits else chosen
    kept: list[float] = []
    for at in np.sort(chosen):
        if 0.005 <= at < last and (not kept or at - kept[-1] >= shortest_gap_s):
            kept.append(float(at))
    if hits is not None and len(kept) > hits:
        kept = [kept[i] for i in np.sort(rng.choice(len(kept), hits, replace=False))]
    return kept


def through(
    samples: Samples, rate_hz: int, rng: Generator, around: Surroundings, background: Samples | None = None
) -> Samples:
    """samples [frames] as the file would hold them after `around`: same length, onsets unmoved."""
    x = samples
    if around.rt60_s is not None:
        x = room(x, rate_hz, rng, around.rt60_s, around.distance)
    if around.speech_db is not None:
        x = x + at_level(speech(rng, rate_hz, x.size), x, around.speech_db)
    if around.breath_db is not None:
        x = x + at_level(breaths(rng, rate_hz, x.size), x, around.breath_db)
    if around.noise_db is not None:
        noise = coloured_noise(rng, x.size, around.noise_slope) if background is None else background[: x.size]
        x = x + at_level(noise, x, around.noise_db)
    if around.response_db is not None:
        x = microphone(x, rate_hz, around.response_db)
    if around.rumble_db is not None:
        x = rumble(x, rate_hz, rng, around.rumble_db)
    peak = float(np.abs(x).max(initial=0.0)) or 1.0
    if around.clip is not None:
        x = np.clip(x, -around.clip * peak, around.clip * peak)
        peak *= around.clip
    return (x * (10 ** (around.gain_db / 20) / peak)).astype(np.float32)


def loudness(x: Samples) -> float:
    """Root mean square of the loud part (frames above a hundredth of the peak): pauses do not count."""
    loud = x[np.abs(x) > 0.01 * np.abs(x).max(initial=0.0)]
    return float(np.sqrt(np.mean(np.square(loud, dtype=np.float64)))) if loud.size else 0.0


def at_level(disturbance: Samples, reference: Samples, level_db: float) -> Samples:
    """The disturbance, scaled to level_db relative to the loudness of the reference."""
    own = float(np.sqrt(np.mean(np.square(disturbance, dtype=np.float64)))) or 1.0
    return (disturbance * (loudness(reference) * 10 ** (level_db / 20) / own)).astype(np.float32)


def room(samples: Samples, rate_hz: int, rng: Generator, rt60_s: float, distance: float = 0.5) -> Samples:
    """A diffuse room (Polack: Gaussian noise under an exponential), air and walls taking the treble first.

    Args:
        samples: float32 [frames].
        rt60_s: seconds until the reflections have fallen by 60 dB.
        distance: 0 dry, 1 reverberant energy 6 dB above the direct sound.
    """
    length = max(int(rt60_s * rate_hz), 16)
    t = np.arange(length, dtype=np.float32) / rate_hz
    walls = rng.standard_normal(length).astype(np.float32)
    bright = walls * np.exp(-6.9 * t / (rt60_s * rng.uniform(0.3, 0.8)))
    dark = np.asarray(signal.lfilter([0.25], [1, -0.75], walls), np.float32) * np.exp(-6.9 * t / rt60_s)
    response = 0.5 * bright + dark
    gap = int(rng.uniform(0.001, 0.02) * rate_hz)
    response[: min(gap, length)] = 0
    energy = 4.0 * distance**2
    response *= np.sqrt(energy / (np.square(response).sum() + 1e-12))
    response[0] = 1.0
    return convolve(samples, response)


def convolve(samples: Samples, response: NDArray[np.float32]) -> Samples:
    """Linear convolution cut to the length of samples."""
    size = fft.next_fast_len(samples.size + response.size - 1, real=True)
    spectrum = fft.rfft(samples.astype(np.float32), size) * fft.rfft(response.astype(np.float32), size)
    return np.asarray(fft.irfft(spectrum, size)[: samples.size], np.float32)


def microphone(samples: Samples, rate_hz: int, response_db: Sequence[float]) -> Samples:
    """Magnitude response given in dB at RESPONSE_HZ, minimum phase as microphones are: nothing rings ahead."""
    size = 1024
    pitches = np.fft.rfftfreq(size, 1 / rate_hz)
    levels = np.interp(np.log2(np.maximum(pitches, 20)), np.log2(RESPONSE_HZ), response_db)
    cepstrum = np.fft.irfft(levels * np.log(10) / 20, size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum, size)), size)[: size // 2]
    return np.asarray(signal.oaconvolve(samples, impulse.astype(np.float32))[: samples.size], np.float32)


def rumble(samples: Samples, rate_hz: int, rng: Generator, level_db: float = 0.0) -> Samples:
    """Traffic and ventilation: noise below 150 Hz at level_db relative to the voice."""
    sections = signal.butter(4, 150, fs=rate_hz, output="sos")
    low = np.asarray(signal.sosfilt(sections, rng.standard_normal(samples.size)), np.float32)
    return samples + at_level(low, samples, level_db)


def dull(samples: Samples, rate_hz: int) -> Samples:
    """A laptop's microphone behind its grille: nothing below 200 Hz, little above 4 kHz."""
    nyquist = 0.49 * rate_hz
    high = signal.butter(2, min(200, nyquist), "highpass", fs=rate_hz, output="sos")
    low = signal.butter(2, min(4000, nyquist), fs=rate_hz, output="sos")
    return np.asarray(signal.sosfilt(np.concatenate([high, low]), samples), np.float32)


def coloured_noise(rng: Generator, frames: int, slope: float) -> Samples:
    """Noise whose power falls with frequency to the given power: 0 white, 1 pink, 2 brown."""
    size = fft.next_fast_len(max(frames, 16), real=True)
    spectrum = fft.rfft(rng.standard_normal(size, dtype=np.float32))
    spectrum *= np.maximum(np.arange(spectrum.size, dtype=np.float32), size / 1000) ** (-slope / 2)
    return np.asarray(fft.irfft(spectrum, size)[:frames], np.float32)


def speech(rng: Generator, rate_hz: int, frames: int) -> Samples:
    """Someone talks: syllables in phrases with pauses."""
    samples = np.zeros(frames, np.float32)
    at = int(rng.uniform(0, 0.3) * rate_hz)
    while at < frames:
        sound = mouth_voices.syllable(rng, rate_hz).astype(np.float32)[: frames - at]
        samples[at : at + sound.size] += np.float32(rng.uniform(0.3, 1)) * sound
        pause = rng.uniform(0.3, 1.0) if rng.random() < 0.15 else rng.uniform(0, 0.05)
        at += int(sound.size * 0.8 + pause * rate_hz)
    return samples


def breaths(rng: Generator, rate_hz: int, frames: int) -> Samples:
    """Performers inhale: swells of noise without a beginning one could tap to, every second or so."""
    samples = np.zeros(frames, np.float32)
    at = int(rng.uniform(0, 0.8) * rate_hz)
    while at < frames:
        length = int(rng.uniform(0.15, 0.6) * rate_hz)
        sections = signal.butter(
            1, [rng.uniform(300, 1500), rng.uniform(2500, 9000)], "band", fs=rate_hz, output="sos"
        )
        air = np.asarray(signal.sosfilt(sections, rng.standard_normal(length)), np.float32)
        air *= (np.hanning(length) ** rng.uniform(0.7, 2)).astype(np.float32)
        samples[at : at + length] += air[: frames - at]
        at += length + int(rng.uniform(0.3, 2) * rate_hz)
    return samples
