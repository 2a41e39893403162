"""What is said in the fetched recordings, by whom, in which language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import SAMPLE_RATE
from lipsync.audio.load import stream_audio
from lipsync.speech.training.sources import Source

FloatArray = npt.NDArray[np.float32]


class Recording(NamedTuple):
    """One recording with its text. ``language`` is espeak-ng's name; ``speaker`` tells voices apart."""

    path: Path
    speaker: str
    language: str
    text: str

    def samples(self) -> FloatArray:
        """The sound at SAMPLE_RATE."""
        return np.concatenate(list(stream_audio(self.path, SAMPLE_RATE)))


COMMANDS = Path(__file__).parent / "commands.tsv"
"""What is said in the orders for coffee, which come with their meaning only: as PocketSphinx heard it by a
grammar of all that has this meaning."""
_WORDS = {"snowboy": "snow boy"}
_LANGUAGES = {"en_US": "en-us", "en_UK": "en", "uk_UK": "uk", "vi_VN": "vi", "ko_KO": "ko", "jv_ID": "id"}


def list_recordings(source: Source, folder: Path) -> Iterator[Recording]:
    """Every recording in ``folder`` whose text is known."""
    yield from _LISTS[source.name](folder)


def _metadata(folder: Path, files: str, speaker: str, language: str) -> Iterator[Recording]:
    """Of a ``metadata.csv``: name|text or name|text|text as spoken. ``files``: "wavs/{}.wav" or so."""
    for line in (folder / "metadata.csv").read_text("utf8").splitlines():
        name, *texts = line.split("|")
        path = folder / files.format(name)
        if path.exists():
            yield Recording(path, speaker, language, texts[-1])


def _kathleen(folder: Path) -> Iterator[Recording]:
    for path in sorted((folder / "data").glob("*.wav")):
        yield Recording(path, "kathleen", "en-us", path.with_suffix(".txt").read_text("utf8").strip())


def _intents(folder: Path) -> Iterator[Recording]:
    for line in COMMANDS.read_text("utf8").splitlines():
        name, text = line.split("\t")
        yield Recording(folder / "data" / "speech" / "clean" / f"{name}.wav", name, "en-us", text)


def _wake_words(folder: Path) -> Iterator[Recording]:
    for path in sorted((folder / "audio").glob("*/*.*")):
        if path.suffix in (".wav", ".flac"):
            word = path.parent.name
            yield Recording(path, path.stem, "en-us", _WORDS.get(word, word))


def _asterisk_ru(folder: Path) -> Iterator[Recording]:
    yield from _prompts(folder, "core-sounds-ru.txt", "ivrvoice", "ru")


def _prompts(folder: Path, texts: str, speaker: str, language: str) -> Iterator[Recording]:
    for line in (folder / texts).read_text("utf8", "replace").splitlines():
        found = re.match(r"([\w/-]+):\s*(.*)", line.strip())
        if found and (text := re.sub(r"\[.*?\]|<.*?>", "", found[2]).strip()):
            path = folder / f"{found[1]}.wav"
            if path.exists():
                yield Recording(path, speaker, language, text)


def _mimic3(folder: Path) -> Iterator[Recording]:
    for path in sorted((folder / "samples").glob("*/*/*.wav")):
        place = path.parent.parent.name
        text = (path.parent / "sample.txt").read_text("utf8").strip().split("\n")[0]
        language = _LANGUAGES.get(place, place.split("_")[0])
        yield Recording(path, f"{path.parent.name}/{path.stem}", language, text)


def _librivox(folder: Path) -> Iterator[Recording]:
    root = folder / "test" / "data" / "librivox"
    for line in (root / "transcription").read_text("utf8").splitlines():
        found = re.match(r"(?:<s>)?(.*?)(?:</s>)?\s*\(([^)]*)\)\s*$", line)
        if found and (root / f"{found[2]}.wav").exists():
            yield Recording(root / f"{found[2]}.wav", "austen", "en-us", found[1].strip())


def _asterisk_en(folder: Path) -> Iterator[Recording]:
    yield from _prompts(folder / "en", "core-sounds-en.txt", "allison", "en-us")


_LISTS = {
    "kerstin": lambda folder: _metadata(folder / "verified", "{}.flac", "kerstin", "de"),
    "kathleen": _kathleen,
    "intents": _intents,
    "nathalie": lambda folder: _metadata(folder / "verified", "{}.flac", "nathalie", "nl"),
    "flemishguy": lambda folder: _metadata(folder, "wavs/{}.wav", "flemishguy", "nl"),
    "wake-words": _wake_words,
    "asterisk-ru": _asterisk_ru,
    "mimic3": _mimic3,
    "ljspeech": lambda folder: _metadata(
        folder / "tests" / "data" / "ljspeech", "wavs/{}.wav", "lj", "en-us"
    ),
    "librivox": _librivox,
    "asterisk-en": _asterisk_en,
}
