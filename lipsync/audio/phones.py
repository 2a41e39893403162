"""A phone: one speech sound with its place in time."""

from typing import NamedTuple


class Phone(NamedTuple):
    """One speech sound. Times are seconds from the start of the speech.

    ``ipa`` is the phone in the International Phonetic Alphabet as espeak-ng writes it
    (stress marks included), or ``""`` for a pause.
    """

    ipa: str
    start_seconds: float
    end_seconds: float
