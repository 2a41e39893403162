"""The built-in engine: a face rig on the CPU, nothing to download."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.load import FloatArray
from lipsync.audio.mouth import speech_mouth
from lipsync.audio.shape import MouthTrack
from lipsync.engines.base import Engine, EngineError, OnProgress, RenderOptions, RenderRequest, RenderResult
from lipsync.engines.clip import NO_FACE, SOUND_RATE, TAIL_SECONDS, SoundFeed, clip_length, seconds_of_speech
from lipsync.engines.overlap import Behind, read_ahead
from lipsync.face.detect import FaceDetector
from lipsync.face.draw import PhotoFace
from lipsync.face.face import NEUTRAL, Expression, Face, Image
from lipsync.face.mesh import FaceMesh, eye_distance, roi_from_landmarks
from lipsync.face.perform import Candidate, Presence, VideoPerformance, perform_still, strengthened
from lipsync.face.person import blur_background
from lipsync.video.color import ColorTags
from lipsync.video.loop import loop_frames
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader, read_image
from lipsync.video.search import key_frames
from lipsync.video.write import VideoWriter

Array = npt.NDArray[np.float32]

STILL_FPS = Fraction(25)
STILL_PIXELS = 3840 * 2160  # larger photos are scaled down
HOUSE_SIZE = (1080, 1080)
LOOK_SECONDS = 4.0  # at the start of a video, for a frame with its mouth closed
LOOK_FPS = 4
LOOK_ANEW_EVERY = 4  # pictures looked at
LOOK_AROUND = 8  # key frames over the whole video


@dataclass
class _Scene:
    """What is about to be written: pictures and how they look."""

    frames: Iterator[Image]
    width: int
    height: int
    fps: Fraction
    frame_count: int
    mouth: MouthTrack
    tags: ColorTags | None = None
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
            self._write(request, scene, on_progress)
        finally:
            scene.frames.close()  # type: ignore[attr-defined]  # a generator: stops its threads
        return RenderResult(
            output_path=request.output_path,
            duration_seconds=scene.frame_count / float(scene.fps),
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

    def _write(self, request: RenderRequest, scene: _Scene, on_progress: OnProgress) -> None:
        sound = SoundFeed(request.speech_path, scene.frame_count / scene.fps)
        writer = VideoWriter(
            request.output_path, scene.width, scene.height, scene.fps, SOUND_RATE, scene.tags
        )
        with writer, Behind[tuple[Image, FloatArray]](lambda item: _append(writer, *item)) as behind:
            for number, image in enumerate(scene.frames, start=1):
                behind.put((image, sound.until(number / scene.fps)))
                on_progress("render", 0.10 + 0.88 * number / scene.frame_count)
            on_progress("finish", 0.98)


def _append(writer: VideoWriter, image: Image, samples: FloatArray) -> None:
    writer.write(image)
    writer.write_audio(samples)


def _mouth(request: RenderRequest, fps: Fraction, frame_count: int) -> MouthTrack:
    track = speech_mouth(request.speech_path, float(fps), frame_count, request.phones)
    return strengthened(track, request.options.mouth_strength)


def _perform(request: RenderRequest, face: Face, frame_count: int) -> _Scene:
    """A still face speaking, at its own size."""
    options, mouth = request.options, _mouth(request, STILL_FPS, frame_count)
    frames = perform_still(
        face, mouth, frame_count, expression=_expression(options), motion=options.head_motion
    )
    return _Scene(frames, *face.size, STILL_FPS, frame_count, mouth)


def _expression(options: RenderOptions) -> Expression:
    if options.expression == "neutral":
        return NEUTRAL
    return NEUTRAL._replace(**{options.expression: options.expression_amount})


def _still_frame_count(speech_seconds: float) -> int:
    return math.ceil((speech_seconds + TAIL_SECONDS) * STILL_FPS)


def _house_scene(request: RenderRequest, speech_seconds: float) -> _Scene:
    from lipsync.face.house import HouseFace  # drawn on import: only when asked for

    face = HouseFace(str(request.house_look), HOUSE_SIZE)
    return _perform(request, face, _still_frame_count(speech_seconds))


def _photo_scene(request: RenderRequest, speech_seconds: float) -> _Scene:
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    image = _fit_photo(read_image(request.face_path))
    landmarks = find_main_face(image, FaceDetector(), FaceMesh(), crops=5)
    if landmarks is None:
        raise EngineError(NO_FACE, fallback=False)
    if request.options.background == "blur":
        image = blur_background(image, landmarks)
    return _perform(request, PhotoFace(image, landmarks), _still_frame_count(speech_seconds))


def _fit_photo(image: Image) -> Image:
    """At most STILL_PIXELS, sides even: what every player shows."""
    height, width = image.shape[:2]
    scale = min(1.0, math.sqrt(STILL_PIXELS / (height * width)))
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2])


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
    mode, seconds = clip_length(request.options.sync_mode, video_seconds, speech_seconds)
    frame_count = max(1, round(seconds * float(reader.fps)))
    candidates = _look_for_mouth(request.face_path, video_seconds, on_progress)
    if not candidates:
        raise EngineError(NO_FACE, fallback=False)
    source = (f.image for f in loop_frames(request.face_path, frame_count, mode, reader=reader))
    performance = VideoPerformance(
        frames=read_ahead(source),
        track=_mouth(request, Fraction(reader.fps), frame_count),
        candidates=candidates,
    )
    return _Scene(
        iter(performance),
        reader.width,
        reader.height,
        Fraction(reader.fps),
        frame_count,
        performance.track,
        reader.color_tags,
        performance.presence,
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
    lines = []
    if presence.faceless / fps >= 0.1:
        lines.append(f"No face was seen for {presence.faceless / fps:.1f} s; those frames are unchanged.")
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
