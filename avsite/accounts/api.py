"""Signing in and out, signing up, the caller's own account and API keys."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Field, Router, Schema, Status

from avsite.accounts.models import ApiKey, User
from avsite.accounts.signin import BACKEND
from avsite.auth import caller, refuse_forgery
from avsite.errors import ApiError, not_found
from avsite.limits import client_address, count_request
from lipsync.models import Job
from lipsync.storage import used_bytes

KEYS_PER_USER = 20
router = Router()


class UserOut(Schema):
    username: str
    email: str
    is_staff: bool


class LimitsOut(Schema):
    """What the site accepts."""

    upload_bytes: int
    image_pixels: int
    face_seconds: int
    speech_seconds: int
    text_characters: int


class SessionOut(Schema):
    signed_in: bool
    user: UserOut | None
    signup_open: bool
    csrf_token: str
    limits: LimitsOut


class SignInIn(Schema):
    username: str = Field(max_length=150)
    password: str = Field(max_length=256)


class SignUpIn(SignInIn):
    email: str = Field("", max_length=254)


class StorageOut(Schema):
    used_bytes: int
    limit_bytes: int


class JobCountOut(Schema):
    active: int
    limit: int


class MeOut(UserOut):
    storage: StorageOut
    jobs: JobCountOut


class KeyIn(Schema):
    name: str = Field(min_length=1, max_length=80)


class KeyOut(Schema):
    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None


class NewKeyOut(KeyOut):
    """The only answer that holds the secret."""

    secret: str


class KeyList(Schema):
    items: list[KeyOut]


def describe_session(request: HttpRequest) -> SessionOut:
    user = request.user if isinstance(request.user, User) else None
    return SessionOut(
        signed_in=user is not None,
        user=UserOut.from_orm(user) if user else None,
        signup_open=settings.SIGNUP_OPEN,
        csrf_token=get_token(request),
        limits=LimitsOut(
            upload_bytes=settings.UPLOAD_LIMIT_BYTES,
            image_pixels=settings.IMAGE_PIXEL_LIMIT,
            face_seconds=settings.FACE_SECONDS_LIMIT,
            speech_seconds=settings.SPEECH_SECONDS_LIMIT,
            text_characters=settings.TEXT_CHARACTER_LIMIT,
        ),
    )


@router.get("/session", auth=None, response=SessionOut)
def get_session(request: HttpRequest) -> SessionOut:
    """Who is signed in, and what the screens need to know before anyone is."""
    return describe_session(request)


@router.post("/session", auth=None, response=SessionOut)
def sign_in(request: HttpRequest, payload: SignInIn) -> SessionOut:
    refuse_forgery(request)
    count_request(f"signin:{client_address(request)}", settings.SIGNIN_TRIES_PER_MINUTE)
    user = authenticate(request, username=payload.username, password=payload.password)
    if user is None:
        raise ApiError("unauthenticated", "The user name or the password is wrong; try again.", "password")
    login(request, user)
    return describe_session(request)


@router.delete("/session", auth=None, response={204: None})
def sign_out(request: HttpRequest) -> Status[None]:
    refuse_forgery(request)
    logout(request)
    return Status(204, None)


@router.post("/signup", auth=None, response={201: SessionOut})
def sign_up(request: HttpRequest, payload: SignUpIn) -> Status[SessionOut]:
    """Makes an account and signs it in."""
    refuse_forgery(request)
    if not settings.SIGNUP_OPEN:
        raise ApiError("forbidden", "Signing up is closed here; ask the site's owner for an account.")
    count_request(f"signin:{client_address(request)}", settings.SIGNIN_TRIES_PER_MINUTE)
    user = _new_user(payload)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise _name_taken() from None
    login(request, user, backend=BACKEND)
    return Status(201, describe_session(request))


def _name_taken() -> ApiError:
    return ApiError("invalid", "This user name is taken; choose another.", "username")


def _new_user(payload: SignUpIn) -> User:
    """Raises ApiError naming the first field at fault."""
    user = User(username=User.normalize_username(payload.username.strip()), email=payload.email.strip())
    user.set_unusable_password()
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ApiError("invalid", messages[0], field) from None
    if User.objects.filter(username__iexact=user.username).exists():
        raise _name_taken()
    try:
        validate_password(payload.password, user)
    except ValidationError as error:
        raise ApiError("invalid", " ".join(error.messages), "password") from None
    user.set_password(payload.password)
    return user


@router.get("/me", response=MeOut)
def get_me(request: HttpRequest) -> MeOut:
    user = caller(request)
    return MeOut(
        username=user.username,
        email=user.email,
        is_staff=user.is_staff,
        storage=StorageOut(used_bytes=used_bytes(user), limit_bytes=user.max_storage_bytes),
        jobs=JobCountOut(active=Job.objects.filter(owner=user).unfinished().count(), limit=user.max_jobs),
    )


@router.get("/me/keys", response=KeyList)
def list_keys(request: HttpRequest) -> KeyList:
    return KeyList(items=[KeyOut.from_orm(key) for key in caller(request).api_keys.all()])


@router.post("/me/keys", response={201: NewKeyOut})
def create_key(request: HttpRequest, payload: KeyIn) -> Status[NewKeyOut]:
    """The secret is in this answer and nowhere else."""
    user = caller(request)
    name = payload.name.strip()
    if not name:
        raise ApiError("invalid", "Give the key a name, so that you can tell it from others.", "name")
    if user.api_keys.count() >= KEYS_PER_USER:
        raise ApiError("limit_reached", f"You have {KEYS_PER_USER} keys already; delete one first.")
    key, secret = ApiKey.objects.issue(user, name)
    return Status(201, NewKeyOut(**KeyOut.from_orm(key).dict(), secret=secret))


@router.delete("/me/keys/{int:key_id}", response={204: None})
def delete_key(request: HttpRequest, key_id: int) -> Status[None]:
    deleted, _ = caller(request).api_keys.filter(pk=key_id).delete()
    if not deleted:
        raise not_found("API key")
    return Status(204, None)
