"""Typed environment variables. Only ``avsite.settings`` uses this, so every variable is read in one file."""

from __future__ import annotations

import math
import os
import secrets
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def env_text(name: str, default: str = "") -> str:
    """The variable's text without surrounding space; empty counts as unset."""
    return os.environ.get(name, "").strip() or default


def env_path(name: str) -> Path | None:
    """The variable's path, with ~ for the home folder; None when it is unset."""
    text = env_text(name)
    return Path(text).expanduser() if text else None


def env_list(name: str, default: str = "") -> list[str]:
    """The variable's comma-separated parts."""
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


def env_bool(name: str, default: bool) -> bool:
    """Raises ImproperlyConfigured unless the variable is yes or no in one of the usual spellings."""
    text = env_text(name).lower()
    if not text:
        return default
    if text in TRUE | FALSE:
        return text in TRUE
    raise ImproperlyConfigured(f"{name} is {text!r}; set it to 1 or 0.")


def env_int(name: str, default: int, minimum: int = 0) -> int:
    """Raises ImproperlyConfigured unless the variable is a whole number of at least ``minimum``."""
    text = env_text(name).replace("_", "")
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to a whole number.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} is {number}; set it to {minimum} or more.")
    return number


def env_float(name: str, default: float) -> float:
    """Raises ImproperlyConfigured unless the variable is a number of at least 0."""
    return env_numbers(name, f"value={default}", bare="value")["value"]


def env_pairs(name: str) -> dict[str, str]:
    """The variable's comma-separated ``name=value`` parts."""
    parts = [part.partition("=") for part in env_list(name)]
    if any(not separator for _, separator, _ in parts):
        raise ImproperlyConfigured(f"{name} is {env_text(name)!r}; write it as name=value,name=value.")
    return {key.strip(): value.strip() for key, _, value in parts}


def env_numbers(name: str, default: str = "", *, bare: str = "") -> dict[str, float]:
    """The variable's ``name=number`` parts; a number alone is that of ``bare``."""
    text = env_text(name, default)
    try:
        if bare and "=" not in text:
            numbers = {bare: float(text)}
        else:
            parts = (part.split("=", 1) for part in text.split(",") if part.strip())
            numbers = {key.strip(): float(value) for key, value in parts}
    except ValueError:
        wanted = "a number" if bare else "name=number,name=number"
        raise ImproperlyConfigured(f"{name} is {text!r}; write it as {wanted}.") from None
    if any(not 0 <= number < math.inf for number in numbers.values()):
        raise ImproperlyConfigured(f"{name} is {text!r}; numbers must be 0 or more.")
    return numbers


def env_usd(name: str, default: str) -> Decimal | None:
    """An amount of US dollars; None for ``none``, which means as much as you like."""
    text = env_text(name, default).removeprefix("$")
    if text.lower() == "none":
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; set it to dollars, such as 10, or to none."
        ) from None
    if not amount.is_finite() or amount < 0:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to 0 or more dollars, or to none.")
    return amount


def env_secret(name: str, default: str = "") -> str:
    """The variable's text, or that of the file which ``<name>_FILE`` names (as container secrets do)."""
    text, path = env_text(name), env_text(f"{name}_FILE")
    if text and path:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; keep one of them.")
    if not path:
        return text or default
    try:
        return Path(path).read_text().strip() or default
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
        ) from None


def kept_secret(path: Path) -> str:
    """The secret in ``path``, made on first use and readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    kept = path.read_text().strip()
    if not kept:
        raise ImproperlyConfigured(f"The secret key in {path} is empty; delete the file and start again.")
    return kept
