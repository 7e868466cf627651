"""Files with sparsities are read as they stand, or refused in one line that names them."""

import json

import pytest

from pruneproof.integration.recipe.sparsities_file import read_sparsities


@pytest.fixture
def read(tmp_path):
    """Writes bytes or text into a file of this name, and reads them as sparsities."""

    def read(content, name="my sparsities.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sparsities(path)

    return read


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "byte order mark"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", b'# ours\r\n"*" = 0.5\r\n"0.*" = 0 # dense\r\n"1.mlp.up_proj" = 2.5e-1\r\n'),
        ("a.JSON", b'{"*": 0.5, "0.*": 0,\n "1.mlp.up_proj": 2.5e-1}'),
    ],
)
def test_both_kinds_are_read_in_their_order(read, name, content, mark):
    found = read(mark + content, name)
    assert list(found.items()) == [("*", 0.5), ("0.*", 0.0), ("1.mlp.up_proj", 0.25)]
    assert {type(each) for each in found.values()} == {float}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('"*" 0.5', "is no TOML: .*line 1"),
        ("0.* = 0.5", "is no TOML: "),
        ('{"*": 0.5}', "is no TOML: "),
        ('"*" = 0.5\n"*" = 0.6', "is no TOML: "),
        ("", "must be a table from patterns to sparsities"),
        ("# none\n", "must be a table from patterns to sparsities"),
        ('"*" = 1', "must have a number in [0, 1), got 1"),
        ('"*" = -0.1', "'*' must have a number in [0, 1), got -0.1"),
        ('"*" = nan', "got nan"),
        ('"*" = inf', "got inf"),
        ('"*" = true', "got True"),
        ('"*" = "0.5"', "got '0.5'"),
        ('"*" = [0.5]', "got [0.5]"),
        ('"*" = 2026-01-01', "got datetime.date(2026, 1, 1)"),
        (f'"*" = "{"x" * 500}"', "got 'xxxxx"),
        ("0.mlp.up_proj = 0.5", "'0' must have a number in [0, 1), got a table; write a whole"),
        ('[blocks]\n"0" = 0.5', "'blocks' must have a number in [0, 1), got a table"),
        ('"*" = 1' + "0" * 5000, ""),
        ('"*" = ' + "[" * 100_000, "is nested too deeply"),
        (b'"*" = 0.5 # \xe9', "must be text in UTF-8"),
        ('"*" = 0.5'.encode("utf-16"), "must be text in UTF-8"),
    ],
)  # fmt: skip
def test_a_toml_file_that_cannot_be(read, content, message):
    refused(lambda: read(content), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"*": 0.5', "is no JSON: Expecting ',' delimiter: line 1 column 10"),
        ('"*" = 0.5', "is no JSON: "),
        ("", "is no JSON: "),
        ("{}", "must be a table from patterns to sparsities"),
        ("[0.5, 0.3]", "must be a table from patterns to sparsities"),
        ("0.5", "must be a table from patterns to sparsities"),
        ("null", "must be a table from patterns to sparsities"),
        ('{"*": 0.5, "0.*": 0.1, "*": 0.6}', "is no JSON: '*' stands there twice"),
        ('{"a": {"*": 0.5, "*": 0.6}}', "'*' stands there twice"),
        ('{"*": NaN}', "got nan"),
        ('{"*": Infinity}', "got inf"),
        ('{"*": 1e999}', "got inf"),
        ('{"*": 1.0}', "got 1.0"),
        ('{"*": null}', "got None"),
        ('{"*": false}', "got False"),
        ('{"*": "0.5"}', "got '0.5'"),
        ('{"0": {"mlp.up_proj": 0.5}}', "'0' must have a number in [0, 1), got a table"),
        ('{"a\\nb": "c\\nd"}', r"'a\nb' must have a number in [0, 1), got 'c\nd'"),
        ('{"*": 1' + "0" * 5000 + "}", "is no JSON: "),
        ('{"*": ' + "[" * 100_000 + "]" * 100_000 + "}", "is nested too deeply"),
        (b'{"*": 0.5, "\xe9": 0.1}', "must be text in UTF-8"),
        (json.dumps({"*": 0.5}).encode("utf-16"), "must be text in UTF-8"),
    ],
)
def test_a_json_file_that_cannot_be(read, content, message):
    refused(lambda: read(content, "my sparsities.json"), message)


@pytest.mark.parametrize("name", ["my sparsities", "my sparsities.yaml", "my sparsities.toml.txt"])
def test_the_suffix_says_how_to_read_it(read, name):
    refused(lambda: read('"*" = 0.5', name), "must end in .toml or .json")


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    folder = tmp_path / "my sparsities.toml"
    refused(lambda: read_sparsities(folder), "cannot be read: No such file", OSError)
    folder.mkdir()
    refused(lambda: read_sparsities(folder), "cannot be read: Is a directory", OSError)


def refused(call, message, error=ValueError):
    with pytest.raises(error) as raised:
        call()
    (line,) = str(raised.value).splitlines()
    assert line.startswith("sparsities: ")
    assert "my sparsities" in line
    assert message.partition(".*")[0] in line
    assert message.partition(".*")[2] in line
    assert len(line) < 400
