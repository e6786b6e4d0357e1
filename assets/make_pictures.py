"""Draw the default pictures of Imaginary Soundscape: python3 assets/make_pictures.py

Writes panoramas (equirectangular, 360° by 180°) into `pictures/` beside this script. Nothing is copied: each is drawn
by `pieces/imaginary_soundscape/drawings.py`. The same seed gives the same picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from pieces.imaginary_soundscape.drawings import PICTURES, SHIPPED, draw

FOLDER = Path(__file__).resolve().parent / "pictures"
QUALITY = 84
FINE = 3  # 6144 by 3072 pixels: a screen shows a quarter of that at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--fine", type=int, default=FINE, help="how many times 2048 by 1024 pixels")
    parser.add_argument("--seed", type=int, default=SHIPPED)
    parser.add_argument("names", nargs="*", default=list(PICTURES), help="which pictures; all if left out")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(PICTURES, 1):
        if name in chosen.names:
            path = chosen.folder / f"{number}_{name}.jpg"
            bgr = cv2.cvtColor(draw(name, chosen.seed, chosen.fine), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
