"""What an unfinished run remembers is what it is given, or it says that it is damaged."""

import pytest
import torch

from pruneproof.integration.pruning.unfinished import Unfinished

MASK = torch.rand((5, 13), generator=torch.Generator().manual_seed(0)) < 0.5


def kept(folder, record=None):
    """A run that has finished block 3 and measured the dense perplexity."""
    unfinished = Unfinished(folder, record or {})
    unfinished.store_tokens(3, {"one": 7})
    unfinished.store_masks(3, {"one": MASK, "another": ~MASK})
    assert unfinished.once("dense_perplexity", lambda: 12.25) == 12.25
    return unfinished


def damaged(content):
    """A file's content with one byte after the other changed, and cut off before each."""
    for place, byte in enumerate(content):
        yield content[:place] + bytes([byte ^ 1]) + content[place + 1 :]
        yield content[:place]


@pytest.mark.parametrize("shape", [(5, 16), (3, 5, 16), (6, 13), (2, 4, 9)])
@pytest.mark.parametrize("inputs_first", [False, True])
def test_masks_come_back_however_they_lie_in_memory(tmp_path, shape, inputs_first):
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.5
    if inputs_first:
        mask = mask.mT.contiguous().mT
    unfinished = Unfinished(tmp_path / "out.unfinished", {})
    unfinished.store_masks(3, {"one": mask, "another": ~mask})
    found = unfinished.done(3)
    assert found is not None
    assert found["one"].equal(mask)
    assert found["another"].equal(~mask)
    assert unfinished.done(4) is None


def test_tokens_come_back_by_block(tmp_path):
    unfinished = Unfinished(tmp_path / "out.unfinished", {})
    for block, tokens in ((0, {}), (12, {"mlp.experts.0.up_proj": 7})):
        unfinished.store_tokens(block, tokens)
        unfinished.store_masks(block, {})
    again = Unfinished(tmp_path / "out.unfinished", {})
    assert again.done(0) == again.done(12) == {}
    assert again.tokens() == {12: {"mlp.experts.0.up_proj": 7}}


def test_damaged_masks_are_never_used(tmp_path, capsys):
    unfinished = kept(tmp_path)
    path = tmp_path / "block-0003.safetensors"
    whole = path.read_bytes()
    for each in damaged(whole):
        path.write_bytes(each)
        assert unfinished.done(3) is None
        warning = f"warning: {path} is damaged or another run's; block 3 is pruned again\n"
        assert capsys.readouterr().err == warning
    with pytest.raises(ValueError, match=f"^out: {path} was written and cannot be read; run again"):
        unfinished.masks(3)
    path.write_bytes(whole)
    assert unfinished.masks(3)["one"].equal(MASK)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_measurement_is_made_again(tmp_path, capsys):
    unfinished = kept(tmp_path)
    path = tmp_path / "dense_perplexity.json"
    whole = path.read_bytes()
    for each in damaged(whole):
        path.write_bytes(each)
        assert unfinished.once("dense_perplexity", lambda: 12.25) == 12.25
        warning = f"warning: {path} is damaged or another run's; it is measured again\n"
        assert capsys.readouterr().err in ("", warning)
        assert path.read_bytes() in (whole, each)
    path.write_bytes(whole.replace(b"12.25", b"12.75"))
    assert unfinished.once("dense_perplexity", lambda: 12.25) == 12.25


def test_with_a_damaged_record_ones_own_is_kept_and_nobody_elses(tmp_path, capsys):
    kept(tmp_path, {"seed": 0, "files": {"config.json": "a"}})
    path = tmp_path / "run.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 0', b'"seed": 1'))
    other = Unfinished(tmp_path, {"seed": 1, "files": {"config.json": "a"}})
    assert capsys.readouterr().err.startswith(f"warning: {path} is damaged; ")
    assert other.done(3) is None
    assert other.once("dense_perplexity", lambda: 11.5) == 11.5
    path.write_text("{")
    own = Unfinished(tmp_path, {"seed": 0, "files": {"config.json": "a"}})
    assert own.masks(3)["one"].equal(MASK)


@pytest.mark.parametrize("gone", [True, False])
def test_what_lies_there_without_a_record_is_not_put_into_a_result(tmp_path, gone):
    unfinished = kept(tmp_path)
    unfinished.result.mkdir()
    (unfinished.result / "model.safetensors").write_bytes(b"another run's")
    (tmp_path / "run.json").unlink() if gone else (tmp_path / "run.json").write_text("[1]")
    assert not Unfinished(tmp_path, {}).result.exists()


def test_whichever_byte_of_the_record_changes_ones_own_is_kept(tmp_path, capsys):
    record = {"seed": 0, "unreached": None, "files": {"config.json": "a"}}
    kept(tmp_path, record)
    path = tmp_path / "run.json"
    whole = path.read_bytes()
    word = whole.index(b"checksum")
    for number, each in enumerate(damaged(whole)):
        path.write_bytes(each)
        place, cut = divmod(number, 2)
        if not cut and word <= place < word + len("checksum"):
            with pytest.raises(FileExistsError, match="of another version of pruneproof; remove"):
                Unfinished(tmp_path, record)
        else:
            assert Unfinished(tmp_path, record).masks(3)["one"].equal(MASK)
            assert capsys.readouterr().err.startswith(f"warning: {path} is damaged; ")


def test_masks_of_another_block_are_not_taken(tmp_path):
    unfinished = kept(tmp_path)
    (tmp_path / "block-0003.safetensors").rename(tmp_path / "block-0004.safetensors")
    assert unfinished.done(4) is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 1}, "cut off, of another seed; remove it or name another folder"),
        ({"files": {"config.json": "b"}}, "cut off, and config.json changed since; remove it"),
        ({"files": {}}, "cut off, and config.json changed since; remove it"),
        (
            {"files": {"config.json": "a", "vocab.txt": "c"}},
            "cut off, and vocab.txt changed since;",
        ),
        ({"seed": 1, "files": {}}, "cut off, of another seed; remove it"),
        ({"files": dict.fromkeys("abcde", "")}, "cut off, and a, b, c, 3 more changed since;"),
    ],
)
def test_another_run_is_refused_with_what_differs(tmp_path, changed, message):
    record = {"seed": 0, "files": {"config.json": "a"}}
    kept(tmp_path, record)
    with pytest.raises(
        FileExistsError, match=f"^out: {tmp_path} holds another run that was {message}"
    ):
        Unfinished(tmp_path, record | changed)
    Unfinished(tmp_path, record)


def test_masks_of_before_a_decision_are_those_of_after_it(tmp_path):
    """Where an expert that no token reached is an error, the blocks that are done had none."""
    kept(tmp_path, {"unreached": None})
    decided = Unfinished(tmp_path, {"unreached": "dense"})
    assert decided.masks(3)["one"].equal(MASK)
    decided.store_masks(4, {"one": MASK})
    (tmp_path / "run.json").unlink()
    assert Unfinished(tmp_path, {"unreached": "magnitude"}).done(3) is not None
    assert Unfinished(tmp_path, {"unreached": "magnitude"}).done(4) is None
