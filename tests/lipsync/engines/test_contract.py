"""What every engine keeps, whichever it is."""

import inspect

import pytest

from lipsync.engines.base import (
    ENGINES,
    Cancelled,
    Engine,
    EngineError,
    RenderOptions,
    RenderRequest,
    get_engine,
)
from lipsync.engines.heygen.config import HeyGenConfig
from lipsync.engines.heygen.engine import HeyGenEngine
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.engine import Wav2LipEngine
from lipsync.video.probe import probe
from lipsync.video.write import VideoWriter
from tests import media
from tests.fakes.heygen.server import serving
from tests.fakes.heygen.world import World

SECONDS = 1.2


@pytest.fixture(params=sorted(ENGINES))
def engine(request, tmp_path_factory):
    if request.param == "heygen":
        with serving(World(folder=tmp_path_factory.mktemp("fake"))) as server:
            yield HeyGenEngine(
                HeyGenConfig(
                    api_key="fake-key", endpoint=server.url, hosts=(server.address,), poll_seconds=0.05
                )
            )
        return
    if request.param == "wav2lip":
        checkpoint = request.getfixturevalue("checkpoint")
        yield Wav2LipEngine(Wav2LipConfig(checkpoint=checkpoint, parity=True, use_gpu=False))
        return
    engine = get_engine(request.param)
    why_not = engine.check()
    if why_not is not None:
        pytest.skip(why_not)
    yield engine


@pytest.fixture
def request_for(tmp_path):
    def make(face_path=None, speech_path=None, **options):
        if face_path is None:
            face_path = media.write_moving_portrait(tmp_path / "face.mp4", 1.0, width=320, height=240)
        if speech_path is None:
            speech_path = media.write_audio(tmp_path / "speech.wav", media.spoken_like(SECONDS), 16_000)
        return RenderRequest(
            speech_path=speech_path,
            output_path=tmp_path / "out.mp4",
            work_dir=tmp_path,
            face_path=face_path,
            options=RenderOptions(**options),
        )

    return make


def test_names_itself(engine):
    assert ENGINES[engine.name].endswith(type(engine).__name__)
    assert engine.version and engine.label
    assert engine.usd_per_second >= 0
    assert engine.queue in ("cpu", "gpu", "remote")
    assert isinstance(engine, Engine)
    assert list(inspect.signature(engine.render).parameters) == ["request", "on_progress"]


def test_renders_what_was_asked(engine, request_for):
    told = []
    request = request_for()
    result = engine.render(request, lambda stage, fraction: told.append((stage, fraction)))
    info = probe(result.output_path)
    assert result.output_path == request.output_path
    assert (info.width, info.height) == (320, 240)
    assert info.duration_seconds == pytest.approx(SECONDS, abs=0.1)
    assert result.duration_seconds == pytest.approx(info.duration_seconds, abs=0.1)
    assert info.audio_codec == "aac"
    assert result.cost_usd >= 0
    assert result.mouth is None or len(result.mouth) == result.frame_count
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions), "progress never falls"
    assert fractions[0] >= 0 and fractions[-1] <= 1
    assert len({stage for stage, _ in told}) >= 2


@pytest.mark.parametrize("stage", ["first", "late"])
def test_cancel_is_let_through_and_leaves_no_file(engine, request_for, stage):
    request = request_for()

    def on_progress(_, fraction):
        if stage == "first" or fraction > 0.5:
            raise Cancelled

    before = set(request.output_path.parent.iterdir())
    with pytest.raises(Cancelled):
        engine.render(request, on_progress)
    assert set(request.output_path.parent.iterdir()) == before


def test_no_face_is_an_error_that_says_what_to_do(engine, request_for, tmp_path):
    blank = tmp_path / "blank.mp4"
    with VideoWriter(blank, 320, 240, 25) as writer:
        for _ in range(25):
            writer.write(media.numbered_picture(0))
    with pytest.raises(EngineError, match="face"):
        engine.render(request_for(face_path=blank), lambda *_: None)
    assert not (tmp_path / "out.mp4").exists()


def test_sound_of_the_result_is_the_speech(engine, request_for, tmp_path):
    speech = media.write_audio(tmp_path / "clicks.wav", media.clicks([0.3, 0.7], SECONDS, 48_000), 48_000)
    result = engine.render(request_for(speech_path=speech), lambda *_: None)
    from lipsync.audio.load import load_audio

    heard = media.click_times(load_audio(result.output_path, 48_000), 48_000)
    assert heard == pytest.approx([0.3, 0.7], abs=0.002)
