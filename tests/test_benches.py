"""Every figure of `bench` can be measured and says what docs/commands.md promises; briefly, so not how fast it is."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from installation import bed_bench, bench, soak
from pieces.imaginary_soundscape import bench as soundscape
from pieces.learning_to_see import bench as learning
from pieces.neural_beatbox import bench as beatbox

PAGE = (Path(__file__).parents[1] / "docs/commands.md").read_text(encoding="utf-8").split("## bench")[1]
SAID = dict(re.findall(r"(?m)^\| `([\w.]+)` \| (.*) \|$", PAGE.split("\n## ")[0]))
MEASURES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "startup": bench.startup,
    "recovery": bench.recovery,
    "sound": lambda: bench.sound(minutes=0.03),
    "beds": lambda: bench.beds(seconds=1.0),
    "soak": lambda: bench.soak(visits=4),
    "neural_beatbox.frames": lambda: beatbox.frames(seconds=7.0),
    "neural_beatbox.hearing": beatbox.hearing,
    "neural_beatbox.rhythm": beatbox.rhythm,
    "learning_to_see.seeing": learning.seeing,
    "imaginary_soundscape.decision": soundscape.decision,
    "imaginary_soundscape.indexing": soundscape.indexing,
    "imaginary_soundscape.churn": soundscape.churn,
    "imaginary_soundscape.panning": soundscape.panning,
}
BRIEFLY = (
    (bench, "RUN", (sys.executable, "-m", "installation.cli", "run")),  # nothing is installed, and nothing heard:
    (bench, "EXHIBITION", bench.EXHIBITION.replace("{speakers}", "silent") + "camera: film\nmicrophone: none\n"),
    (bed_bench, "EXHIBITION", f"{bed_bench.EXHIBITION}speakers: silent\n"),
    (bench, "STARTS", 1), (bench, "SETTLED_S", 5.0), (bench, "BEDS", (2,)), (soak, "WARM_VISITS", 2),
    (learning, "RUNS", 2), (learning, "SETTLING", 1), (soundscape, "CLIPS", 500),
    (soundscape, "RUNS", 2), (soundscape, "SOUNDS", 2),
    (soundscape, "PAN_SECONDS", 2.0), (soundscape, "PAN_FRAMES", 2), (soundscape, "LARGE", (640, 360)),
)  # fmt: skip


def test_all_that_the_page_names_is_measured_here() -> None:
    assert set(SAID) == set(MEASURES)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("figure", MEASURES)
def test_it_can_be_measured(figure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in BRIEFLY:
        assert hasattr(module, name)
        monkeypatch.setattr(module, name, value)
    measured = MEASURES[figure]()
    promised = [key for key in re.findall(r"`(\w+)`", SAID[figure]) if not key.startswith("_")]
    assert promised, "the page says what it is called"
    for key in promised:
        value = measured[key]
        if key.startswith("gpu_") and value is None:
            continue
        assert math.isfinite(value) and value >= (-math.inf if key == "growth_mb" else 0), key
