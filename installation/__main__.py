"""`python -m installation`: the command line. Whoever presses Ctrl-C while it is still being read in has left."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # exit code: as shells have it for a program that Ctrl-C has ended


def main() -> None:
    try:
        from installation import cli  # takes a second

        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
