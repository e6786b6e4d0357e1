"""Time that bites its own tail: noise, slow curves, events and rooms on a circle, so that every ambience loops.

Lives here: `Circle`, the canvas on which all procedural ambiences are made. Filters are applied to the whole circle
at once (in the spectrum), events that run over the end go on at the beginning, and a reverberation tail falls on
what begins again: there is no seam to hide. Must not live here: what makes a wave a wave (`water.py`, `air.py`, …).

Signals are float32 [frames], stereo float32 [frames, 2]. A profile is a tuple of (Hz, dB) points, straight lines
between them on a logarithmic frequency axis, flat beyond its ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Signal = NDArray[np.floating]  # made in float32; what is computed on the way may be wider
Stereo = NDArray[np.floating]
Places = NDArray[np.int64]
Generator = np.random.Generator
Profile = tuple[tuple[float, float], ...]

EARS_S = 0.00038  # how much later a sound from one side reaches the other ear, at most
FLAT: Profile = ((1000.0, 0.0),)


def between(rng: Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def scaled(rng: Generator, low: float, high: float) -> float:
    """Log-uniform: the ear hears pitches, sizes and durations as ratios."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng: Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def gain(db: float) -> float:
    return float(10 ** (db / 20))


def response(profile: Profile, pitches_hz: NDArray[np.floating]) -> Signal:
    """Linear gain of a profile at each pitch."""
    hz, db = np.array(profile, np.float64).T
    return (10 ** (np.interp(np.log(np.maximum(pitches_hz, 1.0)), np.log(hz), db) / 20)).astype(np.float32)


def around(profile: Profile, rng: Generator, spread_db: float = 2.5) -> Profile:
    """The profile of another place of the same kind: every point moved by a few dB, all pitches together a little."""
    shift = float(np.exp(rng.normal(0, 0.08)))
    return tuple((hz * shift, db + float(rng.normal(0, spread_db))) for hz, db in profile)


def level(x: Signal) -> float:
    """Root mean square; a stereo signal's is that of both channels."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) + 1e-12


@dataclass(frozen=True)
class Circle:
    """`frames` samples at `rate_hz` after which everything begins again; `rng` decides everything that is drawn."""

    rng: Generator
    frames: int
    rate_hz: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate_hz

    # ---- noise and curves --------------------------------------------------------------------------------------

    def noise(self, profile: Profile = FLAT) -> Signal:
        """Gaussian noise of a spectral shape, unit RMS, [frames]. The profile is of density, dB per Hz."""
        bins = self.frames // 2 + 1
        gains = response(profile, fft.rfftfreq(self.frames, 1 / self.rate_hz))
        gains[0] = 0
        spectrum = np.empty(bins, np.complex64)
        spectrum.real = self.rng.standard_normal(bins, np.float32)
        spectrum.imag = self.rng.standard_normal(bins, np.float32)
        x = fft.irfft(spectrum * gains, self.frames)
        return np.asarray(x / level(x), np.float32)

    def wide_noise(self, profile: Profile = FLAT, width: float = 0.8) -> Stereo:
        """Noise that surrounds: two channels of unit RMS whose correlation is 1 - width, [frames, 2]."""
        middle, left, right = self.noise(profile), self.noise(profile), self.noise(profile)
        inner, outer = np.float32(np.sqrt(1 - width)), np.float32(np.sqrt(width))
        return np.stack([inner * middle + outer * left, inner * middle + outer * right], 1)

    def filtered(self, x: Signal, profile: Profile) -> Signal:
        """x through a profile without delay; [frames] or [frames, channels]."""
        gains = response(profile, fft.rfftfreq(self.frames, 1 / self.rate_hz))
        spectrum = fft.rfft(x, axis=0) * (gains if x.ndim == 1 else gains[:, None])
        return np.asarray(fft.irfft(spectrum, self.frames, axis=0), np.float32)

    def curve(self, fastest_hz: float, slowest_hz: float = 0.0) -> Signal:
        """Something that wanders: periodic Gaussian curve of unit variance, its spectrum falling up to fastest_hz."""
        lowest = max(int(slowest_hz * self.seconds), 1)
        highest = max(int(np.ceil(fastest_hz * self.seconds)), lowest + 1)
        spectrum = np.zeros(self.frames // 2 + 1, np.complex64)
        orders = np.arange(lowest, min(highest + 1, spectrum.size))
        draws = self.rng.standard_normal((2, orders.size)).astype(np.float32)
        spectrum[orders] = (draws[0] + 1j * draws[1]) / np.sqrt(orders)
        x = fft.irfft(spectrum, self.frames)
        return np.asarray(x / level(x), np.float32)

    def swell(self, fastest_hz: float, spread_db: float, slowest_hz: float = 0.0) -> Signal:
        """A gain that comes and goes, log-normal: spread_db is its standard deviation. [frames], mean square 1."""
        x = 10 ** (self.curve(fastest_hz, slowest_hz) * np.float32(spread_db / 20))
        return np.asarray(x / level(x), np.float32)

    def phase(self, pitch_hz: Signal) -> Signal:
        """Phase [radians] of an oscillator that follows pitch_hz [frames] and closes after whole turns."""
        turns = np.cumsum(pitch_hz, dtype=np.float64) / self.rate_hz
        turns *= max(round(float(turns[-1])), 1) / turns[-1]
        return np.asarray(2 * np.pi * np.mod(turns, 1.0), np.float32)

    def whistle(self, pitch_hz: Signal, width_hz: float) -> Signal:
        """Narrow noise whose centre moves along pitch_hz [frames]: wind in a gap, a howl. Unit RMS."""
        slow = 10 * np.log10(1e-3)
        shape: Profile = ((max(width_hz / 4, 1.1), 0.0), (max(width_hz / 2, 2.0), -6.0), (width_hz * 3, slow))
        phase = self.phase(pitch_hz)
        x = self.noise(shape) * np.cos(phase) + self.noise(shape) * np.sin(phase)
        return np.asarray(x / level(x), np.float32)

    # ---- events ----------------------------------------------------------------------------------------------

    def moments(self, per_s: float) -> Places:
        """Starts of independent events (a Poisson process), sorted [events]."""
        return np.sort(self.rng.integers(self.frames, size=self.rng.poisson(per_s * self.seconds)))

    def paces(self, every_s: float, unevenness: float) -> Places:
        """Starts of events about every_s apart; unevenness is the gaps' relative standard deviation. At least one."""
        count = max(round(self.seconds / every_s), 1)
        gaps = np.exp(self.rng.normal(0, unevenness, count))
        starts = np.cumsum(gaps) / gaps.sum() * self.frames + self.rng.integers(self.frames)
        return np.sort(starts.astype(np.int64) % self.frames)

    def silence(self) -> Stereo:
        return np.zeros((self.frames, 2), np.float32)

    def lay(self, onto: Stereo, sound: Signal, at: int, gain: float = 1.0, pan: float = 0.0) -> None:
        """Add a sound [frames'] or [frames', 2] to a stereo circle from `at` on; what exceeds the end begins anew.

        Pan is -1 (left) … 1 (right), by level and by the ears' distance. A sound longer than the circle wraps often.
        """
        if sound.ndim == 2:
            for channel in (0, 1):
                self._wrap(onto[:, channel], sound[:, channel], at, gain)
            return
        angle = (pan + 1) * np.pi / 4
        late = round(abs(pan) * EARS_S * self.rate_hz)
        self._wrap(onto[:, 0], sound, at + (late if pan > 0 else 0), gain * float(np.cos(angle)))
        self._wrap(onto[:, 1], sound, at + (late if pan < 0 else 0), gain * float(np.sin(angle)))

    def _wrap(self, onto: Signal, sound: Signal, at: int, gain: float) -> None:
        at, done = at % self.frames, 0
        while done < sound.size:
            part = sound[done : done + self.frames - at]
            onto[at : at + part.size] += np.float32(gain) * part
            done, at = done + part.size, 0

    def scatter(self, onto: Stereo, grains: list[Signal], per_s: float, spread_db: float, width: float = 1.0) -> None:
        """Throw grains at random: when, which, how loud (spread_db: standard deviation), from where (±width)."""
        places = self.moments(per_s)
        which = self.rng.integers(len(grains), size=places.size)
        gains = 10 ** (self.rng.normal(0, spread_db, places.size) / 20)
        pans = self.rng.uniform(-width, width, places.size)
        for at, grain, loud, pan in zip(places.tolist(), which.tolist(), gains.tolist(), pans.tolist(), strict=True):
            self.lay(onto, grains[grain], at, loud, pan)

    # ---- space -----------------------------------------------------------------------------------------------

    def placed(self, x: Signal, pan: Signal | float) -> Stereo:
        """A mono signal at a direction that may move, [frames, 2]; equal power."""
        angle = (np.clip(pan, -1, 1) + 1) * np.float32(np.pi / 4)
        return np.asarray(np.stack([x * np.cos(angle), x * np.sin(angle)], 1), np.float32)

    def room(self, x: Stereo, decay_s: float, wet: float, dark_hz: float = 4000.0, before_s: float = 0.01) -> Stereo:
        """x with the reverberation of a place: diffuse, different in each ear, its treble dying first.

        Args:
            x: [frames, 2].
            decay_s: -60 dB after so long below dark_hz, a third of it above.
            wet: RMS of the reverberation relative to that of x.
            dark_hz: where the treble begins.
            before_s: delay of the first reflection.
        """
        frames = min(round((decay_s + before_s) * self.rate_hz), self.frames)
        t = np.arange(frames, dtype=np.float32) / self.rate_hz - np.float32(before_s)
        tail = np.zeros((self.frames, 2), np.float32)
        pitches = fft.rfftfreq(frames, 1 / self.rate_hz)
        lows = 1 / (1 + (pitches / dark_hz) ** 4)
        for channel in (0, 1):
            spectrum = fft.rfft(self.rng.standard_normal(frames).astype(np.float32))
            low = fft.irfft(spectrum * lows, frames) * np.exp(-6.9 * t / decay_s)
            high = fft.irfft(spectrum * (1 - lows), frames) * np.exp(-6.9 * t / (decay_s / 3))
            tail[:frames, channel] = (low + 0.5 * high) * (t >= 0)
        middle = fft.rfft(x, axis=0)
        crossed = 0.7 * middle + 0.3 * middle[:, ::-1]
        late = np.asarray(fft.irfft(crossed * fft.rfft(tail, axis=0), self.frames, axis=0), np.float32)
        return x + late * np.float32(wet * level(x) / level(late))

    def far(self, x: Signal, metres: float) -> Signal:
        """What the air leaves of a sound: treble falls with distance (about 8 kHz at 100 m, 2.5 kHz at 1 km)."""
        edge_hz = float(np.clip(80_000 / np.sqrt(max(metres, 1.0)), 900, 16_000))
        return self.filtered(x, ((edge_hz / 2, 0.0), (edge_hz, -4.0), (edge_hz * 3, -30.0)))

    def mixed(self, *parts: tuple[float, Stereo]) -> Stereo:
        """Parts added at levels in dB: each is brought to unit RMS first, so that a level means what it says."""
        out = self.silence()
        for db, part in parts:
            out += part * np.float32(gain(db) / level(part))
        return out
