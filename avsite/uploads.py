"""Receives uploaded files to disk, stopping at the size limit."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.template.defaultfilters import filesizeformat

from avsite.errors import ApiError


def readable_size(count: int) -> str:
    """``count`` bytes for people, as ``1.5 MB``."""
    return str(filesizeformat(count)).replace("\xa0", " ")


def too_large(param: str) -> ApiError:
    limit = readable_size(settings.UPLOAD_LIMIT_BYTES)
    return ApiError("too_large", f"This file is larger than the {limit} allowed; make it smaller.", param)


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Always writes to a temporary file, so memory does not grow with the upload.

    Past the limit ``request.POST`` and ``request.FILES`` raise ApiError ``too_large``, naming the field.
    """

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT_BYTES:
            self.file.close()  # which deletes it
            raise too_large(self.field_name or "file")
        return super().receive_data_chunk(raw_data, start)
