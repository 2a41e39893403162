"""M2M100 by transformers: any of a hundred languages into any other, on a plain CPU."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.translate.base import Said, UnsupportedPair

PACKAGES = ("torch", "transformers", "sentencepiece")
BEAMS = 4
LANGUAGES = (  # noqa: SIM905 -- a hundred codes read better so
    "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha "
    "he hi hr ht hu hy id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne "
    "nl no ns oc or pa pl ps pt ro ru sd si sk sl so sq sr ss su sv sw ta th tl tn tr uk ur uz vi wo "
    "xh yi yo zh zu"
).split()
"""The hundred it was trained on, ISO 639-1 where there is such a code."""
MOST_TOKENS = 1000
"""Of one sentence; the model has places for 1024."""


class M2M100:
    """A folder as on Hugging Face, for translations from ``source`` into ``target`` (ISO 639-1).

    Raises ModelUnavailable without its packages, BadWeights for a folder that is not such a model, and
    UnsupportedPair.
    """

    def __init__(self, folder: Path, source: str, target: str, *, name: str = "", beams: int = BEAMS) -> None:
        self.name = name or folder.name
        missing = [package for package in PACKAGES if find_spec(package) is None]
        if missing:
            raise ModelUnavailable(
                self.name,
                f"It runs on {' and '.join(missing)}, which is not installed.",
                "Start with make run WITH=torch, or install requirements/torch.txt.",
                "translations typed by hand",
            )
        self._tokenizer, self._model = self._load(folder)
        self._beams = beams
        for language in (source, target):
            if language not in self.languages:
                raise UnsupportedPair(
                    f"{self.name} does not know the language {language!r}; type the translations instead."
                )
        self._tokenizer.src_lang = source
        self._target_id = self._tokenizer.get_lang_id(target)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(LANGUAGES)

    def _load(self, folder: Path) -> tuple[Any, Any]:
        from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            tokenizer = M2M100Tokenizer.from_pretrained(str(folder), local_files_only=True)
            model = M2M100ForConditionalGeneration.from_pretrained(
                str(folder), local_files_only=True, weights_only=True
            )
        except Exception as error:  # whatever a damaged file makes the library do
            raise BadWeights(
                self.name, f"{folder.name} is not an M2M100 model that can be read: {error}."
            ) from error
        return tokenizer, model.eval()

    def translate(self, said: Said) -> str:
        """As ``Translator.translate``. The same text always gives the same translation."""
        import torch

        if not said.text.strip():
            return ""
        tokens = self._tokenizer(said.text, return_tensors="pt", truncation=True, max_length=MOST_TOKENS)
        room = min(MOST_TOKENS, 2 * int(tokens["input_ids"].shape[1]) + 20)
        with torch.inference_mode():
            made = self._model.generate(
                **tokens,
                forced_bos_token_id=self._target_id,
                max_new_tokens=room,
                num_beams=self._beams,
                do_sample=False,
            )
        return str(self._tokenizer.batch_decode(made, skip_special_tokens=True)[0]).strip()
