"""What is kept of an upload, and that a refused one leaves nothing behind."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from avsite.accounts.models import User
from avsite.errors import ApiError
from lipsync import assets
from lipsync.assets import delete_asset, find_asset, purge_assets, store_upload
from lipsync.models import Asset, Job
from tests.conftest import wav_bytes
from tests.media import write_video

AsUpload = Callable[..., SimpleUploadedFile]
SIZE, FPS = 320, 10


def png(pixels: Any) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def face(portrait_png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(portrait_png)).convert("RGB").resize((SIZE, SIZE)))


@pytest.fixture
def left_behind(settings: Any) -> Callable[[], list[str]]:
    """Everything under the folder of uploads and the temporary one."""

    def find() -> list[str]:
        folders = (Path(settings.MEDIA_ROOT) / "assets", Path(settings.TEMP_DIR))
        return [str(path) for folder in folders for path in folder.rglob("*")]

    return find


def test_a_portrait(alice: User, portrait_png: bytes, as_upload: AsUpload, settings: Any) -> None:
    asset = store_upload(alice, "face", as_upload(portrait_png, "../me\\at the sea.png"))
    assert (asset.media, asset.name) == ("image", "at the sea.png")
    assert (asset.info["width"], asset.info["height"], asset.info["container"]) == (512, 512, "png")
    assert Path(asset.file.path).read_bytes() == portrait_png
    assert asset.file.name == f"assets/{asset.uid}/original.png"
    assert asset.expires_at is not None
    (found,) = asset.faces
    left, top, width, height = found["box"]
    middle = (left + width / 2, top + height / 2)  # her face is at about (225, 115) of 512 pixels
    assert middle == pytest.approx((225 / 512, 115 / 512), abs=0.06)
    assert len(found["outline"]) == 36
    assert Image.open(asset.thumbnail.path).size == (512, 512)
    assert asset.peaks == []


def test_the_name_says_nothing_of_what_it_is(alice: User, portrait_png: bytes, as_upload: AsUpload) -> None:
    asset = store_upload(alice, "face", as_upload(portrait_png, "song.mp3"))
    assert asset.file.name.endswith(".png")


def test_a_video_whose_face_comes_late(alice: User, face: Any, as_upload: AsUpload, tmp_path: Path) -> None:
    """Half a second of a face in 30 seconds, between the places looked at first."""
    wall = np.full_like(face, 90)
    frames = [wall] * (30 * FPS)
    frames[18 * FPS + 2 : 18 * FPS + 8] = [face] * 6
    path = write_video(tmp_path / "late.mp4", frames, fps=FPS)
    asset = store_upload(alice, "face", as_upload(path.read_bytes()))
    assert asset.media == "video" and len(asset.faces) == 1
    thumbnail = np.asarray(Image.open(asset.thumbnail.path).convert("RGB")).astype(int)
    assert np.abs(thumbnail - face).mean() < 12, "the thumbnail shows the face that is outlined"


def test_speech(alice: User, tone_wav: bytes, as_upload: AsUpload) -> None:
    asset = store_upload(alice, "speech", as_upload(tone_wav))
    assert asset.media == "audio" and asset.notices == [] and not asset.thumbnail
    assert asset.info["duration_seconds"] == pytest.approx(1.0)
    assert len(asset.peaks) == 200
    assert max(asset.peaks) == pytest.approx(0.5, abs=0.05)


def test_silence_is_allowed_and_said(alice: User, as_upload: AsUpload) -> None:
    asset = store_upload(alice, "speech", as_upload(wav_bytes(np.zeros(16_000))))
    assert asset.notices == [assets.SILENT_NOTICE]


def test_the_same_file_is_kept_once(
    alice: User, bob: User, portrait_png: bytes, as_upload: AsUpload, settings: Any
) -> None:
    first = store_upload(alice, "face", as_upload(portrait_png, "one.png"))
    assert store_upload(alice, "face", as_upload(portrait_png, "two.png")).pk == first.pk
    assert store_upload(bob, "face", as_upload(portrait_png)).pk != first.pk
    assert len(list(Path(settings.MEDIA_ROOT, "assets").iterdir())) == 2


def bad_files() -> list[Any]:
    noise = np.random.default_rng(1).integers(0, 255, 4000, dtype=np.uint8).tobytes()
    wall = png(np.full((300, 300, 3), 128, np.uint8))
    return [
        pytest.param("face", b"", 422, "empty_file", id="empty"),
        pytest.param("face", b"just some text\n" * 50, 415, "unsupported_media", id="text"),
        pytest.param("face", noise, 415, "unsupported_media", id="noise"),
        pytest.param("speech", noise, 415, "unsupported_media", id="noise as speech"),
        pytest.param("face", wall[: len(wall) // 2], 422, "truncated", id="half a picture"),
        pytest.param("face", wall, 422, "no_face", id="no face"),
        pytest.param("speech", wall, 422, "no_audio", id="picture as speech"),
        pytest.param("face", wav_bytes(np.ones(8000) * 0.1), 422, "no_video", id="sound as face"),
        pytest.param("speech", wav_bytes(np.zeros(0)), 422, "zero_length", id="no time"),
    ]


@pytest.mark.parametrize(("kind", "content", "status", "code"), bad_files())
def test_bad_files_are_refused_and_leave_nothing(
    alice: User,
    as_upload: AsUpload,
    left_behind: Callable[[], list[str]],
    kind: Any,
    content: bytes,
    status: int,
    code: str,
) -> None:
    with pytest.raises(ApiError) as caught:
        store_upload(alice, kind, as_upload(content, "video.mp4"))
    assert (caught.value.status, caught.value.code, caught.value.param) == (status, code, "file")
    assert caught.value.message.endswith(".")
    assert left_behind() == []
    assert not Asset.objects.exists()


def test_too_many_pixels(
    alice: User, as_upload: AsUpload, left_behind: Callable[[], list[str]], settings: Any
) -> None:
    settings.IMAGE_PIXEL_LIMIT = 10_000
    with pytest.raises(ApiError) as caught:
        store_upload(alice, "face", as_upload(png(np.zeros((200, 200, 3), np.uint8))))
    assert (caught.value.status, caught.value.code) == (413, "too_many_pixels")
    assert left_behind() == []


def test_too_long(alice: User, as_upload: AsUpload, settings: Any) -> None:
    settings.SPEECH_SECONDS_LIMIT = 1
    with pytest.raises(ApiError) as caught:
        store_upload(alice, "speech", as_upload(wav_bytes(np.ones(40_000) * 0.1)))
    assert (caught.value.status, caught.value.code) == (413, "too_long")


def test_size_is_counted_while_it_is_received(
    alice: User, left_behind: Callable[[], list[str]], settings: Any
) -> None:
    """A sender that says less than it sends is stopped all the same."""

    class Endless(SimpleUploadedFile):
        def chunks(self, chunk_size: int | None = None) -> Any:
            while True:
                yield b"x" * 1024

    settings.UPLOAD_LIMIT_BYTES = 100_000
    with pytest.raises(ApiError) as caught:
        store_upload(alice, "face", Endless("a.png", b"small"))
    assert (caught.value.status, caught.value.param) == (413, "file")
    assert left_behind() == []


def test_storage_limit_names_its_numbers(alice: User, tone_wav: bytes, as_upload: AsUpload) -> None:
    alice.storage_limit_bytes = len(tone_wav) * 3 // 2
    alice.save()
    store_upload(alice, "speech", as_upload(tone_wav))
    with pytest.raises(ApiError) as caught:
        store_upload(alice, "speech", as_upload(wav_bytes(np.ones(16_000) * 0.2)))
    assert (caught.value.status, caught.value.code) == (429, "limit_reached")
    assert "31.3 KB of your 46.9 KB are used" in caught.value.message


def test_a_crash_leaves_nothing(
    alice: User,
    tone_wav: bytes,
    as_upload: AsUpload,
    left_behind: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*args: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(assets, "waveform_peaks", crash)
    with pytest.raises(RuntimeError):
        store_upload(alice, "speech", as_upload(tone_wav))
    assert left_behind() == []


def test_a_full_disk_is_said(
    alice: User, tone_wav: bytes, as_upload: AsUpload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assets, "_receive", full)
    with pytest.raises(ApiError, match="disk is full"):
        store_upload(alice, "speech", as_upload(tone_wav))


@pytest.fixture
def kept(alice: User, tone_wav: bytes, as_upload: AsUpload) -> Asset:
    return store_upload(alice, "speech", as_upload(tone_wav))


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_the_file(kept: Asset) -> None:
    delete_asset(kept)
    assert not Path(kept.file.path).parent.exists()
    assert not Asset.objects.exists()


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_unfinished_job_keeps_it(alice: User, kept: Asset, state: str) -> None:
    Job.objects.create(owner=alice, speech=kept, state=state)
    with pytest.raises(ApiError) as caught:
        delete_asset(kept)
    assert caught.value.status == 409
    assert find_asset(alice, kept.uid).pk == kept.pk


@pytest.mark.django_db(transaction=True)
def test_an_ended_job_keeps_it_out_of_sight(
    alice: User, kept: Asset, tone_wav: bytes, as_upload: AsUpload
) -> None:
    job = Job.objects.create(owner=alice, speech=kept, state="done")
    delete_asset(kept)
    with pytest.raises(ApiError):
        find_asset(alice, kept.uid)
    job.refresh_from_db()
    assert job.speech is not None and Path(job.speech.file.path).is_file()
    assert store_upload(alice, "speech", as_upload(tone_wav)).pk != kept.pk  # uploaded again, it is back
    assert purge_assets() == 0
    job.delete()
    assert purge_assets() == 1
    assert not Path(kept.file.path).exists()


@pytest.mark.django_db(transaction=True)
def test_files_go_when_their_time_is_up(alice: User, kept: Asset) -> None:
    later = timezone.now() + timedelta(days=365)
    job = Job.objects.create(owner=alice, speech=kept, state="running")
    assert purge_assets(later) == 0
    Job.objects.filter(pk=job.pk).update(state="done")
    assert purge_assets() == 0
    assert purge_assets(later) == 1
    job.refresh_from_db()
    assert job.speech is None


def test_finding(alice: User, bob: User, kept: Asset) -> None:
    assert find_asset(alice, str(kept.uid), "speech").pk == kept.pk
    for owner, uid, kind in ((bob, kept.uid, None), (alice, "nonsense", None), (alice, kept.uid, "face")):
        with pytest.raises(ApiError) as caught:
            find_asset(owner, uid, kind, param="speech")  # type: ignore[arg-type]
        assert (caught.value.status, caught.value.param) == (404, "speech")
