"""One picture, held: what is seen of a video file before it plays and after it has ended."""

from __future__ import annotations

from livekit.agents.voice.avatar import AvatarOptions

from rooms.agent.generators.base import FrameGenerator, Image, Moment


class StillGenerator(FrameGenerator):
    """Shows ``image``, (height, width, 3) RGB of the options' size."""

    def __init__(self, options: AvatarOptions, image: Image) -> None:
        super().__init__(options)
        self._image = image

    def paint(self, moment: Moment) -> Image:
        return self._image
