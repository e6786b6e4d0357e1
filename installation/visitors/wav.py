"""A visit's sound as it is kept: 32-bit float, so that it is heard after a restart exactly as it was before."""

from __future__ import annotations

import io

import soundfile

from installation.piece import Sound


def to_bytes(sound: Sound, rate_hz: int) -> bytes:
    """A WAV file of sound [frames]."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate_hz, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def read(data: bytes) -> tuple[Sound, int]:
    """Sound [frames] float32 and its rate. Raises RuntimeError: it is none that can be read."""
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    return samples, int(rate_hz)
