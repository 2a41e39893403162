"""Uploads: kept on disk, looked at, and described. A refused upload leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from avsite.accounts.models import User
from avsite.errors import ApiError, not_found
from avsite.files import safe_name
from avsite.uploads import readable_size, too_large
from lipsync.audio.levels import waveform_peaks
from lipsync.face.outline import FaceOutline, outline_faces
from lipsync.media_types import file_suffix
from lipsync.models import Asset, Job, Segment
from lipsync.people import people_file
from lipsync.queue import JobQuerySet
from lipsync.schemas import MediaInfoOut
from lipsync.storage import share, used_bytes
from lipsync.video.color import Image
from lipsync.video.errors import MediaError
from lipsync.video.probe import MediaInfo, MediaLimits, check_face, check_speech
from lipsync.video.read import read_image
from lipsync.video.search import sample_frames, search_frames
from lipsync.video.thumbnail import make_thumbnail

Kind = Literal["face", "speech", "music"]

KEEPERS: list[Callable[[Asset], bool]] = []
"""Whether something besides jobs needs an asset; other apps add theirs."""
SAMPLES = 12
PEAK_COUNT = 200
SILENT_NOTICE = "This recording is silent, so the mouth will stay closed."
INFO_FIELDS = set(MediaInfoOut.model_fields)
TOO_LARGE = {"too_large", "too_long", "too_many_pixels"}
UNSUPPORTED = {"not_media", "unsupported"}


def store_upload(owner: User, kind: Kind, uploaded: UploadedFile[Any]) -> Asset:
    """The upload as an asset of ``owner``; the one they have already when the contents are the same.

    Raises ApiError naming ``file``: too_large (413), unsupported_media (415), limit_reached (429), or what
    is wrong with the contents (422). Nothing is left on disk then.
    """
    _require_room(owner, uploaded.size or 0)
    uid = uuid.uuid4()
    with _fresh_folder(uid) as folder:
        original = folder / "original"
        sha256, size = _receive(uploaded, original)
        twin = _find_twin(owner, kind, sha256)
        if twin is not None:
            shutil.rmtree(folder)
            return twin
        asset = Asset(uid=uid, owner=owner, kind=kind, size_bytes=size, sha256=sha256)
        asset.name = safe_name(uploaded.name or "")
        asset.expires_at = _expiry()
        try:
            _describe(asset, original)
        except MediaError as error:
            raise refused(error) from error
        _require_room(owner, size)
        share(asset.file.name, asset.thumbnail.name)
        with transaction.atomic():  # two uploads at once must not both take the last room
            _require_room(owner, size)
            asset.save(force_insert=True)
    return asset


def refused(error: MediaError) -> ApiError:
    """The API's error for a file that cannot be used."""
    if error.code in UNSUPPORTED:
        return ApiError("unsupported_media", error.message, "file")
    return ApiError(error.code, error.message, "file", status=413 if error.code in TOO_LARGE else 422)


def find_asset(
    owner: User, uid: str | uuid.UUID, kind: Kind | None = None, *, param: str | None = None
) -> Asset:
    """The owner's asset. Raises ApiError ``not_found``, naming ``param``, for anyone else's and for none."""
    assets = visible_assets(owner)
    try:
        found = assets.filter(uid=uuid.UUID(str(uid))).first()
    except ValueError:
        found = None
    if found is None or (kind and found.kind != kind):
        error = not_found("file" if kind is None else f"{kind} file")
        error.param = param
        raise error
    return found


def visible_assets(owner: User) -> QuerySet[Asset]:
    """What the owner has uploaded and not deleted."""
    return Asset.objects.filter(owner=owner, hidden_at=None)


def delete_asset(asset: Asset) -> None:
    """Deletes the asset and its files; hides it while ended jobs or avatars still show it.

    Raises ApiError ``conflict`` while an unfinished job needs it.
    """
    with transaction.atomic():
        jobs = _jobs_with(asset)
        if jobs.unfinished().exists():
            raise ApiError(
                "conflict", "A job that is waiting or running uses this file; cancel the job or wait for it."
            )
        if jobs.exists() or _is_kept(asset):
            Asset.objects.filter(pk=asset.pk, hidden_at=None).update(hidden_at=timezone.now())
            return
        _remove(asset)


def purge_assets(now: datetime | None = None) -> int:
    """Deletes hidden assets that no job shows any longer, and those past their time. How many went."""
    now = now or timezone.now()
    count = 0
    for asset in Asset.objects.filter(Q(hidden_at__isnull=False) | Q(expires_at__lt=now)):
        with transaction.atomic():
            jobs = _jobs_with(asset)
            is_expired = asset.expires_at is not None and asset.expires_at < now
            if jobs.unfinished().exists() or _is_kept(asset) or (jobs.exists() and not is_expired):
                continue
            _remove(asset)
            count += 1
    return count


def _jobs_with(asset: Asset) -> JobQuerySet:
    said = Segment.objects.filter(speech=asset).values("job")
    return Job.objects.filter(Q(face=asset) | Q(speech=asset) | Q(music=asset) | Q(pk__in=said))


def _is_kept(asset: Asset) -> bool:
    return any(keeps(asset) for keeps in KEEPERS)


def _remove(asset: Asset) -> None:
    folder, names = _folder(asset.uid), [asset.file.name, asset.thumbnail.name, people_file(asset)]
    asset.delete()

    def remove_files() -> None:
        for name in filter(None, names):
            default_storage.delete(name)
        shutil.rmtree(folder, ignore_errors=True)

    transaction.on_commit(remove_files)


def _folder(uid: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / "assets" / str(uid)


def _expiry() -> datetime | None:
    return timezone.now() + timedelta(days=settings.KEEP_DAYS) if settings.KEEP_DAYS else None


@contextmanager
def _fresh_folder(uid: uuid.UUID) -> Iterator[Path]:
    """A new folder that goes again when the block fails, whatever the reason."""
    folder = _folder(uid)
    folder.mkdir(parents=True)
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise ApiError("unavailable", "The server's disk is full; try again later.", "file") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _require_room(owner: User, size: int) -> None:
    if size > settings.UPLOAD_LIMIT_BYTES:
        raise too_large("file")
    used, limit = used_bytes(owner), owner.max_storage_bytes
    if used + size > limit:
        raise ApiError(
            "limit_reached",
            f"This file of {readable_size(size)} does not fit: {readable_size(used)} of your "
            f"{readable_size(limit)} are used; delete something first.",
            "file",
        )


def _receive(uploaded: UploadedFile[Any], path: Path) -> tuple[str, int]:
    """Writes the upload to ``path``: its SHA-256 and size. Raises ApiError ``too_large`` on the way."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in uploaded.chunks(1024 * 1024):
            size += len(chunk)
            if size > settings.UPLOAD_LIMIT_BYTES:
                raise too_large("file")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def _find_twin(owner: User, kind: Kind, sha256: str) -> Asset | None:
    twin = visible_assets(owner).filter(kind=kind, sha256=sha256).first()
    if twin is None or not Path(twin.file.path).is_file():
        return None
    twin.expires_at = _expiry()
    twin.save(update_fields=["expires_at"])
    return twin


def _describe(asset: Asset, original: Path) -> None:
    """Fills in what the file is and names it by that. Raises MediaError and ApiError."""
    is_face = asset.kind == Asset.Kind.FACE
    seconds = settings.FACE_SECONDS_LIMIT if is_face else settings.SPEECH_SECONDS_LIMIT
    limits = MediaLimits(settings.UPLOAD_LIMIT_BYTES, settings.IMAGE_PIXEL_LIMIT, seconds)
    info = check_face(original, limits) if is_face else check_speech(original, limits)
    if asset.kind == Asset.Kind.MUSIC and info.is_silent:
        raise MediaError("This music is silent; choose another file.", "no_audio")
    asset.media = info.media if is_face else Asset.Media.AUDIO
    asset.info = {name: value for name, value in asdict(info).items() if name in INFO_FIELDS}
    asset.notices = [*info.notices, *([SILENT_NOTICE] if info.is_silent else [])]
    path = original.rename(original.with_suffix(file_suffix(info)))
    asset.file.name = str(path.relative_to(settings.MEDIA_ROOT))
    if is_face:
        picture, faces = find_faces(path, info)
        asset.faces = [face._asdict() for face in faces]
        thumbnail = path.with_name("thumbnail.jpg")
        thumbnail.write_bytes(make_thumbnail(picture))
        asset.thumbnail.name = str(thumbnail.relative_to(settings.MEDIA_ROOT))
    if info.audio_codec:
        asset.peaks = waveform_peaks(path, PEAK_COUNT)


def find_faces(path: Path, info: MediaInfo) -> tuple[Image, list[FaceOutline]]:
    """A picture (height, width, 3) RGB of the photo or video with a face in it, and the faces there.

    Raises ApiError ``no_face`` when there is none anywhere.
    """
    if info.media == "image":
        looks: Iterator[tuple[Image, bool]] = iter([(read_image(path, settings.IMAGE_PIXEL_LIMIT), True)])
    else:
        looks = _looks(path, info.duration_seconds)
    for picture, thorough in looks:
        faces = outline_faces(picture, thorough=thorough)
        if faces:
            return picture, faces
    what = "picture" if info.media == "image" else "video"
    raise ApiError(
        "no_face",
        f"No face was found in this {what}; choose one with a face seen from the front and well lit.",
        "file",
    )


def _looks(path: Path, seconds: float) -> Iterator[tuple[Image, bool]]:
    """Frames to look for a face in, and whether to look hard: a few, the same few harder, then many."""
    for thorough in (False, True):
        for image in sample_frames(path, seconds, SAMPLES):
            yield image, thorough
    for image in search_frames(path, seconds):
        yield image, False
