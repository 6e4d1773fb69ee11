"""Text to token ids with the base's vocabulary; no transformers needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlp.encoder.weights import TOKENIZER, read


class BaseTokenizer:
    """The trimmed tokenizer. Cuts as the published one does wherever it kept the pieces."""

    def __init__(self, directory: Path) -> None:
        """Load ``tokenizer.json``. Raises ``BadArtefact`` when it is missing or was changed."""
        from tokenizers import Tokenizer

        self._loaded = Tokenizer.from_buffer(read(directory, TOKENIZER))

    @property
    def size(self) -> int:
        """How many pieces there are; ids are below it."""
        return self._loaded.get_vocab_size()

    def encode_batch(self, texts: Sequence[str], *, special: bool = True) -> list[list[int]]:
        """Ids of each text, in order, uncut and unpadded; ``special`` adds ``<s>`` and ``</s>``."""
        found = self._loaded.encode_batch(list(texts), add_special_tokens=special)
        return [list(one.ids) for one in found]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The pieces behind ids. Raises ``ValueError`` for an id that does not exist."""
        found = [self._loaded.id_to_token(number) for number in ids]
        if None in found:
            raise ValueError(f"an id is not below {self.size}")
        return [piece for piece in found if piece is not None]
