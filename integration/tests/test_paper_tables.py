"""The tables are what the paper prints: counts, sums, and what its rows let one recompute."""

from collections import defaultdict
from decimal import Decimal

import pytest

from pruneproof.integration.paper_tables import MODELS, TABLES, Cell, load
from pruneproof.integration.paper_tables.table_file import parse

CELLS = [cell for table in TABLES for cell in load(table)]
BY_ID = {cell.id: cell for cell in CELLS}

CHECKSUMS = {
    2: (36, "2342.67"),
    3: (68, "3936.04"),
    4: (40, "2115.63"),
    5: (30, "472715.85"),
    6: (109, "5111.1"),
    7: (24, "267.30"),
    8: (16, "265.64"),
    9: (24, "247.84"),
    10: (16, "327.11"),
}
"""Cells of each table and their sum, taken from the paper's text by a script of its own."""


@pytest.mark.parametrize("table", TABLES)
def test_count_and_sum_are_those_of_the_paper(table: int) -> None:
    cells = load(table)
    assert (len(cells), sum(cell.value for cell in cells)) == (
        CHECKSUMS[table][0],
        Decimal(CHECKSUMS[table][1]),
    )


def test_deltas_and_deviations_add_up_to_those_of_the_paper() -> None:
    """The text states the first sum, 0.66, itself."""

    def total(table: int, name: str) -> Decimal:
        return sum((Decimal(cell.get(name) or 0) for cell in load(table)), Decimal(0))

    assert total(2, "delta") == Decimal("0.66")
    assert total(9, "delta") == Decimal("-0.72")
    assert total(2, "deviation") == Decimal("0.7115")


def test_a_delta_of_table_2_is_ria_minus_stochria_unless_flagged() -> None:
    ria = {(c.model, c.sparsity, c.n_m): c for c in load(2) if c.method == "ria"}
    wrong = [
        cell.id
        for cell in load(2)
        if cell.delta
        and Decimal(cell.delta) != ria[cell.model, cell.sparsity, cell.n_m].value - cell.value
    ]
    assert wrong == ["T2/stochria 2:4/LLaMA3-8b"]
    assert BY_ID[wrong[0]].ocr_suspect


def test_a_delta_of_table_9_is_counted_from_ratio_1() -> None:
    full = {cell.model: cell for cell in load(9) if cell.parameters["ratio"] == 1}
    marked = [cell for cell in load(9) if cell.delta]
    assert [cell.model for cell in marked] == ["LLaMA3-8b", "OPT-1.3b"]
    for cell in marked:
        assert Decimal(cell.delta or 0) == full[cell.model].value - cell.value


def test_a_mean_of_table_6_is_that_of_its_row_unless_flagged() -> None:
    rows = defaultdict(list)
    for cell in load(6):
        rows[cell.id.split("/")[1]].append(cell)
    # Seven tasks and their mean; the scan has damaged one row.
    whole = {name: cells for name, cells in rows.items() if len(cells) == 8}
    assert set(rows) - set(whole) == {"LLaMA2-7b magnitude dsnot"}
    for *tasks, mean in whole.values():
        assert mean.task == "mean"
        # Each accuracy and the mean itself are rounded to a tenth.
        fits = abs(sum(cell.value for cell in tasks) / 7 - mean.value) <= Decimal("0.1")
        assert fits == (not mean.contradicts), mean.id


REPEATED = {
    "dense": ("T2/dense/{}", "T3/dense/{}", "T4/dense/{}", "T5/dense/{}"),
    "magnitude": ("T2/magnitude 50%/{}", "T3/wanda/{}/0.0"),
    "wanda": ("T2/wanda 50%/{}", "T3/wanda/{}/1.0", "T4/wanda 50%/{}"),
    "ria, α = 0.5": ("T3/ria/{}/0.5", "T8/S1/{}"),
    "ria, α = 1": ("T2/ria 50%/{}", "T3/ria/{}/1.0", "T4/ria 50%/{}", "T7/p=1/{}"),
    "stochria": ("T2/stochria 50%/{}", "T4/stochria 50%/{}", "T9/β=0.1/{}"),
}
"""Cells of one setting, by their ids with the model left out; Table 5 has no OPT-1.3b."""


@pytest.mark.parametrize("name", REPEATED)
@pytest.mark.parametrize("model", MODELS)
def test_a_repeated_cell_has_one_number_unless_flagged(name: str, model: str) -> None:
    ids = [each.format(model) for each in REPEATED[name]]
    cells = [BY_ID[each] for each in ids if each != "T5/dense/OPT-1.3b"]
    agree = len({cell.value for cell in cells}) == 1
    assert agree == (not any(set(ids) & set(cell.contradicts) for cell in cells))


def test_flags_name_cells() -> None:
    for cell in CELLS:
        assert set(cell.contradicts) <= BY_ID.keys() - {cell.id}


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(CELLS)


def test_a_pruned_cell_has_one_sparsity_and_a_dense_one_none() -> None:
    for cell in CELLS:
        given = (cell.sparsity is not None) + (cell.n_m is not None)
        assert given == (cell.method != "dense"), cell.id
        assert (cell.group == "none") == (cell.method == "dense")
        assert cell.group_basis


def test_every_cell_says_what_its_method_needs() -> None:
    needs = {
        "wanda": ["alpha"],
        "ria": ["alpha"],
        "lp": ["alpha", "p"],
        "stochria": ["alpha", "ratio"],
    }
    for cell in CELLS:
        # Table 6 leaves α unsaid.
        if cell.table != 6:
            assert set(needs.get(cell.method, [])) <= cell.parameters.keys(), cell.id


@pytest.mark.parametrize("table", [1, 11])
def test_other_tables_are_refused(table: int) -> None:
    with pytest.raises(ValueError, match=f"table: {table}, must be 2 to 10"):
        load(table)


GOOD = """
number = 2
title = "t"
columns = [{ model = "LLaMA2-7b" }, { model = "OPT-1.3b" }]
[cells]
metric = "perplexity"
task = "wikitext2"
group = "layer"
group_basis = "b"
[[row]]
id = "wanda"
method = "wanda"
sparsity = 0.5
alpha = 1.0
printed = ["7.79", ""]
[[flag]]
cells = ["T2/wanda/LLaMA2-7b"]
ocr_suspect = "s"
"""
ROW = GOOD[GOOD.index("[[row]]") : GOOD.index("[[flag]]")]


def test_a_file_is_read_as_it_says() -> None:
    (cell,) = parse(GOOD, "f.toml")
    assert cell == Cell(
        id="T2/wanda/LLaMA2-7b",
        table=2,
        model="LLaMA2-7b",
        metric="perplexity",
        task="wikitext2",
        method="wanda",
        group="layer",
        group_basis="b",
        printed="7.79",
        sparsity=0.5,
        parameters={"alpha": 1.0},
        ocr_suspect="s",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[cells]", "[cells", r"f.toml: is not TOML"),
        ('title = "t"', "", r"f.toml: title: missing"),
        ("number = 2", 'number = "2"', r"f.toml: number: '2', must be of type int"),
        ('id = "wanda"', "", r"f.toml: row None: id: missing"),
        ('printed = ["7.79", ""]', "", r"f.toml: row 'wanda': printed: missing"),
        ('"7.79", ""', '"7.79"', r"row 'wanda': printed: has 1 entries, must have .* 2"),
        ('"7.79"', '"7,79"', r"row 'wanda': printed: '7,79', must be a number as printed"),
        ('"7.79"', "7.79", r"row 'wanda': printed: 7.79, must be .* in quotes"),
        ('"7.79"', '"nan"', r"row 'wanda': printed: 'nan', must be a number"),
        ('{ model = "LLaMA2-7b" }', '"LLaMA2-7b"', r"columns: 'LLaMA2-7b', must be a table"),
        ('["7.79", ""]', '"7.79"', r"row 'wanda': printed: '7.79', must be of type list"),
        ("sparsity = 0.5", "sparsety = 0.5", r"row 'wanda': sparsety: unknown, must be one of"),
        ("sparsity = 0.5", 'sparsity = "50%"', r"sparsity: '50%', must be of type float"),
        ('method = "wanda"', 'method = "wander"', r"method: 'wander', must be one of dense, "),
        ('method = "wanda"', "", r"row 'wanda': method: missing"),
        ("[[flag]]", f"{ROW}[[flag]]", r"T2/wanda/LLaMA2-7b: stands twice"),
        ("T2/wanda/LLaMA2-7b", "T2/wanda/OPT-1.3b", r"flag: cells: 'T2/wanda/OPT-1.3b', must be"),
        ('ocr_suspect = "s"', "ocr_suspect = true", r"ocr_suspect: True, must be of type str"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ValueError, match=message):
        parse(GOOD.replace(old, new), "f.toml")
