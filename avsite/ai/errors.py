"""What can be wrong with a model.

Exception
`-- RuntimeError
    `-- ModelUnavailable   it cannot be used here; says why, and the command that mends it
        `-- BadWeights     there is a file, but not of this model
"""

from __future__ import annotations


class ModelUnavailable(RuntimeError):
    """A model cannot be used. ``reason`` and ``fix`` are sentences for people; ``model`` its name.

    fallback  what is used instead, empty for nothing
    """

    def __init__(self, model: str, reason: str, fix: str, fallback: str = "") -> None:
        super().__init__(f"{reason} {fix}".strip())
        self.model = model
        self.reason = reason
        self.fix = fix
        self.fallback = fallback


class BadWeights(ModelUnavailable):
    """A file that does not hold the weights it should."""

    def __init__(self, model: str, reason: str, fix: str = "") -> None:
        super().__init__(
            model, reason, fix or f"Get the file again and run: manage.py models import {model} FILE"
        )
