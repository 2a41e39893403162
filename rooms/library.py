"""The avatars one can put into a room: one's own, and those that come with the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from avsite.accounts.models import User
from avsite.errors import ApiError, not_found
from lipsync.assets import find_asset
from lipsync.engines.base import ExpressionName
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.models import Asset
from lipsync.speech.errors import UnknownVoice
from lipsync.speech.voices import DEFAULT_VOICE, find_voice
from rooms.schemas import KindName

if TYPE_CHECKING:
    from rooms.models import Avatar

HOUSE = "house:"
DRAWN = {"wave": "Sound wave", "spectrum": "Spectrum", "hue": "Colours"}
"""Avatars without a face."""
DEFAULT_AVATAR = "house:maya"


@dataclass(frozen=True)
class Face:
    """What an avatar looks and sounds like, whether it is somebody's own or the house's."""

    name: str
    kind: KindName
    id: str = ""
    """How it is asked for, when it is the house's."""
    avatar: Avatar | None = None
    asset: Asset | None = None
    look: str = ""
    voice: str = ""
    voice_rate: float = 1.0
    expression: ExpressionName = "neutral"
    expression_amount: float = 0.6

    @classmethod
    def of(cls, avatar: Avatar) -> Face:
        return cls(
            name=avatar.name,
            kind=cast(KindName, avatar.kind),
            avatar=avatar,
            asset=avatar.face,
            look=avatar.look,
            voice=avatar.voice,
            voice_rate=avatar.voice_rate,
            expression=cast(ExpressionName, avatar.expression),
            expression_amount=avatar.expression_amount,
        )


def builtin_faces() -> list[Face]:
    """Those of the house: drawn people first, then what moves without a face."""
    people = [
        Face(name=look.title(), kind="house", id=f"{HOUSE}{look}", look=look, voice=DEFAULT_VOICE)
        for look in HOUSE_LOOKS
    ]
    shapes = [
        Face(name=name, kind=cast(KindName, kind), id=kind, voice=DEFAULT_VOICE)
        for kind, name in DRAWN.items()
    ]
    return people + shapes


def find_face(owner: User, wanted: str) -> Face:
    """The avatar of that id. Raises ApiError ``not_found`` for anyone else's and for none."""
    for face in builtin_faces():
        if face.id == wanted:
            return face
    return Face.of(find_avatar(owner, wanted))


def find_avatar(owner: User, uid: str | UUID) -> Avatar:
    """One of the owner's own. Raises ApiError ``not_found``, naming ``avatar``."""
    from rooms.models import Avatar

    try:
        wanted = UUID(str(uid))
    except ValueError:
        raise _no_avatar() from None
    found = Avatar.objects.select_related("face", "preview").filter(owner=owner, uid=wanted).first()
    if found is None:
        raise _no_avatar()
    return found


def _no_avatar() -> ApiError:
    error = not_found("avatar")
    error.param = "avatar"
    return error


def read_face(owner: User, wanted: str, *, as_file: bool = False) -> tuple[KindName, Asset | None, str]:
    """(kind, asset, look) of what a new avatar is to look like. Raises ApiError naming ``face``."""
    if wanted in DRAWN:
        return cast(KindName, wanted), None, ""
    if wanted.startswith(HOUSE):
        look = wanted.removeprefix(HOUSE)
        if look not in HOUSE_LOOKS:
            choices = ", ".join(HOUSE_LOOKS)
            raise ApiError("invalid", f"There is no such drawn face; choose one of: {choices}.", "face")
        return "house", None, look
    asset = find_asset(owner, wanted, "face", param="face")
    is_video = asset.media == Asset.Media.VIDEO
    if as_file and not is_video:
        raise ApiError("invalid", "Only a video can be played; choose one, or leave out the kind.", "face")
    return ("file" if as_file else "loop" if is_video else "photo"), asset, ""


def check_voice(voice: str | None) -> str:
    """The voice's id, the usual one for none. Raises ApiError ``invalid``."""
    try:
        return find_voice(voice or DEFAULT_VOICE).id
    except UnknownVoice as error:
        raise ApiError("invalid", str(error), "voice") from None


def wears(asset: Asset) -> bool:
    """Whether an avatar has this face, or shows it in a room just now: it is kept then."""
    return asset.avatars.exists() or asset.avatar_sessions.unfinished().exists()
