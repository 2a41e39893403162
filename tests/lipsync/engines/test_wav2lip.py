"""Wav2Lip without its weights: networks of the published shape with random numbers in them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.registry import Registry
from lipsync.audio.mel import mel_spectrogram
from lipsync.engines.base import EngineError, RenderRequest
from lipsync.engines.wav2lip.boxes import Box, box_of, follow_faces
from lipsync.engines.wav2lip.checkpoint import load_generator
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.convert import converted
from lipsync.engines.wav2lip.engine import Wav2LipEngine
from lipsync.engines.wav2lip.generator import Generator, fold_batch_norm
from lipsync.engines.wav2lip.network import Network
from lipsync.engines.wav2lip.paste import paste_mouth, paste_square
from lipsync.engines.wav2lip.runtime import load_network
from lipsync.engines.wav2lip.sound import SILENT, MelWindows
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader
from tests import media
from tests.lipsync.engines.random_wav2lip import random_generator
from tests.lipsync.face.measured import Reader


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return media.write_audio(tmp_path / "speech.wav", media.spoken_like(1.0), 16_000)


def faces(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, size, size, 3), np.uint8)


def mels(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 2, (count, 80, 16)).astype(np.float32)


# --- The network -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "tensors", "parameters"), [(96, 352, 36_298_035), (256, 380, 53_605_683)])
def test_it_has_the_published_shape(size: int, tensors: int, parameters: int) -> None:
    network = Generator(size)
    assert len(network.state_dict()) == tensors
    assert sum(tensor.numel() for tensor in network.parameters()) == parameters


@pytest.mark.parametrize("size", [96, 256])
def test_folding_and_cutting_change_nothing(size: int) -> None:
    network = random_generator(size)
    mel, seen = torch.randn(2, 1, 80, 16), torch.rand(2, 6, size, size)
    with torch.inference_mode():
        whole = network(mel, seen)
        folded = fold_batch_norm(network)
        assert whole.shape == (2, 3, size, size)
        assert (folded(mel, seen) - whole).abs().max() < 1e-4
        assert (folded(mel, seen, lower_half=True) - whole[:, :, size // 2 :]).abs().max() < 1e-4


def test_a_published_checkpoint_loads(checkpoint: Path) -> None:
    network = load_generator(checkpoint)
    assert network.size == 96 and not network.training
    assert torch.equal(network.output_block[1].weight, random_generator().output_block[1].weight)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"binary_pred.0.weight": torch.zeros(1)}, "discriminator"),
        ({"netcnnlip.0.weight": torch.zeros(1)}, "SyncNet"),
        ({"conv1_1.weight": torch.zeros(1)}, "face detector"),
        ({"head.weight": torch.zeros(1)}, "not a Wav2Lip checkpoint; it holds head.weight"),
        ({"face_decoder_blocks.0.0.conv_block.0.weight": torch.zeros(1)}, "holds another network"),
    ],
)
def test_the_wrong_file_is_named(table: dict, said: str, tmp_path: Path) -> None:
    torch.save(table, tmp_path / "file.pth")
    with pytest.raises(BadWeights, match=said):
        load_generator(tmp_path / "file.pth")


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_runs_in_batches_and_colours_stay(
    kind: str, request: pytest.FixtureRequest, checkpoint: Path
) -> None:
    if kind == "torch":
        network = Network(checkpoint, exact=True)
        network.batch = 2
    else:
        vino = pytest.importorskip("lipsync.engines.wav2lip.vino")
        network = vino.VinoNetwork(request.getfixturevalue("vino_model"), exact=True)
        network.batch = 4  # the last one is not full
    seen, heard = faces(5, 96), mels(5)
    out = network(heard, seen)
    assert out.shape == (5, 48, 96, 3)
    hidden = seen[:, :, :, ::-1].astype(np.float32) / 255
    upper = hidden.copy()
    upper[:, 48:] = 0
    both = np.concatenate([upper, hidden], axis=3).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        straight = random_generator()(torch.from_numpy(heard[:, None]), torch.from_numpy(both.copy())).numpy()
    expected = straight[:, ::-1, 48:].transpose(0, 2, 3, 1) * 255
    np.testing.assert_allclose(out, expected, atol=0.05)


def test_precision_is_measured_once_a_machine(checkpoint: Path, tmp_path: Path) -> None:
    first = Network(checkpoint, notes_dir=tmp_path)
    (note,) = tmp_path.glob("wav2lip-*.json")
    other = '{"low_precision": true}' if first.precision == torch.float32 else '{"low_precision": false}'
    exact = Network(checkpoint, exact=True)
    if first.precision == torch.float32:
        np.testing.assert_array_equal(first(mels(1), faces(1, 96)), exact(mels(1), faces(1, 96)))
    note.write_text(other)
    second = Network(checkpoint, notes_dir=tmp_path)
    assert second.precision != first.precision, "the note was not read"


@pytest.fixture(scope="session")
def vino_model(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("openvino")
    model = converted(checkpoint, tmp_path_factory.mktemp("cache"))
    assert model is not None
    return model


def test_a_checkpoint_is_converted_once(vino_model: Path, checkpoint: Path) -> None:
    made = vino_model.stat().st_mtime_ns
    assert converted(checkpoint, vino_model.parent) == vino_model
    assert vino_model.stat().st_mtime_ns == made
    assert sorted(path.suffix for path in vino_model.parent.iterdir()) == [".bin", ".xml"]


def test_what_cannot_be_converted_is_named(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    torch.save({"binary_pred.0.weight": torch.zeros(1)}, tmp_path / "file.pth")
    with pytest.raises(BadWeights, match="discriminator"):
        converted(tmp_path / "file.pth", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_gpu_openvino_runs_it_and_torch_where_it_cannot(
    vino_model: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> object:
        load_network.cache_clear()
        return load_network(checkpoint, 0, False, vino_model.parent, True)

    assert type(load()).__name__ == "VinoNetwork"
    monkeypatch.setattr("lipsync.engines.wav2lip.runtime.converted", lambda path, folder: None)
    assert isinstance(load(), Network)
    load_network.cache_clear()


# --- Sound -------------------------------------------------------------------------------------------------


def test_mel_of_silence_and_of_a_tone() -> None:
    assert mel_spectrogram(np.zeros(16_000, np.float32)).shape == (80, 81)
    assert (mel_spectrogram(np.zeros(16_000, np.float32)) == SILENT).all()
    tone = mel_spectrogram(media.tone(1.0, 16_000, 1000.0))
    # 1 kHz is mel 15 of Slaney's scale, whose bands here run from .8 to 44.4 in 81 steps.
    assert abs(int(tone[:, 40].argmax()) - 26) <= 1
    assert np.abs(tone).max() <= 4
    assert mel_spectrogram(np.zeros(0, np.float32)).shape == (80, 1)


@pytest.mark.parametrize("count", [1, 400, 401, 3200, 5600, 16_000])
def test_long_sound_is_transformed_piece_by_piece(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = media.spoken_like(1.0)[:count]
    whole = mel_spectrogram(sound)
    monkeypatch.setattr("lipsync.audio.mel._BLOCK", 7)
    np.testing.assert_allclose(mel_spectrogram(sound), whole, atol=1e-6)


def test_pauses_are_exactly_silent_and_the_end_is_covered(tmp_path: Path) -> None:
    speech = media.spoken_like(1.0)
    hum = 0.002 * np.random.default_rng(0).normal(0, 1, 16_000).astype(np.float32)
    path = media.write_audio(tmp_path / "pause.wav", np.concatenate([speech, hum, speech]), 16_000)
    windows, raw = MelWindows(path, 25.0), MelWindows(path, 25.0, silent_rests=False)
    assert (windows.at(36) == SILENT).all() and (raw.at(36) > SILENT).any()
    np.testing.assert_array_equal(windows.at(5), raw.at(5))
    assert windows.at(74).shape == windows.at(500).shape == (80, 16)


# --- Pictures ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portrait_box() -> tuple[np.ndarray, Box]:
    image = media.portrait()
    mesh = Reader().landmarks(image)
    left, top, right, bottom = (int(edge) for edge in box_of(mesh))
    return image, Box((left, top, right, bottom), mesh)


def lower_half(image: np.ndarray, box: Box, size: int = 96) -> np.ndarray:
    """What a perfect network would answer for the face as it is."""
    small = cv2.resize(image[box.rows, box.columns], (size, size), interpolation=cv2.INTER_AREA)
    return small[size // 2 :].astype(np.float32)


def test_a_face_that_did_not_change_keeps_its_texture(portrait_box: tuple[np.ndarray, Box]) -> None:
    image, box = portrait_box
    drawn, square = image.copy(), image.copy()
    paste_mouth(drawn, box, lower_half(image, box))
    paste_square(square, box, lower_half(image, box))
    region = (slice(box.edges[3] - 60, box.edges[3] - 25), slice(box.edges[0] + 30, box.edges[2] - 30))

    def sharpness(picture: np.ndarray) -> float:
        return float(cv2.Laplacian(cv2.cvtColor(picture[region], cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())

    assert sharpness(drawn) > 0.8 * sharpness(image) > sharpness(square)


def test_no_seam_and_nothing_outside(portrait_box: tuple[np.ndarray, Box]) -> None:
    image, box = portrait_box
    drawn = image.copy()
    paste_mouth(drawn, box, lower_half(image, box) + 40)
    changed = np.abs(drawn.astype(int) - image).max(axis=2)
    left, top, right, bottom = box.edges
    outside = np.ones(changed.shape, bool)
    outside[(top + bottom) // 2 : bottom, left:right] = False
    assert changed[outside].max() == 0, "only the lower half of the box may change"
    assert changed[outside == 0].max() > 30
    for edge in (changed[bottom - 1, left:right], changed[top:bottom, left], changed[top:bottom, right - 1]):
        assert edge.max() <= 4, "the edge of the box shows"


def test_boxes_are_steady_and_a_gap_does_not_end_the_clip() -> None:
    frames = list(media.moving_portrait(20, 320, 240))
    frames[8] = np.full_like(frames[8], 90)
    found = [boxes[0] for _, boxes in follow_faces(((frame, 0.0) for frame in frames), ())]
    assert len(found) == 20 and found[8] is None
    assert all(box is not None for number, box in enumerate(found) if number not in (8, 9, 10))
    lefts = [box.edges[0] for box in found[:8] if box]
    assert np.abs(np.diff(lefts, 2)).max() <= 2


# --- The engine --------------------------------------------------------------------------------------------


def test_without_weights_it_says_what_to_do(tmp_path: Path, speech: Path) -> None:
    engine = Wav2LipEngine(Wav2LipConfig(models=tmp_path))
    assert "models import wav2lip" in (engine.check() or "")
    request = RenderRequest(speech, tmp_path / "out.mp4", tmp_path, face_path=speech)
    with pytest.raises(EngineError, match="models import wav2lip"):
        engine.render(request, lambda stage, fraction: None)
    with pytest.raises(ModelUnavailable, match="not where the settings say"):
        Wav2LipConfig(checkpoint=tmp_path / "gone.pth").weights()


def test_the_installed_model_that_looks_best_is_used(tmp_path: Path, checkpoint: Path) -> None:
    registry = Registry(tmp_path)
    config = Wav2LipConfig(models=tmp_path)
    with pytest.raises(ModelUnavailable):
        config.weights()
    registry.import_file("wav2lip", checkpoint, accepted=True)
    assert config.weights() == tmp_path / "wav2lip" / "wav2lip.pth"
    registry.import_file("wav2lip-gan", checkpoint, accepted=True)
    assert config.weights() == tmp_path / "wav2lip-gan" / "wav2lip_gan.pth"
    assert Wav2LipEngine(config).check() is None


@pytest.mark.parametrize("face", ["film", "photo"])
def test_a_clip_from_end_to_end(face: str, checkpoint: Path, speech: Path, tmp_path: Path) -> None:
    if face == "film":
        path = media.write_moving_portrait(tmp_path / "face.mp4", 0.6, width=320, height=240)
    else:
        path = tmp_path / "face.png"
        cv2.imwrite(str(path), media.portrait()[:, :, ::-1])
    request = RenderRequest(speech, tmp_path / "out.mp4", tmp_path, face_path=path)
    engine = Wav2LipEngine(Wav2LipConfig(checkpoint=checkpoint, parity=False))
    result = engine.render(request, lambda stage, fraction: None)
    info = probe(result.output_path)
    assert info.duration_seconds == pytest.approx(1.0 if face == "film" else 1.3, abs=0.1)
    assert info.audio_codec == "aac" and result.warnings == ()
    first = next(iter(FrameReader(result.output_path))).image
    source = next(iter(FrameReader(path))).image if face == "film" else media.portrait()
    changed = np.abs(first.astype(int) - source).mean(axis=2) > 40  # H.264 keeps light better than colour
    rows, columns = np.nonzero(changed)
    assert len(rows) > 200, "a network of random numbers paints the mouth"
    mesh = Reader().landmarks(source)
    left, top, right, bottom = box_of(mesh)
    assert left - 5 <= np.percentile(columns, 1) and np.percentile(columns, 99) <= right + 5
    assert (top + bottom) / 2 - 5 <= np.percentile(rows, 1) and np.percentile(rows, 99) <= bottom + 5


def test_a_film_without_a_face_is_refused(checkpoint: Path, speech: Path, tmp_path: Path) -> None:
    grey = (np.full((120, 160, 3), 90, np.uint8) for _ in range(10))
    film = media.write_video(tmp_path / "grey.mp4", grey, fps=25)
    request = RenderRequest(speech, tmp_path / "out.mp4", tmp_path, face_path=film)
    engine = Wav2LipEngine(Wav2LipConfig(checkpoint=checkpoint, parity=True))
    with pytest.raises(EngineError, match="No face") as refused:
        engine.render(request, lambda stage, fraction: None)
    assert not refused.value.fallback
    assert not request.output_path.exists()
