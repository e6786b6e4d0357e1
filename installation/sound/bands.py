"""Sound cut into short stretches, and how strong each is in a few bands of frequency. Knows no device and no time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.piece import Sound

HOP_SECONDS = 0.01067  # from one stretch to the next; a stretch is two hops long
EDGES_HZ = (0, 200, 500, 1000, 2000, 4000, 8000, 16000)
SILENT_DB = -120.0

Spectra = NDArray[np.complex128]  # [stretches, bins]
Bands = NDArray[np.float64]  # [stretches, bands], dB relative to full scale


class Analysis:
    """Stretches of sound at one rate, under a Hann window, whose halves add up to the sound again."""

    def __init__(self, rate_hz: int) -> None:
        self.hop = round(HOP_SECONDS * rate_hz)
        length = 2 * self.hop
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)
        frequencies = np.fft.rfftfreq(length, 1 / rate_hz)
        self._of_bin = np.searchsorted(EDGES_HZ, frequencies, side="right") - 1  # the band of each bin
        self.bands = int(self._of_bin[-1]) + 1
        self._first = np.searchsorted(self._of_bin, np.arange(self.bands))
        self._scale = (
            2.0 / float(np.sum(self._window**2)) / length
        )  # Parseval: the sum of all bins is the mean square

    def spectra(self, samples: Sound) -> Spectra:
        """`samples` [(stretches + 1) · hop] → the spectrum of each stretch."""
        halves = np.asarray(samples, np.float64).reshape(-1, self.hop)
        return np.fft.rfft(np.concatenate([halves[:-1], halves[1:]], axis=1) * self._window)

    def levels_db(self, *channels: Spectra) -> Bands:
        """How strong each stretch is in each band, all `channels` together."""
        bins = np.sum([np.abs(spectra) ** 2 for spectra in channels], axis=0)
        power = np.add.reduceat(bins, self._first, axis=1) * self._scale
        return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENT_DB / 10))))

    def only(self, spectra: Spectra, bands: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The stretches, [stretches, 2 · hop], with nothing but the bands that `bands` [stretches, bands] names."""
        return np.asarray(np.fft.irfft(spectra * bands[:, self._of_bin], 2 * self.hop))
