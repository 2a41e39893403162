"""Every generator gives a picture and a piece of sound for each beat, also to livekit-agents' own runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarRunner, QueueAudioOutput
from skimage.data import astronaut

from lipsync.audio.phones import Phone
from lipsync.audio.shape import CLOSED
from lipsync.face.draw import PhotoFace
from lipsync.video.read import read_image
from rooms.agent.generators.base import FrameGenerator, Moment, Picture, SpeechEnd, options_for
from rooms.agent.generators.faces import SHELF, FaceError, framed
from rooms.agent.generators.hue import HueGenerator
from rooms.agent.generators.loop import Loop, LoopGenerator
from rooms.agent.generators.portrait import PortraitGenerator
from rooms.agent.generators.spectrum import SpectrumGenerator
from rooms.agent.generators.speech import SAMPLE_RATE, Speech, audio_frame
from rooms.agent.generators.still import StillGenerator
from rooms.agent.generators.wave import AudioWaveGenerator
from rooms.agent.sources.clip import FilmClip, fitted
from tests import media
from tests.rooms.agent.sfu import Sfu, Viewer, until

SIZE = (256, 256)
OPTIONS = options_for(*SIZE, 25)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a person, with sound."""
    path = tmp_path_factory.mktemp("clip") / "person.mp4"
    media.write_moving_portrait(path, 2.0, fps=25, width=320, height=320)
    return path


def portrait() -> FrameGenerator:
    return PortraitGenerator(OPTIONS, SHELF.take_house("maya", SIZE))


def photo() -> FrameGenerator:
    landmarks = SHELF.find_face(astronaut())
    return PortraitGenerator(OPTIONS, PhotoFace(*framed(astronaut(), landmarks, SIZE)))


MAKERS: dict[str, Callable[[], FrameGenerator]] = {
    "portrait": portrait,
    "photo": photo,
    "wave": lambda: AudioWaveGenerator(OPTIONS),
    "spectrum": lambda: SpectrumGenerator(OPTIONS),
    "hue": lambda: HueGenerator(OPTIONS),
}


@pytest.fixture(params=[*MAKERS, "loop"])
def generator(request: pytest.FixtureRequest, clip: Path) -> FrameGenerator:
    if request.param == "loop":
        return LoopGenerator(OPTIONS, Loop(clip, SIZE, 25))
    return MAKERS[request.param]()


async def take(generator: FrameGenerator, count: int) -> list[object]:
    items: list[object] = []
    async for item in generator:
        items.append(item)
        if len(items) >= count or isinstance(item, SpeechEnd):
            break
    return items


async def test_a_second_of_sound_is_twenty_five_beats(generator: FrameGenerator, tone: np.ndarray) -> None:
    for start in range(0, 24_000, 2400):
        await generator.push_audio(audio_frame(tone[start : start + 2400], 24_000))
    await generator.push_audio(AudioSegmentEnd())
    items = await take(generator, 200)
    sounds = [item for item in items if isinstance(item, rtc.AudioFrame)]
    pictures = [item for item in items if isinstance(item, Picture)]
    assert len(sounds) == len(pictures) == 25
    assert sum(sound.samples_per_channel for sound in sounds) == SAMPLE_RATE
    assert {picture.utterance for picture in pictures} == {1}
    assert isinstance(items[-1], SpeechEnd) and items[-1].utterance == 1
    assert all((picture.width, picture.height) == SIZE for picture in pictures)
    await generator.aclose()


async def test_runs_under_the_stock_runner(
    generator: FrameGenerator, tone: np.ndarray, sfu: Sfu, room_name: str
) -> None:
    viewer = await Viewer.join(sfu, room_name)
    room = await sfu.join("avatar", room_name, "agent")
    output = QueueAudioOutput(sample_rate=24_000)
    runner = AvatarRunner(room, audio_recv=output, video_gen=generator, options=OPTIONS)
    await runner.start()
    await until(lambda: viewer.pictures)
    await output.capture_frame(audio_frame(tone[:12_000], 24_000))
    output.flush()
    played = await asyncio.wait_for(output.wait_for_playout(), 20)
    assert not played.interrupted
    assert played.playback_position == pytest.approx(0.5, abs=0.001)
    await until(viewer.has_heard)
    await until(lambda: len(viewer.pictures) > 10)
    assert any((a != viewer.pictures[0]).any() for a in viewer.pictures[1:])
    await runner.aclose()
    await generator.aclose()
    await room.disconnect()
    await viewer.leave()


async def test_a_film_runs_under_the_stock_runner(tmp_path: Path, sfu: Sfu, room_name: str) -> None:
    """What a file publisher shows: its picture at rest, then the film with its own sound."""
    size = (160, 120)
    film = media.write_video(tmp_path / "film.mp4", 50, sound=media.tone(2.0, 48_000), size=size)
    options = options_for(*size, 25)
    generator = StillGenerator(options, fitted(read_image(film), size))
    viewer = await Viewer.join(sfu, room_name)
    room = await sfu.join("avatar", room_name, "agent")
    output = QueueAudioOutput(sample_rate=24_000)
    runner = AvatarRunner(room, audio_recv=output, video_gen=generator, options=options)
    await runner.start()
    await until(lambda: viewer.pictures)
    assert not viewer.has_heard()
    generator.show(lambda number: FilmClip(film, size, 25, number))
    await until(viewer.has_heard)
    await until(lambda: any(np.abs(a.astype(int) - viewer.pictures[0]).mean() > 2 for a in viewer.pictures))
    assert viewer.sizes == {size}
    await runner.aclose()
    await generator.aclose()
    await room.disconnect()
    await viewer.leave()


async def test_an_interrupt_forgets_what_was_not_said_and_closes_the_mouth(tone: np.ndarray) -> None:
    seen: list[Moment] = []

    class Watched(HueGenerator):
        needs_mouth = True

        def paint(self, moment: Moment) -> np.ndarray:
            seen.append(moment)
            return super().paint(moment)

    generator = Watched(OPTIONS)
    speech = generator.begin()
    frame = audio_frame(np.tile(tone, 2), 24_000)
    frame.userdata["phones"] = [Phone("a", 0.0, 2.0)]
    speech.push(frame)
    await take(generator, 20)
    assert seen[-1].mouth.openness > 0.5
    generator.clear_buffer()
    idle = await take(generator, 6)
    assert speech.is_closed
    assert all(isinstance(item, Picture) and item.utterance is None for item in idle[2:])
    assert seen[-1].mouth == CLOSED and not seen[-1].is_speaking
    await generator.aclose()


def test_known_phones_lead_the_mouth_across_sentences() -> None:
    speech = Speech(1, 25)
    for start, ipa in ((0.0, "a"), (1.0, "")):
        frame = audio_frame(np.zeros(22_050, np.int16), 22_050)
        frame.userdata["phones"] = [Phone(ipa, start, start + 1.0)]
        speech.push(frame)
    speech.close()
    shapes = []
    while (beat := speech.next_beat()) is not None:
        shapes.append(beat.mouth)
    assert len(shapes) == 50 and speech.is_over
    assert min(shape.openness for shape in shapes[8:18]) > 0.5
    assert all(shape == CLOSED for shape in shapes[32:])


def test_a_live_voice_that_fell_behind_skips_only_silence() -> None:
    speech = Speech(1, 25, is_live=True, listens=False)
    loud = np.full(1920, 8000, np.int16)
    for part in (loud, *[np.zeros(1920, np.int16)] * 20, loud):
        speech.push(audio_frame(part))
    speech.close()
    beats = []
    while (beat := speech.next_beat()) is not None:
        beats.append(beat)
    assert sum(bool(beat.sound.any()) for beat in beats) == 2
    assert len(beats) < 15


def test_a_clip_has_its_own_pictures_and_sound_and_may_loop(clip: Path) -> None:
    once = FilmClip(clip, SIZE, 25, 1)
    frames = []
    while (frame := once.next_frame()) is not None:
        frames.append(frame)
    assert len(frames) == 50 and once.is_over
    assert all(image.shape == (256, 256, 3) and len(sound) == 1920 for image, sound in frames)
    looping = FilmClip(clip, SIZE, 25, 1, loop=True)
    again = [looping.next_frame() for _ in range(60)]
    assert all(frame is not None for frame in again)
    assert np.array_equal(again[50][0], frames[0][0])
    looping.close()
    assert looping.next_frame() is None


def test_a_photo_is_cropped_around_its_face() -> None:
    image = np.ascontiguousarray(astronaut())
    landmarks = SHELF.find_face(image)
    picture, moved = framed(image, landmarks, (320, 240))
    assert picture.shape == (240, 320, 3)
    assert moved[:, 0].min() > 0 and moved[:, 0].max() < 320
    assert np.ptp(moved[:, 1]) / 240 == pytest.approx(0.34, abs=0.02)


def test_no_face_is_told() -> None:
    with pytest.raises(FaceError, match="No face was found"):
        SHELF.find_face(np.full((200, 200, 3), 90, np.uint8))


async def test_waits_for_the_rest_of_a_beat_instead_of_drawing_idle() -> None:
    generator = AudioWaveGenerator(options_for(64, 64, 1))
    items = aiter(generator)
    half = audio_frame(np.full(SAMPLE_RATE // 2, 3000, np.int16))
    # Two pictures of rest, so that the next is not due for a second.
    assert [(await anext(items)).utterance for _ in range(2)] == [None, None]
    speech = generator.begin()
    speech.push(half)
    coming = asyncio.ensure_future(anext(items))
    await asyncio.sleep(0.05)
    assert not coming.done()
    speech.push(half)
    first = await coming
    await generator.aclose()
    assert isinstance(first, Picture)
    assert first.utterance == speech.number
