"""Files as phones and video tools write them, for tests: samples through one of FFmpeg's encoders."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

# ending -> encoder, rate in Hz, muxer
WRITERS = {
    ".m4a": ("aac", 44_100, "ipod"),
    ".m4b": ("alac", 44_100, "ipod"),
    ".aac": ("aac", 44_100, "adts"),
    ".wma": ("wmav2", 44_100, "asf"),
    ".amr": ("libopencore_amrnb", 8_000, "amr"),
    ".3gp": ("libopencore_amrnb", 8_000, "3gp"),
    ".3ga": ("aac", 48_000, "3gp"),
    ".wv": ("wavpack", 48_000, "wv"),
    ".mka": ("aac", 44_100, "matroska"),
    ".weba": ("libopus", 48_000, "webm"),
    ".tta": ("tta", 44_100, "tta"),
}


def write_packets(path: Path, samples: NDArray[np.float32], like: str = "") -> int:
    """Write samples [frames] or [frames, 2] as the ending says, or `like` one; the rate they are taken to have."""
    codec, rate_hz, muxer = WRITERS[like or path.suffix]
    samples = samples.reshape(len(samples), -1)
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    with av.open(str(path), "w", format=muxer) as container:
        bit_rate = 12_200 if rate_hz == 8_000 else 128_000
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, bit_rate=bit_rate)
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate_hz)
        for start in range(0, len(samples), 4096):
            planes = np.ascontiguousarray(samples[start : start + 4096].T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, start
            for ready in resampler.resample(frame):
                container.mux(stream.encode(ready))
        for ready in resampler.resample(None):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return rate_hz
