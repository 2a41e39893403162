"""Everyone in an uploaded photo or video: looked for once, in a worker where that takes time, and kept."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import asdict
from pathlib import Path

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from lipsync.face.people import Person, meet_people
from lipsync.face.place import FacePath
from lipsync.models import Asset
from lipsync.video.errors import MediaError

logger = logging.getLogger(__name__)

PEOPLE_VERSION = 1
"""Change it whenever the same file gives other people."""
LOOKING_SECONDS = 900
"""After which whoever began to look is taken for dead."""


def people_of(asset: Asset) -> list[Person] | None:
    """Everyone in it; None where nobody has looked yet. Photos are looked at here and now."""
    name = people_file(asset)
    try:
        with default_storage.open(name) as file:
            return _read(json.load(file))
    except (FileNotFoundError, ValueError, KeyError):
        pass
    if asset.media != Asset.Media.IMAGE:
        return None
    return look(asset)


def look(asset: Asset) -> list[Person]:
    """Look through the file, keep what was found, and give it. Nobody where it cannot be read."""
    try:
        people = meet_people(Path(asset.file.path))
    except (MediaError, OSError, ValueError) as error:
        logger.warning("the faces of asset %s are not known: %s", asset.pk, error)
        people = []
    name = people_file(asset)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(json.dumps(_told(people)).encode()))
    stop_looking(asset)
    return people


def begin_looking(asset: Asset) -> bool:
    """Whether it is the caller's turn to have somebody look; False while somebody does."""
    return bool(cache.add(_mark(asset), 1, LOOKING_SECONDS))


def stop_looking(asset: Asset) -> None:
    cache.delete(_mark(asset))


def people_file(asset: Asset) -> str:
    """Its name in storage."""
    return f"assets/{asset.uid}/people-{PEOPLE_VERSION}.json"


def _mark(asset: Asset) -> str:
    return f"looking-for-people:{asset.uid}"


def _told(people: list[Person]) -> list[dict[str, object]]:
    return [asdict(one) | {"thumbnail": base64.b64encode(one.thumbnail).decode()} for one in people]


def _read(told: list[dict[str, object]]) -> list[Person]:
    people = []
    for one in told:
        path: dict[str, list[object]] = one["path"]  # type: ignore[assignment]
        boxes = tuple(tuple(box) for box in path["boxes"])  # type: ignore[arg-type,var-annotated]
        values = one | {
            "path": FacePath(tuple(path["seconds"]), boxes),  # type: ignore[arg-type]
            "thumbnail": base64.b64decode(str(one["thumbnail"])),
        }
        people.append(Person(**values))  # type: ignore[arg-type]
    return people
