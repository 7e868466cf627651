"""Zero-shot accuracy by EleutherAI's lm-eval, on the tasks of the paper's Table 6."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

TASKS = ("boolq", "rte", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa")
"""Table 6, in its order."""
MEAN = "mean"


def check_installed() -> None:
    """Refuse, with an ImportError that says what to do, to go on without lm-eval."""
    try:
        # Slow to import, and in an extra.
        import lm_eval  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "zero-shot accuracy needs lm-eval: python -m pip install 'pruneproof[zeroshot]'"
        ) from error


def zero_shot(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[str] = TASKS,
    *,
    limit: int | None = None,
    batch_size: int = 1,
    task_manager: Any = None,
) -> dict[str, float]:
    """Accuracy on multiple-choice tasks, without examples in the prompt.

    The metric is lm-eval's `acc`: the answer of the highest likelihood, not divided by its length.
    Table 6's 57.2 for HellaSwag of LLaMA2-7b is of that kind; normalised it is about 76. As in
    locuslab/wanda's evaluation, which the paper follows, no BOS is added.

    Args:
        model: a causal language model in evaluation mode.
        tokenizer: its transformers tokenizer.
        tasks: names that lm-eval knows.
        limit: examples of each task; None for all.
        batch_size: sequences at a time.
        task_manager: an lm-eval `TaskManager`, for tasks of one's own.

    Returns:
        For each task the fraction that is right, and their mean under `mean`.

    Raises:
        ImportError: lm-eval is not installed; says how.
        ValueError: no task, one that is unknown or has no `acc`, or a limit below 1.
    """
    if not tasks:
        raise ValueError("tasks must be at least one, got none")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    check_installed()
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    manager = TaskManager() if task_manager is None else task_manager
    unknown = [each for each in tasks if each not in manager.all_tasks]
    if unknown:
        raise ValueError(f"tasks: lm-eval has none called {', '.join(unknown)}")
    language_model = HFLM(
        pretrained=model, tokenizer=tokenizer, batch_size=batch_size, add_bos_token=False
    )
    results = simple_evaluate(
        model=language_model,
        tasks=list(tasks),
        num_fewshot=0,
        limit=limit,
        bootstrap_iters=0,
        log_samples=False,
        task_manager=manager,
    )["results"]
    without = [each for each in tasks if "acc,none" not in results[each]]
    if without:
        raise ValueError(f"tasks: {', '.join(without)} has no acc")
    found = {each: float(results[each]["acc,none"]) for each in tasks}
    return {**found, MEAN: fmean(found.values())}
