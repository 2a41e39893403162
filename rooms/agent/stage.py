"""From an order to the generator that shows its avatar, with what has to be fetched and prepared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from lipsync.face.face import Face
from lipsync.video.read import read_image
from rooms.agent.generators.base import FrameGenerator, options_for
from rooms.agent.generators.faces import SHELF, FaceShelf, content_hash, house_name
from rooms.agent.generators.hue import HueGenerator
from rooms.agent.generators.loop import LOOPS, LoopGenerator
from rooms.agent.generators.portrait import PortraitGenerator
from rooms.agent.generators.spectrum import SpectrumGenerator
from rooms.agent.generators.still import StillGenerator
from rooms.agent.generators.wave import AudioWaveGenerator
from rooms.agent.media import MediaCache
from rooms.agent.order import SessionOrder
from rooms.agent.sources.clip import fitted

PLAIN: dict[str, Callable[..., FrameGenerator]] = {
    "hue": HueGenerator,
    "wave": AudioWaveGenerator,
    "spectrum": SpectrumGenerator,
}


class Stage:
    """The generator of an order, and the media file it was made from."""

    def __init__(
        self,
        generator: FrameGenerator,
        media: Path | None = None,
        give_back: Callable[[], None] | None = None,
    ) -> None:
        self.generator = generator
        self.media = media
        self._give_back = give_back

    async def aclose(self) -> None:
        """Stop drawing; the face may be used by the next avatar."""
        await self.generator.aclose()
        if self._give_back is not None:
            self._give_back()


async def set_stage(order: SessionOrder, cache: MediaCache, shelf: FaceShelf = SHELF) -> Stage:
    """Raises FetchError, FaceError or MediaError, each with a sentence for the host."""
    media = None
    if order.avatar.media_url:
        media = await cache.fetch(order.avatar.media_url, order.token, order.media_hash)
    return await asyncio.to_thread(_build, order, media, shelf)


def _build(order: SessionOrder, media: Path | None, shelf: FaceShelf) -> Stage:
    options = options_for(order.width, order.height, order.fps)
    size = (order.width, order.height)
    kind = order.avatar.kind
    if kind in PLAIN:
        return Stage(PLAIN[kind](options))
    if kind == "house":
        face = shelf.take_house(order.avatar.look, size)
        return _portrait(order, face, shelf, ("house", house_name(order.avatar.look), size))
    assert media is not None  # noqa: S101 -- orders of these kinds are checked to have one
    if kind == "photo":
        return _portrait(order, shelf.take_photo(media, size), shelf, ("photo", content_hash(media), size))
    if kind == "loop":
        return Stage(LoopGenerator(options, LOOPS.take(media, size, order.fps)), media)
    return Stage(StillGenerator(options, fitted(read_image(media), size)), media)


def _portrait(
    order: SessionOrder, face: Face, shelf: FaceShelf, key: tuple[str, str, tuple[int, int]]
) -> Stage:
    seed = int(order.session.replace("-", "")[:8], 16)
    generator = PortraitGenerator(options_for(*face.size, order.fps), face, seed=seed)
    return Stage(generator, give_back=lambda: shelf.give_back(key, face))
