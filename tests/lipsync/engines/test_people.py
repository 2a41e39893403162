"""Several people in one clip: each mouth moves for its own voice and for no other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync.audio.load import load_audio, save_wav
from lipsync.engines.base import RenderRequest, RenderResult, Speaker, get_engine
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.engine import Wav2LipEngine
from lipsync.face.frame import lip_gap
from lipsync.face.people import (
    NobodyThere,
    Person,
    find_person,
    has_several,
    main_person,
    meet_people,
)
from lipsync.face.place import FacePath, FacePick
from lipsync.face.track import FaceTracker
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.video.read import FrameReader
from tests import media

FRAMES = 60
RATE = 16_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def film(place: Path) -> Path:
    return media.write_video(place / "two.mp4", media.two_people(FRAMES), options={"crf": "16"})


@pytest.fixture(scope="module")
def people(film: Path) -> list[Person]:
    return meet_people(film)


@pytest.fixture(scope="module")
def voices(place: Path) -> tuple[Path, Path, Path]:
    """What the left one says in the first half, what the right one says in the second, and both."""
    synthesize_to_file(place / "said.wav", "My mama and my papa.", "en-us", 1.0)
    said = load_audio(place / "said.wav", RATE, FRAMES / 2 / 25)
    half = np.pad(said, (0, round(FRAMES / 2 / 25 * RATE) - len(said)))
    nothing = np.zeros_like(half)
    sounds = {"left": [half, nothing], "right": [nothing, half], "both": [half, half]}
    paths = [place / f"{name}.wav" for name in sounds]
    for path, parts in zip(paths, sounds.values(), strict=True):
        save_wav(path, np.concatenate(parts), RATE)
    return paths[0], paths[1], paths[2]


def mouth_gaps(path: Path) -> np.ndarray:
    """(frames, 2) distance between the lips of the left and the right face, found in the finished video."""
    tracker = FaceTracker(2)
    rows = []
    for frame in FrameReader(path):
        faces = sorted(tracker.update(frame.image), key=lambda face: float(face.landmarks[:, 0].mean()))
        rows.append([lip_gap(face.landmarks) for face in faces])
    return np.array(rows)


def test_everyone_is_found_with_a_face_to_show(people: list[Person], film: Path) -> None:
    assert [one.track for one in people] == [1, 2]
    left, right = people
    assert left.box[0] + left.box[2] < 0.5 < right.box[0]
    assert left.seconds == pytest.approx(FRAMES / 25, abs=0.3)
    for one in people:
        picture = cv2.imdecode(np.frombuffer(one.thumbnail, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape == (128, 128, 3)
        assert len(FaceTracker(2).update(picture[:, :, ::-1].copy())) == 1, "the thumbnail shows a face"
        assert not one.speaks, "their lips are at rest"
    assert has_several(film)


def test_a_face_is_picked_by_number_point_and_box(people: list[Person]) -> None:
    left, right = people
    x, y = right.box[0] + right.box[2] / 2, right.box[1] + right.box[3] / 2
    assert find_person(people, FacePick(track=2)) is right
    assert find_person(people, FacePick(point=(x, y), at_seconds=1.0)) is right
    assert find_person(people, FacePick(box=left.box)) is left
    with pytest.raises(NobodyThere, match="no face 3 here; the faces are: 1, 2"):
        find_person(people, FacePick(track=3))
    with pytest.raises(NobodyThere, match="no face in that place"):
        find_person(people, FacePick(point=(0.5, 0.98)))
    with pytest.raises(NobodyThere, match="at 99 s"):
        find_person(people, FacePick(point=(x, y), at_seconds=99))


def test_without_a_pick_it_is_who_speaks_and_else_the_largest() -> None:
    def person(track: int, size: float, motion: float) -> Person:
        path = FacePath((0.0, 0.5), ((0.1, 0.1, size, size),) * 2)
        return Person(track, path, 0.0, b"", 1.0, motion)

    assert main_person([person(1, 0.3, 0.0), person(2, 0.2, 0.01)]).track == 1
    assert main_person([person(1, 0.3, 0.0), person(2, 0.2, 0.30)]).track == 2
    with pytest.raises(NobodyThere, match="No face was found"):
        main_person([])


def test_builtin_moves_each_mouth_for_its_own_voice_only(
    film: Path, people: list[Person], voices: tuple[Path, Path, Path], place: Path
) -> None:
    left, right, both = voices
    speakers = (Speaker(people[0].path, left), Speaker(people[1].path, right))
    request = RenderRequest(both, place / "builtin.mp4", place, face_path=film, speakers=speakers)
    result = get_engine("builtin").render(request, lambda *_: None)
    assert result.frame_count == FRAMES and result.warnings == ()
    assert result.mouth is not None and result.mouth.openness[: FRAMES // 2].max() > 0.3
    assert result.mouth.openness[FRAMES // 2 :].max() > 0.3
    gaps = mouth_gaps(result.output_path)
    half = FRAMES // 2
    spread = np.array([gaps[2 : half - 2].std(axis=0), gaps[half + 4 :].std(axis=0)])
    assert spread[0, 0] > 2 * spread[1, 0], "the left mouth moves in the first half"
    assert spread[1, 1] > 2 * spread[0, 1], "the right mouth moves in the second half"
    assert spread[0, 0] > 2 * spread[0, 1] and spread[1, 1] > 2 * spread[1, 0]


def test_builtin_leaves_who_says_nothing_as_filmed(
    film: Path, people: list[Person], voices: tuple[Path, Path, Path], place: Path
) -> None:
    _, right, _ = voices
    request = RenderRequest(
        right, place / "second.mp4", place, face_path=film, speakers=(Speaker(people[1].path, right),)
    )
    result = get_engine("builtin").render(request, lambda *_: None)
    assert_only_right_changed(result, film, late=True)


def assert_only_right_changed(result: RenderResult, film: Path, *, late: bool = False) -> None:
    """By what each half of a frame differs from the source's, averaged so that coding alone is little."""
    differences = []
    for after, before in zip(FrameReader(result.output_path), FrameReader(film), strict=True):
        grey = (after.image.astype(np.float32) - before.image).mean(axis=2)
        away = np.abs(cv2.blur(grey, (9, 9)))
        middle = away.shape[1] // 2
        differences.append([half.max() for half in (away[:, : middle - 9], away[:, middle + 9 :])])
    left, right = np.array(differences[FRAMES // 2 + 4 :] if late else differences).T
    assert left.max() < 8, "who says nothing stays as filmed"
    assert right.max() > 2 * left.max(), (left.max(), right.max())


def test_a_photo_with_two_people_in_which_each_speaks(voices: tuple[Path, Path, Path], place: Path) -> None:
    picture = next(media.two_people(1, 420))
    photo = place / "two.png"
    cv2.imwrite(str(photo), picture[:, :, ::-1])
    everyone = meet_people(photo)
    assert [one.track for one in everyone] == [1, 2] and has_several(photo)
    left, right, both = voices
    speakers = (Speaker(everyone[0].path, left), Speaker(everyone[1].path, right))
    request = RenderRequest(both, place / "photo.mp4", place, face_path=photo, speakers=speakers)
    result = get_engine("builtin").render(request, lambda *_: None)
    gaps = mouth_gaps(result.output_path)
    half = FRAMES // 2
    spread = np.array([gaps[: half - 2].std(axis=0), gaps[half + 4 : FRAMES].std(axis=0)])
    assert spread[0, 0] > 2 * spread[1, 0] and spread[1, 1] > 2 * spread[0, 1], spread
    # Where the two meet, nothing moves.
    frames = [frame.image[:, 415:425].astype(int) for frame in FrameReader(result.output_path)]
    assert max(np.abs(frame - frames[0]).mean() for frame in frames) < 2


def test_wav2lip_paints_only_the_face_that_was_picked(
    checkpoint: Path, film: Path, people: list[Person], voices: tuple[Path, Path, Path], place: Path
) -> None:
    _, _, both = voices
    request = RenderRequest(
        both, place / "wav2lip.mp4", place, face_path=film, speakers=(Speaker(people[1].path, both),)
    )
    engine = Wav2LipEngine(Wav2LipConfig(checkpoint=checkpoint, parity=False))
    assert_only_right_changed(engine.render(request, lambda *_: None), film)
