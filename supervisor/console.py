"""What the terminal shows: one line per message, with the name of the process in front."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

COLOURS = {
    "redis": 31,
    "web": 36,
    "worker": 32,
    "scheduler": 33,
    "livekit": 96,
    "agent": 95,
    "captions": 94,
    "migrate": 35,
    "avsite": 34,
}
SPARE_COLOURS = (95, 96, 92, 93, 94)
NAME_WIDTH = 9


class Console:
    """Writes prefixed lines to standard output; coloured on a terminal unless NO_COLOR is set."""

    def __init__(self, on_gone: Callable[[], None] = lambda: None) -> None:
        self.coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.on_gone = on_gone
        self._gone = False

    def line(self, name: str, text: str) -> None:
        """One line of ``name``'s output. A terminal that has gone is reported once and then ignored."""
        self._write(
            f"{self._paint(name.ljust(NAME_WIDTH), self._colour(name))} {self._paint('|', 2)} {text}\n"
        )

    def say(self, text: str) -> None:
        """The supervisor's own words."""
        self.line("avsite", text)

    def box(self, lines: list[str]) -> None:
        """Lines in a frame, for the one thing that must not be overlooked."""
        width = max(len(line) for line in lines) + 4
        rows = ["", "┌" + "─" * width + "┐"]
        rows += [f"│  {self._paint(line.ljust(width - 4), 1)}  │" for line in lines]
        self._write("\n".join([*rows, "└" + "─" * width + "┘", "", ""]))

    def _colour(self, name: str) -> int:
        return COLOURS.get(name) or SPARE_COLOURS[sum(name.encode()) % len(SPARE_COLOURS)]

    def _paint(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError):
            self._gone = True
            self.on_gone()
        except UnicodeEncodeError:
            sys.stdout.write(text.encode("ascii", "replace").decode())
            sys.stdout.flush()
