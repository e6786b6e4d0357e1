"""Index the default sounds of Imaginary Soundscape, as they ship: python3 assets/index_sounds.py

Writes `sounds/.soundscape` beside this script. Needed when the sounds or the weights have changed; with it, the piece
sounds as soon as it is opened.
"""

from __future__ import annotations

import shutil

from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import FOLDER, Index
from pieces.imaginary_soundscape.listening import OWN


def main() -> None:
    shutil.rmtree(OWN / FOLDER, ignore_errors=True)
    index = Index(OWN)
    for progress in index.update(encoders.load("own")):
        print(f"{progress.done} of {progress.total}: {progress.clip.path} {progress.clip.wrong}", flush=True)
    index.pack()


if __name__ == "__main__":
    main()
