"""A clip is made exactly as long as wanted, with the right frames, in bounded memory."""

import pytest

from lipsync.video import loop
from lipsync.video.loop import loop_frames
from tests import media


def expected(total: int, count: int, mode: str) -> list[int]:
    if mode == "once":
        return [min(index, total - 1) for index in range(count)]
    if mode == "loop":
        return [index % total for index in range(count)]
    if mode == "stretch":
        return [index * total // count for index in range(count)]
    period = max(1, 2 * total - 2)
    return [
        min(index % period, (period - index % period) % period or index % period) for index in range(count)
    ]


@pytest.mark.parametrize("mode", ["bounce", "loop", "once", "stretch"])
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
@pytest.mark.parametrize("window", [7, 1000], ids=["windows", "kept-whole"])
def test_frames_and_their_order(tmp_path, monkeypatch, mode, suffix, window):
    monkeypatch.setattr(loop, "WINDOW_BYTES", window * 160 * 120 * 3)
    path = media.write_video(tmp_path / f"clip{suffix}", 31, size=(160, 120))
    for count in (1, 20, 31, 32, 75, 130):
        frames = list(loop_frames(path, count, mode))
        wanted = expected(31, count, mode)
        assert [frame.index for frame in frames] == wanted
        assert [media.picture_number(frame.image) for frame in frames] == wanted


@pytest.mark.parametrize("mode", ["bounce", "loop", "once", "stretch"])
def test_a_clip_of_one_or_two_frames(tmp_path, mode):
    for total in (1, 2):
        path = media.write_video(tmp_path / f"{total}.mp4", total)
        assert [frame.index for frame in loop_frames(path, 7, mode)] == expected(total, 7, mode)


def test_variable_rate_bounces_through_the_same_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "WINDOW_BYTES", 5 * 160 * 120 * 3)
    times = [0.0, 0.04, 0.3, 0.33, 0.5, 0.9, 0.93, 1.0]
    path = media.write_video(tmp_path / "phone.mp4", len(times), size=(160, 120), times=times)
    reader = loop.FrameReader(path, fps=25)
    forwards = [media.picture_number(frame.image) for frame in reader]
    total = len(forwards)
    there_and_back = list(loop_frames(path, 2 * total - 1, "bounce", reader=reader))
    shown = [media.picture_number(frame.image) for frame in there_and_back]
    assert shown == forwards + forwards[-2::-1]


def test_drawing_on_frames_leaves_later_ones_alone(tmp_path):
    path = media.write_video(tmp_path / "clip.mp4", 5)
    for frame in loop_frames(path, 30, "bounce"):
        assert media.picture_number(frame.image) == frame.index
        frame.image[:] = 255


def test_a_clip_that_is_long_enough_is_decoded_once(tmp_path, monkeypatch):
    path = media.write_video(tmp_path / "clip.mp4", 10, size=(160, 120))
    reader = loop.FrameReader(path)
    passes = []
    frames = reader.frames
    monkeypatch.setattr(reader, "frames", lambda *span: passes.append(span) or frames(*span))
    assert len(list(loop_frames(path, 10, "bounce", reader=reader))) == 10
    assert passes == [()], "frames were decoded that nobody asked for"


def test_only_what_is_still_wanted_is_decoded_for_the_way_back(tmp_path, monkeypatch):
    path = media.write_video(tmp_path / "clip.mp4", 10, size=(160, 120))
    monkeypatch.setattr(loop, "WINDOW_BYTES", 8 * 160 * 120 * 3)
    reader = loop.FrameReader(path)
    passes = []
    frames = reader.frames
    monkeypatch.setattr(reader, "frames", lambda *span: passes.append(span) or frames(*span))
    shown = [frame.index for frame in loop_frames(path, 12, "bounce", reader=reader)]
    assert shown == [*range(10), 8, 7]
    assert passes == [(), (7, 9)]
