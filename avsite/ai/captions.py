"""Words as captions people can read, and captions as WebVTT.

Limits as broadcasters set them: two lines of 42 characters, one to seven seconds, 17 characters a second
(Netflix Timed Text Style Guide; BBC Subtitle Guidelines).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from avsite.ai.transcript import SENTENCE_END, Word

LINE_LENGTH = 42
LINES = 2
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 7.0
CHARACTERS_PER_SECOND = 17.0
PAUSE_SECONDS = 0.6
"""A silence that ends a caption."""
CLAUSE_END = (",", ";", ":", "–", "—", "،", "、", "，")
TIMING = re.compile(r"-->")


@dataclass(frozen=True)
class Cue:
    """One caption. Times are seconds; at most LINES ``lines``."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str = ""


def make_captions(words: Iterable[Word], speaker: str = "") -> list[Cue]:
    """``words`` in order, as captions. Each stays for as long as reading it takes, if it can."""
    groups: list[list[Word]] = []
    for word in words:
        if not word.text.strip():
            continue
        if not groups or _ends_before(groups[-1], word):
            groups.append([])
        groups[-1].append(word)
    return _timed(groups, speaker)


def _ends_before(group: list[Word], word: Word) -> bool:
    """Whether ``word`` begins another caption."""
    text = _text(group)
    if word.start - group[-1].end > PAUSE_SECONDS or word.end - group[0].start > LONGEST_SECONDS:
        return True
    if len(break_lines(f"{text} {word.text}")) > LINES:
        return True
    if text.endswith(SENTENCE_END):
        return True
    return text.endswith(CLAUSE_END) and len(text) > LINE_LENGTH


def _timed(groups: list[list[Word]], speaker: str) -> list[Cue]:
    cues = []
    for number, group in enumerate(groups):
        text = _text(group)
        start = group[0].start
        wanted = start + max(SHORTEST_SECONDS, len(text) / CHARACTERS_PER_SECOND)
        free_until = groups[number + 1][0].start if number + 1 < len(groups) else float("inf")
        end = min(max(group[-1].end, wanted), max(free_until, group[-1].end), start + LONGEST_SECONDS)
        cues.append(Cue(start, max(end, start + 0.05), tuple(break_lines(text)), speaker))
    return cues


def _text(group: list[Word]) -> str:
    return " ".join(word.text.strip() for word in group)


def break_lines(text: str) -> list[str]:
    """``text`` in lines of LINE_LENGTH; two about as long, the upper one ending a clause if it can."""
    words = text.split()
    if len(text) <= LINE_LENGTH or len(words) < 2:
        return [text]
    best: tuple[float, list[str]] | None = None
    for cut in range(1, len(words)):
        upper, lower = " ".join(words[:cut]), " ".join(words[cut:])
        if len(upper) <= LINE_LENGTH and len(lower) <= LINE_LENGTH:
            cost = abs(len(upper) - len(lower)) - (20 if upper.endswith(CLAUSE_END + SENTENCE_END) else 0)
            if best is None or cost < best[0]:
                best = cost, [upper, lower]
    return best[1] if best else _filled(words)


def _filled(words: list[str]) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= LINE_LENGTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def as_webvtt(cues: Iterable[Cue]) -> str:
    """A WebVTT file; text cannot be taken for a tag or a timing."""
    blocks = ["WEBVTT"]
    for cue in cues:
        text = "\n".join(_escaped(line) for line in cue.lines)
        voice = f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{_clock(cue.start)} --> {_clock(cue.end)}\n{voice}{text}")
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(TIMING.sub("", safe).split())


def _clock(seconds: float) -> str:
    milliseconds = max(0, round(seconds * 1000))
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
