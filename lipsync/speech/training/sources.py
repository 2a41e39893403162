"""Free recordings of real people: where they are, under which licence, and the very bytes that are meant.

They are fetched beside the project and never become part of it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple


class Source(NamedTuple):
    """A git repository with speech. ``digest`` is the SHA-256 of what is used of it, by ``digest_of``."""

    name: str
    url: str
    commit: str
    folders: tuple[str, ...]
    digest: str
    licence: str
    is_share_alike: bool
    description: str


SOURCES = (
    Source(
        "kerstin",
        "https://github.com/rhasspy/dataset-voice-kerstin",
        "f73127135cf80d6ef52aef6af58c49774f4fd625",
        ("verified",),
        "c4741072b1c83024de237faf868edefbc7f98d532744c3ef25b4e3498165537c",
        "CC0 1.0",
        False,
        "1374 German sentences read by one woman",
    ),
    Source(
        "wake-words",
        "https://github.com/Picovoice/wake-word-benchmark",
        "84919190fb1891bf0936dcb577d9268e467f876f",
        ("audio",),
        "b6fa4034b383137015b33881b80600a8488ade4c0d0f5096f7c716a2a7cbf18e",
        "Apache 2.0",
        False,
        "six words by hundreds of people into their own microphones",
    ),
    Source(
        "asterisk-ru",
        "https://github.com/pbxware/asterisk-sounds",
        "92a92f9bc02ef74604a4857ccd8030e020b88fea",
        (),
        "e2b5a417a3fc5a494f8b7ee64e613acc3c18fc06d947736530833b3bca37dfe3",
        "CC BY 3.0 (Maxim Topal, www.ivrvoice.ru)",
        False,
        "560 Russian telephone prompts by one woman",
    ),
    Source(
        "kathleen",
        "https://github.com/rhasspy/dataset-voice-kathleen",
        "c51cb971036a127359b43c621f26ca5081eab13e",
        ("data",),
        "85715d8a512b22c70a9555e15ea9f948580e5ad12c5f977ca28c172f5f95fc78",
        "CC0 1.0",
        False,
        "1132 English sentences, some twice, read by one woman",
    ),
    Source(
        "intents",
        "https://github.com/Picovoice/speech-to-intent-benchmark",
        "47b1ca63afe4f08cb83e1f70fec16764879bd130",
        ("data/speech",),
        "34bbde40b9282bc24a182af0982355bc684a30eb9fa04e50dac2a1af5be68231",
        "Apache 2.0",
        False,
        "English orders for coffee by more than 50 people",
    ),
    Source(
        "nathalie",
        "https://github.com/rhasspy/dataset-voice-nathalie",
        "3b3e91f39d13e2e681d8937575efb9bd3b3d8f5c",
        ("verified",),
        "8e8c46220cc782b533095baf80460fd33726c37c916dad76c4ee2c6555623f3e",
        "CC0 1.0",
        False,
        "1130 Dutch sentences read by one woman",
    ),
    Source(
        "flemishguy",
        "https://github.com/rhasspy/dataset-voice-flemishguy",
        "2576e9c8e5b6eec92e45010b5ede87c4f836f21e",
        (),
        "dd143d18fa572688844d110b233ca956252e97b49150e2f993c02abc533a150b",
        "CC0 1.0",
        False,
        "1139 Dutch sentences read by one man",
    ),
    Source(
        "mimic3",
        "https://github.com/MycroftAI/mimic3-voices",
        "b239a9084e21fbaa7ac78ea6e31f5de1c31c8f42",
        ("samples",),
        "08dc29e83fb29f4510beb72db8300f6530a027abcc0d9f500ea02d70f9c7d645",
        "CC BY-SA 4.0",
        True,
        "neural voices of 25 languages, each of them a real speaker's",
    ),
)

HELD_OUT_SOURCES = (
    Source(
        "ljspeech",
        "https://github.com/coqui-ai/TTS",
        "dbf1a08a0d4e47fdad6172e433eeb34bc6b13b4e",
        ("tests/data/ljspeech",),
        "c45590117086c46424e1b7e7fc510306ebcf4a0c90aed6fa224b69a4c0dd5816",
        "public domain (Linda Johnson for LibriVox)",
        False,
        "eight sentences of a book",
    ),
    Source(
        "librivox",
        "https://github.com/cmusphinx/pocketsphinx",
        "511126b492dcb267cf30d49d631946d7b61a9530",
        ("test/data/librivox",),
        "3c25554ab71122f406f90f0c576cbd49c1232c4705819aa513b9b8b86f71aeac",
        "public domain (LibriVox)",
        False,
        "five sentences of a novel",
    ),
    Source(
        "asterisk-en",
        "https://github.com/wehup/asterisk-sounds",
        "e914b7035cfe6080e57548dbd33d3801a6eead86",
        ("en",),
        "50de7410cb5ec8876c61d04f358e2490cc58d3da7d25bb8e461ba264e3414391",
        "CC BY-SA 3.0 (Allison Smith, www.theivrvoice.com)",
        True,
        "English telephone prompts, 8 kHz",
    ),
)
"""Only ever measured on: no voice of theirs may be trained on."""


USED = {".wav", ".flac", ".txt", ".csv", ""}
"""Endings of the files that count."""


class SourceError(Exception):
    """A source could not be fetched, or is not what it was."""


def digest_of(folder: Path, source: Source) -> str:
    """SHA-256 over the names and the bytes of the files that are used, in order."""
    total = hashlib.sha256()
    roots = [folder / name for name in source.folders] or [folder]
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix in USED and ".git" not in path.parts:
                total.update(path.relative_to(folder).as_posix().encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def fetch_source(source: Source, recordings: Path) -> Path:
    """The folder ``recordings``/name with the source's files, fetched if need be. Raises SourceError."""
    folder = recordings / source.name
    if not folder.exists():
        try:
            _clone(source, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    if digest_of(folder, source) != source.digest:
        raise SourceError(
            f"{folder} does not hold the files that {source.name} is known by; delete it to fetch them again."
        )
    return folder


def _clone(source: Source, folder: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise SourceError("git is not installed; it fetches the recordings.")
    folder.mkdir(parents=True)
    steps = [
        ["init", "--quiet"],
        ["fetch", "--quiet", "--depth", "1", "--filter=blob:none", source.url, source.commit],
        ["sparse-checkout", "set", *source.folders] if source.folders else ["sparse-checkout", "disable"],
        ["-c", "advice.detachedHead=false", "checkout", "--quiet", source.commit],
    ]
    for step in steps:
        done = subprocess.run([git, *step], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise SourceError(f"git could not fetch {source.url}: {done.stderr.strip()[:200]}")
