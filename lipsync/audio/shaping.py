"""The network's guesses made into a mouth: true closures, true rest, lips no faster than lips."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, log

from lipsync.audio.features import HOP_SECONDS
from lipsync.audio.network import PRESS, REST
from lipsync.audio.phonetics import CLOSURE, MAX_SPEED, OPENNESS, TEETH
from lipsync.audio.shape import MouthShape

REST_ON, REST_OFF = 0.03, 0.015
SURELY_OPEN = 0.5
"""Openness that nobody rests with."""
REST_FALL_SECONDS, REST_RISE_SECONDS = 0.05, 0.03
PRESS_ON, PRESS_OFF = 0.22, 0.2
"""Chances of shut lips from which and down to which they are shown shut."""
PRESS_FELT = 0.12
PRESS_DIP = 0.6
"""How far lips approach each other when they are nearly shown shut."""
OPENNESS_SAY, USUALLY_OPEN = 5.0, 0.2
"""How much the openness speaks against shut lips, in nats, and from which openness on."""
LEAST_CHANCE = 1e-6
ON_TEETH = 0.5


def shut_chance(values: Sequence[float]) -> float:
    """How surely the lips are shut at a hop of OUTPUTS ``values``, 0..1.

    The network says so three times over: by its press, learnt as events; by its closure, learnt as a course;
    and by its openness. Together they show as many closures with fewer of them in the midst of a vowel.
    """
    press, closure = (_log_odds(values[channel]) for channel in (PRESS, CLOSURE))
    heard = (press + closure) / 2
    return 1 / (1 + exp(OPENNESS_SAY * (values[OPENNESS] - USUALLY_OPEN) - heard))


def rest_chance(values: Sequence[float]) -> float:
    """How surely nothing is said at a hop of OUTPUTS ``values``, 0..1: a wide open mouth speaks.

    A single word between pauses may be taken for rest by its rhythm alone.
    """
    return values[REST] * max(0.0, 1 - values[OPENNESS] / SURELY_OPEN)


def _log_odds(chance: float) -> float:
    kept = min(max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE)
    return log(kept / (1 - kept))


class Shaper:
    """Takes the network's output hop by hop and gives frames between the hops; keeps half a second."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._shapes: deque[list[float]] = deque(maxlen=64)
        self._hop_count = 0
        self._is_resting = True
        self._effort = 0.0
        self._openness = 0.0
        self._is_pressed = False
        self._shown_press = -1

    def push(self, values: Sequence[float], is_silent: bool) -> None:
        """Take one hop's OUTPUTS ``values``; ``is_silent`` when there is no sound around it."""
        rest = 1.0 if is_silent else rest_chance(values)
        self._is_resting = rest > (REST_OFF if self._is_resting else REST_ON)
        if self._is_resting:
            self._effort = max(self._effort - HOP_SECONDS / REST_FALL_SECONDS, 0.0)
        else:
            self._effort = min(self._effort + HOP_SECONDS / REST_RISE_SECONDS, 1.0)
        shape = [value * self._effort for value in values[:REST]]
        press = shut_chance(values) * self._effort
        openness = shape[OPENNESS]
        self._is_pressed = press > (PRESS_OFF if self._is_pressed else PRESS_ON)
        shape[CLOSURE] = float(self._is_pressed)
        if self._is_pressed:
            openness = 0.0
        elif press > PRESS_FELT:
            openness *= 1 - PRESS_DIP * min((press - PRESS_FELT) / (PRESS_ON - PRESS_FELT), 1)
        if shape[TEETH] > ON_TEETH:
            openness = min(openness, 0.12)
        self._openness = min(openness, self._openness + MAX_SPEED * HOP_SECONDS)
        shape[OPENNESS] = self._openness
        self._shapes.append(shape)
        self._hop_count += 1

    def frame_at(self, position: float) -> MouthShape:
        """The mouth ``position`` hops from the start, which must not lie after the newest hop."""
        lower = int(position)
        share = position - lower
        upper = min(lower + 1, self._hop_count - 1)
        before, after = self._at(lower), self._at(upper)
        shape = [(1 - share) * old + share * new for old, new in zip(before, after, strict=True)]
        # A closure may be shorter than a frame; the frame it falls to shows it whole.
        first = max(self._shown_press + 1, round(position - 0.5 / self._fps / HOP_SECONDS), 0)
        pressed = [hop for hop in range(first, upper + 1) if self._at(hop)[CLOSURE] > 0.5]
        if pressed:
            self._shown_press = pressed[-1]
            shape[OPENNESS], shape[CLOSURE] = 0.0, 1.0
        return MouthShape(*shape)

    def _at(self, hop: int) -> list[float]:
        oldest = self._hop_count - len(self._shapes)
        return self._shapes[min(max(hop - oldest, 0), len(self._shapes) - 1)]
