"""Where pictures meet sounds: in what kinds of sound they call for, and are.

Lives here: what is saved and loaded as one network. Must not live here: eye and ear themselves
(`image_network.py`, `audio_network.py`), how they learn (`train.py`), and what uses them (`encoders.py`).

A street calls for horns, engines and sirens alike, so it lies in the middle between their anchors, and in the middle
lies also what is a little of each and nothing rightly: a helicopter, a cow. Pictures and sounds are therefore not
compared by where they lie but by the probability of each kind of sound (semantic matching: Rasiwasia et al. 2010):
what is surely an engine answers a street before what may be anything. Several ears that learned apart are an
ensemble, heard in the mean (Hansen & Salamon 1990).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, softmax

from pieces.imaginary_soundscape.audio_network import AudioNetwork
from pieces.imaginary_soundscape.image_network import ImageNetwork

SHARPNESS = 14.0  # inverse temperature of cosines to anchors, as in training
SOFT = 4.0  # the same of sounds: no ear is as sure of recordings that it never heard as of those that it learned


class Spaces(nn.Module):
    """The eye, its ears, and the bank: how pictures of all kinds are placed, against hubs (`search.charged`).

    Args:
        image_widths: channels of the eye's stages.
        audio_widths: channels of each ear's stages.
        labels: of pictures.
        classes: the kinds of sound.
        ears: how many.
        banked: pictures in the bank.
    """

    bank: Tensor

    def __init__(
        self,
        image_widths: Sequence[int],
        audio_widths: Sequence[int],
        labels: Sequence[str],
        classes: Sequence[str],
        ears: int,
        banked: int = 0,
    ) -> None:
        super().__init__()
        self.classes = tuple(classes)
        self.picture = ImageNetwork(image_widths, labels, ears)
        self.sounds = nn.ModuleList(AudioNetwork(audio_widths, classes, len(labels)) for _ in range(ears))
        self.register_buffer("bank", torch.zeros(banked, len(classes)))

    def of_pictures(self, squares: Tensor) -> Tensor:
        """What pictures call for: network input [n, 3, side, side] -> shares of kinds [n, classes], in all 1."""
        features = self.picture.features(squares)
        places = [self.picture.place(features, ear) for ear in range(len(self.sounds))]
        return self._shares(places, SHARPNESS)

    def of_sounds(self, spectrograms: Tensor) -> Tensor:
        """What sounds are: spectrograms [n, MELS, FRAMES] -> shares of kinds [n, classes], in all 1."""
        return self._shares([ear(spectrograms) for ear in self.sounds], SOFT)

    def _shares(self, places: Sequence[Tensor], sharpness: float) -> Tensor:
        """Unit vectors [n, DIMENSIONS] in each ear's space -> [n, classes], the mean of what each says."""
        said = []
        for place, ear in zip(places, self.sounds, strict=True):
            assert isinstance(ear, AudioNetwork)
            said.append(softmax(sharpness * place @ normalize(ear.anchors, dim=1).T, 1))
        return torch.stack(said).mean(0)
