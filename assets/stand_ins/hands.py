"""Hands: a palm, four fingers, a thumb and the sleeve they come out of.

Lives here: how a hand is printed. Must not live here: when it is raised (`acting.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stand_ins.acting import Hand
from stand_ins.paper import Colour, Points, Shade, Sheet, darker, ellipse, path, shadowed, smooth, stroke

FINGERS = ((0.27, 0.52, 0.125), (0.1, 0.64, 0.135), (-0.08, 0.66, 0.135), (-0.25, 0.58, 0.13))  # x, length, thickness
PALM = smooth(path("-0.31 -0.2, 0 -0.26, 0.32 -0.18, 0.35 0.12, 0.22 0.46, -0.2 0.48, -0.33 0.14"), 8)
WRIST = smooth(path("-0.2 0.3, 0.2 0.3, 0.19 0.95, -0.17 0.95"), 6)
THUMB = stroke(smooth(path("-0.2 0.3, -0.42 0.08, -0.5 -0.16"), 6, closed=False), [0.2, 0.16, 0.12])
LIFELINE = stroke(smooth(path("-0.2 0.36, -0.05 0.12, 0.2 0.02"), 6, closed=False), [0.006, 0.022, 0.006])


def print_hand(
    sheet: Sheet, hand: Hand, side: int, skin: Colour, sleeve: Colour, body: Callable[[Points], Points]
) -> None:
    """side: -1 left of the picture, 1 right; the thumb points inwards. body: head units to pixels."""
    turning = np.array([[np.cos(hand.turn), np.sin(hand.turn)], [-np.sin(hand.turn), np.cos(hand.turn)]])

    def place(points: Points) -> Points:
        return body((points * (side * hand.edge, 1.0)) @ turning + (hand.x, hand.y))

    tone = shadowed(skin, 0.72)
    edge = Shade(tone, 0.8, 6)
    sheet.print(place(WRIST), skin, edge, lift=4.0)
    cuff = place(np.array([[-0.2, 0.72], [0.22, 0.72]]))[::side]
    elbow = hand.x * 0.4 + side * 1.15
    upper = body(np.array([[elbow + 0.42, 4.9], [elbow - 0.42, 4.9]]))
    sheet.print(np.concatenate([cuff, upper]), sleeve, Shade(darker(sleeve, 0.35), 0.7, 9), lift=5.0)
    for order, (x, long, thick) in enumerate(FINGERS):
        lean = -(0.1 + 0.5 * hand.spread) * (order - 1.5) / 3 * 1.1
        tip = (x + np.sin(lean) * long, -0.18 - np.cos(lean) * long)
        bone = smooth([(x * 0.95, 0.05), (0.5 * (x + tip[0]), 0.5 * (tip[1] - 0.1)), tip], 6, closed=False)
        sheet.print(place(stroke(bone, [thick * 1.08, thick, thick * 0.86])), skin, edge, lift=1.2)
        sheet.print(place(ellipse(tip[0], tip[1], thick * 0.43, thick * 0.5, 16)), skin)
    sheet.print(place(THUMB), skin, edge, lift=1.0)
    sheet.print(place(ellipse(-0.5, -0.17, 0.058, 0.07, 14)), skin)
    sheet.print(place(PALM), skin, edge)
    sheet.print(place(LIFELINE), tone, cover=0.6)
