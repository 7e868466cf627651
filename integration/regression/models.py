"""The paper's models: where they are, whether they can be had, and one of them loaded at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pruneproof.integration.experiments import Entry, Experiment, Runner
from pruneproof.integration.paper_tables import MODELS
from pruneproof.integration.recipe.texts import Texts

HUB = {
    "LLaMA2-7b": "meta-llama/Llama-2-7b-hf",
    "LLaMA2-13b": "meta-llama/Llama-2-13b-hf",
    "LLaMA3-8b": "meta-llama/Meta-Llama-3-8B",
    "OPT-1.3b": "facebook/opt-1.3b",
}
"""By the names of the tables, the hub ids of the checkpoints."""

Examine = Callable[[Runner, Texts], Iterable[str]]
"""Says in words what is wrong with a model and its data; nothing where all is well."""


class UnavailableError(Exception):
    """A model that cannot be had here; says how to get it."""


class UnfitError(Exception):
    """A model that the doctor sends away; holds its words."""


class Models:
    """Measures experiments on any of the models, with one of them in memory at a time.

    What is wrong with a model is found once, and said again for each of its experiments.

    Args:
        places: hub ids or folders by model, where they are not those of `HUB`.
        device: see `load_model`.
        examine: is asked about each model before its first experiment.
        load: makes a runner; takes the name, dtype, device and place.
    """

    def __init__(
        self,
        places: Mapping[str, str] | None = None,
        device: str = "cuda",
        *,
        examine: Examine = lambda _, __: (),
        load: Callable[..., Runner] = Runner,
    ) -> None:
        self.places, self.device = dict(places or {}), device
        self.examine, self.load = examine, load
        self._loaded: tuple[str, str, Runner] | None = None
        self._refused: dict[tuple[str, str, Texts], UnavailableError | UnfitError] = {}
        self._fit: set[tuple[str, str, Texts]] = set()

    def measure(self, experiment: Experiment) -> Entry:
        """See `Runner.measure`.

        Raises:
            UnavailableError: the model cannot be had.
            UnfitError: the doctor found something.
        """
        return self.runner(experiment).measure(experiment)

    def runner(self, experiment: Experiment) -> Runner:
        """The runner of an experiment's model, examined."""
        name, dtype, data = asked = experiment.model, experiment.dtype, experiment.data
        if asked in self._refused:
            refused = self._refused[asked]
            raise type(refused)(str(refused))
        try:
            runner = self._runner(name, dtype)
            if asked not in self._fit:
                findings = list(self.examine(runner, data))
                if findings:
                    raise UnfitError(f"{name}: {' '.join(findings)}")
                self._fit.add(asked)
        except (UnavailableError, UnfitError) as error:
            # Not the error itself, whose traceback would hold the model in memory.
            self._refused[asked] = type(error)(str(error))
            raise
        return runner

    def _runner(self, name: str, dtype: str) -> Runner:
        if self._loaded is None or self._loaded[:2] != (name, dtype):
            # The old model goes before the new one comes: both may not fit.
            self._loaded = None
            place = self.places.get(name, HUB[name])
            try:
                self._loaded = name, dtype, self.load(name, dtype, self.device, place=place)
            except OSError as error:
                raise unavailable(name, place, error) from error
        return self._loaded[2]


def unavailable(name: str, place: str, error: OSError) -> UnavailableError:
    """Why a model cannot be had, and how to get it."""
    # Slow to import, and only wanted when something is missing.
    from huggingface_hub.errors import GatedRepoError

    given = f"or give a folder: --checkpoint {name}=/path"
    if any(isinstance(each, GatedRepoError) for each in _causes(error)):
        return UnavailableError(
            f"{name} is gated: ask for access at https://huggingface.co/{place} and log in with "
            f"`hf auth login`, {given}"
        )
    return UnavailableError(f"{name} cannot be had from {place} ({_line(error)}); {given[3:]}")


def checkpoints(given: Iterable[str]) -> dict[str, str]:
    """Hub ids or folders by model, from texts such as `OPT-1.3b=/models/opt`.

    Raises:
        ValueError: no model of the paper, or no place.
    """
    found = {}
    for text in given:
        name, equals, place = text.partition("=")
        if name not in MODELS or not equals or not place:
            raise ValueError(
                f"checkpoint: {text}, must be MODEL=PLACE with MODEL one of {', '.join(MODELS)}"
            )
        found[name] = place
    return found


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _line(error: OSError) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
