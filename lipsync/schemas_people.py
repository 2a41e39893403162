"""How the API is told which of several people is meant, and what each says."""

from __future__ import annotations

from typing import Annotated

from ninja import Field, Schema

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Moment = Annotated[float, Field(ge=0.0, le=86_400.0)]
Box = tuple[Share, Share, Share, Share]
WHO = "who moves their lips most, and where nobody does, the largest."


class PickIn(Schema):
    """One of several faces: give one of ``track``, ``point`` and ``box``; places are 0..1 of the picture."""

    track: Annotated[int | None, Field(description="Its number in GET /assets/{id}/faces.")] = None
    point: Annotated[tuple[Share, Share] | None, Field(description="x, y in the face.")] = None
    box: Annotated[Box | None, Field(description="left, top, width, height.")] = None
    at_seconds: Annotated[Moment, Field(description="The moment of the video at which it is there.")] = 0.0

    model_config = {"extra": "forbid"}


class SegmentIn(Schema):
    """What one of several people says. Give ``speech`` (an asset's id) or ``text``, not both."""

    start_seconds: Annotated[Moment | None, Field(description="null: after the one before it.")] = None
    end_seconds: Annotated[
        Moment | None, Field(description="Where it is cut off; null: when all is said.")
    ] = None
    pick: PickIn | None = None
    speech: str | None = None
    text: str | None = None
    transcript: str | None = None
    transcript_language: str | None = None
    voice: str | None = None
    voice_rate: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0

    model_config = {"extra": "forbid"}
