"""Life of a still picture: sway, nods with the rhythm of speech, glances, blinks, breath."""

from __future__ import annotations

import math

import numpy as np

from lipsync.face.face import Pose

SWAY = ((0.024, 0.016, 0.012), (0.013, 0.009, 0.008))  # radians of yaw, pitch, roll: posture and drift
DRIFT_SECONDS = (7.3, 5.1, 9.7)  # periods of the drift, without a common multiple
NOD = 0.030  # radians of pitch at full effort
STIFFNESS = 2.6  # 1/s; how briskly the head follows its aim
BLINK_SECONDS = (0.08, 0.05, 0.16)  # closing, shut, opening
BREATH_SECONDS = 4.1


class Life:
    """A stream of poses, one a video frame. The same seed gives the same life.

    amount  0 still .. 1 lively; scales everything
    """

    def __init__(self, fps: float, seed: int = 0, amount: float = 1.0) -> None:
        self._random = np.random.default_rng(seed)
        self._step = 1 / fps
        self._amount = amount
        self._time = 0.0
        self._phases = self._random.uniform(0, 2 * math.pi, 4)
        self._aim = np.zeros(3)
        self._head = np.zeros(3)
        self._speed = np.zeros(3)
        self._next_aim = 0.0
        self._gaze = np.zeros(2)
        self._next_gaze = float(self._random.uniform(0.5, 2))
        self._blink_at = float(self._random.uniform(0.8, 2.5))
        self._effort = self._slow_effort = 0.0

    def step(self, effort: float) -> Pose:
        """The pose of the next frame. ``effort`` 0..1 is how hard the person speaks: the mouth's openness."""
        if self._amount <= 0:
            return Pose()
        self._time += self._step
        self._effort += (effort - self._effort) * min(1.0, self._step / 0.09)
        self._slow_effort += (effort - self._slow_effort) * min(1.0, self._step / 0.7)
        head = self._move_head() * self._amount
        self._glance()
        return Pose(
            yaw=float(head[0]),
            pitch=float(head[1]),
            roll=float(head[2]),
            gaze_x=float(self._gaze[0]) * self._amount,
            gaze_y=float(self._gaze[1]) * self._amount,
            blink=self._blink(),
            breath=math.sin(2 * math.pi * self._time / BREATH_SECONDS + self._phases[3]) * self._amount,
        )

    def _move_head(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Critically damped towards an aim that changes now and then, with a slow drift and nods on top."""
        if self._time >= self._next_aim:
            speaking = 0.6 + 0.4 * min(1.0, 2 * self._slow_effort)
            self._aim = self._random.normal(0, 1, 3).clip(-1.8, 1.8) * SWAY[0] * speaking
            self._next_aim = self._time + float(self._random.uniform(1.3, 4.2))
        drift = [
            size * math.sin(2 * math.pi * self._time / period + phase)
            for size, period, phase in zip(SWAY[1], DRIFT_SECONDS, self._phases, strict=False)
        ]
        aim = self._aim + drift
        aim[1] += NOD * (self._effort - self._slow_effort)
        pull = STIFFNESS * STIFFNESS * (aim - self._head) - 2 * STIFFNESS * self._speed
        self._speed = self._speed + pull * self._step
        self._head = self._head + self._speed * self._step
        return np.asarray(self._head)

    def _glance(self) -> None:
        if self._time < self._next_gaze:
            return
        # Mostly back to the viewer, at times a little aside; eyes jump, they do not glide.
        aside = self._random.random() < 0.45
        self._gaze = self._random.normal(0, (0.5, 0.25), 2).clip(-1, 1) if aside else np.zeros(2)
        self._next_gaze = self._time + float(
            self._random.uniform(0.35, 0.9) if aside else self._random.uniform(1.2, 3.5)
        )

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
