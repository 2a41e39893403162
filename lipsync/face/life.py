"""Life of a still picture: sway, nods with the rhythm of speech, glances, blinks, breath, and listening.

Only poses come from here, never a mouth: whoever is silent stays silent.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lipsync.face.face import Pose

Vector = npt.NDArray[np.float64]

POSTURE = np.array([0.024, 0.015, 0.012])  # radians of yaw, pitch, roll: how far postures lie apart
WANDER = np.array([0.012, 0.008, 0.007])  # radians; drift around a posture
WANDER_SECONDS = 1.8  # after which the drift has forgotten where it was
BEAT = np.array([0.006, 0.024, 0.004])  # radians at a strong syllable
HEAD_STIFFNESS, BEAT_STIFFNESS = 2.6, 9.0  # 1/s; how briskly the head follows
TURN_TO = np.array([0.055, 0.030])  # radians of yaw and pitch towards somebody at the edge of sight
HEARD = 0.05  # loudness from which somebody is speaking
ATTENTION_SECONDS = 1.5  # for which a listener stays with who has fallen silent
NOD = 0.030  # radians
NOD_SECONDS = 0.42  # of one nod
NOD_REST_SECONDS = 2.4  # between two answers
NOD_AFTER_SECONDS = 1.2  # of listening comes the first
PAUSE_SECONDS = 0.24  # of silence ask for an answer
BLINK_SECONDS = (0.08, 0.05, 0.16)  # closing, shut, opening
BREATH_SECONDS = 4.1
ASIDE = {"idle": 0.45, "speaking": 0.40, "listening": 0.14}  # share of glances that leave the viewer


class _Follow:
    """Critically damped motion towards an aim."""

    def __init__(self, size: int, stiffness: float) -> None:
        self.place, self._speed, self._stiffness = np.zeros(size), np.zeros(size), stiffness

    def step(self, aim: Vector, seconds: float) -> Vector:
        pull = self._stiffness**2 * (aim - self.place) - 2 * self._stiffness * self._speed
        self._speed = self._speed + pull * seconds
        self.place = self.place + self._speed * seconds
        return self.place


class Life:
    """A stream of poses, one a video frame. The same seed gives the same life.

    amount  0 still .. 1 lively; scales everything but blinks
    """

    def __init__(self, fps: float, seed: int = 0, amount: float = 1.0) -> None:
        self._random = np.random.default_rng(seed)
        self._step = 1 / fps
        self._amount = amount
        self._time = 0.0
        self._head, self._beat = _Follow(3, HEAD_STIFFNESS), _Follow(3, BEAT_STIFFNESS)
        self._posture, self._wander = np.zeros(3), np.zeros(3)
        self._lean = np.array([1.0, 1.0, 1.0])  # which way the next strong syllables go
        self._next_posture = 0.0
        self._gaze = np.zeros(2)
        self._next_gaze = float(self._random.uniform(0.5, 2))
        self._blink_at = float(self._random.uniform(0.8, 2.5))
        self._breath = float(self._random.uniform(0, 2 * math.pi))
        self._effort = self._slow_effort = 0.0
        self._listening = _Listening()
        self._mood = "idle"

    def step(self, effort: float, *, heard: float = 0.0, towards: tuple[float, float] = (0.0, 0.0)) -> Pose:
        """The pose of the next frame.

        effort   0..1, how hard the person speaks: the mouth's openness
        heard    0..1, how loud somebody else is who is being listened to
        towards  where that one is, -1..1 as ``Pose.gaze_x`` and ``gaze_y``; the viewer is at (0, 0)
        """
        if self._amount <= 0:
            return Pose()
        self._time += self._step
        self._effort += (effort - self._effort) * min(1.0, self._step / 0.07)
        self._slow_effort += (effort - self._slow_effort) * min(1.0, self._step / 0.7)
        self._listening.hear(heard, self._step, self._random)
        self._follow_mood()
        aim = np.asarray(towards) if self._mood == "listening" else np.zeros(2)
        head = self._move_head(aim) * self._amount
        self._glance(aim)
        breathing = 2 * math.pi / BREATH_SECONDS * (1 + 0.25 * float(self._wander[0] / WANDER[0]) / 2)
        self._breath += max(0.2, breathing) * self._step
        return Pose(
            yaw=float(head[0]),
            pitch=float(head[1]),
            roll=float(head[2]),
            gaze_x=float(np.clip(self._gaze[0] * self._amount, -1, 1)),
            gaze_y=float(np.clip(self._gaze[1] * self._amount, -1, 1)),
            blink=self._blink(),
            breath=math.sin(self._breath) * self._amount,
        )

    def _follow_mood(self) -> None:
        speaking = self._slow_effort > 0.04
        mood = "speaking" if speaking else "listening" if self._listening.attends else "idle"
        if mood != self._mood:
            # People take a new posture, look up and often blink when the talk changes hands.
            self._next_posture = self._next_gaze = self._time
            if self._random.random() < 0.6 and self._blink_at > self._time:
                self._blink_at = self._time + float(self._random.uniform(0.05, 0.3))
        self._mood = mood

    def _move_head(self, towards: Vector) -> Vector:
        """A posture that changes now and then, drift around it, beats of speech and nods on top."""
        if self._time >= self._next_posture:
            size = {"idle": 0.7, "listening": 0.45}.get(self._mood, 0.8 + 0.4 * min(1.0, self._slow_effort))
            self._posture = self._random.normal(0, size, 3).clip(-1.8, 1.8) * POSTURE
            self._next_posture = self._time + float(self._random.gamma(4.0, 0.7) + 0.6)
            self._lean = self._random.choice([-1.0, 1.0], 3) * (1, 0, 1) + (0, 1, 0)
        share = self._step / WANDER_SECONDS
        self._wander += -share * self._wander + WANDER * math.sqrt(2 * share) * self._random.normal(0, 1, 3)
        aim = self._posture + self._wander
        aim[:2] += TURN_TO * towards
        beat = max(0.0, self._effort - self._slow_effort) * BEAT * self._lean
        beat[1] += self._listening.nod(self._step)
        return self._head.step(aim, self._step) + self._beat.step(beat, self._step)

    def _glance(self, towards: Vector) -> None:
        if self._time < self._next_gaze:
            return
        # Mostly at the viewer or the speaker, at times a little aside; eyes jump, they do not glide.
        before = self._gaze
        aside = self._random.random() < ASIDE[self._mood]
        spread = self._random.normal(0, (0.5, 0.25), 2) if aside else self._random.normal(0, 0.04, 2)
        # The head has turned part of the way.
        self._gaze = np.clip(0.75 * towards + spread, -1, 1)
        self._next_gaze = self._time + float(
            self._random.uniform(0.35, 0.9) if aside else self._random.uniform(1.2, 3.5)
        )
        leap = float(np.abs(self._gaze - before).max())
        if leap > 0.5 and self._random.random() < 0.4 and self._blink_at > self._time + 0.3:
            self._blink_at = self._time

    def _blink(self) -> float:
        closing, shut, opening = BLINK_SECONDS
        since = self._time - self._blink_at
        if since < 0:
            return 0.0
        if since < closing:
            return since / closing
        if since < closing + shut:
            return 1.0
        if since < closing + shut + opening:
            return 1 - (since - closing - shut) / opening
        # People blink in uneven bursts; a double blink now and then.
        double = self._random.random() < 0.12
        wait = self._random.uniform(0.15, 0.3) if double else self._random.gamma(3.0, 1.25) + 0.7
        self._blink_at = self._time + float(wait)
        return 0.0


class _Listening:
    """Attention to somebody who speaks, and nods where they pause."""

    def __init__(self) -> None:
        self._since_heard = ATTENTION_SECONDS
        self._heard_for = 0.0
        self._since_nod = NOD_REST_SECONDS
        self._nodding = 0.0  # seconds of nodding still to come
        self._depth = 0.0
        self._asked = False  # whether this pause has been answered, or let pass

    @property
    def attends(self) -> bool:
        return self._since_heard < ATTENTION_SECONDS

    def hear(self, loudness: float, seconds: float, random: np.random.Generator) -> None:
        self._since_nod += seconds
        if loudness >= HEARD:
            self._since_heard = 0.0
            self._heard_for += seconds
            self._asked = False
            return
        self._since_heard += seconds
        if not self.attends:
            self._heard_for = 0.0
        due = self._since_heard >= PAUSE_SECONDS and self._heard_for >= NOD_AFTER_SECONDS
        if due and not self._asked and self._since_nod >= NOD_REST_SECONDS and self.attends:
            self._asked = True
            if random.random() < 0.7:
                self._nodding = NOD_SECONDS * int(random.choice([1, 2, 2, 3]))
                self._depth = NOD * float(random.uniform(0.6, 1.1))
                self._since_nod = 0.0

    def nod(self, seconds: float) -> float:
        """Radians of pitch for the next frame."""
        if self._nodding <= 0:
            return 0.0
        self._nodding -= seconds
        phase = (self._nodding % NOD_SECONDS) / NOD_SECONDS
        return self._depth * math.sin(math.pi * phase) ** 2
