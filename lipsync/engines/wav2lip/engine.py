"""Wav2Lip as an engine. Nothing here needs torch until a clip is rendered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat
from typing import ClassVar

import cv2
import numpy as np

from avsite.ai.errors import ModelUnavailable
from avsite.ai.weights import require_torch
from lipsync.engines.base import Engine, EngineError, FaceKind, OnProgress, RenderRequest, RenderResult
from lipsync.engines.clip import (
    NO_FACE,
    STILL_FPS,
    Scene,
    clip_seconds,
    clip_writer,
    faceless_warning,
    loop_mode,
    read_photo,
    seconds_of_speech,
    still_frame_count,
)
from lipsync.engines.overlap import read_ahead
from lipsync.engines.wav2lip.boxes import Box, follow_faces
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.paste import paste_mouth, paste_square
from lipsync.engines.wav2lip.runtime import Lips, load_network
from lipsync.engines.wav2lip.sound import MelWindows
from lipsync.face.face import Image
from lipsync.video.loop import loop_frames
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader

_LOADING = threading.Lock()


@dataclass(kw_only=True)
class _Scene(Scene):
    """With the time of each picture in its source."""

    timed: Iterator[tuple[Image, float]]


class Wav2LipEngine(Engine):
    """Makes the mouth with a neural network, 96 or 256 pixels wide."""

    name = "wav2lip"
    version = "2"
    label = "Wav2Lip"
    queue = "cpu"
    multi_face = True
    faces: ClassVar[frozenset[FaceKind]] = frozenset({"image", "video"})

    def __init__(self, config: Wav2LipConfig | None = None) -> None:
        self.config = config or Wav2LipConfig()

    def check(self) -> str | None:
        try:
            self.config.weights()
            require_torch(self.name)
        except ModelUnavailable as error:
            return str(error)
        return None

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        """See ``Engine.render``. Raises EngineError without weights or a face, MediaError for bad files."""
        cv2.setNumThreads(1)
        on_progress("voice", 0.0)
        if request.face_path is None:
            raise EngineError(
                "Wav2Lip needs a photo or a video; choose the built-in engine for a drawn face."
            )
        network = self._network()
        network.settle_memory()
        speech_seconds = seconds_of_speech(request.speech_path, on_progress)
        scene = _stage(request, speech_seconds)
        on_progress("face", 0.03)
        faceless = self._write(request, scene, network, on_progress)
        if faceless == scene.frame_count and not request.speakers:
            request.output_path.unlink(missing_ok=True)
            raise EngineError(NO_FACE, fallback=False)
        return RenderResult(
            output_path=request.output_path,
            duration_seconds=scene.seconds,
            frame_count=scene.frame_count,
            warnings=tuple(faceless_warning(faceless, scene)),
        )

    def _network(self) -> Lips:
        try:
            path = self.config.weights()
            require_torch(self.name)
            with _LOADING:
                config = self.config
                changed = path.stat().st_mtime_ns
                return load_network(path, changed, config.use_gpu, config.notes_dir, config.parity)
        except ModelUnavailable as error:
            raise EngineError(str(error)) from error

    def _write(self, request: RenderRequest, scene: _Scene, network: Lips, on_progress: OnProgress) -> int:
        """How many frames had no face. Decoding, following, drawing and encoding overlap."""
        paths = [speaker.path for speaker in request.speakers]
        voices = [speaker.speech_path for speaker in request.speakers] or [request.speech_path]
        rests = not self.config.parity
        windows = [MelWindows(voice, float(scene.fps), silent_rests=rests) for voice in voices]
        followed = read_ahead(follow_faces(scene.timed, paths), network.batch)
        faceless = 0
        with clip_writer(request, scene, on_progress, network.batch) as write:
            for start in range(0, scene.frame_count, network.batch):
                batch = list(islice(followed, min(network.batch, scene.frame_count - start)))
                for number, own in enumerate(windows):
                    faces = [(image, boxes[number]) for image, boxes in batch]
                    missing = self._speak(network, faces, own, start)
                    # Of several people each may come and go; it matters while they have something to say.
                    faceless += sum(not paths or own.speaks(frame) for frame in missing)
                for image, _ in batch:
                    write(image)
        return faceless

    def _speak(
        self, network: Lips, batch: list[tuple[Image, Box | None]], windows: MelWindows, start: int
    ) -> list[int]:
        """Draw the mouths of one face into a batch of frames; the numbers of those without it."""
        here = [(number, image, box) for number, (image, box) in enumerate(batch) if box is not None]
        if here:
            size = (network.size, network.size)
            crops = np.stack([cv2.resize(image[box.rows, box.columns], size) for _, image, box in here])
            mels = np.stack([windows.at(start + number) for number, _, _ in here])
            paste = paste_square if self.config.parity else paste_mouth
            for (_, image, box), face in zip(here, network(mels, crops.astype(np.uint8)), strict=True):
                paste(image, box, face)
        return [start + number for number, (_, box) in enumerate(batch) if box is None]


def _stage(request: RenderRequest, speech_seconds: float) -> _Scene:
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    info = probe(request.face_path)
    if info.media == "image":
        image = read_photo(request.face_path)
        count = still_frame_count(speech_seconds)
        timed = ((image.copy(), 0.0) for _ in repeat(None, count))
        return _Scene(iter(()), image.shape[1], image.shape[0], STILL_FPS, count, timed=timed)
    reader = FrameReader(request.face_path)
    sync_mode = request.options.sync_mode
    seconds = clip_seconds(speech_seconds, info.duration_seconds, sync_mode)
    count = max(1, round(seconds * float(reader.fps)))
    looped = loop_frames(request.face_path, count, loop_mode(sync_mode), reader=reader)
    timed = ((frame.image, frame.seconds) for frame in looped)
    fps, tags = Fraction(reader.fps), reader.color_tags
    return _Scene(iter(()), reader.width, reader.height, fps, count, tags, timed=timed)
