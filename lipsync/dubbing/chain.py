"""The stages one after the other, each done only where what it is made of has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from avsite.ai.asr.base import Recognizer
from avsite.ai.captions import as_webvtt
from avsite.ai.translate.base import Translator, bare_language
from lipsync.audio.load import FloatArray, load_audio, save_wav
from lipsync.audio.loudness import RATE
from lipsync.dubbing import captions, hear, lines, mix, voice
from lipsync.dubbing.spec import STAGES, DubError, DubSpec, Json, NeedsPerson, OnProgress, key_of
from lipsync.dubbing.store import Kept, Store
from lipsync.video.probe import probe

VERSION = 1
"""Change it whenever the same input gives something else."""
FINAL, TRACK, MIX, SYNCED = "final.mp4", "voice.wav", "mix.wav", "lipsync.mp4"
NEW_CAPTIONS, OLD_CAPTIONS = "captions.vtt", "original.vtt"


class ToSync(NamedTuple):
    """What the lips are made of. ``key`` is the same for the same video and voice."""

    video: Path
    voice: Path
    output: Path
    key: str
    engine: str


@dataclass(frozen=True)
class Tools:
    """What does the work outside of this package.

    recognizer  opens one by its name, the best there is for ""; raises ModelUnavailable
    choose      who would translate from one ISO 639-1 language into another; raises ModelUnavailable
    translator  opens it, by its name and the languages
    sync        makes the lips, and says with what; may raise Later
    """

    recognizer: Callable[[str], Recognizer]
    choose: Callable[[str, str], str]
    translator: Callable[[str, str, str], Translator]
    sync: Callable[[ToSync, Callable[[float], None]], Json]


@dataclass
class Work:
    """What a stage made: values, names of files, and of how many parts how many were redone."""

    made: Json
    files: tuple[str, ...] = ()
    reused: int = 0
    redone: list[str] = field(default_factory=list)


class Chain:
    """One dub, as far as it has come. ``tell`` is told of progress, and raises to stop."""

    def __init__(self, spec: DubSpec, store: Store, tools: Tools, tell: OnProgress) -> None:
        self.spec, self.store, self.tools, self._tell = spec, store, tools, tell
        self._kept: dict[str, Kept] = {}

    def run(self, on_stage: Callable[[str, Kept], None] = lambda stage, kept: None) -> None:
        """Do what is to be done. ``on_stage`` hears of every stage that was.

        Raises DubError, NeedsPerson, Later, ModelUnavailable, and whatever ``tell`` does.
        """
        for stage in STAGES:
            key = self.key(stage)
            kept = self.store.fresh(stage, key)
            if kept is None:
                if stage == self.spec.stop_before:
                    raise NeedsPerson(stage, f"Stopped before: {STAGES[stage]}. Look over what was made.")
                self._tell(stage, 0.0)
                kept = self._do(stage, key)
                on_stage(stage, kept)
            self._kept[stage] = kept

    def survey(self) -> dict[str, bool]:
        """Which stages are of use as they are; the first that is not makes those after it unknown: False."""
        found = dict.fromkeys(STAGES, False)
        for stage in STAGES:
            try:
                kept = self.store.fresh(stage, self.key(stage))
            except DubError:
                kept = None
            if kept is None:
                break
            self._kept[stage], found[stage] = kept, True
        return found

    def _do(self, stage: str, key: str) -> Kept:
        began = time.monotonic()
        work: Work = getattr(self, f"_do_{stage}")()
        kept = Kept(
            key=key,
            made=work.made,
            files=work.files,
            seconds=round(time.monotonic() - began, 2),
            reused=work.reused,
            redone=len(work.redone) if work.redone or work.reused else 1,
            parts=tuple(work.redone),
            at=time.time(),
        )
        self.store.keep(stage, kept)
        return kept

    def made(self, stage: str) -> Json:
        return self._kept[stage].made

    def key(self, stage: str) -> str:
        """Of what ``stage`` is to be made of; those before it are done."""
        return key_of(stage, VERSION, *getattr(self, f"_of_{stage}")())

    def _teller(self, stage: str) -> Callable[[float], None]:
        return lambda fraction: self._tell(stage, min(max(fraction, 0.0), 1.0))

    @cached_property
    def seconds(self) -> float:
        return probe(self.spec.video).duration_seconds

    # --- words, sentences, translation ----------------------------------------------------------------

    def _of_words(self) -> list[object]:
        return [self.spec.video_sha256, self.spec.source, self.spec.recognizer]

    def _do_words(self) -> Work:
        samples = hear.load_speech(self.spec.video)
        recognizer = self.tools.recognizer(self.spec.recognizer)
        return Work(hear.hear_words(samples, recognizer, self.spec.source, self._teller("words")))

    def _of_sentences(self) -> list[object]:
        return [self._kept["words"].key]

    def _do_sentences(self) -> Work:
        made = hear.cut_sentences(self.made("words"))
        return Work(made, redone=[item["id"] for item in made["items"]])

    @property
    def items(self) -> list[Json]:
        return lines.apply_texts(self.spec, self.made("sentences")["items"])

    @property
    def language(self) -> str:
        return str(self.spec.source or self.made("sentences")["language"])

    def _of_translate(self) -> list[object]:
        try:
            name = self.tools.choose(bare_language(self.language), bare_language(self.spec.target))
        except RuntimeError:  # nobody can; tried again once somebody is there
            name = ""
        said = [[item["id"], item["text"], item["start"], item["end"]] for item in self.items]
        return [said, self.language, self.spec.target, dict(self.spec.glossary), name]

    def _do_translate(self) -> Work:
        before = self.store.read("translate")
        made = hear.translate_all(
            self.spec,
            self.items,
            self.language,
            before.made["items"] if before else {},
            self.tools.choose,
            self.tools.translator,
            self._teller("translate"),
        )
        redone = made.pop("redone")
        return Work(made, reused=len(made["items"]) - len(redone), redone=redone)

    # --- editing, voice, fit ----------------------------------------------------------------------------

    def lines(self) -> list[Json]:
        """What is to be said, as far as it is known."""
        return lines.merge_lines(self.spec, self.items, self.made("translate"))

    def _of_edit(self) -> list[object]:
        return [self.lines()]

    def _do_edit(self) -> Work:
        found = self.lines()
        lines.require_lines(found, self.made("translate")["note"])
        changed = [line["id"] for line in found if line["edited"] or line["keep"]]
        return Work({"lines": found}, reused=len(found) - len(changed), redone=changed)

    @property
    def _said(self) -> list[Json]:
        return [line for line in self.made("edit")["lines"] if not line["keep"]]

    @staticmethod
    def voice_key(line: Json) -> str:
        return key_of("voice", VERSION, line["translation"], line["voice"])[:32]

    def _of_voice(self) -> list[object]:
        return [[line["id"], self.voice_key(line)] for line in self._said]

    def _do_voice(self) -> Work:
        made, files, redone = {}, [], []
        for number, line in enumerate(self._said):
            self._tell("voice", number / len(self._said))
            key = self.voice_key(line)
            name = f"voice/{key}"
            if not self.store.has(f"{name}.wav") or self.store.read_json(f"{name}.json") is None:
                spoken = voice.speak(line["translation"], line["voice"])
                with self.store.writing(f"{name}.wav") as path:
                    save_wav(path, spoken.samples, spoken.sample_rate)
                self._keep_json(f"{name}.json", {"seconds": spoken.seconds, "words": spoken.words})
                redone.append(line["id"])
            known = self.store.read_json(f"{name}.json") or {}
            made[line["id"]] = {"key": key, "file": f"{name}.wav", "seconds": round(known["seconds"], 3)}
            files += [f"{name}.wav", f"{name}.json"]
        self.store.forget_others("voice", {one["key"] for one in made.values()})
        return Work({"items": made}, tuple(dict.fromkeys(files)), len(self._said) - len(redone), redone)

    def _of_fit(self) -> list[object]:
        times = [
            [line["id"], line["start"], line["end"], line["keep"]] for line in self.made("edit")["lines"]
        ]
        return [self._kept["voice"].key, times, round(self.seconds, 3), self.spec.video_sha256]

    def _do_fit(self) -> Work:
        every = self.made("edit")["lines"]
        made: Json = {}
        redone: list[str] = []
        pieces: list[FloatArray] = []
        for number, (line, (own, room)) in enumerate(
            zip(every, voice.slots(every, self.seconds), strict=True)
        ):
            self._tell("fit", number / len(every))
            if line["keep"]:
                pieces.append(voice.original_piece(self.spec.video, line["start"], line["end"]))
                continue
            made[line["id"]] = self._fit_line(line, own, room, redone)
            pieces.append(load_audio(self.store.path(made[line["id"]]["file"]), RATE))
        placed = voice.place(every, [len(piece) / RATE for piece in pieces], self.seconds)
        with self.store.writing(TRACK) as path:
            spots = [(spot["at"], piece) for spot, piece in zip(placed, pieces, strict=True)]
            voice.write_track(path, spots, self.seconds)
        self.store.forget_others("fit", {one["key"] for one in made.values()})
        files = [one["file"] for one in made.values()]
        return Work({"items": made, "placed": placed}, (*files, TRACK), len(made) - len(redone), redone)

    def _fit_line(self, line: Json, own: float, room: float, redone: list[str]) -> Json:
        """Fit one line, unless that very voice was fitted into that very time."""
        spoken_key = self.made("voice")["items"][line["id"]]["key"]
        key = key_of("fit", VERSION, spoken_key, round(own, 3), round(room, 3))[:32]
        name = f"fit/{key}"
        known = self.store.read_json(f"{name}.json")
        if known is None or not self.store.has(f"{name}.wav"):
            natural = voice.speak(line["translation"], line["voice"])
            fitted = voice.fit(
                natural, lambda rate: voice.speak(line["translation"], line["voice"], rate), own, room
            )
            with self.store.writing(f"{name}.wav") as path:
                save_wav(path, fitted.samples, RATE)
            known = {
                "key": key,
                "file": f"{name}.wav",
                "seconds": round(len(fitted.samples) / RATE, 3),
                "own": round(own, 3),
                "room": round(room, 3),
                "rate": fitted.rate,
                "tempo": fitted.tempo,
                "over": round(fitted.over, 3),
                "words": [[text, round(start, 3)] for text, start in fitted.words],
            }
            self._keep_json(f"{name}.json", known)
            redone.append(line["id"])
        return known

    def _keep_json(self, name: str, value: Json) -> None:
        from json import dumps

        with self.store.writing(name) as path:
            path.write_text(dumps(value, ensure_ascii=False), "utf8")

    # --- mix, lips, film --------------------------------------------------------------------------------

    def _of_mix(self) -> list[object]:
        spec = self.spec
        return [self._kept["fit"].key, self._spans(), spec.background, spec.duck_db, spec.video_sha256]

    def _spans(self) -> list[tuple[float, float]]:
        """Where the original voice is to go: where it speaks, and where the new one does."""
        every, placed = self.made("edit")["lines"], self.made("fit")["placed"]
        both = [(line, spot) for line, spot in zip(every, placed, strict=True)]
        kept = [line["keep"] and spot["late"] == 0 for line, spot in both]
        old = [(line["start"], line["end"]) for line, _ in both]
        new = [(spot["at"], spot["at"] + spot["seconds"]) for _, spot in both]
        return [span for is_kept, *spans in zip(kept, old, new, strict=True) for span in spans if not is_kept]

    def _do_mix(self) -> Work:
        self._tell("mix", 0.1)
        with self.store.writing(MIX) as path:
            loudness = mix.mix_sound(
                self.spec.video, self._track(), self._spans(), self.seconds,
                self.spec.background, self.spec.duck_db, path,
            )  # fmt: skip
        return Work({"file": MIX, "loudness_lufs": round(loudness, 2)}, (MIX,))

    def _track(self) -> Path:
        return self.store.path(TRACK)

    def _of_lipsync(self) -> list[object]:
        wanted = [self.spec.engine] if self.spec.lipsync else []
        return [self.spec.video_sha256, self._kept["fit"].key, wanted]

    def _do_lipsync(self) -> Work:
        if not self.spec.lipsync:
            return Work({"engine": "", "pictures": "original"})
        with self.store.writing(SYNCED) as path:
            wanted = ToSync(self.spec.video, self._track(), path, self.key("lipsync"), self.spec.engine)
            made = self.tools.sync(wanted, self._teller("lipsync"))
        return Work(made | {"file": SYNCED}, (SYNCED,))

    def _of_finish(self) -> list[object]:
        return [self._kept["mix"].key, self._kept["lipsync"].key, self._captions_of(), self.spec.target]

    def _captions_of(self) -> list[object]:
        return [[line["translation"], line["text"], line["speaker"]] for line in self.made("edit")["lines"]]

    def _do_finish(self) -> Work:
        fit = self.made("fit")
        cues = captions.new_captions(self.made("edit")["lines"], fit["placed"], fit["items"])
        with self.store.writing(NEW_CAPTIONS) as path:
            path.write_text(as_webvtt(cues), "utf8")
        with self.store.writing(OLD_CAPTIONS) as path:
            path.write_text(as_webvtt(captions.old_captions(self.items, self.made("words"))), "utf8")
        self._tell("finish", 0.2)
        pictures = self.store.path(SYNCED) if self.spec.lipsync else self.spec.video
        with self.store.writing(FINAL) as path:
            captions.write_film(pictures, self.store.path(MIX), cues, self.spec.target, path)
        made = {"captions": len(cues), "seconds": round(probe(self.store.path(FINAL)).duration_seconds, 3)}
        return Work(made | {"file": FINAL}, (FINAL, NEW_CAPTIONS, OLD_CAPTIONS))


def without_stop(spec: DubSpec) -> DubSpec:
    """The same to the end in one go."""
    return replace(spec, stop_before="")
