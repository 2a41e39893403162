"""A portrait moved, scaled and turned through a video keeps speaking, whatever its own mouth does."""

import cv2
import numpy as np
import pytest
import skimage.data

from lipsync.audio.shape import CLOSED, MouthShape, MouthTrack
from lipsync.face.draw import PhotoFace
from lipsync.face.frame import FaceFrame
from lipsync.face.perform import Candidate, VideoPerformance
from lipsync.face.rig import oval_distance
from lipsync.face.video_face import VideoFace, closed_mouth_score
from tests.lipsync.face.filmed import brought_back, placed
from tests.lipsync.face.measured import Reader

MESH_NOISE = 0.02  # D; of a gap read off a face this small


@pytest.fixture(scope="module")
def face():
    portrait = skimage.data.astronaut()
    return PhotoFace(portrait, Reader().landmarks(portrait))


@pytest.fixture(scope="module")
def quiet(face):
    """The same person on the same way, never opening the mouth."""
    return [placed(face.draw(CLOSED), n) for n in range(40)]


@pytest.fixture(scope="module")
def talking(face):
    """Frames of a face that moves about and talks by itself."""
    mouths = [MouthShape(openness=0.5 + 0.5 * np.sin(n / 1.7)) for n in range(40)]
    return [placed(face.draw(mouth), n) for n, mouth in enumerate(mouths)]


def track_of(openness):
    values = np.asarray(openness, np.float32)
    nothing = np.zeros_like(values)
    return MouthTrack(25.0, values, nothing, nothing, nothing, nothing)


def candidates_of(frames):
    reader = Reader()
    return [Candidate(f, reader.landmarks(f)) for f in frames]


def perform(frames, openness, candidates):
    performance = VideoPerformance([f.copy() for f in frames], track_of(openness), candidates)
    return list(performance), performance.presence


def gaps_of(frames):
    reader = Reader(5)
    return np.array([reader.gap(f) for f in frames])


def test_own_speech_is_taken_out_in_silence(talking, quiet):
    drawn, presence = perform(talking, np.zeros(len(talking)), candidates_of(talking[::4]))
    # What the mesh reads on this smiling mouth when it is shut, in every place and size of the way.
    shut = gaps_of(quiet)
    assert (gaps_of(talking) - shut).max() > 0.08, "the source talks"
    assert (gaps_of(drawn) - shut < MESH_NOISE).mean() >= 0.98, gaps_of(drawn) - shut
    assert presence.faceless == 0


def test_new_speech_leads_the_mouth(talking):
    wanted = 0.5 - 0.5 * np.cos(np.arange(len(talking)) / 3.1)
    drawn, _ = perform(talking, wanted, candidates_of(talking[::4]))
    gaps, own = gaps_of(drawn), gaps_of(talking)
    assert np.corrcoef(gaps, wanted)[0, 1] > 0.9
    assert abs(np.corrcoef(gaps, own)[0, 1]) < 0.5


def test_frames_without_a_face_pass_through_untouched(talking):
    empty = np.full_like(talking[0], 90)
    frames = [*talking[:10], *[empty] * 8, *talking[10:20]]
    drawn, presence = perform(frames, np.ones(len(frames)), candidates_of(talking[:8:4]))
    assert len(drawn) == len(frames)
    assert all((d == empty).all() for d in drawn[10:18])
    assert presence.faceless == 8
    reader = Reader()
    assert reader.gap(drawn[5]) > 0.06, "the mouth is driven before the gap"


def test_picture_outside_the_face_is_untouched(talking):
    drawn, _ = perform(talking[:6], np.ones(6), candidates_of(talking[:2]))
    difference = np.abs(drawn[3].astype(int) - talking[3]).max(2)
    assert difference.max() > 30
    assert (difference[:60] == 0).all()
    assert (difference[:, :70] == 0).all()


def test_shoulders_stay_where_they_are(talking):
    drawn, _ = perform(talking, np.ones(len(talking)), candidates_of(talking[::4]))
    for before, after, points in zip(talking, drawn, map(Reader().landmarks, talking), strict=True):
        frame = FaceFrame.of(points)
        height, width = before.shape[:2]
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
        away = oval_distance(frame.to_uv(points[:, :2]), frame.to_uv(pixels.astype(np.float32))) > 1.6
        assert (before.reshape(-1, 3)[away] == after.reshape(-1, 3)[away]).all()


def test_closed_frame_is_chosen_as_reference(talking):
    reader = Reader()
    landmarks = [reader.landmarks(f) for f in talking]
    best = max(range(len(talking)), key=lambda n: closed_mouth_score(landmarks[n]))
    assert reader.gap(talking[best]) < 0.06


def test_amount_fades_to_the_source(talking):
    landmarks = Reader().landmarks(talking[0])
    face = VideoFace(talking[0], landmarks)
    assert (face.draw(talking[0].copy(), landmarks, MouthShape(openness=1.0), 0.0) == talking[0]).all()
    half = face.draw(talking[0].copy(), landmarks, MouthShape(openness=1.0), 0.5)
    full = face.draw(talking[0].copy(), landmarks, MouthShape(openness=1.0), 1.0)
    change = [np.abs(d.astype(int) - talking[0]).sum() for d in (half, full)]
    assert 0 < change[0] < change[1]
    assert face.draw(talking[0].copy(), landmarks, CLOSED).shape == talking[0].shape


def test_a_head_that_jerks_keeps_one_mouth_in_its_place(face):
    """Frames doubled and skipped, as converted videos have them."""
    numbers = [n // 3 * 31 for n in range(24)]
    jerky = [placed(face.draw(MouthShape(openness=0.6)), n) for n in numbers]
    shut = [placed(face.draw(CLOSED), n) for n in numbers]
    candidates = candidates_of([placed(face.draw(CLOSED), 3)])
    drawn, _ = perform(jerky, np.zeros(24), candidates)
    reader = Reader()
    for made, real in zip(drawn, shut, strict=True):
        x, y = reader.landmarks(real)[[61, 291], :2].mean(0).astype(int)
        part = (slice(y - 22, y + 22), slice(x - 32, x + 32))
        assert np.abs(made[part].astype(int) - real[part]).mean() < 10


def mouths_of(frames, at):
    """The mouths of the frames brought back to one place, (frames, h, w) grey."""
    x, y = at[[61, 291], :2].mean(0).astype(int)
    back = [brought_back(f, n)[y - 28 : y + 34, x - 40 : x + 40] for n, f in enumerate(frames)]
    return np.stack(back).astype(np.float32).mean(3)


def test_mouth_flickers_less_than_the_source(face, talking, quiet):
    """Where the source's own mouth rests, only landmarks add jitter; half a grey level is unseen."""
    for source, allowed in ((talking, 0.0), (quiet, 0.5)):
        drawn, _ = perform(source, np.zeros(len(source)), candidates_of(quiet[::6]))
        rendered, filmed = (
            np.abs(np.diff(mouths_of(frames, face.landmarks), axis=0)).mean() for frames in (drawn, source)
        )
        assert rendered <= filmed + allowed


def test_mouth_is_as_sharp_as_the_source(face, quiet):
    drawn, _ = perform(quiet, np.zeros(len(quiet)), candidates_of(quiet[::6]))
    reader = Reader()

    def sharpness(frame, at):
        x, y = at[[61, 291], :2].mean(0).astype(int)
        return cv2.Laplacian(frame[y - 20 : y + 24, x - 30 : x + 30], cv2.CV_64F).var()

    places = [reader.landmarks(f) for f in quiet]
    kept = [sharpness(d, at) / sharpness(f, at) for d, f, at in zip(drawn, quiet, places, strict=True)]
    assert np.median(kept) >= 0.9, kept
