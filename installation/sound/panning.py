"""How loud a hit of the score is in each speaker, for its pan or its direction. No time and no samples.

Left and right are two speakers where a pair stands for them (`Layout.front`). Elsewhere, as on a ring of four with a
speaker right in the middle, a hit lies in a direction between -30 and 30 degrees: in the one in which it is heard
between a standard pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.layout import STEREO, Gains, Layout


def hit_gains(layout: Layout, gain: float, pan: float, channels: int = 1, towards_deg: float | None = None) -> Gains:
    """Gains [channels, speakers] of a voice of one or two channels, for `pan` -1 … 1 at equal power, or from a
    direction as loud as that.

    One channel lies between left and right; two are left and right, and are balanced: the same in both is as one is.
    Two stand to both sides of a direction. A single speaker takes all of one, and half of each of two.
    """
    front, pan = layout.front, float(np.clip(pan, -1.0, 1.0))
    sides = _sides(gain, pan)
    gains = np.zeros((channels, layout.channels), np.float32)
    if front is not None and front[0] == front[1]:
        gains[:, front[0]] = gain if channels == 1 else sides / 2
    elif front is not None and towards_deg is None:
        gains[0, front[0]], gains[-1, front[1]] = sides
    elif channels == 2:
        gains[:] = sides[:, None] * layout.gains(2, [towards_deg or 0.0])[0]
    else:
        angle = direction_deg(pan) if towards_deg is None else towards_deg
        gains[:] = gain * np.sqrt(2) * layout.towards(np.asarray([angle]))
    return gains


def _sides(gain: float, pan: float) -> NDArray[np.float64]:
    """Of left and right, together at the power of two: `gain` and `gain` in the middle."""
    angle = (pan + 1.0) * np.pi / 4
    return np.asarray(gain * np.sqrt(2) * np.asarray([np.cos(angle), np.sin(angle)]))


def direction_deg(pan: float) -> float:
    """Where a pair at -30 and 30 degrees has a sound of this pan, by the tangent law: tan φ / tan 30° is
    (right - left) / (right + left), which at equal power is tan(45° pan)."""
    return float(np.degrees(np.arctan(np.tan(np.radians(STEREO[1])) * np.tan(pan * np.pi / 4))))
