"""Files of vectors, and the replies of an adapter to them."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from torch import Tensor

from pruneproof import reference
from pruneproof.properties.gate.adapter.wire import decoded, encoded
from pruneproof.properties.gate.reference_adapter import Adapter
from pruneproof.properties.vectors.check import FOLDER, Outcome, judged, names

Files = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def files() -> Files:
    """The frozen files, by their names without suffix."""
    return {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in names()}


@pytest.fixture
def replies(files: Files) -> Callable[..., list[dict[str, Any]]]:
    """What an adapter says to all vectors of one file, as the lines would."""

    def ask(name: str, adapter: Any) -> list[dict[str, Any]]:
        return [reply(files[name], test, adapter) for test in files[name]["tests"]]

    return ask


@pytest.fixture
def outcomes(
    files: Files, replies: Callable[..., list[dict[str, Any]]]
) -> Callable[..., Iterator[Outcome]]:
    """Judge an adapter by the vectors of one file."""

    def judge(name: str, adapter: Any) -> Iterator[Outcome]:
        for test, given in zip(files[name]["tests"], replies(name, adapter), strict=True):
            yield judged(files[name]["call"], test, given)

    return judge


@pytest.fixture
def given_samples(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The reference, which scores with the samples of a vector where there are any."""

    class GivenSamples(ReferenceAdapter):
        def score(self, method: str, *layer: Any, samples: Any = None, **named: Any) -> Tensor:
            if samples is not None:
                drawn = reference.Samples(samples["of_inputs"], samples["of_outputs"].T)
                # By its name in sys.modules, since the package has a function of the same name.
                module = sys.modules["pruneproof.reference.scores.stochria"]
                monkeypatch.setattr(module, "sampled_entries", lambda *_: drawn)
            return super().score(method, *layer, **named)

    return GivenSamples()


class ReferenceAdapter(Adapter):
    """The reference in each convention that it knows."""

    def keep_mask(self, method: str, *layer: Any, group: str = "output", **named: Any) -> Tensor:
        if group == "output":
            return super().keep_mask(method, *layer, **named)
        sparsity = named.pop("sparsity")
        return reference.keep_mask(self.score(method, *layer, **named).T, sparsity, group).T


def reply(file: dict[str, Any], test: dict[str, Any], adapter: Any) -> dict[str, Any]:
    """What an adapter says to one vector, as a line would."""
    conventions = test.get("conventions", {})
    if conventions.get("tail") == "dense":
        return {"id": test["id"], "unsupported": "a partial group is an error"}
    fields = {key: decoded(each) for key, each in test.items()}
    layer = [fields.get(key) for key in ("weight", "inputs", "outputs")]
    named = dict(fields.get("parameters", {}))
    named |= {"samples": fields["samples"]} if "samples" in test else {}
    named |= {"group": "layer"} if conventions.get("group") == "layer" else {}
    method = file.get("method", test.get("method"))
    try:
        if file["call"] == "activation_statistics":
            answer = adapter.activation_statistics(fields["batches"])
        elif file["call"] == "refine":
            answer = adapter.refine(method, layer[0], fields["keep"], layer[1], **named)
        else:
            answer = getattr(adapter, file["call"])(method, *layer, **named)
    except NotImplementedError as error:
        return {"id": test["id"], "unsupported": str(error)}
    except Exception as error:
        return {"id": test["id"], "error": f"{type(error).__name__}: {error}"}
    return {"id": test["id"], "answer": encoded(answer)}
