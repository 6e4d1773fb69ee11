"""Words of a text: jieba with the trade's own words. Loaded at first use, writes no file.

jieba's own start keeps a marshalled cache in the shared temporary folder, where anybody could
leave another one; the dictionary is read from its package here instead (about 0.7 s).
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from nlp import lexicon

if TYPE_CHECKING:
    from jieba import Tokenizer


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    with warnings.catch_warnings():
        # The package's regular expressions are plain strings with stray escapes.
        warnings.filterwarnings("ignore", category=SyntaxWarning, message=".*invalid escape")
        warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*invalid escape")
        import jieba
    jieba.setLogLevel("WARNING")
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in lexicon.words():
        tokenizer.add_word(word)
    return tokenizer


def segment(text: str) -> list[str]:
    """The words of normalised text, in order; joined together they are the text."""
    return list(_tokenizer().cut(text, HMM=False))


def boundaries(text: str) -> frozenset[int]:
    """Offsets at which a word starts or ends."""
    at = 0
    edges = [0]
    for word in segment(text):
        at += len(word)
        edges.append(at)
    return frozenset(edges)


def frequency(word: str) -> int:
    """How often the dictionary's corpus has a word; 0 for one it does not know."""
    return int(_tokenizer().FREQ.get(word) or 0)
