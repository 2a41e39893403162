"""A face that speaks: a photo or a house avatar, alive while it is silent."""

from __future__ import annotations

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AvatarOptions

from lipsync.face.face import NEUTRAL, Expression, Face, Pose
from lipsync.face.house.live import LiveHouse
from lipsync.face.life import Life
from rooms.agent.generators.base import FrameGenerator, Image, Moment, options_for

MOOD_SECONDS = 0.5
"""For an expression to come or go wholly."""


class PortraitGenerator(FrameGenerator):
    """Draws ``face``, whose size must be the options' size, with the speech's mouth and a life of its own.

    heard  0..1, how loud somebody else speaks now: then it attends instead of idling
    """

    needs_mouth = True

    def __init__(self, options: AvatarOptions, face: Face, *, seed: int = 0) -> None:
        super().__init__(options)
        if face.size != self.size:
            raise ValueError(f"the face is {face.size}, the picture {self.size}")
        self.heard = 0.0
        self._face = face
        self._expression = NEUTRAL
        self._life = Life(self.fps, seed)

    def paint(self, moment: Moment) -> Image:
        return np.ascontiguousarray(self._face.draw(moment.mouth, *self._live_on(moment)))

    def render(self, moment: Moment) -> Image:
        if isinstance(self._face, LiveHouse):
            return self._face.draw_i420(moment.mouth, *self._live_on(moment))
        return super().render(moment)

    def _live_on(self, moment: Moment) -> tuple[Expression, Pose]:
        """The next frame's expression and pose."""
        heard = 0.0 if moment.is_speaking else self.heard
        pose = self._life.step(min(1.0, moment.mouth.openness), heard=heard)
        self._expression = _towards(self._expression, self.mood.expression, MOOD_SECONDS * self.fps)
        return self._expression, pose


def rehearse(face: Face, sound: rtc.AudioFrame) -> None:
    """Draw ``face`` saying ``sound``, for nobody: faces keep mouths that they have drawn."""
    generator = PortraitGenerator(options_for(*face.size, 25), face)
    speech = generator.begin()
    speech.push(sound)
    speech.close()
    while (beat := speech.next_beat()) is not None:
        generator.render(Moment(beat.mouth, beat.sound, True))


def _towards(shown: Expression, wanted: Expression, frames: float) -> Expression:
    """One frame's step from an expression to another: a face does not change in one."""
    step = 1 / max(1.0, frames)
    return Expression(
        *(value + max(-step, min(step, aim - value)) for value, aim in zip(shown, wanted, strict=True))
    )
