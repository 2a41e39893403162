"""What the API and the WebSocket say about dubs: one shape for both."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from ninja import Field, Schema

from lipsync.dubbing import lines as merging
from lipsync.dubbing.chain import FINAL, MIX, NEW_CAPTIONS, OLD_CAPTIONS, TRACK, Chain
from lipsync.dubbing.spec import STAGES, Background, DubError, Json
from lipsync.dubbing.store import Kept
from lipsync.dubbing.tools import make_tools
from lipsync.dubs.models import Dub
from lipsync.progress import stage_label
from lipsync.schemas import API_ROOT

State = Literal["queued", "running", "waiting", "paused", "done", "failed"]
StageName = Literal["words", "sentences", "translate", "edit", "voice", "fit", "mix", "lipsync", "finish"]
StageState = Literal["todo", "working", "waiting", "needs_you", "failed", "changed", "done"]
FILES = {
    FINAL: "video/mp4",
    MIX: "audio/wav",
    TRACK: "audio/wav",
    NEW_CAPTIONS: "text/vtt",
    OLD_CAPTIONS: "text/vtt",
    **{f"{stage}.json": "application/json" for stage in STAGES},
}
"""What may be fetched of a dub."""
LANGUAGE_FIELD = Field(max_length=20, pattern=r"^[A-Za-z0-9-]*$")


class StageOut(Schema):
    """One stage. ``hash`` names what it was made of: the same hash, the same result."""

    name: StageName
    label: str
    state: StageState
    percent: int = Field(description="While it is worked on.")
    message: str = Field(description="What is to be done, went wrong, or was found.")
    hash: str | None
    seconds: float = Field(description="It took, the last time it was done.")
    is_new: bool = Field(description="Done since its owner last said go; else it was kept.")
    redone: int = Field(description="Parts that were made the last time it was done; ``reused``: kept.")
    reused: int
    facts: dict[str, Any] = Field(description="What it found or made, in a few values.")
    files: list[str] = Field(description="Names under /files/.")


class SentenceOut(Schema):
    """One sentence, side by side in both languages. Times are seconds of the video."""

    id: str
    start: float
    end: float
    speaker: str
    text: str
    machine: str = Field(description="The machine's translation; empty without one.")
    translation: str
    edited: bool
    keep: bool = Field(description="The original voice stays.")
    voice: str
    sound_url: str | None = Field(description="As it is heard; null until it was spoken.")
    voice_hash: str | None
    fit_hash: str | None
    is_new: bool = Field(description="Spoken since its owner last said go.")
    changed: bool = Field(description="Its sound is not what it says now.")
    at: float | None
    seconds: float | None
    rate: float | None = Field(description="Speed of the voice; ``tempo``: how much it was compressed.")
    tempo: float | None
    over: float = Field(description="Seconds by which it is too long; ``late``: by which it begins late.")
    late: float
    cut: float = Field(description="Seconds lost after the end of the video.")


class DubErrorOut(Schema):
    code: str
    message: str


class DubOut(Schema):
    id: str
    name: str
    state: State
    stage: str
    stage_label: str
    percent: int = Field(description="Of the whole.")
    revision: int
    message: str
    error: DubErrorOut | None
    from_language: str
    to_language: str
    background: Background
    lipsync: bool
    engine: str
    glossary: dict[str, str]
    voices: dict[str, str]
    job_id: str | None
    original_url: str | None
    thumbnail_url: str | None
    video_url: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class DubWhole(DubOut):
    stages: list[StageOut]
    sentences: list[SentenceOut]


class DubPage(Schema):
    items: list[DubOut]
    next_cursor: str | None


class DubOptions(Schema):
    to_language: Annotated[str, LANGUAGE_FIELD] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    glossary: dict[str, str] | None = Field(default=None, max_length=200)
    voices: dict[str, str] | None = Field(
        default=None, max_length=20, description="A voice's id by a speaker's name."
    )
    background: Background | None = None
    duck_db: Annotated[float, Field(ge=0, le=40)] | None = None
    lipsync: bool | None = None
    engine: str | None = None


class DubIn(DubOptions):
    video: str = Field(description="The id of an uploaded video.")
    to_language: Annotated[str, LANGUAGE_FIELD]
    from_language: Annotated[str, LANGUAGE_FIELD] = ""
    review: bool = Field(default=True, description="Stop before the voice, so that somebody reads it first.")


class SentenceIn(Schema):
    """What is changed of a sentence; null gives back what the machine had."""

    id: str
    text: Annotated[str, Field(max_length=2000)] | None = None
    translation: Annotated[str, Field(max_length=2000)] | None = None
    speaker: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    keep: bool = False


class SentencesIn(Schema):
    items: Annotated[list[SentenceIn], Field(max_length=2000)]


class RunIn(Schema):
    stop_before: StageName | None = None


def describe_dub(dub: Dub) -> DubOut:
    root = f"{API_ROOT}/dubs/{dub.uid}"
    at = list(STAGES).index(dub.stage) if dub.stage in STAGES else 0
    part = dub.percent
    if dub.state == Dub.State.WAITING and dub.job:
        part = dub.job.percent
    is_done = dub.state == Dub.State.DONE
    source = dub.source
    return DubOut(
        id=str(dub.uid),
        name=dub.name,
        state=dub.state,  # type: ignore[arg-type]
        stage=dub.stage,
        stage_label=STAGES.get(dub.stage, ""),
        percent=100 if is_done else min(99, round((at + part / 100) / len(STAGES) * 100)),
        revision=dub.revision,
        message=dub.message,
        error=DubErrorOut(code=dub.error_code, message=dub.error_message) if dub.error_code else None,
        from_language=dub.source_language,
        to_language=dub.target_language,
        background=dub.options.get("background", "remove"),
        lipsync=dub.options.get("lipsync", True),
        engine=dub.options.get("engine", "auto"),
        glossary=dub.options.get("glossary", {}),
        voices=dub.options.get("voices", {}),
        job_id=str(dub.job.uid) if dub.job else None,
        original_url=f"{API_ROOT}/assets/{source.uid}/file" if source else None,
        thumbnail_url=f"{API_ROOT}/assets/{source.uid}/thumbnail" if source and source.thumbnail else None,
        video_url=f"{root}/files/{FINAL}" if is_done else None,
        created_at=dub.created_at,
        finished_at=dub.finished_at,
        expires_at=dub.expires_at,
    )


def describe_whole(dub: Dub) -> DubWhole:
    """With its stages and sentences, read from its folder."""
    chain = _chain(dub)
    fresh = chain.survey() if chain else dict.fromkeys(STAGES, False)
    kept = {stage: dub.store().read(stage) for stage in STAGES}
    return DubWhole(
        **dict(describe_dub(dub)),
        stages=[_describe_stage(dub, stage, fresh[stage], kept[stage]) for stage in STAGES],
        sentences=_sentences(dub, chain, kept) if chain and fresh["sentences"] else [],
    )


def _chain(dub: Dub) -> Chain | None:
    """To look at, not to run; None without its video."""

    def nothing(*_: object) -> Json:
        return {}

    if dub.source is None or not Path(dub.source.file.path).is_file():
        return None
    spec = dub.spec(Path(dub.source.file.path))
    return Chain(spec, dub.store(), make_tools(settings.MODELS_DIR, nothing), lambda *_: None)


def _describe_stage(dub: Dub, stage: str, is_fresh: bool, kept: Kept | None) -> StageOut:
    state = _stage_state(dub, stage, is_fresh, kept)
    message = ""
    if state == "failed":
        message = dub.error_message
    elif state == "needs_you":
        message = dub.message
    elif state == "waiting" and dub.job:
        message = stage_label(dub.job)
    elif kept and is_fresh:
        message = " ".join(kept.made.get("notes", [])) or kept.made.get("note", "")
    percent = dub.job.percent if state == "waiting" and dub.job else dub.percent
    return StageOut(
        name=stage,  # type: ignore[arg-type]
        label=STAGES[stage],
        state=state,
        percent=percent if state in ("working", "waiting") else 0,
        message=message,
        hash=kept.key[:12] if kept else None,
        seconds=kept.seconds if kept else 0.0,
        is_new=kept is not None and kept.at >= dub.run_at.timestamp(),
        redone=kept.redone if kept else 0,
        reused=kept.reused if kept else 0,
        facts=_facts(stage, kept.made) if kept else {},
        files=[name for name in [*(kept.files if kept else ()), f"{stage}.json"] if kept and name in FILES],
    )


def _stage_state(dub: Dub, stage: str, is_fresh: bool, kept: Kept | None) -> StageState:
    at_it: dict[str, StageState] = {
        "running": "working",
        "waiting": "waiting",
        "paused": "needs_you",
        "failed": "failed",
    }
    if is_fresh:
        return "done"
    if stage == dub.stage and dub.state in at_it:
        return at_it[dub.state]
    return "changed" if kept else "todo"


def _facts(stage: str, made: Json) -> dict[str, Any]:
    """A few values for people."""
    if stage == "words":
        words = sum(len(one["words"]) for one in made["segments"])
        return {"words": words, "language": made["language"], "model": made["model"]}
    if stage == "sentences":
        return {
            "sentences": len(made["items"]),
            "speakers": len({item["speaker"] for item in made["items"]}),
        }
    if stage == "translate":
        return {"translator": made["translator"], "sentences": len(made["items"])}
    if stage == "edit":
        return {"sentences": len(made["lines"])}
    if stage == "fit":
        late = [spot for spot in made["placed"] if spot["late"] or spot["cut"]]
        over = [one for one in made["items"].values() if one["over"]]
        return {"sentences": len(made["items"]), "too_long": len(over), "late": len(late)}
    if stage == "voice":
        return {"sentences": len(made["items"])}
    return {name: made[name] for name in ("loudness_lufs", "engine", "captions", "seconds") if name in made}


def _sentences(dub: Dub, chain: Chain, kept: dict[str, Kept | None]) -> list[SentenceOut]:
    translated, voice, fit = kept["translate"], kept["voice"], kept["fit"]
    machine = translated.made if translated else {"items": {}}
    try:
        found = merging.merge_lines(chain.spec, chain.items, machine)
    except DubError:  # a language or a voice that is no more; the dub says so when it runs
        bare = {"machine": "", "translation": "", "keep": False, "edited": False, "voice": ""}
        found = [item | bare for item in chain.items]
    fits = fit.made if fit else {"items": {}, "placed": []}
    spots = {spot["id"]: spot for spot in fits["placed"]}
    is_new = set(voice.parts) if voice and voice.at >= dub.run_at.timestamp() else set()
    return [
        _sentence(dub, line, fits["items"].get(line["id"]), spots.get(line["id"]), voice, is_new)
        for line in found
    ]


def _sentence(
    dub: Dub, line: Json, fit: Json | None, spot: Json | None, voice: Kept | None, is_new: set[str]
) -> SentenceOut:
    spoken = voice.made["items"].get(line["id"]) if voice else None
    is_same = spoken is not None and spoken["key"] == Chain.voice_key(line)
    heard = fit if fit and not line["keep"] else None
    return SentenceOut(
        **{name: line[name] for name in ("id", "start", "end", "speaker", "text", "machine")},
        **{name: line[name] for name in ("translation", "edited", "keep", "voice")},
        sound_url=f"{API_ROOT}/dubs/{dub.uid}/sentences/{line['id']}/sound" if heard else None,
        voice_hash=spoken["key"][:12] if spoken else None,
        fit_hash=heard["key"][:12] if heard else None,
        is_new=line["id"] in is_new,
        changed=bool(heard) and not is_same,
        at=spot["at"] if spot else None,
        seconds=spot["seconds"] if spot else None,
        rate=heard["rate"] if heard else None,
        tempo=heard["tempo"] if heard else None,
        over=heard["over"] if heard else 0.0,
        late=spot["late"] if spot else 0.0,
        cut=spot["cut"] if spot else 0.0,
    )
