"""What is to be seen of a call in a terminal: one living line, and what is said above it."""

from __future__ import annotations

import math
import shutil
import unicodedata
from dataclasses import dataclass, field
from typing import TextIO

BLOCKS = " ▁▂▃▄▅▆▇█"
BARS = 24
METER = 12
QUIETEST_DB = -54.0
ERASE = "\r\x1b[K"


def meter(level: float, width: int = METER) -> str:
    """A level of 0..1 as a bar, in dB from QUIETEST_DB up."""
    loud = 20 * math.log10(max(level, 1e-6))
    filled = round(width * min(1.0, max(0.0, 1 - loud / QUIETEST_DB)))
    return "█" * filled + "·" * (width - filled)


def chart(bars: list[float]) -> str:
    """Heights of 0..1 as a row of blocks."""
    return "".join(BLOCKS[round(height * (len(BLOCKS) - 1))] for height in bars)


def plain(text: str) -> str:
    """Without anything that would move the cursor or colour the terminal: others wrote it."""
    return "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)


@dataclass
class Screen:
    """Writes to a terminal, or plain lines where there is none."""

    out: TextIO
    name: str
    people: list[str] = field(default_factory=list)
    _live: str = ""

    @property
    def is_terminal(self) -> bool:
        return self.out.isatty()

    def say(self, line: str) -> None:
        """A line that stays."""
        start = ERASE if self.is_terminal else ""
        self.out.write(f"{start}{plain(line)}\n{self._live}")
        self.out.flush()

    def caption(self, speaker: str, text: str) -> None:
        """What somebody said, for good."""
        self.say(f"{speaker}: {text}")

    def show(self, level: float, bars: list[float], is_on: bool, partial: str = "") -> None:
        """Draw the living line anew; nothing where there is no terminal."""
        if not self.is_terminal:
            return
        others = ", ".join(self.people) or "nobody else yet"
        state = "on " if is_on else "off"
        line = f"{self.name} [{state}] {meter(level)} {chart(bars)}  with {others}"
        line = plain(f"{line}  … {partial}" if partial else line)
        self._live = line[: shutil.get_terminal_size().columns - 1]
        self.out.write(f"{ERASE}{self._live}")
        self.out.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.is_terminal:
            self.out.write(ERASE)
            self.out.flush()
