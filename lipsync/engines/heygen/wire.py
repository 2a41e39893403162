"""HeyGen's answers as data. Unused fields are ignored; states that are not known mean "still working"."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal

logger = logging.getLogger(__name__)

State = Literal["working", "completed", "failed", "not_found"]
WORKING = {"pending", "running", "queued", "processing", "waiting"}


@dataclass(frozen=True)
class Lipsync:
    """One render as HeyGen tells of it."""

    id: str
    state: State
    video_url: str = ""
    duration_seconds: float = 0.0
    failure: str = ""
    callback_id: str = ""


@dataclass(frozen=True)
class DirectUpload:
    """Where one large file goes."""

    asset_id: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Account:
    """Money left, in US dollars; None where HeyGen does not say."""

    billing_type: str
    balance_usd: float | None


def read_state(word: Any) -> State:
    text = str(word or "").lower()
    if text in ("completed", "failed", "not_found"):
        return text  # type: ignore[return-value]
    if text not in WORKING:
        logger.warning("HeyGen has a state that is not known here, taken as still working: %r", text[:40])
    return "working"


def read_lipsync(data: Any) -> Lipsync:
    data = data if isinstance(data, dict) else {}
    return Lipsync(
        id=str(data.get("id") or data.get("lipsync_id") or data.get("video_id") or ""),
        state=read_state(data.get("status")),
        video_url=str(data.get("video_url") or ""),
        duration_seconds=_number(data.get("duration")) or 0.0,
        failure=str(data.get("failure_message") or ""),
        callback_id=str(data.get("callback_id") or ""),
    )


def read_direct_upload(data: Any) -> DirectUpload:
    """Raises KeyError or TypeError when a needed field is missing."""
    headers = data.get("upload_headers") or {}
    return DirectUpload(
        asset_id=str(data["asset_id"]),
        url=str(data["upload_url"]),
        headers={str(name): str(value) for name, value in headers.items()},
    )


def read_account(data: Any) -> Account:
    data = data if isinstance(data, dict) else {}
    billing_type = str(data.get("billing_type") or "")
    wallet, usage = data.get("wallet") or {}, data.get("usage_based") or {}
    balance = None
    if wallet.get("currency", "usd") == "usd":
        balance = _number(wallet.get("remaining_balance"))
    if billing_type == "usage_based":
        cap, spent = _number(usage.get("spending_cap_usd")), _number(usage.get("spending_current_usd"))
        balance = None if cap is None or spent is None else cap - spent
    return Account(billing_type, balance)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
