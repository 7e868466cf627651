"""What every form of the report says alike: the answer in one line, remarks, and the layers."""

from __future__ import annotations

from collections import Counter
from typing import Any

Record = dict[str, Any]
SIGNS = {"holds": "✓", "contradicted": "✗", "not_decided": "?"}
WORDS = {"holds": "holds", "contradicted": "contradicted", "not_decided": "not decided"}


def headline(record: Record) -> str:
    """The answer in one line."""
    claims = record["claims"]
    against = [each for each in claims if each["verdict"] == "contradicted"]
    if against:
        said = " and ".join(each["claim"] for each in against)
        return f"is not what is claimed: {said} contradicted"
    holds = [each["claim"] for each in claims if each["verdict"] == "holds"]
    open_ = [each["claim"] for each in claims if each["verdict"] == "not_decided"]
    parts = [f"{' and '.join(holds)} hold{'s' * (len(holds) == 1)}"] if holds else []
    parts += [f"{' and '.join(open_)} not decided"] if open_ else []
    return "; ".join(parts) or what_it_is(record)


def what_it_is(record: Record) -> str:
    """The mask in one line."""
    model = record["model"]
    if not model["layers"]:
        return "holds no layer of a decoder that is known"
    open_ = len(model["not_decided"])
    if not model["pruned"] and open_:
        why = next(each["why"] for each in layers(record) if not each["decided"])
        return f"not decided for {open_} of {model['layers']} layers: {why}"
    if not model["pruned"]:
        return f"is not pruned: {percent(model['sparsity'])} zeros in {model['layers']} layers"
    told = [f"{model['pruned']} of {model['layers']} layers pruned"]
    if model["n_m"]:
        broken = model["violations"]
        told.append(f"{model['n_m']}" + (f", {broken:,} groups broken" if broken else ""))
    told.append(f"{percent(model['pruned_sparsity'])} zeros in them")
    if model["displaced_zeros"]:
        told.append(f"{model['displaced_zeros']:,} zeros moved by the format")
    if open_:
        told.append(f"{open_} layers not decided")
    return ", ".join(told)


def remarks(record: Record) -> list[str]:
    """What is worth knowing of the whole checkpoint."""
    model, found = record["model"], []
    if record["claims"] and model["pruned"]:
        found.append(what_it_is(record))
    if model["pruned"] and model["left_alone"]:
        found.append(f"left alone: {some(model['left_alone'])}")
    found += [f"set aside, {reason}: {some(names)}" for reason, names in model["set_aside"].items()]
    if model["count_convention"]:
        each = next(t for t in record["tensors"] if t["pattern"]["count_convention"])["pattern"]
        group = "in each output" if each["same_count_per_output"] else "in each layer"
        found.append(
            f"zeros counted {group} by {each['count_convention']} of {each['count_sparsity']:g}"
        )
    if model["negative_zeros"]:
        found.append(f"{model['negative_zeros']:,} zeros are −0.0")
    whole = Counter(
        each["pattern"]["structured"] for each in record["tensors"] if each["pattern"]["structured"]
    )
    found += [f"whole {kind} are gone in {count} tensors" for kind, count in whole.items()]
    relations = Counter(each["relation"] for each in record["tensors"] if "relation" in each)
    if relations:
        told = ", ".join(f"{each} in {count}" for each, count in relations.items())
        found.append(f"kept weights beside {record['dense']}: {told}")
    if fates := [each for each in record["tensors"] if "survived" in each]:
        told = ", ".join(
            f"{sum(each[key] for each in fates):,} {key}" for key in ("survived", "regrown", "lost")
        )
        found.append(f"zeros of {record['mask_of']}: {told}")
    return found


def worth_telling(record: Record) -> list[Record]:
    """Explanations, where at least one of them is decided; those that are not say nothing."""
    told = record["explanations"]
    return [*told] if any(each["verdict"] != "not_decided" for each in told) else []


def layers(record: Record) -> list[Record]:
    """The tensors that are judged."""
    return [each for each in record["tensors"] if is_layer(each)]


def is_layer(tensor: Record) -> bool:
    """Whether a tensor is judged."""
    return tensor["role"] in ("matrix", "experts")


def state(tensor: Record) -> str:
    """What a layer looks like in a word."""
    if not tensor["decided"]:
        return "open"
    if not tensor["pruned"]:
        return "dense"
    return "broken" if tensor["pattern"]["violations"] else "pruned"


def gone(tensor: Record) -> float:
    """Share of zeros, those that a format moved included."""
    weights = tensor["weights"] or 1
    return (tensor["zeros"] + tensor["displaced_zeros"]) / weights


def percent(share: float) -> str:
    """A share in per cent with as many digits as it needs."""
    return f"{100 * share:.4g} %"


def some(names: list[str], most: int = 4) -> str:
    """Some names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
