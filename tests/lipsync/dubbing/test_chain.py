"""The chain on a real film: recogniser, voice, mix and captions are real; only the lips are a copy."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from avsite.ai.errors import ModelUnavailable
from lipsync.audio.load import FloatArray, load_audio
from lipsync.audio.loudness import RATE, measure_loudness
from lipsync.audio.soundtrack import stereo_blocks
from lipsync.dubbing.chain import FINAL, MIX, TRACK, Chain, ToSync
from lipsync.dubbing.spec import STAGES, DubError, DubSpec, Edit, Json, NeedsPerson
from lipsync.dubbing.store import Store
from lipsync.dubbing.tools import make_tools
from tests import media
from tests.lipsync.dubbing.talk import HUM_HERTZ, talk_sound, write_talk

GERMAN = ("Guten Morgen zusammen.", "Wir gehen jetzt an den Fluss.", "Vielen herzlichen Dank.")


def copy_lips(wanted: ToSync, tell: Callable[[float], None]) -> Json:
    shutil.copy(wanted.video, wanted.output)
    return {"engine": "copied"}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_talk(tmp_path_factory.mktemp("talk") / "talk.mp4")


@pytest.fixture(scope="module")
def heard(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[DubSpec, Path]:
    """As far as it comes by itself where no translator is installed."""
    folder = tmp_path_factory.mktemp("heard") / "dub"
    spec = DubSpec(talk, "1" * 64, "de")
    with pytest.raises(
        NeedsPerson, match=r"3 of 3 sentences have no translation.*models pull m2m100"
    ) as needed:
        make_chain(spec, folder).run()
    assert needed.value.stage == "edit"
    return spec, folder


@pytest.fixture(scope="module")
def dubbed(
    heard: tuple[DubSpec, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[DubSpec, Path, list[str]]:
    spec, folder = heard[0], tmp_path_factory.mktemp("dubbed") / "dub"
    shutil.copytree(heard[1], folder)
    spec = dataclasses.replace(spec, edits=typed(folder, GERMAN))
    done: list[str] = []
    make_chain(spec, folder).run(lambda stage, kept: done.append(stage))
    return spec, folder, done


@pytest.fixture
def copied(dubbed: tuple[DubSpec, Path, list[str]], tmp_path: Path) -> tuple[DubSpec, Path]:
    """The same, for a test of its own."""
    return dubbed[0], Path(shutil.copytree(dubbed[1], tmp_path / "dub"))


def make_chain(spec: DubSpec, folder: Path, tell: Callable[[str, float], None] = lambda *_: None) -> Chain:
    return Chain(spec, Store(folder), make_tools(folder / "no models", copy_lips), tell)


def typed(folder: Path, texts: tuple[str, ...]) -> dict[str, Edit]:
    items = Store(folder).read("sentences").made["items"]  # type: ignore[union-attr]
    return {item["id"]: Edit(translation=text) for item, text in zip(items, texts, strict=True)}


def redone(spec: DubSpec, folder: Path) -> dict[str, tuple[str, ...]]:
    """The stages that were done again, and which of their parts."""
    found: dict[str, tuple[str, ...]] = {}
    make_chain(spec, folder).run(lambda stage, kept: found.update({stage: kept.parts}))
    return found


def test_a_film_is_dubbed(dubbed: tuple[DubSpec, Path, list[str]], talk: Path) -> None:
    _, folder, done = dubbed
    assert done == ["edit", "voice", "fit", "mix", "lipsync", "finish"], "what was heard was not heard again"
    _, spans = talk_sound()
    items = Store(folder).read("sentences").made["items"]  # type: ignore[union-attr]
    for item, (start, end) in zip(items, spans, strict=True):
        assert abs(item["start"] - start) < 0.3 and abs(item["end"] - end) < 0.3
    cues = (folder / "captions.vtt").read_text().split("\n\n")[1:]
    assert [cue.split("\n", 1)[1].strip() for cue in cues] == list(GERMAN)
    with av.open(str(folder / FINAL)) as film:
        kinds = {stream.type: stream.metadata.get("language") for stream in film.streams}
        assert kinds["audio"] == "deu" and kinds["subtitle"] == "deu" and "video" in kinds
        texts = [
            bytes(packet)[2:].decode() for packet in film.demux(film.streams.subtitles[0]) if packet.size > 2
        ]
        assert texts == list(GERMAN)
        seconds = float((film.duration or 0) / 1_000_000)
    with av.open(str(talk)) as film:
        assert abs(seconds - float((film.duration or 0) / 1_000_000)) < 0.1


def test_the_new_voice_is_heard_where_the_old_one_was(dubbed: tuple[DubSpec, Path, list[str]]) -> None:
    _, folder, _ = dubbed
    sound = load_audio(folder / FINAL, RATE)
    placed = Store(folder).read("fit").made["placed"]  # type: ignore[union-attr]
    track = load_audio(folder / TRACK, RATE)
    speaking = np.zeros(len(track), bool)
    for spot in placed:
        speaking[round(spot["at"] * RATE) : round((spot["at"] + spot["seconds"]) * RATE)] = True
    assert np.abs(track[~speaking]).max() < 1e-3 < np.abs(track[speaking]).max()
    for before, after in zip(placed, placed[1:], strict=False):
        assert before["at"] + before["seconds"] <= after["at"]
    loud = level(sound[: len(speaking)][speaking[: len(sound)]])
    quiet = level(sound[: len(speaking)][~speaking[: len(sound)]])
    assert loud > quiet + 12


def level(sound: FloatArray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def hum(sound: FloatArray) -> float:
    """Level of the film's hum in ``sound``."""
    turn = np.exp(-2j * np.pi * HUM_HERTZ * np.arange(len(sound)) / RATE)
    return float(20 * np.log10(abs(np.mean(sound * turn * np.hanning(len(sound)))) + 1e-9))


@pytest.mark.parametrize(("background", "least", "most"), [("remove", -200, -18), ("lower", -15, -8)])
def test_the_old_voice_goes_and_the_rest_stays(
    copied: tuple[DubSpec, Path], background: str, least: float, most: float
) -> None:
    """The hum stands for all of the original sound: whole in the pauses, gone or lowered under speech."""
    spec, folder = copied
    spec = dataclasses.replace(spec, background=background, duck_db=12.0)  # type: ignore[arg-type]
    if background != "remove":
        assert list(redone(spec, folder)) == ["mix", "finish"], "the lips do not follow the background"
    sound = np.concatenate(list(stereo_blocks(folder / MIX)), axis=1)[0]
    _, spans = talk_sound()
    (_, end), (start, _) = spans[0], spans[1]
    pause = sound[round((end + 0.4) * RATE) : round((start - 0.2) * RATE)]
    under = sound[round((spans[0][0] + 0.1) * RATE) : round((end - 0.1) * RATE)]
    assert least < hum(under) - hum(pause) < most
    loudness = measure_loudness(stereo_blocks(folder / MIX))
    assert abs(loudness.lufs + 16) < 1 and loudness.peak_dbtp < -1.4


def test_one_edit_redoes_its_own_parts_alone(copied: tuple[DubSpec, Path]) -> None:
    spec, folder = copied
    ids = [item["id"] for item in Store(folder).read("sentences").made["items"]]  # type: ignore[union-attr]
    files = {path: path.read_bytes() for path in folder.rglob("*.wav") if path.parent != folder}
    assert redone(spec, folder) == {}, "nothing changed, so nothing is done"
    spec = dataclasses.replace(spec, edits={**spec.edits, ids[1]: Edit(translation="Jetzt geht es los.")})
    again = redone(spec, folder)
    assert list(again) == ["edit", "voice", "fit", "mix", "lipsync", "finish"]
    assert again["voice"] == again["fit"] == (ids[1],)
    unchanged = [path for path, content in files.items() if path.is_file() and path.read_bytes() == content]
    assert len(unchanged) == 4, "two sentences' voice and fit are the very same files"
    assert len(list(folder.glob("voice/*.wav"))) == 3, "what nobody needs is gone"
    assert "Jetzt geht es los." in (folder / "captions.vtt").read_text()


def test_a_sentence_may_keep_its_voice(copied: tuple[DubSpec, Path], talk: Path) -> None:
    spec, folder = copied
    ids = list(spec.edits)
    spec = dataclasses.replace(spec, edits={**spec.edits, ids[0]: Edit(keep=True)})
    redone(spec, folder)
    (start, end), *_ = talk_sound()[1]
    kept = load_audio(folder / MIX, RATE)[round(start * RATE) : round(end * RATE)]
    old = load_audio(talk, RATE)[round(start * RATE) : round(end * RATE)]
    assert np.corrcoef(kept, old)[0, 1] > 0.9
    assert GERMAN[0] not in (folder / "captions.vtt").read_text()


def test_a_stage_waits_for_somebody(heard: tuple[DubSpec, Path], tmp_path: Path) -> None:
    spec, folder = heard[0], Path(shutil.copytree(heard[1], tmp_path / "dub"))
    spec = dataclasses.replace(spec, edits=typed(folder, GERMAN), stop_before="mix")
    with pytest.raises(NeedsPerson) as needed:
        make_chain(spec, folder).run()
    assert needed.value.stage == "mix"
    survey = make_chain(spec, folder).survey()
    assert [stage for stage, done in survey.items() if done] == list(STAGES)[: list(STAGES).index("mix")]


def test_a_stop_in_any_stage_loses_nothing_before_it(heard: tuple[DubSpec, Path], tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    spec, folder = heard[0], tmp_path / "dub"
    shutil.copytree(heard[1], folder)
    spec = dataclasses.replace(spec, edits=typed(folder, GERMAN))
    for stop in ("voice", "fit", "mix", "lipsync", "finish"):

        def tell(stage: str, fraction: float, stop: str = stop) -> None:
            if stage == stop:
                raise Stopped

        with pytest.raises(Stopped):
            make_chain(spec, folder, tell).run()
        done = [stage for stage, is_done in make_chain(spec, folder).survey().items() if is_done]
        assert done == list(STAGES)[: list(STAGES).index(stop)]
    assert list(redone(spec, folder)) == ["finish"]
    assert not list(folder.rglob(".*")), "nothing half-written is left"


@pytest.mark.parametrize(
    ("sound", "code", "words"),
    [
        (None, "no_audio", "no sound"),
        (np.zeros(2 * RATE, np.float32), "silent", "silent"),
        (media.tone(2.0, RATE, 10_000.0), "no_speech", "Nobody was heard"),
    ],
    ids=["no sound", "silence", "a beep"],
)
def test_films_without_speech_say_so(sound: FloatArray | None, code: str, words: str, tmp_path: Path) -> None:
    film = media.write_video(tmp_path / "film.mp4", 50, size=(64, 48), sound=sound)
    with pytest.raises(DubError, match=words) as refused:
        make_chain(DubSpec(film, "2" * 64, "de"), tmp_path / "dub").run()
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target": "klingon"}, "language"),
        ({"voices": {"1": "nobody"}}, "language"),
        ({"translation": "so " * 2000}, "text_too_long"),
        ({"translation": "?!"}, "no_words"),
        ({"keep": True}, "nothing_to_dub"),
    ],
    ids=["language", "voice", "too long", "no words", "nothing"],
)
def test_bad_wishes_are_refused_and_what_was_heard_stays(
    heard: tuple[DubSpec, Path], tmp_path: Path, change: Json, code: str
) -> None:
    spec, folder = heard[0], Path(shutil.copytree(heard[1], tmp_path / "dub"))
    edits = typed(folder, GERMAN)
    of_edit = {name: value for name, value in change.items() if name in ("translation", "keep")}
    edits = {name: dataclasses.replace(edit, **of_edit) for name, edit in edits.items()}
    of_spec = {name: value for name, value in change.items() if name not in of_edit}
    with pytest.raises(DubError) as refused:
        make_chain(dataclasses.replace(spec, edits=edits, **of_spec), folder).run()
    assert refused.value.code == code
    assert Store(folder).read("words") and Store(folder).read("sentences")


def test_a_language_that_is_not_spoken_here_is_heard_of(talk: Path, tmp_path: Path) -> None:
    with pytest.raises(DubError, match="English only"):
        make_chain(DubSpec(talk, "1" * 64, "de", source="ko"), tmp_path / "dub").run()
    with pytest.raises(ModelUnavailable, match="whisper-small"):
        make_chain(DubSpec(talk, "1" * 64, "de", recognizer="whisper-small"), tmp_path / "dub").run()
