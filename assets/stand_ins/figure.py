"""A paper person: the face and hands, and how all pieces of a look are posed and printed.

Lives here: `Figure`, which prints a performer in a pose. Head units: the eyes are at y = 0, the chin at 1.45, half a
face is 1 wide; x to the right, y down. Must not live here: hair and clothes (`hair.py`, `wardrobe.py`), motion.

A head turns as a body does: every piece has a depth, so that a nod moves the nose further than the ears.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stand_ins import hair, headwear, wardrobe
from stand_ins.acting import Pose
from stand_ins.cast import Look
from stand_ins.hands import print_hand
from stand_ins.mouth import print_mouth
from stand_ins.paper import (
    Colour,
    Cut,
    Points,
    Shade,
    Sheet,
    cut,
    darker,
    ellipse,
    ink,
    mirrored,
    mixed,
    path,
    shadowed,
    smooth,
    stroke,
)

UNIT = 80.0  # pixels
EYES = (320.0, 200.0)  # where an average person's are
FEET = 640.0  # a smaller person stands on the same floor
NECK = (0.0, 1.25, -0.15)  # what a head turns about


class Figure:
    """A performer's paper pieces, ready to be posed."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.skin = ink(look.skin)
        self.dark = shadowed(self.skin, 0.72)
        self.deep = darker(shadowed(self.skin, 1.0), 0.35)
        self.light = mixed(self.skin, (255, 236, 205), 0.3)
        self.sleeve = ink(look.second if look.clothes in wardrobe.OTHER_SLEEVES else look.cloth)
        self.brow = ink(look.brow or look.hair)
        self.unit = UNIT * look.size
        self.eyes = (EYES[0], EYES[1] + (1 - look.size) * (FEET - EYES[1]) * 0.62)
        style, wear = hair.STYLES[look.style](look), headwear.HEADWEAR[look.headwear](look)
        self.back = (*style.back, *wear.back)
        self.front = (*style.front, *wear.front)
        self.beard = headwear.beard(look)
        self.clothes = wardrobe.CLOTHES[look.clothes](look)
        self.face = self._face_outline()
        self.neck = smooth(path("-0.46 0.9, 0.46 0.9, 0.5 1.6, 0.8 2, 0 2.25, -0.8 2, -0.5 1.6"), 9)

    # ---- posing ------------------------------------------------------------------------------------------------

    def posed(self, points: Points, depth: float | None, pose: Pose, jaw: float = 0.0, sway: float = 0.0) -> Points:
        """Head units to pixels. depth None: on the surface of the face."""
        x, y = points[:, 0].copy(), points[:, 1].copy()
        if jaw:
            y += jaw * 0.2 * pose.mouth.jaw * np.clip((y - 0.6) / 0.7, 0, 1.15)
        if jaw or depth is None:
            cheek = np.exp(-(((y - 0.78) / 0.34) ** 2)) * np.clip((np.abs(x) - 0.3) / 0.4, 0, 1)
            x *= 1 + 0.1 * pose.mouth.puff * cheek
        if depth is None:
            z = 0.9 * np.sqrt(np.clip(1 - (x / 1.1) ** 2 - ((y - 0.1) / 1.7) ** 2, 0, 1))
        else:
            z = np.full_like(x, depth)
        x, y, z = x - NECK[0], y - NECK[1], z - NECK[2]
        roll, pitch, yaw = pose.roll * (1 + 0.25 * sway), pose.pitch, pose.yaw * (1 + 0.3 * sway)
        y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
        x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
        x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
        x, y = x + NECK[0], y + NECK[1]
        return self._pixels(x, y, pose)

    def worn(self, points: Points, pose: Pose) -> Points:
        """Pieces on the body: shoulders lift and the chest breathes, the head does not move them."""
        x, y = points[:, 0], points[:, 1]
        aside = np.clip(np.abs(x) / 1.8, 0, 1)
        y = y - (0.34 * pose.shoulders + 0.022 * pose.breath) * (0.3 + 0.7 * aside)
        y = y + 0.12 * pose.roll * x
        x = x * (1 + 0.004 * pose.breath) + 0.3 * pose.roll * np.clip(2.6 - y, 0, 1)
        return self._pixels(x, y, pose)

    def _pixels(self, x: Points, y: Points, pose: Pose) -> Points:
        left, top = self.eyes
        return np.stack([left + pose.x + self.unit * x, top + pose.y + self.unit * y], 1)

    # ---- printing ----------------------------------------------------------------------------------------------

    def print(self, sheet: Sheet, pose: Pose, wall: Colour) -> None:
        """Shadow on the wall, then the person."""
        sheet.anchor = (pose.x, pose.y)
        sheet.cast(self._silhouette(pose), darker(wall, 0.62), (24.0, 20.0), 11.0)
        self._hung(sheet, self.back, pose)
        self._put(sheet, cut(self.neck, self.skin, shade=Shade(self.dark, 0.75, 16)), self.worn(self.neck, pose))
        for piece in self.clothes:
            self._worn(sheet, piece, pose)
        centre = self.posed(np.array([[0.0, 0.3]]), 0.3, pose)[0]
        sheet.anchor = (float(centre[0]), float(centre[1]))
        self._head(sheet, pose)
        for hand, side in ((pose.left, -1), (pose.right, 1)):
            if hand is not None:
                print_hand(sheet, hand, side, self.skin, self.sleeve, lambda points: self.worn(points, pose))

    def _silhouette(self, pose: Pose) -> list[Points]:
        shapes = [self.posed(self.face, 0.0, pose, 1.0), self.worn(self.neck, pose)]
        shapes += [
            self.posed(piece.outlines[0], piece.depth, pose) for piece in (*self.back, *self.front) if piece.casts
        ]
        return shapes + [self.worn(piece.outlines[0], pose) for piece in self.clothes if piece.casts]

    def _put(self, sheet: Sheet, piece: Cut, shape: Points | Sequence[Points], within: Points | None = None) -> None:
        sheet.print(shape, piece.colour, piece.shade, within, piece.lift)

    def _hung(self, sheet: Sheet, pieces: Sequence[Cut], pose: Pose) -> None:
        for piece in pieces:
            shapes = [self.posed(outline, piece.depth, pose, piece.jaw, piece.sway) for outline in piece.outlines]
            within = (
                None if piece.within is None else self.posed(piece.within, piece.depth, pose, piece.jaw, piece.sway)
            )
            self._put(sheet, piece, shapes, within)

    def _worn(self, sheet: Sheet, piece: Cut, pose: Pose) -> None:
        within = None if piece.within is None else self.worn(piece.within, pose)
        self._put(sheet, piece, [self.worn(outline, pose) for outline in piece.outlines], within)

    # ---- head --------------------------------------------------------------------------------------------------

    def _face_outline(self) -> Points:
        wide, jaw, chin = self.look.wide, self.look.jaw, self.look.chin
        half = [
            (0.0, -1.32),
            (0.5, -1.24),
            (0.86, -0.92),
            (1.0 * wide, -0.38),
            (0.99 * wide, 0.14),
            (0.91 * wide, 0.62),
            (0.73 * jaw * wide, 1.06),
            (0.4 * jaw * wide, 1.36 * (0.5 + 0.5 * chin)),
            (0.0, 1.48 * (0.4 + 0.6 * chin)),
        ]
        return smooth(mirrored(half), 10)

    def _head(self, sheet: Sheet, pose: Pose) -> None:
        look = self.look
        covered = look.headwear == "hijab"
        if not covered:
            for side in (-1, 1):
                self._ear(sheet, side, pose)
        face = self.posed(self.face, 0.0, pose, 1.0)
        sheet.print(face, self.skin, Shade(self.dark, 0.8, 19, (-1.0, -0.25)), lift=9.0)
        self._cheeks(sheet, face, pose)
        self._lines(sheet, pose)
        self._hung(sheet, [piece for piece in self.beard if piece.jaw > 0.5], pose)
        self._nose(sheet, pose)
        for side in (-1, 1):
            self._eye(sheet, side, pose)
        m = pose.mouth
        print_mouth(sheet, m, look, lambda points: self.posed(points, 0.8 + 0.3 * m.pucker, pose))
        self._hung(sheet, [piece for piece in self.beard if piece.jaw <= 0.5], pose)
        for side in (-1, 1):
            self._brow(sheet, side, pose)
        self._hung(sheet, self.front, pose)
        if look.glasses:
            self._glasses(sheet, pose)

    def _ear(self, sheet: Sheet, side: int, pose: Pose) -> None:
        ear = smooth(
            [
                (side * x, y)
                for x, y in ((0.93, -0.16), (1.1, -0.22), (1.2, -0.04), (1.14, 0.26), (1.02, 0.44), (0.92, 0.36))
            ],
            8,
        )
        sheet.print(self.posed(ear, -0.1, pose), self.skin, Shade(self.dark, 0.8, 6))
        fold = stroke(smooth(path("1.1 -0.1, 1.13 0.06, 1.05 0.24", side), 6, closed=False), [0.01, 0.04, 0.01])
        sheet.print(self.posed(fold, -0.1, pose), self.dark)
        if self.look.earrings and self.look.style != "puffs":
            hoop = [ellipse(side * 1.07, 0.66, 0.17, 0.21, 30), ellipse(side * 1.07, 0.66, 0.12, 0.16, 30)]
            sheet.print([self.posed(ring, -0.05, pose, sway=1.0) for ring in hoop], ink(self.look.earrings), lift=1.5)

    def _cheeks(self, sheet: Sheet, face: Points, pose: Pose) -> None:
        pale = sum(self.skin) / 765
        blush = mixed(self.skin, (214, 60, 52), 0.16 + 0.3 * pale)
        for side in (-1, 1):
            at = self.posed(np.array([[side * 0.62, 0.52]]), None, pose)[0]
            sheet.dust((float(at[0]), float(at[1])), 0.34 * self.unit, blush, 0.5 + 0.25 * pose.mouth.puff, face)
        at = self.posed(np.array([[-0.3, -0.7]]), None, pose)[0]
        sheet.dust((float(at[0]), float(at[1])), 0.5 * self.unit, self.light, 0.42, face)
        if self.look.freckles:
            rng = np.random.default_rng(8)
            spots = np.stack([rng.normal(0, 0.42, 26), 0.36 + rng.normal(0, 0.11, 26)], 1)
            for spot in self.posed(spots, None, pose):
                sheet.print(ellipse(spot[0], spot[1], 1.5, 1.3, 8), mixed(self.skin, (150, 70, 40), 0.5), cover=0.8)

    def _lines(self, sheet: Sheet, pose: Pose) -> None:
        """What years and laughing leave."""
        age = self.look.age
        if age <= 0:
            return
        lines = []
        for side in (-1, 1):
            lines.append((path("0.27 0.56, 0.45 0.74, 0.5 0.98", side), 0.05))
            lines.append((path("0.24 0.25, 0.42 0.31, 0.62 0.24", side), 0.035))
            for k in range(3):
                lines.append(([(side * 0.74, -0.02 + 0.05 * k), (side * 0.86, -0.09 + 0.1 * k)], 0.022))
        for k in range(3 if age > 0.7 else 2):
            y = -0.5 - 0.13 * k - 0.03 * sum(pose.brows)
            lines.append(([(-0.42, y + 0.02), (-0.1, y - 0.03), (0.3, y - 0.02), (0.46, y + 0.02)], 0.022))
        for line, width in lines:
            shape = stroke(smooth(line, 8, closed=False), [0.004, width * age, 0.004])
            sheet.print(self.posed(shape, None, pose, 0.6), self.dark, cover=0.75)

    def _nose(self, sheet: Sheet, pose: Pose) -> None:
        w = self.look.nose
        side = smooth(
            [
                (0.05, -0.16),
                (0.1, 0.1),
                (0.15 * w, 0.36),
                (0.235 * w, 0.52),
                (0.2 * w, 0.61),
                (0.06, 0.635),
                (-0.03, 0.6),
                (0.02, 0.4),
                (0.02, 0.1),
            ],
            8,
        )
        z = 0.98 + 0.22 * np.clip((side[:, 1] + 0.1) / 0.6, 0, 1)
        shape = np.concatenate([self.posed(side[i : i + 1], float(z[i]), pose) for i in range(len(side))])
        sheet.print(shape, mixed(self.skin, self.dark, 0.42), Shade(self.dark, 0.85, 8))
        base = stroke(
            smooth(
                [
                    (-0.22 * w, 0.54),
                    (-0.16 * w, 0.615),
                    (-0.03, 0.6),
                    (0.06, 0.64),
                    (0.16 * w, 0.62),
                    (0.23 * w, 0.53),
                ],
                8,
                closed=False,
            ),
            [0.01, 0.05, 0.025, 0.03, 0.055, 0.012],
        )
        sheet.print(self.posed(base, 1.08, pose), self.deep, cover=0.85)
        shine = ellipse(-0.05 * w, 0.44, 0.05, 0.075, 20)
        sheet.print(self.posed(shine, 1.22, pose), self.light, cover=0.75)

    def _eye(self, sheet: Sheet, side: int, pose: Pose) -> None:
        look = self.look
        x, tilt = side * 0.43 * look.wide, look.slant
        tall = 0.125 * look.eyes * (1 + 0.18 * max(pose.brows[0 if side < 0 else 1], 0.0))
        shut = min(1.0, pose.blink + 0.0)
        top, low = -tall * (1 - 0.45 * pose.squint), 0.075 * look.eyes * (1 - 0.55 * pose.squint)
        top = top * (1 - shut) + 0.055 * shut
        low = low * (1 - 0.3 * shut)
        inner, outer = (x - side * 0.21, 0.03 + tilt), (x + side * 0.22, 0.0 - tilt)
        upper = [
            inner,
            (x - side * 0.1, top * 0.75 + tilt * 0.5),
            (x + side * 0.03, top),
            (x + side * 0.14, top * 0.72 - tilt * 0.5),
            outer,
        ]
        lower = [outer, (x + side * 0.1, low * 0.85), (x - side * 0.05, low), inner]
        rim_up, rim_low = smooth(upper, 8, closed=False), smooth(lower, 8, closed=False)
        lid = [(px, py - 0.085 - 0.02 * shut) for px, py in upper]
        crease = smooth(lid, 8, closed=False)
        eyelid = np.concatenate([crease, rim_up[::-1]])
        sheet.print(self.posed(eyelid, None, pose), mixed(self.skin, self.dark, 0.35), cover=0.9)
        if shut < 0.85:
            opening = self.posed(np.concatenate([rim_up, rim_low]), None, pose)
            sheet.print(opening, mixed((250, 246, 236), self.skin, 0.12))
            gaze_x, gaze_y = pose.gaze
            centre = (x + 0.09 * gaze_x, -0.025 + 0.04 * gaze_y)
            sheet.print(self.posed(ellipse(*centre, 0.112, 0.112, 28), None, pose), ink(look.iris), within=opening)
            sheet.print(self.posed(ellipse(*centre, 0.055, 0.055, 20), None, pose), (18, 10, 14), within=opening)
            glint = ellipse(centre[0] - 0.04, centre[1] - 0.045, 0.026, 0.026, 12)
            sheet.print(self.posed(glint, None, pose), (255, 252, 244), within=opening)
            shadow = np.concatenate([rim_up, rim_up[::-1] + np.array((0.0, 0.045))])
            sheet.print(self.posed(shadow, None, pose), self.deep, within=opening, cover=0.45)
        lash = stroke(rim_up, [0.018, 0.045, 0.05, 0.02])
        sheet.print(self.posed(lash, None, pose), mixed((24, 12, 18), self.deep, 0.2))
        if look.made_up > 0.4:
            wing = stroke(smooth([outer, (outer[0] + side * 0.09, outer[1] - 0.07)], 5, closed=False), [0.05, 0.006])
            sheet.print(self.posed(wing, None, pose), (24, 12, 18))
        sheet.print(self.posed(stroke(crease, [0.005, 0.018, 0.005]), None, pose), self.dark, cover=0.8)
        sheet.print(self.posed(stroke(rim_low, [0.006, 0.016, 0.006]), None, pose), self.dark, cover=0.6)

    def _brow(self, sheet: Sheet, side: int, pose: Pose) -> None:
        raised = pose.brows[0 if side < 0 else 1]
        up, thick, x = -0.1 * raised, 0.075 * self.look.brows, side * 0.43 * self.look.wide
        arc = [
            (x - side * 0.23, -0.275 + 0.75 * up + 0.03 * min(raised, 0)),
            (x - side * 0.06, -0.33 + up),
            (x + side * 0.11, -0.335 + 1.15 * up),
            (x + side * 0.28, -0.24 + 0.8 * up),
        ]
        shape = stroke(smooth(arc, 8, closed=False), [thick * 0.6, thick, thick * 0.85, thick * 0.15])
        sheet.print(self.posed(shape, None, pose), self.brow, cover=0.95)

    def _glasses(self, sheet: Sheet, pose: Pose) -> None:
        frame = ink(self.look.frame)
        for side in (-1, 1):
            x = side * 0.445
            if self.look.glasses == "round":
                outer, inner = ellipse(x, 0.03, 0.335, 0.33, 48), ellipse(x, 0.03, 0.295, 0.29, 48)
            else:
                rim = path("-0.3 -0.22, 0.1 -0.25, 0.38 -0.33, 0.36 0.02, 0.2 0.27, -0.12 0.3, -0.31 0.12")
                outer = smooth([(x + side * px, py + 0.03) for px, py in rim], 10)
                inner = smooth([(x + side * px * 0.86, py * 0.84 + 0.03) for px, py in rim], 10)
            sheet.print(self.posed(inner, 1.0, pose), (255, 255, 255), cover=0.07)
            glare = np.array([[x - 0.2, 0.14], [x + 0.08, -0.2], [x + 0.15, -0.2], [x - 0.13, 0.14]])
            sheet.print(
                self.posed(glare, 1.0, pose), (255, 255, 255), within=self.posed(inner, 1.0, pose), cover=0.14
            )
            sheet.print([self.posed(outer, 1.0, pose), self.posed(inner, 1.0, pose)], frame, lift=2.5)
            temple = np.concatenate(
                [
                    self.posed(np.array([[side * 0.76, -0.06], [side * 0.76, 0.0]]), 0.95, pose),
                    self.posed(np.array([[side * 1.08, -0.02], [side * 1.08, -0.08]]), -0.05, pose),
                ]
            )
            sheet.print(temple, frame)
        bridge = stroke(smooth(path("-0.12 -0.02, 0 -0.08, 0.12 -0.02"), 8, closed=False), [0.045])
        sheet.print(self.posed(bridge, 1.1, pose), frame)
