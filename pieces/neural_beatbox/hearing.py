"""How Neural Beatbox hears: a visitor's take goes in, hits with onset, drum, pitch and loudness come out.

Lives here: the network (`HearingNetwork`) and its use on any sound (`Hearing`). Must not live here: training,
files, and what is done with the hits.

One network has two heads on one log-mel picture with 5 ms columns. The onset head, a dilated temporal convolution,
says for each column how near it is to the beginning of a sound; the class head looks at 1.1 s around a beginning,
finely at first, and names the drum, after asking two small plain networks for their opinions (`second_opinion.py`).
The hits of a take are one visitor's, and heard together (`together.py`). A one-shot file is heard as a hit within a
take is, so that both agree.
(Joint onset-and-class networks for vocal percussion: Delgado et al. 2021; attention pooling: Ilse et al. 2018.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.networks import weights
from installation.networks.rates import at_rate
from installation.networks.threads import threads
from pieces.neural_beatbox.onsets import beginnings
from pieces.neural_beatbox.second_opinion import LESSONS, WEIGHT, Looks, SecondOpinion, excerpts
from pieces.neural_beatbox.speech import spoken
from pieces.neural_beatbox.synthesis import LABELS
from pieces.neural_beatbox.together import Impressions, together

__all__ = ["LABELS", "HeardHit", "Hearing", "HearingNetwork", "hit_pitch_hz", "tom_register"]

NAME = "neural_beatbox.hearing"
RATE_HZ = 24_000
HOP = 120
FRAMES_PER_S = RATE_HZ / HOP
LONG_BANDS, SHORT_BANDS, LOW_BANDS = 64, 32, 32
BANDS = LONG_BANDS + SHORT_BANDS + LOW_BANDS
LOW_STEP = 4  # columns that share one look at the bass: it takes 128 ms to tell 60 Hz from 75
BEFORE, FINE, COARSE, MERGED = 8, 64, 32, 5  # the class head's window: 64 columns of 5 ms, 8 of them before the
CROP = FINE + COARSE  # onset, then 32 columns of 25 ms: a cymbal is told from an open hat by its second half
FLOOR = 1e-3  # power added before the logarithm: 75 dB below a full-scale sine
SILENCE = float(np.log10(FLOOR) / 4)  # what the pictures show of it
AROUND = 34  # columns that the onset head sees to either side
LEAD = 12  # columns of silence put before a file
POINTS_FIRST = 0.5  # what the class head's point of a sound counts beside one of a second opinion's
SPOKEN, PERCUSSION = 0.7, LABELS.index("percussion")  # how sure we are of what is a syllable
QUIETEST_PEAK = 10 ** (-54 / 20)  # a take that never exceeds this holds no sound
DEEP_HZ = 150.0  # what lies below does not tell whether somebody performs
LONGEST_S = 120.0

Register = Literal["low", "mid", "high"]


@dataclass(frozen=True)
class HeardHit:
    """One sound in a take.

    onset_s and duration_s in seconds of the take; probabilities float32 [9] in the order of LABELS, label its
    largest and confidence that value; pitch_hz and register for toms only; peak in the take's own full scale.
    """

    onset_s: float
    duration_s: float
    label: str
    probabilities: NDArray[np.float32]
    confidence: float
    pitch_hz: float | None
    register: Register | None
    peak: float


class Features(nn.Module):
    """Samples at 24 kHz [batch, frames] -> three pictures of power, one above the other, [batch, BANDS, columns].

    Long windows for timbre and short ones for time, both in mels; below, very long ones whose bands are an eighth of
    an octave wide from 40 Hz on, because a kick and a tom differ in little but their pitch.
    """

    octaves: Tensor

    def __init__(self) -> None:
        super().__init__()
        shared = {"sample_rate": RATE_HZ, "hop_length": HOP, "pad_mode": "constant", "f_min": 30.0}
        self.long = torchaudio.transforms.MelSpectrogram(n_fft=1024, win_length=768, n_mels=LONG_BANDS, **shared)
        self.short = torchaudio.transforms.MelSpectrogram(n_fft=256, n_mels=SHORT_BANDS, norm=None, **shared)
        self.low = torchaudio.transforms.Spectrogram(
            n_fft=4096, win_length=3072, hop_length=HOP * LOW_STEP, pad_mode="constant"
        )
        self.register_buffer("octaves", _eighths_of_octaves(self.low.n_fft), persistent=False)

    @torch.no_grad()
    def forward(self, samples: Tensor) -> Tensor:
        long, short = self.long(samples), self.short(samples)
        bins = self.low(samples)[:, : self.octaves.shape[1]]  # [batch, bins, columns / LOW_STEP]
        low = torch.matmul(self.octaves, bins).repeat_interleave(LOW_STEP, dim=2)[:, :, : long.shape[2]]
        pictures = torch.cat([long, short * 9, low / 6], dim=1)  # [batch, BANDS, columns]
        return torch.log10(pictures + FLOOR) / 4


def _eighths_of_octaves(n_fft: int) -> Tensor:
    """Triangles of weight one, an eighth of an octave apart from 40 Hz on: [LOW_BANDS, bins]."""
    centres = 40.0 * 2 ** (torch.arange(LOW_BANDS + 2) / 8 - 1 / 8)
    step_hz = RATE_HZ / n_fft
    bins = torch.arange(int(centres[-1] / step_hz) + 2) * step_hz
    below = torch.maximum(centres[1:-1] - centres[:-2], torch.tensor(step_hz))[:, None]
    above = torch.maximum(centres[2:] - centres[1:-1], torch.tensor(step_hz))[:, None]
    away = bins - centres[1:-1, None]
    weights = torch.clamp(1 - torch.where(away < 0, -away / below, away / above), min=0)
    return weights / weights.sum(1, keepdim=True)


class Residual(nn.Module):
    """Dilated convolution over time with a skip; [batch, channels, columns] in and out."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def _stage(inputs: int, outputs: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class HearingNetwork(nn.Module):
    """Onset head and class head over one picture [batch, bands, columns].

    Args:
        onset_channels: width of the onset head.
        widths: channels of the class head's six stages.
        second: channels of the second opinions' three stages.
    """

    def __init__(
        self,
        onset_channels: int = 48,
        widths: Sequence[int] = (16, 32, 48, 64, 96, 96),
        second: Sequence[int] = (24, 48, 96),
    ) -> None:
        super().__init__()
        self.onset = nn.Sequential(
            nn.Conv1d(LONG_BANDS + SHORT_BANDS, onset_channels, 3, padding=1),
            nn.BatchNorm1d(onset_channels),
            nn.ReLU(),
            *(Residual(onset_channels, dilation) for dilation in (1, 2, 4, 8, 16)),
            nn.Conv1d(onset_channels, 1, 1),
        )
        a, b, c, d, e, f = widths
        self.trunk = nn.Sequential(
            _stage(3, a, (2, 2)),  # [a, 32, 48]
            _stage(a, b, (2, 2)),  # [b, 16, 24]
            _stage(b, c, (1, 1)),
            _stage(c, d, (2, 1)),  # [d, 8, 24]
            _stage(d, e, (2, 2)),  # [e, 4, 12]
            _stage(e, f, (1, 1)),
        )
        self.flatten = nn.Sequential(nn.Conv1d(4 * f, 128, 1), nn.BatchNorm1d(128), nn.ReLU())
        self.attention = nn.Conv1d(128, 1, 1)
        self.position = nn.Parameter(torch.zeros(1, 1, CROP // 8))
        self.dropout = nn.Dropout(0.3)
        self.label = nn.Linear(256, len(LABELS))
        self.second = nn.ModuleList(SecondOpinion(second) for _ in LESSONS)

    @property
    def opinions(self) -> list[SecondOpinion]:
        """The second opinions."""
        return [each for each in self.second if isinstance(each, SecondOpinion)]

    @property
    def width(self) -> int:
        """Dimensions of the points of all of them."""
        return self.label.in_features + sum(opinion.width for opinion in self.opinions)

    def onsets(self, picture: Tensor) -> Tensor:
        """[batch, bands, columns] -> logits [batch, columns] of how near each column is to an onset.

        Silence is put around the picture: what begins with the file begins.
        """
        timed = picture[:, : LONG_BANDS + SHORT_BANDS]
        padded = nn.functional.pad(timed, (AROUND, AROUND), value=SILENCE)
        logits: Tensor = self.onset(padded).squeeze(1)[:, AROUND:-AROUND]
        return logits

    def embed(self, crops: Tensor) -> Tensor:
        """Crops [hits, bands, CROP], onset at column BEFORE -> [hits, 256]."""
        long, short, low = crops.split((LONG_BANDS, SHORT_BANDS, LOW_BANDS), dim=1)
        short = short.repeat_interleave(LONG_BANDS // SHORT_BANDS, dim=1)
        low = low.repeat_interleave(LONG_BANDS // LOW_BANDS, dim=1)
        x = torch.stack([_levelled(long), _levelled(short), _levelled(low)], dim=1)  # [hits, 3, 64, 96]
        x = self.flatten(self.trunk(x).flatten(1, 2))  # [hits, 128, 12]
        attention = torch.softmax(self.attention(x) + self.position, dim=2)
        return torch.cat([(x * attention).sum(2), x.amax(2)], dim=1)

    def labels(self, crops: Tensor) -> Tensor:
        """Crops [hits, bands, CROP] -> logits [hits, 9]."""
        logits: Tensor = self.label(self.dropout(self.embed(crops)))
        return logits


def _levelled(picture: Tensor) -> Tensor:
    """[hits, bands, columns] relative to its own loudest cell: 0 dB -> 1, -80 dB and below -> -1."""
    loudest = picture.amax(dim=(1, 2), keepdim=True)
    return torch.clamp((picture - loudest) * 2 + 1, min=-1.0)  # one unit = 40 dB


def crops(picture: Tensor, columns: Tensor) -> Tensor:
    """Windows of the class head: picture [bands, columns], onset columns int64 [hits] -> [hits, bands, CROP]."""
    reach = FINE + COARSE * MERGED
    padded = nn.functional.pad(picture, (BEFORE, reach), value=SILENCE)
    index = columns.clamp(0, picture.shape[1] - 1)[:, None] + torch.arange(reach, device=columns.device)
    window = padded[:, index].transpose(0, 1)  # [hits, bands, reach]
    late = window[:, :, FINE:].unflatten(2, (COARSE, MERGED)).mean(3)
    return torch.cat([window[:, :, :FINE], late], dim=2)


def prepare(samples: NDArray[np.float32], rate_hz: int) -> tuple[Tensor, float]:
    """Anything a microphone delivers -> [frames] at 24 kHz with its peak at 0.7, and the gain that was applied.

    What is not finite is silence; more than LONGEST_S is cut; a take too quiet to hold a sound comes back as zeros.
    """
    if rate_hz <= 0:
        raise ValueError(f"rate_hz={rate_hz} must be positive")
    x = np.nan_to_num(np.asarray(samples, np.float32).reshape(-1), nan=0.0, posinf=0.0, neginf=0.0)
    x = np.clip(x[: int(LONGEST_S * rate_hz)], -1e4, 1e4)
    x = x - np.float32(x.mean()) if x.size else x
    peak = float(np.abs(x).max(initial=0.0))
    gain = 0.7 / peak if peak > QUIETEST_PEAK else 0.0
    return torch.from_numpy(np.ascontiguousarray(at_rate(x * np.float32(gain), rate_hz, RATE_HZ, width=8))), gain


class Hearing:
    """The trained network at work. It keeps nothing between takes: several threads may ask it at once."""

    def __init__(self, network: HearingNetwork, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = network.eval().to(self.device)
        self.features = Features().eval().to(self.device)
        self.looks = Looks().eval().to(self.device)

    @classmethod
    def load(cls, device: str = "cpu", folder: Path | None = None) -> Hearing:
        """The shipped weights, verified; `weights.WeightsError` with a remedy when they are not usable."""
        return cls(weights.load(NAME, folder).network(HearingNetwork), device)

    @threads(1)  # a second one costs more than it brings
    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32], rate_hz: int) -> list[HeardHit]:
        """Every sound in a take, by onset; an empty list for silence.

        Args:
            samples: float32 [frames] mono; not-finite samples count as silence.
            rate_hz: its sampling rate.
        """
        heard, gain = prepare(samples, rate_hz)
        if gain == 0.0 or heard.numel() < HOP:
            return []
        picture, nearness = self._listen(heard)
        onsets = beginnings(nearness, _levels_db(heard.numpy(), gain), LEAD)
        if not onsets.size:
            return []
        impressions = self._look(picture, onsets, heard)
        onsets_s = np.clip((onsets - LEAD) / FRAMES_PER_S, 0.0, (heard.numel() - 1) / RATE_HZ)
        return _describe(heard.numpy(), gain, onsets_s, impressions.alone, together(impressions))

    def classify(self, samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
        """Probabilities float32 [9] for a file that holds one sound; uniform when it holds none."""
        return np.asarray(self.impression(samples, rate_hz).alone[0], np.float32)

    @threads(1)
    @torch.inference_mode()
    def impression(self, samples: NDArray[np.float32], rate_hz: int) -> Impressions:
        """A file that holds one sound, for `together` with others of whoever made it; all labels alike and no point
        when it holds none."""
        heard, gain = prepare(samples, rate_hz)
        if gain == 0.0 or not heard.numel():
            nothing = np.full((len(self._weights), 1, len(LABELS)), -np.log(len(LABELS)), np.float32)
            return Impressions(nothing, self._weights, np.zeros((1, self.network.width), np.float32))
        picture, nearness = self._listen(heard)
        best = int(np.argmax(nearness >= max(0.6 * nearness.max(), 0.1)))  # the first of several strokes
        best += int(nearness[best : best + 3].argmax())
        if nearness[best] < 0.1:
            best = LEAD + int(np.argmax(np.abs(heard.numpy()) > 0.1) / HOP)
        return self._look(picture, np.array([float(best)]), heard)

    @property
    def _weights(self) -> NDArray[np.float64]:
        """Of the class head and of each second opinion."""
        others = len(self.network.opinions)
        return np.array([1 - WEIGHT, *[WEIGHT / others] * others])

    def _listen(self, heard: Tensor) -> tuple[Tensor, NDArray[np.float32]]:
        """heard [frames] -> picture [bands, columns] and nearness [columns], both LEAD columns of silence ahead.

        A file that is cut at its first sample must look like the same sound after a pause: the windows of the
        picture reach the onset before it comes.
        """
        picture = self.features(
            nn.functional.pad(heard, (LEAD * HOP, 0))[None].to(self.device)
        )  # [1, bands, columns]
        return picture[0], torch.sigmoid(self.network.onsets(picture))[0].cpu().numpy()

    def _look(self, picture: Tensor, onsets: NDArray[np.float64], heard: Tensor) -> Impressions:
        """What each hit is by itself, and where it lies among all hits.

        The class head looks at each three times, a column to either side: the geometric mean does not hang on 5 ms.
        It is the second opinions whose points tell one visitor's sounds best.

        Args:
            picture: [bands, columns].
            onsets: in columns, [hits].
            heard: [frames].
        """
        columns = torch.from_numpy(onsets.round().astype(np.int64)).to(self.device)
        looks = torch.cat([crops(picture, columns + shift) for shift in (-1, 0, 1)])  # [3 hits, BANDS, CROP]
        seen = self.network.embed(looks)
        first = torch.log_softmax(self.network.label(seen), dim=1).unflatten(0, (3, -1)).mean(0)
        starts = np.maximum((onsets - LEAD) * HOP, 0).round().astype(np.int64)
        hits = self.looks(excerpts(heard.to(self.device), starts))
        told_by = [opinion.embed(hits) for opinion in self.network.opinions]
        said = [opinion.name(each) for opinion, each in zip(self.network.opinions, told_by, strict=True)]
        logs = torch.stack([torch.log_softmax(logits, dim=1) for logits in (first, *said)])
        places = [nn.functional.normalize(each, dim=1) for each in (seen.unflatten(0, (3, -1)).mean(0), *told_by)]
        places[0] *= POINTS_FIRST**0.5
        points = torch.cat(places, dim=1) / (POINTS_FIRST + len(told_by)) ** 0.5
        return Impressions(logs.cpu().numpy(), self._weights, points.cpu().numpy())


def _describe(
    heard: NDArray[np.float32],
    gain: float,
    onsets_s: NDArray[np.float64],
    alone: NDArray[np.float32],
    probabilities: NDArray[np.float32],
) -> list[HeardHit]:
    """Measure duration, peak and pitch of each hit in the levelled take [frames] at 24 kHz.

    Args:
        heard: the take.
        gain: what levelled it.
        onsets_s: of the hits, [hits].
        alone: probabilities of each by itself, [hits, 9]: speech is told by them.
        probabilities: of all together, [hits, 9].
    """
    ends = np.append(onsets_s[1:], heard.size / RATE_HZ)
    sounds = [
        heard[int(onset_s * RATE_HZ) : max(int(end_s * RATE_HZ), int(onset_s * RATE_HZ) + 1)]
        for onset_s, end_s in zip(onsets_s, ends, strict=True)
    ]
    if spoken(sounds, float(alone[:, PERCUSSION].mean()), RATE_HZ):
        probabilities = SPOKEN * np.eye(len(LABELS), dtype=np.float32)[PERCUSSION] + (1 - SPOKEN) * probabilities
    measured = []
    for sound, row in zip(sounds, probabilities, strict=True):
        label = LABELS[int(row.argmax())]
        measured.append((sound, label, hit_pitch_hz(sound, RATE_HZ) if label == "tom" else None))
    pitches = [pitch for _, _, pitch in measured if pitch is not None]
    registers = iter(tom_register(pitches))
    return [
        HeardHit(
            onset_s=float(onset_s),
            duration_s=_duration_s(sound),
            label=label,
            probabilities=row,
            confidence=float(row.max()),
            pitch_hz=pitch,
            register=next(registers) if pitch is not None else None,
            peak=float(np.abs(sound).max(initial=0.0) / gain),
        )
        for (sound, label, pitch), onset_s, row in zip(measured, onsets_s, probabilities, strict=True)
    ]


def _levels_db(take: NDArray[np.float32], gain: float) -> NDArray[np.float64]:
    """Level of each column of a take [frames] in its own full scale, smoothed over three columns.

    Without the deep: it is what rooms rumble with, and so slow that 15 ms of it are now loud and now soft.
    """
    if take.size < HOP:
        return np.zeros(0)
    shallow = torchaudio.functional.highpass_biquad(torch.from_numpy(take), RATE_HZ, DEEP_HZ).numpy()
    power = np.square(shallow[: take.size // HOP * HOP].astype(np.float64) / gain).reshape(-1, HOP).mean(1)
    padded = np.pad(power, 1, mode="edge")
    return np.asarray(10 * np.log10((padded[:-2] + padded[1:-1] + padded[2:]) / 3 + 1e-12))


def _duration_s(sound: NDArray[np.float32]) -> float:
    """Until the 5 ms level stays 30 dB below the loudest; at least 20 ms or what there is."""
    blocks = sound[: sound.size // HOP * HOP].reshape(-1, HOP)
    if not len(blocks):
        return sound.size / RATE_HZ
    levels = np.sqrt(np.square(blocks).mean(1))
    last = int(np.flatnonzero(levels >= 0.03 * levels.max())[-1]) + 1
    return float(min(max(last * HOP / RATE_HZ, 0.02), sound.size / RATE_HZ))


def hit_pitch_hz(sound: NDArray[np.float32], rate_hz: int) -> float | None:
    """Strongest partial between 50 and 600 Hz of a hit [frames] that begins at its onset; None without one."""
    body = sound[int(0.015 * rate_hz) : int(0.3 * rate_hz)].astype(np.float64)
    if body.size < int(0.02 * rate_hz):
        return None
    size = 1 << int(np.ceil(np.log2(rate_hz)))  # bins of 1 Hz or less
    power = np.abs(np.fft.rfft(body * np.hanning(body.size), size)) ** 2
    pitches = np.fft.rfftfreq(size, 1 / rate_hz)
    inside = (pitches >= 50) & (pitches <= 600)
    if not power[inside].max(initial=0.0) > 0:
        return None
    return float(pitches[inside][power[inside].argmax()])


def tom_register(pitches_hz: Sequence[float]) -> list[Register]:
    """Low, mid or high for each tom of one kit or take.

    Toms that lie a third or more apart are told by their place between the kit's lowest and highest; otherwise
    by the pitches at which kits are usually tuned.
    """
    if not pitches_hz:
        return []
    octaves = np.log2(np.asarray(pitches_hz, np.float64))
    low, high = float(octaves.min()), float(octaves.max())
    spread = high - low >= 1 / 3
    edges = (low + (high - low) / 3, high - (high - low) / 3) if spread else (np.log2(115.0), np.log2(165.0))
    names: tuple[Register, ...] = ("low", "mid", "high")
    return [names[int(octave > edges[0]) + int(octave > edges[1])] for octave in octaves]
