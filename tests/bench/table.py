"""Tables for the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need; the first to the left, figures to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others])

    rule = "  ".join("-" * width for width in widths)
    sys.stdout.write("\n".join(["", title, "", line(heads), rule, *map(line, rows), ""]) + "\n")
    sys.stdout.flush()


def print_note(text: str) -> None:
    """A line below a table."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
