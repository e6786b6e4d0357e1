"""Where the stage's networks run: the GPU that the exhibition asks for, or the processor.

Must not live here: how a network is placed there (`networks`).
"""

from __future__ import annotations

from pathlib import Path

from installation.health.vitals import Vitals


def chosen_gpu(wanted: str, vitals: Vitals) -> str:
    """The torch device for networks: `auto` takes the first NVIDIA GPU whose driver is loaded, else the processor.

    Asked without torch, which would take seconds; a GPU that then fails is reported by whoever uses it."""
    present = Path("/proc/driver/nvidia/version").exists()
    named = wanted.startswith("cuda")
    vitals.condition("gpu_missing", named and not present, reason="no NVIDIA driver is loaded")
    if not present:
        return "cpu"
    return "cuda:0" if wanted == "auto" else wanted
