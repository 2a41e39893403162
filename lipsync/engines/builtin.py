"""The built-in engine: a face rig on the CPU, nothing to download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.mouth import speech_mouth
from lipsync.audio.shape import MouthTrack
from lipsync.engines.base import Engine, EngineError, OnProgress, RenderOptions, RenderRequest, RenderResult
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
from lipsync.face.detect import FaceDetector
from lipsync.face.draw import PhotoFace
from lipsync.face.face import NEUTRAL, Expression, Face, Image
from lipsync.face.mesh import FaceMesh, eye_distance, roi_from_landmarks
from lipsync.face.perform import Candidate, Presence, VideoPerformance, perform_still, strengthened
from lipsync.face.person import blur_background
from lipsync.video.loop import loop_frames
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader
from lipsync.video.search import key_frames

Array = npt.NDArray[np.float32]

HOUSE_SIZE = (1080, 1080)
LOOK_SECONDS = 4.0  # at the start of a video, for a frame with its mouth closed
LOOK_FPS = 4
LOOK_ANEW_EVERY = 4  # pictures looked at
LOOK_AROUND = 8  # key frames over the whole video


@dataclass(kw_only=True)
class _Scene(Scene):
    """With the mouth that speaks in it, and for a video where its face is seen."""

    mouth: MouthTrack
    presence: Presence | None = None


class BuiltinEngine(Engine):
    """Warps the lower face of the source at its full resolution, driven by the speech."""

    name = "builtin"
    version = "7"
    label = "Built-in"
    queue = "cpu"

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        """See ``Engine.render``. Raises EngineError without a face, MediaError for unreadable files."""
        # Reading, drawing and encoding fill the cores already; OpenCV's own threads get in the way.
        cv2.setNumThreads(1)
        on_progress("voice", 0.0)
        speech_seconds = seconds_of_speech(request.speech_path, on_progress)
        on_progress("face", 0.03)
        scene = self._stage(request, speech_seconds, on_progress)
        try:
            with clip_writer(request, scene, on_progress) as write:
                for image in scene.frames:
                    write(image)
        finally:
            scene.frames.close()  # type: ignore[attr-defined]  # a generator: stops its threads
        return RenderResult(
            output_path=request.output_path,
            duration_seconds=scene.seconds,
            frame_count=scene.frame_count,
            warnings=_warnings(scene),
            mouth=scene.mouth,
        )

    def _stage(self, request: RenderRequest, speech_seconds: float, on_progress: OnProgress) -> _Scene:
        if request.house_look is not None:
            return _house_scene(request, speech_seconds)
        if request.face_path is None:
            raise EngineError(
                "There is no face to draw; give a photo, a video or a house avatar.", fallback=False
            )
        if probe(request.face_path).media == "image":
            return _photo_scene(request, speech_seconds)
        return _video_scene(request, speech_seconds, on_progress)


def _mouth(request: RenderRequest, fps: Fraction, frame_count: int) -> MouthTrack:
    track = speech_mouth(request.speech_path, float(fps), frame_count, request.phones)
    return strengthened(track, request.options.mouth_strength)


def _perform(request: RenderRequest, face: Face, frame_count: int) -> _Scene:
    """A still face speaking, at its own size."""
    options, mouth = request.options, _mouth(request, STILL_FPS, frame_count)
    frames = perform_still(
        face, mouth, frame_count, expression=_expression(options), motion=options.head_motion
    )
    return _Scene(frames, *face.size, STILL_FPS, frame_count, mouth=mouth)


def _expression(options: RenderOptions) -> Expression:
    if options.expression == "neutral":
        return NEUTRAL
    return NEUTRAL._replace(**{options.expression: options.expression_amount})


def _house_scene(request: RenderRequest, speech_seconds: float) -> _Scene:
    from lipsync.face.house import HouseFace  # drawn on import: only when asked for

    face = HouseFace(str(request.house_look), HOUSE_SIZE)
    return _perform(request, face, still_frame_count(speech_seconds))


def _photo_scene(request: RenderRequest, speech_seconds: float) -> _Scene:
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    image = read_photo(request.face_path)
    landmarks = find_main_face(image, FaceDetector(), FaceMesh(), crops=5)
    if landmarks is None:
        raise EngineError(NO_FACE, fallback=False)
    if request.options.background == "blur":
        image = blur_background(image, landmarks)
    return _perform(request, PhotoFace(image, landmarks), still_frame_count(speech_seconds))


def find_main_face(
    image: Image, detector: FaceDetector, mesh: FaceMesh, *, crops: int = 1, thorough: bool = True
) -> Array | None:
    """Landmarks (468, 3) of the largest face in ``image``, in pixels, or None."""
    fits = [mesh.fit_detection(image, found, crops) for found in detector.detect(image, thorough)]
    points = [fit.points for fit in fits if fit is not None]
    return max(points, key=eye_distance) if points else None


def _video_scene(request: RenderRequest, speech_seconds: float, on_progress: OnProgress) -> _Scene:
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    reader = FrameReader(request.face_path)
    video_seconds = probe(request.face_path).duration_seconds
    sync_mode = request.options.sync_mode
    seconds = clip_seconds(speech_seconds, video_seconds, sync_mode)
    frame_count = max(1, round(seconds * float(reader.fps)))
    candidates = _look_for_mouth(request.face_path, video_seconds, on_progress)
    if not candidates:
        raise EngineError(NO_FACE, fallback=False)
    looped = loop_frames(request.face_path, frame_count, loop_mode(sync_mode), reader=reader)
    performance = VideoPerformance(
        frames=read_ahead(frame.image for frame in looped),
        track=_mouth(request, Fraction(reader.fps), frame_count),
        candidates=candidates,
    )
    return _Scene(
        iter(performance),
        reader.width,
        reader.height,
        Fraction(reader.fps),
        frame_count,
        reader.color_tags,
        mouth=performance.track,
        presence=performance.presence,
    )


def _look_for_mouth(path: Path, seconds: float, on_progress: OnProgress) -> list[Candidate]:
    """Faces from the start of a video and all over it, to choose a resting mouth from; [] without any."""
    detector, mesh = FaceDetector(), FaceMesh()
    # Looking for turned and tiny faces is slow: only where no face is found otherwise.
    for thorough in (False, True):
        candidates: list[Candidate] = []
        followed: Array | None = None
        for number, image in enumerate(_glimpses(path, seconds)):
            on_progress("face", 0.05)
            # Following a face costs a fifth of looking for one.
            if followed is not None and number % LOOK_ANEW_EVERY:
                fit = mesh.fit(image, roi_from_landmarks(followed))
                followed = None if fit is None else fit.points
            else:
                followed = None
            if followed is None:
                followed = find_main_face(image, detector, mesh, thorough=thorough)
            if followed is not None:
                candidates.append(Candidate.cut(image, followed))
        if candidates:
            return candidates
    return []


def _glimpses(path: Path, seconds: float) -> Iterator[Image]:
    """A few frames a second of the start, then key frames from all over the video."""
    for frame in FrameReader(path, fps=LOOK_FPS).frames(0, int(LOOK_SECONDS * LOOK_FPS)):
        yield frame.image
    yield from islice(key_frames(path, seconds / LOOK_AROUND), LOOK_AROUND)


def _warnings(scene: _Scene) -> tuple[str, ...]:
    presence, fps = scene.presence, float(scene.fps)
    if presence is None:
        return ()
    lines = faceless_warning(presence.faceless, scene)
    if presence.turned / fps >= 0.2:
        lines.append(
            f"The face is turned away for {presence.turned / fps:.1f} s; its mouth is unchanged there."
        )
    if presence.hidden / fps >= 0.2:
        lines.append(
            f"Something is in front of the mouth for {presence.hidden / fps:.1f} s; "
            "it is left as it is there."
        )
    return tuple(lines)
