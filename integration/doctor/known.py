"""What is published of checkpoints and tokenizers, and which of them a model and tokenizer are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("known_models.toml")


@dataclass(frozen=True)
class Known:
    """A published perplexity on WikiText-2.

    Attributes:
        seqlen: tokens in a window.
        printed: as it is printed, whose digits say how it is rounded.
        basis: where.
    """

    seqlen: int
    printed: str
    basis: str

    def limits(self, spread: float) -> tuple[float, float]:
        """What may be measured: half a unit of the last digit, then `spread` as a factor.

        Example:
            >>> Known(2048, "5.5", "").limits(1.0)
            (5.45, 5.55)
        """
        value = float(self.printed)
        half = 0.5 * 10.0 ** -len(self.printed.partition(".")[2])
        return (value - half) / spread, (value + half) * spread


@dataclass(frozen=True)
class KnownTokenizer:
    """A tokenizer and what WikiText-2's test split is to it.

    Attributes:
        id: its name here.
        bos: whether it puts a BOS before a text.
        tokens: number of tokens of the split, by what joins its lines; BOS included.
        basis: what the numbers rest on.
        canary_ids: token ids of the canary, or empty.
        canary_pieces: its tokens' spelling, for families that number the same tokens differently.
    """

    id: str
    bos: bool
    tokens: Mapping[str, int]
    basis: str
    canary_ids: tuple[int, ...] = ()
    canary_pieces: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownModel:
    """A checkpoint by its structure.

    Attributes:
        id: its name here.
        tokenizer: id of its tokenizer.
        structure: fields of the configuration that it must have.
        parameters: number of parameters.
        dtype: of the published checkpoint.
        tied: whether the head is the embedding.
        perplexity: what is published.
    """

    id: str
    tokenizer: str
    structure: Mapping[str, Any]
    parameters: int
    dtype: str
    tied: bool
    perplexity: tuple[Known, ...]

    def at(self, seqlen: int) -> Known | None:
        """The published perplexity at a context length."""
        return next((each for each in self.perplexity if each.seqlen == seqlen), None)


@dataclass(frozen=True)
class Publications:
    """All that is known.

    Attributes:
        models: by structure.
        tokenizers: by id.
        spread: the factor by which publications of the same number differ.
        spread_basis: which.
        canary: the text that tells tokenizers apart.
        splits: what each split of WikiText begins with.
    """

    models: tuple[KnownModel, ...]
    tokenizers: Mapping[str, KnownTokenizer]
    spread: float
    spread_basis: str
    canary: str
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def shaped_like(self, config: Any) -> list[KnownModel]:
        """The models that have a configuration's structure."""
        return [each for each in self.models if not differences(each, config)]

    def tokenizer_of(self, tokenizer: Any) -> KnownTokenizer | None:
        """The known tokenizer that splits the canary in the same way."""
        ids = tokenizer(self.canary, add_special_tokens=False, return_tensors="pt").input_ids[0]
        ids = ids.tolist()
        spell = getattr(tokenizer, "convert_ids_to_tokens", lambda _: [])
        for each in self.tokenizers.values():
            if ids == list(each.canary_ids) or spell(ids) == list(each.canary_pieces) != []:
                return each
        return None


def differences(model: KnownModel, config: Any) -> list[str]:
    """The fields in which a configuration is not a known model's."""
    return [key for key, value in model.structure.items() if getattr(config, key, None) != value]


@cache
def publications(path: Path = FILE) -> Publications:
    """What known_models.toml says.

    Raises:
        OSError: it cannot be read.
        TypeError, KeyError: a field is missing, or one too many.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    models = [
        KnownModel(**{**each, "perplexity": tuple(Known(**value) for value in each["perplexity"])})
        for each in data["model"]
    ]
    tokenizers = [
        KnownTokenizer(**{key: tuple(v) if isinstance(v, list) else v for key, v in each.items()})
        for each in data["tokenizer"]
    ]
    pairs = data["tolerance"]["printed"]
    return Publications(
        models=tuple(models),
        tokenizers={each.id: each for each in tokenizers},
        spread=max(float(high) / float(low) for low, high in pairs),
        spread_basis=data["tolerance"]["basis"],
        canary=data["canary"]["text"],
        splits=data["splits"],
    )
