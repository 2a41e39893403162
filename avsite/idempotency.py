"""``Idempotency-Key``: a request sent twice, for fear that the first was lost, is done once.

with once(request) as answer:
    if answer.replay is not None:
        return answer.replay
    ...
    return answer.keep(201, thing)    # inside the transaction that makes the thing
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Schema
from ninja.responses import NinjaJSONEncoder

from avsite.accounts.models import KeptResponse, User
from avsite.auth import caller
from avsite.errors import ApiError

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=1)
GIVEN_UP_AFTER = timedelta(minutes=10)
"""A request that has been worked on for this long died with its process, so its key may be used again."""


class Answer:
    """The answer to one request: an earlier one in ``replay``, or the one to be kept."""

    def __init__(self, row: KeptResponse | None, replay: JsonResponse | None = None) -> None:
        self._row = row
        self.replay = replay

    def keep(self, status: int, body: Schema) -> JsonResponse:
        """The response, remembered for requests with the same key."""
        data = json.loads(json.dumps(body.model_dump(), cls=NinjaJSONEncoder))  # as every other answer
        if self._row is not None:
            KeptResponse.objects.filter(pk=self._row.pk, status=None).update(status=status, body=data)
        return JsonResponse(data, status=status)


def fingerprint(request: HttpRequest) -> str:
    """SHA-256 of what the request asks for: address, fields and the contents of its files."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if not (request.content_type or "").startswith("multipart/"):
        digest.update(request.body)
        return digest.hexdigest()
    for name in sorted(request.POST):
        digest.update(repr((name, request.POST.getlist(name))).encode())
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()


@contextmanager
def once(request: HttpRequest) -> Iterator[Answer]:
    """The answer to give. Raises ApiError ``conflict`` when the key stands for another request or is in work.

    A request that fails leaves its key free, so it can be sent again.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        yield Answer(None)
        return
    if len(key) > 200 or not key.isprintable():
        raise ApiError("bad_request", f"{HEADER} may have at most 200 printable characters.", HEADER)
    answer = _claim(caller(request), key, fingerprint(request))
    try:
        yield answer
    finally:
        if answer._row is not None:  # also when the transaction that kept the answer was rolled back
            KeptResponse.objects.filter(pk=answer._row.pk, status=None).delete()


def _claim(owner: User, key: str, request_hash: str) -> Answer:
    now = timezone.now()
    KeptResponse.objects.filter(owner=owner, created_at__lt=now - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            return Answer(KeptResponse.objects.create(owner=owner, key=key, request_hash=request_hash))
    except IntegrityError:
        row = KeptResponse.objects.filter(owner=owner, key=key).first()
    if row is not None and row.request_hash != request_hash:
        raise ApiError("conflict", f"This {HEADER} was used for another request; send a fresh one.", HEADER)
    if row is not None and row.status is not None:
        return Answer(None, JsonResponse(row.body, status=row.status))
    stale = KeptResponse.objects.filter(
        owner=owner, key=key, status=None, created_at__lt=now - GIVEN_UP_AFTER
    )
    if row is not None and stale.update(created_at=now):
        return Answer(row)
    raise ApiError(
        "conflict",
        "The same request is being worked on; ask again in a moment.",
        HEADER,
        retry_after_seconds=1,
    )
