"""The built-in engine on a real face and real synthesised speech, read back off the finished file."""

import wave

import cv2
import numpy as np
import pytest

from lipsync.audio.phonetics import track_from_phones
from lipsync.engines.base import EngineError, RenderOptions, RenderRequest, get_engine
from lipsync.engines.builtin import find_main_face
from lipsync.face.detect import FaceDetector
from lipsync.face.house import HOUSE_LOOKS
from lipsync.face.mesh import FaceMesh, eye_distance
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader
from tests import media
from tests.lipsync.face.measured import Reader

SENTENCE = "Mama bought a big apple pie. Papa found five old maps above my boat."


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("builtin")


@pytest.fixture(scope="module")
def spoken(place):
    path = place / "speech.wav"
    return path, tuple(synthesize_to_file(path, SENTENCE, "en-us", 1.0))


@pytest.fixture(scope="module")
def photo(place):
    path = place / "face.png"
    cv2.imwrite(str(path), media.portrait()[:, :, ::-1])
    return path


def render(place, name, speech, phones=None, **where):
    options = RenderOptions(**where.pop("options", {}))
    request = RenderRequest(speech, place / name, place, phones=phones, options=options, **where)
    return get_engine("builtin").render(request, lambda *_: None)


@pytest.fixture(scope="module")
def gaps(place, spoken, photo):
    """Openness of the rendered mouth, frame by frame, found again in the finished video."""
    speech, phones = spoken
    result = render(place, "photo.mp4", speech, phones, face_path=photo, options={"head_motion": 0.5})
    reader = Reader()
    return np.array([reader.gap(frame.image) for frame in FrameReader(result.output_path)])


def test_rendered_mouth_follows_the_phones(gaps, spoken):
    target = track_from_phones(spoken[1], 25.0, len(gaps)).openness
    assert np.corrcoef(gaps, target)[0, 1] > 0.85


def test_rendered_mouth_is_closed_in_silence(gaps, spoken):
    phones = spoken[1]
    silent = np.zeros(len(gaps), bool)
    for phone in phones:
        if phone.ipa == "":
            # The lips may part early and close late by the length of a breath before a word.
            first, last = (phone.start_seconds + 0.12) * 25, (phone.end_seconds - 0.12) * 25
            silent[int(np.ceil(first)) : max(0, int(last))] = True
    silent[int((phones[-1].end_seconds + 0.1) * 25) :] = True
    assert silent.sum() >= 6
    assert (gaps[silent] < 0.05).mean() >= 0.98, gaps[silent]


def test_result_tells_what_the_mouth_did(place, spoken):
    speech, phones = spoken
    full, half = (
        render(
            place,
            f"told-{strength}.mp4",
            speech,
            phones,
            house_look="maya",
            options={"mouth_strength": strength},
        )
        for strength in (1.0, 0.5)
    )
    assert full.mouth.fps == 25
    assert len(full.mouth) == full.frame_count
    np.testing.assert_allclose(half.mouth.openness, full.mouth.openness / 2, atol=1e-6)
    np.testing.assert_array_equal(half.mouth.closure, full.mouth.closure)


def test_expression_is_drawn_on_photo_and_house_avatar(place, photo):
    speech = media.write_audio(place / "still.wav", np.zeros(1600, np.float32), 16_000)
    detector, mesh = FaceDetector(), FaceMesh()

    def first_frame(expression, **face):
        options = {"head_motion": 0.0, "expression": expression, "expression_amount": 1.0}
        result = render(place, f"{expression}.mp4", speech, options=options, **face)
        points = find_main_face(next(iter(FrameReader(result.output_path))).image, detector, mesh, crops=5)
        corners = points[[61, 291], 1].mean() - points[[13, 14], 1].mean()
        brows = points[[105, 334], 1].mean() - points[[33, 263], 1].mean()
        inner_brows = points[[107, 336], 1].mean() - points[[133, 362], 1].mean()
        return np.array([corners, brows, inner_brows]) / eye_distance(points)

    for face in ({"face_path": photo}, {"house_look": "maya"}):
        rest, happy, sad, surprised, angry = (
            first_frame(name, **face) for name in ("neutral", "happy", "sad", "surprised", "angry")
        )
        assert happy[0] < rest[0] - 0.01, "the corners of the mouth rise"
        assert sad[0] > rest[0] + 0.01, "and fall"
        assert surprised[1] < rest[1] - 0.015, "the brows rise"
        assert angry[2] > rest[2] + 0.004, "their inner ends fall"


def test_house_avatar_speaks_in_every_look(place, spoken):
    speech = media.write_audio(place / "short.wav", media.spoken_like(0.4), 16_000)
    for look in HOUSE_LOOKS:
        result = render(place, f"{look}.mp4", speech, house_look=look)
        info = probe(result.output_path)
        assert info.width >= 720 and info.fps == 25
        assert result.frame_count == pytest.approx(0.7 * 25, abs=1)


@pytest.mark.parametrize(
    ("sync_mode", "seconds"), [("bounce", 1.6), ("loop", 1.6), ("cut_off", 0.8), ("silence", 1.6)]
)
def test_short_video_is_made_to_fit(place, sync_mode, seconds):
    face = media.write_moving_portrait(place / "short.mp4", 0.8, width=320, height=240)
    speech = media.write_audio(place / "longer.wav", media.spoken_like(1.6), 16_000)
    result = render(place, f"{sync_mode}.mp4", speech, face_path=face, options={"sync_mode": sync_mode})
    assert result.duration_seconds == pytest.approx(seconds, abs=0.05)
    assert probe(result.output_path).duration_seconds == pytest.approx(seconds, abs=0.06)


def test_long_video_is_cut_or_kept(place):
    face = media.write_moving_portrait(place / "long.mp4", 1.6, width=320, height=240)
    speech = media.write_audio(place / "brief.wav", media.spoken_like(0.8), 16_000)
    for sync_mode, seconds in (("bounce", 0.8), ("silence", 1.6)):
        result = render(
            place, f"long-{sync_mode}.mp4", speech, face_path=face, options={"sync_mode": sync_mode}
        )
        assert result.duration_seconds == pytest.approx(seconds, abs=0.05)


def test_source_frame_rate_and_size_are_kept(place):
    face = media.write_moving_portrait(place / "fps30.mp4", 0.8, fps=30, width=426, height=240)
    speech = media.write_audio(place / "fps.wav", media.spoken_like(0.8), 16_000)
    info = probe(render(place, "fps30-out.mp4", speech, face_path=face).output_path)
    assert (info.width, info.height) == (426, 240)
    assert info.fps == pytest.approx(30)


def test_frames_where_nobody_is_seen_are_reported(place):
    pictures = list(media.moving_portrait(30, 320, 240))
    for number in range(10, 20):
        pictures[number] = np.full_like(pictures[0], 120)
    face = media.write_video(place / "gone.mp4", pictures, fps=25)
    speech = media.write_audio(place / "gone.wav", media.spoken_like(1.2), 16_000)
    result = render(place, "gone-out.mp4", speech, face_path=face)
    assert any("No face was seen for 0.4 s" in warning for warning in result.warnings)


def test_silent_speech_gives_a_closed_mouth(place, photo):
    speech = media.write_audio(place / "silence.wav", np.zeros(16_000, np.float32), 16_000)
    result = render(place, "silent.mp4", speech, face_path=photo)
    reader = Reader()
    assert max(reader.gap(f.image) for f in FrameReader(result.output_path)) < 0.06


def test_huge_photo_is_scaled_to_what_players_show(place, photo):
    big = cv2.resize(media.portrait(), (4801, 4801), interpolation=cv2.INTER_LINEAR)
    path = place / "big.jpg"
    cv2.imwrite(str(path), big[:, :, ::-1])
    speech = media.write_audio(place / "tiny.wav", media.spoken_like(0.1), 16_000)
    info = probe(render(place, "big.mp4", speech, face_path=path).output_path)
    assert info.width * info.height <= 3840 * 2160
    assert info.width % 2 == 0 and info.height % 2 == 0


def test_speech_without_sound_is_refused(place, photo):
    empty = place / "empty.wav"
    with wave.open(str(empty), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
    with pytest.raises((EngineError, MediaError), match=r"(?i)sound|speech|audio|recording"):
        render(place, "none.mp4", empty, face_path=photo)
    assert not (place / "none.mp4").exists()
