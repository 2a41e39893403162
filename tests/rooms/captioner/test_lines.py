"""Words become lines: the settled part of a line never changes, and a final line never does."""

from __future__ import annotations

import numpy as np

from avsite.ai.asr.stream import Heard
from avsite.ai.transcript import Word
from rooms.captioner.lines import LONGEST_LINE, LineMaker, Update

EACH = 0.3


def words(text: str, start: float = 0.0) -> tuple[Word, ...]:
    return tuple(
        Word(word, start + i * EACH, start + (i + 1) * EACH - 0.05) for i, word in enumerate(text.split())
    )


def check(updates: list[Update]) -> None:
    """What is settled stays; nothing comes after the final text of a line."""
    shown: dict[str, Update] = {}
    for update in updates:
        before = shown.get(update.segment)
        assert before is None or not before.is_final
        if before is not None:
            settled = before.text[: before.settled]
            assert update.text[: before.settled] == settled and update.settled >= before.settled
        assert not update.is_final or update.settled == len(update.text)
        assert update.end >= update.start
        shown[update.segment] = update


def test_a_line_grows_and_ends_with_a_pause() -> None:
    maker = LineMaker()
    updates = maker.hear(Heard((), words("papa thought")), 100.0)
    updates += maker.hear(Heard(words("Papa bought"), words("a blue bow", 0.6)), 100.0)
    updates += maker.hear(Heard(words("a blue boat.", 0.6), (), ended=True), 100.0)
    check(updates)
    assert [one.text for one in updates] == [
        "papa thought",
        "Papa bought a blue bow",
        "Papa bought a blue boat.",
    ]
    assert [one.settled for one in updates[:2]] == [0, len("Papa bought")]
    assert len({one.segment for one in updates}) == 1 and updates[-1].is_final
    assert (updates[-1].start, round(updates[-1].end, 2)) == (100.0, 101.45)
    following = maker.hear(Heard(words("And", 9.0), ()), 100.0)
    assert following[0].segment != updates[0].segment and following[0].start == 109.0


def test_a_guess_that_was_wrong_is_taken_back() -> None:
    maker = LineMaker()
    guess = maker.hear(Heard((), words("uh")), 0.0)
    gone = maker.hear(Heard((), (), ended=True), 0.0)
    assert gone[0].segment == guess[0].segment and gone[0].is_final and gone[0].text == ""
    assert maker.hear(Heard((), (), ended=True), 0.0) == [], "silence is nothing to show"


def test_long_speech_is_cut_into_lines_and_no_word_is_lost_or_changed() -> None:
    random = np.random.default_rng(5)
    script = [f"word{i}{'.' if random.random() < 0.1 else ''}" for i in range(200)]
    all_words = words(" ".join(script))
    maker, updates, done = LineMaker(), [], 0
    while done < len(all_words):
        count = int(random.integers(0, 6))
        partial = tuple(Word("guess", w.start, w.end) for w in all_words[done + count : done + count + 3])
        updates += maker.hear(Heard(all_words[done : done + count], partial), 0.0)
        done += count
    updates += maker.hear(Heard((), (), ended=True), 0.0)
    check(updates)
    final = [one for one in updates if one.is_final]
    assert " ".join(one.text for one in final).split() == script
    assert max(len(one.text) for one in final) <= LONGEST_LINE
    assert len(final) > 20 and len({one.segment for one in final}) == len(final)
