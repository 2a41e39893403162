"""File name endings and content types, by what files hold."""

from __future__ import annotations

from lipsync.video.probe import MediaInfo

SUFFIXES = {
    "mov": ".mp4",
    "matroska": ".webm",
    "jpeg": ".jpg",
    "mpo": ".jpg",
    "tiff": ".tif",
    "mpegts": ".ts",
}
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".webm": "video/webm",
    ".weba": "audio/webm",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".apng": "image/apng",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
}


def file_suffix(info: MediaInfo) -> str:
    """The ending that says what the file holds, such as ``.mp4``."""
    if info.media == "audio" and info.container == "mov":
        return ".m4a"
    if info.media == "audio" and info.container == "matroska":
        return ".weba"
    return SUFFIXES.get(info.container, f".{info.container}")


def content_type(name: str) -> str:
    """The content type of a stored file, by its ending."""
    return CONTENT_TYPES.get(name[name.rfind(".") :], "application/octet-stream")
