"""What the training voices say: everyday sentences and made-up words that visit every sound of a language."""

from __future__ import annotations

import numpy as np

from lipsync.speech.languages import LANGUAGES

EVERYDAY = (
    "Good morning, everybody, and thank you for coming.", "I would like a cup of coffee, please.",
    "We will be back after a short break.", "Could you show me the way to the station?",
    "My brother bought a brown puppy last Thursday.", "The weather should be much better by the weekend.",
    "Please press the button and wait for the beep.", "She sells fresh fish and flowers at the market.",
    "Why would anybody want to move to the moon?", "It was five past four when the phone rang.",
    "Let me explain how the new system works.", "They asked us to keep our voices down.",
    "You have three new messages in your inbox.", "A big black bear sat on a big black rug.",
    "We hope you enjoy the rest of your evening.", "The children were laughing and jumping in the puddles.",
    "I never thought that this would be so easy.", "Would you mind opening the window a little?",
    "Music makes people feel happy or sad.", "Nobody knew where the old woman had gone.",
    "Oh wow, that is absolutely amazing!", "Our team has been working hard all year.",
    "First, mix the butter with two cups of flour.", "He usually leaves for work before sunrise.",
    "Everything you need is right here in this room.", "Maybe we should both apologise to your mother.",
    "The ship moved slowly through the thick white fog.", "Remember to save your files before you shut down.",
    "I am happy to be part of this project.", "Welcome to the show, my name is Barbara.",
)  # fmt: skip

_LATIN_ONSETS = "p b m f v w t d n s z l r k g h j ch sh st pr br tr fl pl sp sm kw y".split()  # noqa: SIM905
_LATIN_NUCLEI = "a a e e i i o o u u ai ei ou oi au ee oo".split()  # noqa: SIM905
_LATIN_CODAS = ["", "", "", "n", "m", "s", "t", "l", "r", "p", "k", "f", "nt", "st"]
_CYRILLIC = ("пбмфвтднсзлркгхжшчц", "аеиоуяюыэ")  # noqa: RUF001
_GREEK = ("πβμφτδνσζλρκγχθ", "αειουη")  # noqa: RUF001
_DEVANAGARI = ("पबमफभवतदनसलरकगहजचटड", ["", "ा", "ि", "ी", "े", "ो", "ु", "ू"])
_ARABIC = ("بمفتدنسلركجهشحق", "اوي")
_KANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも"
    "やゆよらりるれろわばびぶべぼぱぴぷぺぽがぎぐげごだでどざじず"
)
_HANZI = (
    "我你他们这是不好大人来上个国说时要就出会可也生能年家学看马平白风木北"
    "百妈美明飞非方发五王为外问文月女去鱼雨路火花多小心早"
)

SPOKEN_LATIN = "en-us en de fr-fr es it pt-br nl sv da pl cs tr fi id ro hr ca eo et".split()  # noqa: SIM905
TRAINING_LANGUAGES = [*SPOKEN_LATIN, "ru", "uk", "hi", "ar", "ja", "ko", "cmn"]
HELD_OUT_LANGUAGES = ["hu", "sw", "el", "vi", "eu"]
TRAINING_VARIANTS = "m1 m2 m3 m4 m6 m7 m8 f1 f2 f3 f5 Annie Alex Lee max linda steph adam john".split()  # noqa: SIM905
HELD_OUT_VARIANTS = ["f4", "m5", "Andrea", "Michael"]


def _syllable(language: str, random: np.random.Generator) -> str:
    if language in ("ru", "uk", "bg"):
        return "".join(random.choice(list(part)) for part in _CYRILLIC)
    if language == "el":
        return "".join(random.choice(list(part)) for part in _GREEK)
    if language == "hi":
        return "".join(random.choice(list(part)) for part in _DEVANAGARI)
    if language == "ar":
        return "".join(random.choice(list(part)) for part in _ARABIC)
    if language == "ja":
        return str(random.choice(list(_KANA)))
    if language == "ko":
        return chr(0xAC00 + 588 * int(random.integers(19)) + 28 * int(random.integers(21)))
    if language == "cmn":
        return str(random.choice(list(_HANZI)))
    parts = (_LATIN_ONSETS, _LATIN_NUCLEI, _LATIN_CODAS)
    return "".join(str(random.choice(part)) for part in parts)


def make_text(language: str, random: np.random.Generator) -> str:
    """One utterance in ``language`` (espeak-ng's name): real sentences, numbers or made-up words."""
    kind = random.random()
    if language.startswith("en") and kind < 0.6:
        return " ".join(str(line) for line in random.choice(EVERYDAY, 2))
    if kind < 0.25:
        numbers = random.integers(0, 3000, 3)
        return f"{numbers[0]}, {numbers[1]}. {numbers[2]}!"
    if kind < 0.35:
        samples = [item.sample for item in LANGUAGES if item.id == language.replace("fr-fr", "fr")]
        return samples[0] if samples else "1, 2, 3."
    words = []
    for index in range(int(random.integers(6, 14))):
        word = "".join(_syllable(language, random) for _ in range(int(random.integers(1, 4))))
        words.append(word + (str(random.choice([",", ".", ";"])) if index and random.random() < 0.15 else ""))
    return " ".join(words) + "."
