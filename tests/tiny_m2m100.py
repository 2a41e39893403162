"""M2M100 of the right form and no sense: a folder as on Hugging Face."""

from __future__ import annotations

import io
import json
from pathlib import Path

LANGUAGES, MADE_UP = range(100), 8
"""What the tokenizer adds to its vocabulary."""
TEXTS = (
    "Good morning, everybody. The weather is fine today and we are glad to be here.",
    "Guten Morgen zusammen. Das Wetter ist heute schön und wir freuen uns, hier zu sein.",
    "Bonjour à tous. Il fait beau aujourd'hui et nous sommes heureux d'être ici.",
)


def write_m2m100(folder: Path, seed: int = 0) -> Path:
    """All the files that ``models pull`` would bring, under half a megabyte."""
    import sentencepiece
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    learnt = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=learnt, vocab_size=90, hard_vocab_limit=False,
        character_coverage=1.0, minloglevel=2,
    )  # fmt: skip
    (folder / "sentencepiece.bpe.model").write_bytes(learnt.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=learnt.getvalue())
    found = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = special + [piece for piece in found if piece not in special]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    tokenizer = M2M100Tokenizer(
        vocab_file=str(folder / "vocab.json"), spm_file=str(folder / "sentencepiece.bpe.model")
    )
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(seed)
    model = M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=len(words) + len(LANGUAGES) + MADE_UP, d_model=16, encoder_layers=1, decoder_layers=2,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
            max_position_embeddings=128, init_std=0.4,
        )
    )  # fmt: skip
    model.config.save_pretrained(str(folder))
    model.generation_config.save_pretrained(str(folder))
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    if not (folder / "special_tokens_map.json").exists():
        (folder / "special_tokens_map.json").write_text("{}")
    return folder
