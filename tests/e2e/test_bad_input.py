"""Everything that can be wrong with what people give the page: a sentence with the fix, and nothing lost."""

from __future__ import annotations

import re
import struct
import uuid
import wave
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests import media
from tests.e2e import studio
from tests.e2e.conftest import Files

RATE = 16_000
Make = Callable[[Path, Files], Path]


def empty(folder: Path, files: Files) -> Path:
    (folder / "empty.png").write_bytes(b"")
    return folder / "empty.png"


def text_as_video(folder: Path, files: Files) -> Path:
    (folder / "notes.mp4").write_text("Dear diary, this is no film. " * 50)
    return folder / "notes.mp4"


def truncated(folder: Path, files: Files) -> Path:
    return media.cut_short(files.face_video, folder / "cut.mp4", 0.5)


def sound_as_face(folder: Path, files: Files) -> Path:
    target = folder / "sound.m4a"
    return media.write_audio(target, media.tone(2, RATE), RATE).rename(folder / "sound.mp4")


def silent_film_as_voice(folder: Path, files: Files) -> Path:
    return media.write_moving_portrait(folder / "mute.mp4", 1.0)


def no_samples(folder: Path, files: Files) -> Path:
    with wave.open(str(folder / "nothing.wav"), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
    return folder / "nothing.wav"


def png(width: int, height: int) -> bytes:
    """A grey PNG of any size in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wide_image(folder: Path, files: Files) -> Path:
    (folder / "wide.png").write_bytes(png(30_000, 2_000))
    return folder / "wide.png"


def bomb(folder: Path, files: Files) -> Path:
    (folder / "bomb.png").write_bytes(png(30_000, 30_000))
    return folder / "bomb.png"


def too_big(folder: Path, files: Files) -> Path:
    (folder / "big.mp4").write_bytes(bytes(6 * 1024 * 1024))
    return folder / "big.mp4"


def too_long(folder: Path, files: Files) -> Path:
    return media.write_audio(folder / "long.mp3", media.tone(75, RATE), RATE)


def no_face(folder: Path, files: Files) -> Path:
    import av

    picture = np.full((400, 400, 3), 90, np.uint8)
    picture[::8] = 120
    av.VideoFrame.from_ndarray(picture, format="rgb24").to_image().save(folder / "wall.png")
    return folder / "wall.png"


CASES = [
    ("Face file", empty, r"empty"),
    ("Face file", text_as_video, r"not a|cannot be read|could not be read|neither|no (photo|picture|video)"),
    ("Face file", truncated, r"cut|incomplete|damaged|broken|cannot be read|could not be read"),
    ("Face file", sound_as_face, r"no (picture|video)|only sound|sound only"),
    ("Face file", wide_image, r"30[,. ]?000|pixel|large"),
    ("Face file", bomb, r"30[,. ]?000|pixel|large"),
    ("Face file", too_big, r"limit"),
    ("Face file", no_face, r"[Nn]o face"),
    ("Voice file", empty, r"empty"),
    ("Voice file", silent_film_as_voice, r"no sound|without sound|no audio"),
    ("Voice file", no_samples, r"empty|no sound|nothing|zero|too short|length"),
    ("Voice file", too_long, r"limit|longer|long"),
]


@pytest.mark.parametrize(
    ("field", "make", "said"), CASES, ids=[f"{field.split()[0]}-{make.__name__}" for field, make, _ in CASES]
)
def test_a_bad_file_is_refused_with_a_sentence(
    page: Page, files: Files, tmp_path: Path, field: str, make: Make, said: str
) -> None:
    studio.type_text(page, "These words must survive.")
    if field == "Voice file":
        page.get_by_role("tab", name="Upload").click()
    path = make(tmp_path, files)
    page.get_by_label(field).set_input_files(path)
    expect(page.get_by_role("button", name="Choose another file")).to_be_visible(timeout=60_000)
    notice = page.get_by_role("alert").or_(page.get_by_role("status")).filter(has_text=path.name)
    message = notice.first.inner_text().replace("\n", " ")
    assert re.search(said, message), message
    assert message.rstrip().endswith("."), message
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("tab", name="Type").click()
    expect(page.get_by_label("What the face should say")).to_have_value("These words must survive.")


def test_a_silent_recording_is_taken_and_said_to_be_silent(page: Page, tmp_path: Path) -> None:
    quiet = media.write_audio(tmp_path / "quiet.wav", np.zeros(2 * RATE, np.float32), RATE)
    page.get_by_role("tab", name="Upload").click()
    page.get_by_label("Voice file").set_input_files(quiet)
    expect(page.get_by_text("silent")).to_be_visible(timeout=60_000)


def test_path_characters_in_a_name_do_no_harm(page: Page, files: Files) -> None:
    content = files.portrait.read_bytes()
    page.get_by_label("Face file").set_input_files(
        {"name": "../../etc/<b>pass\\wd</b>.png", "mimeType": "image/png", "buffer": content}
    )
    expect(page.get_by_text("1 face found")).to_be_visible(timeout=60_000)


def test_too_much_text_or_none_cannot_be_sent(page: Page) -> None:
    page.get_by_role("button", name="Use drawn avatar").first.click()
    button = page.get_by_role("button", name="Make it speak")
    studio.type_text(page, "x" * 1001)
    expect(button).to_have_attribute("aria-disabled", "true")
    studio.type_text(page, "   ")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(page).to_have_url(re.compile(r":\d+/$"))


def test_a_video_that_is_not_there_is_said_to_be_so(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/jobs/{uuid.uuid4()}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("not")).not_to_have_count(0)
