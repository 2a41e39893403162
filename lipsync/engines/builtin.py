"""The built-in engine: a face rig on the CPU, nothing to download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.mouth import speech_mouth
from lipsync.audio.shape import MouthTrack
from lipsync.engines.base import (
    Engine,
    EngineError,
    OnProgress,
    RenderOptions,
    RenderRequest,
    RenderResult,
    Speaker,
)
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
from lipsync.engines.heap import give_back_pictures
from lipsync.engines.overlap import read_ahead
from lipsync.face.detect import FaceDetector, box_iou
from lipsync.face.draw import PhotoFace
from lipsync.face.face import NEUTRAL, Expression, Face, Image
from lipsync.face.group import PhotoGroup
from lipsync.face.mesh import FaceMesh, eye_distance, landmarks_box, roi_from_landmarks
from lipsync.face.people import MOST_PEOPLE
from lipsync.face.perform import (
    FOLLOWED_FACES,
    NEWCOMERS_EVERY,
    Candidate,
    Presence,
    Sight,
    VideoPerformance,
    perform_still,
    see_faces,
    strengthened,
)
from lipsync.face.person import blur_background
from lipsync.face.place import Box, FacePath, corners
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
SAME_PLACE = 0.35  # overlap of a face found again with where it was seen


@dataclass(kw_only=True)
class _Scene(Scene):
    """With the mouth that speaks in it, and for a video where each face that does is seen."""

    mouth: MouthTrack
    presences: Sequence[Presence] = ()
    warnings: tuple[str, ...] = ()


class BuiltinEngine(Engine):
    """Warps the lower face of the source at its full resolution, driven by the speech."""

    name = "builtin"
    version = "10"
    label = "Built-in"
    queue = "cpu"
    multi_face = True

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        """See ``Engine.render``. Raises EngineError without a face, MediaError for unreadable files."""
        # Reading, drawing and encoding fill the cores already; OpenCV's own threads get in the way.
        cv2.setNumThreads(1)
        give_back_pictures()
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
            warnings=(*scene.warnings, *_warnings(scene)),
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


def _mouth_of(speaker: Speaker, request: RenderRequest, fps: Fraction, frame_count: int) -> MouthTrack:
    """What one of several says."""
    if speaker.speech_path is None:
        return MouthTrack(float(fps), *(np.zeros(frame_count, np.float32) for _ in range(5)))
    own = replace(request, speech_path=speaker.speech_path, phones=speaker.phones)
    return _mouth(own, fps, frame_count)


def _widest(tracks: Sequence[MouthTrack]) -> MouthTrack:
    """At each frame the mouth of whoever opens it most."""
    if len(tracks) == 1:
        return tracks[0]
    openness = np.stack([track.openness for track in tracks])
    frames = np.arange(openness.shape[1])
    most = openness.argmax(0)
    names = ("openness", "width", "rounding", "teeth", "closure")
    values = [np.stack([getattr(track, name) for track in tracks])[most, frames] for name in names]
    return MouthTrack(tracks[0].fps, *values)


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
    if request.speakers:
        return _group_scene(request, image, speech_seconds)
    landmarks = find_main_face(image, FaceDetector(), FaceMesh(), crops=5)
    if landmarks is None:
        raise EngineError(NO_FACE, fallback=False)
    if request.options.background == "blur":
        image = blur_background(image, landmarks)
    return _perform(request, PhotoFace(image, landmarks), still_frame_count(speech_seconds))


def _group_scene(request: RenderRequest, image: Image, speech_seconds: float) -> _Scene:
    """A photo with several faces, of which one or more speak."""
    options, speakers = request.options, [one for one in request.speakers if one.speech_path is not None]
    meshes = _Finder([speaker.path for speaker in speakers]).find(image, 0.0, crops=5, hard=True)
    found = [mesh for mesh in meshes if mesh is not None]
    if len(found) < len(meshes):
        raise EngineError(NO_FACE, fallback=False)
    frame_count = still_frame_count(speech_seconds)
    tracks = [_mouth_of(speaker, request, STILL_FPS, frame_count) for speaker in speakers]
    warnings: tuple[str, ...] = ()
    if options.background == "blur" and len(found) == 1:
        image = blur_background(image, found[0])
    elif options.background == "blur":
        warnings = ("The background was left as it is, as several people speak.",)
    group = PhotoGroup(image, found)
    frames = group.perform(tracks, frame_count, expression=_expression(options), motion=options.head_motion)
    return _Scene(frames, *group.size, STILL_FPS, frame_count, mouth=_widest(tracks), warnings=warnings)


class _Finder:
    """Finds again the faces whose places are known."""

    def __init__(self, paths: Sequence[FacePath]) -> None:
        self._paths = paths
        self._detector, self._mesh = FaceDetector(), FaceMesh()

    def find(self, image: Image, seconds: float, *, crops: int = 1, hard: bool = False) -> list[Array | None]:
        """Landmarks (468, 3) of each at a moment of the source, in pixels; None of those not seen."""
        size = np.array([image.shape[1], image.shape[0]] * 2)
        detections = self._detector.detect(image, hard)
        fits = [self._mesh.fit_detection(image, face, crops) for face in detections]
        meshes = [fit.points for fit in fits if fit is not None]
        return [self._near(meshes, path.at(seconds), size) for path in self._paths]

    @staticmethod
    def _near(meshes: list[Array], box: Box | None, size: npt.NDArray[np.int_]) -> Array | None:
        if box is None:
            return None
        wanted = np.array(corners(box)) * size
        near = [(box_iou(landmarks_box(points), wanted), points) for points in meshes]
        overlap, points = max(near, key=lambda one: one[0], default=(0.0, None))
        return points if overlap >= SAME_PLACE else None


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
    looped = loop_frames(request.face_path, frame_count, loop_mode(sync_mode), reader=reader)
    timed = read_ahead((frame.image, frame.seconds) for frame in looped)
    performances = _cast(request, Fraction(reader.fps), frame_count, video_seconds, on_progress)
    sights: Iterator[Sight] = see_faces(
        timed, MOST_PEOPLE if request.speakers else FOLLOWED_FACES, NEWCOMERS_EVERY
    )
    for performance in performances:
        sights = performance.speak(sights)
    return _Scene(
        (sight.image for sight in sights),
        reader.width,
        reader.height,
        Fraction(reader.fps),
        frame_count,
        reader.color_tags,
        mouth=_widest([performance.track for performance in performances]),
        presences=[performance.presence for performance in performances],
    )


def _cast(
    request: RenderRequest, fps: Fraction, frame_count: int, seconds: float, on_progress: OnProgress
) -> list[VideoPerformance]:
    """Those whose mouths move in a video, each with its references. Raises EngineError without a face."""
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    if not request.speakers:
        candidates = _look_for_mouth(request.face_path, seconds, on_progress)
        if not candidates:
            raise EngineError(NO_FACE, fallback=False)
        return [VideoPerformance((), _mouth(request, fps, frame_count), candidates)]
    references = _look_for_mouths(request.face_path, seconds, request.speakers, on_progress)
    return [
        VideoPerformance((), _mouth_of(speaker, request, fps, frame_count), own, speaker.path)
        for speaker, own in zip(request.speakers, references, strict=True)
    ]


def _look_for_mouths(
    path: Path, seconds: float, speakers: Sequence[Speaker], on_progress: OnProgress
) -> list[list[Candidate]]:
    """As ``_look_for_mouth``, of each of several."""
    found: list[list[Candidate]] = [[] for _ in speakers]
    finder = _Finder([speaker.path for speaker in speakers])
    for image, at in _glimpses(path, seconds):
        on_progress("face", 0.05)
        for mesh, own in zip(finder.find(image, at), found, strict=True):
            if mesh is not None:
                own.append(Candidate.cut(image, mesh))
    return found


def _look_for_mouth(path: Path, seconds: float, on_progress: OnProgress) -> list[Candidate]:
    """Faces from the start of a video and all over it, to choose a resting mouth from; [] without any."""
    detector, mesh = FaceDetector(), FaceMesh()
    # Looking for turned and tiny faces is slow: only where no face is found otherwise.
    for thorough in (False, True):
        candidates: list[Candidate] = []
        followed: Array | None = None
        for number, (image, _) in enumerate(_glimpses(path, seconds)):
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


def _glimpses(path: Path, seconds: float) -> Iterator[tuple[Image, float]]:
    """A few frames a second of the start, then key frames from all over the video, with their times."""
    for frame in FrameReader(path, fps=LOOK_FPS).frames(0, int(LOOK_SECONDS * LOOK_FPS)):
        yield frame.image, frame.seconds
    yield from islice(key_frames(path, seconds / LOOK_AROUND), LOOK_AROUND)


def _warnings(scene: _Scene) -> list[str]:
    """What was less than perfect with the faces that were to speak."""
    fps = float(scene.fps)
    lines: list[str] = []
    for presence in scene.presences:
        lines += faceless_warning(presence.faceless, scene)
        if presence.turned / fps >= 0.2:
            lines.append(
                f"The face is turned away for {presence.turned / fps:.1f} s; its mouth is unchanged there."
            )
        if presence.hidden / fps >= 0.2:
            lines.append(
                f"Something is in front of the mouth for {presence.hidden / fps:.1f} s; "
                "it is left as it is there."
            )
    return lines
