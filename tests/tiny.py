"""Models of the right form and no sense, as small as they can be: folders as users have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEADS, INNER = 16, 2, 32
LANGUAGES = ("en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr")
TIME_TOKENS = 1501


def byte_letters() -> list[str]:
    """The 256 letters by which GPT-2's tokenizers write bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + number) for number in range(len(others))]


def whisper_tokens() -> list[str]:
    """A vocabulary in Whisper's order. CTranslate2 calls it multilingual by the empty one."""
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    times = [f"<|{number * 0.02:.2f}|>" for number in range(TIME_TOKENS)]
    return [*byte_letters(), "", *special, "<|notimestamps|>", *times]


def write_whisper(folder: Path, seed: int = 0) -> Path:
    """A folder as faster-whisper's models are, 0.3 MB."""
    from ctranslate2.specs import WhisperSpec
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    folder.mkdir(parents=True, exist_ok=True)
    tokens = whisper_tokens()
    spec = WhisperSpec(1, HEADS, 2, HEADS)
    _fill_whisper(spec, np.random.default_rng(seed), len(tokens))
    first = tokens.index("<|en|>")
    spec.config.lang_ids = list(range(first, first + len(LANGUAGES)))
    spec.config.alignment_heads = [(1, 0), (1, 1)]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [tokens.index("<|endoftext|>")]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.save(str(folder))
    # The library writes JSON; published folders of that time have a text file.
    (folder / "vocabulary.txt").write_text("\n".join(json.loads((folder / "vocabulary.json").read_text())))
    plain = {token: number for number, token in enumerate(tokens[:256])}
    tokenizer = Tokenizer(BPE(vocab=plain, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken("<unused>")])  # the place of the empty token
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in tokens[257:]])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _fill_whisper(spec: Any, chance: np.random.Generator, tokens: int) -> None:
    def numbers(*shape: int) -> Any:
        return chance.normal(0, 0.3, shape).astype(np.float32)

    def linear(layer: Any, rows: int, columns: int) -> None:
        layer.weight, layer.bias = numbers(rows, columns), np.zeros(rows, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(layer: Any, *parts: int) -> None:
        norm(layer.layer_norm)
        for number, count in enumerate(parts):
            linear(layer.linear[number], count * WIDTH, WIDTH)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, INNER, WIDTH)
        linear(layer.linear_1, WIDTH, INNER)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = numbers(WIDTH, 80, 3), np.zeros(WIDTH, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = numbers(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = numbers(1500, WIDTH)
    decoder.position_encodings.encodings = numbers(448, WIDTH)
    decoder.embeddings.weight = numbers(tokens, WIDTH)
    decoder.projection.weight = numbers(tokens, WIDTH)
    for part in (encoder, decoder):
        norm(part.layer_norm)
        for layer in part.layer:
            attention(layer.self_attention, 3, 1)
            feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention, 1, 2, 1)
