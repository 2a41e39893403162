"""Translators: M2M100's loader on a model without sense, who is chosen, and terms that are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.translate import m2m100
from avsite.ai.translate.base import Said, UnsupportedPair, bare_language, translate_with_terms
from avsite.ai.translate.choose import WhisperToEnglish, open_translator, translator_name
from avsite.ai.translate.m2m100 import LANGUAGES, M2M100
from tests.tiny import write_whisper
from tests.tiny_m2m100 import write_m2m100


def said(text: str) -> Said:
    return Said(text, lambda: np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_m2m100(tmp_path_factory.mktemp("m2m100"))


def test_m2m100_is_imported_as_a_users_folder_and_translates(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(tmp_path / "models")
    with pytest.raises(ModelUnavailable, match=r"models pull m2m100-418m") as missing:
        translator_name(registry, "en", "de")
    assert missing.value.fallback == "translations typed by hand"
    registry.import_file("m2m100-418m", folder, accepted=False)
    assert translator_name(registry, "en", "de") == "m2m100-418m"
    german = open_translator(registry, "m2m100-418m", "en", "de")
    first = german.translate(said("Good morning, everybody."))
    assert first and first == german.translate(said("Good morning, everybody.")), "the same, always"
    french = open_translator(registry, "m2m100-418m", "en", "fr")
    assert first != french.translate(said("Good morning, everybody.")), "the language is told to the model"
    assert german.translate(said("   ")) == ""
    monkeypatch.setattr(m2m100, "MOST_TOKENS", 60)
    assert german.translate(said("good morning " * 3000)), "a text without end is cut, not refused"
    with pytest.raises(UnsupportedPair, match="'qya'"):
        open_translator(registry, "m2m100-418m", "en", "qya")


def test_tables_are_those_of_the_library() -> None:
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    assert set(LANGUAGES) == set(FAIRSEQ_LANGUAGE_CODES["m2m100"])


def test_a_damaged_model_says_so(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    weights = broken / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(BadWeights, match="not an M2M100 model"):
        M2M100(broken, "en", "de")


def test_whisper_translates_into_english_where_it_is_installed(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    registry.import_file("whisper-tiny", write_whisper(tmp_path / "tiny"), accepted=False)
    assert translator_name(registry, "de", "en") == "whisper-tiny"
    assert translator_name(registry, "de", "de") == "unchanged"
    english = open_translator(registry, "whisper-tiny", "de", "en")
    assert isinstance(english, WhisperToEnglish)
    assert isinstance(english.translate(said("Guten Morgen")), str)
    with pytest.raises(ModelUnavailable):
        translator_name(registry, "de", "fr")


class Loses:
    """Gives everything back in capitals, and loses names."""

    name = "loses"

    def translate(self, said: Said) -> str:
        return said.text.upper().replace("BLUE", "")


def test_terms_of_the_glossary_are_kept() -> None:
    terms = {"blue whale": "Blauwal", "avsite": "", "sky": "Himmel"}
    assert translate_with_terms(Loses(), said("no terms here"), terms) == "NO TERMS HERE"
    made = translate_with_terms(Loses(), said("The Blue Whale likes avsite, under the sky."), terms)
    assert made == "THE Blauwal LIKES avsite , UNDER THE Himmel ."
    assert "SKYLIGHT" in translate_with_terms(Loses(), said("a skylight"), terms), "whole words only"


def test_languages_of_tags() -> None:
    assert [bare_language(tag) for tag in ("pt-BR", "zh-CN", "cmn", "nb", "en_US")] == [
        "pt", "zh", "zh", "no", "en",
    ]  # fmt: skip
