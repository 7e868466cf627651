"""Adapters in processes of their own: their answers arrive, and nothing they do ends the run."""

import json
import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pruneproof.properties.gate.adapter import process, transport
from pruneproof.properties.gate.adapter.process import CrashError, HangError, ReplyError
from pruneproof.properties.gate.adapter.subject import AdapterError, Subject, Unsupported
from pruneproof.properties.gate.adapter.target import TargetError
from pruneproof.properties.gate.adapter.transport import RemoteAdapter, by_command, isolated
from pruneproof.properties.gate.catalogue import CATALOGUE
from pruneproof.properties.gate.conventions.smoke import look_at
from pruneproof.properties.gate.conventions.values import resolved
from pruneproof.properties.gate.judge import judge
from pruneproof.properties.gate.reference_adapter import Adapter

Start = Callable[..., RemoteAdapter]

W = torch.tensor([[1.0, -2.0, 3.0, 4.0], [0.1, 0.2, 0.3, -0.4]])
X = torch.tensor([[3.0, 0.0, 1.0, 1.0], [4.0, 1.0, 2.0, -1.0]])
SCORE = '{"dtype": "float32", "shape": [1, 1], "values": ["0x1p+0"]}'

ODD = """
import os
import sys
import time


class ShapeError(ValueError):
    pass


class Adapter:
    name = "odd"
    conventions = {"ties": "lowest_index", "dead": "nan"}

    def score(self, method, weight, inputs=None, outputs=None, **parameters):
        if method == "magnitude":
            print("a library that prints")
            os.write(1, b"as C does\\n")
            return weight.abs()
        if method == "wanda":
            raise ShapeError("inputs do not fit")
        if method == "owanda":
            os._exit(3)
        if method == "symwanda":
            os.kill(os.getpid(), 11)
        if method == "ri":
            sys.exit("away")
        if method == "lp":
            return weight.abs().numpy()
        if method == "ria":
            return weight * (sys.stdin.read() == "")
        raise NotImplementedError(method)

    def keep_mask(self, method, weight, inputs=None, *, sparsity):
        return weight.abs() > weight.abs().median()
"""

LOOP = """
import json, os, subprocess, sys, time
for line in sys.stdin:
    request = json.loads(line)
    reply = {"id": request["id"]}
    if request["call"] == "describe":
        reply["answer"] = {}
    else:
BODY
    print(json.dumps(reply), flush=True)
"""


@pytest.fixture
def speaking(tmp_path: Path) -> Iterator[Start]:
    """Start a program whose answer to a call is what the given lines make of `reply`."""
    started = []

    def start(body: str, timeout: float = 10.0) -> RemoteAdapter:
        program = tmp_path / "program.py"
        program.write_text(LOOP.replace("BODY", textwrap.indent(textwrap.dedent(body), " " * 8)))
        started.append(by_command(shlex.join([sys.executable, str(program)]), timeout))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteAdapter]:
    path = tmp_path_factory.mktemp("odd") / "odd.py"
    path.write_text(ODD)
    with isolated(str(path), timeout=60.0) as adapter:
        yield adapter


@pytest.fixture(scope="module")
def reference() -> Iterator[RemoteAdapter]:
    with isolated("pruneproof.properties.gate.reference_adapter", timeout=60.0) as adapter:
        yield adapter


def test_an_isolated_adapter_answers_as_in_this_process(reference: RemoteAdapter) -> None:
    here = Adapter()
    assert (reference.name, reference.version) == (here.name, here.version)
    assert reference.conventions == here.conventions
    for weight in (W, W.double(), W.half()):
        for ours, theirs in zip(answers(here, weight), answers(reference, weight), strict=True):
            assert ours.dtype == theirs.dtype
            assert torch.equal(ours, theirs)


def test_a_description_is_text_throughout(odd: RemoteAdapter) -> None:
    """Conventions have the word nan, which is a number where an answer is expected."""
    words = {"ties": "lowest_index", "dead": "nan"}
    assert odd.conventions == words
    described = json.dumps({"id": 1, "answer": {"name": "inf", "conventions": words}})
    with by_command(shlex.join(["echo", described]), timeout=10.0) as adapter:
        assert (adapter.name, adapter.conventions) == ("inf", words)


def answers(adapter: Adapter | RemoteAdapter, weight: Tensor) -> list[Tensor]:
    keep = adapter.keep_mask("wanda", weight, X, sparsity=0.5, alpha=0.5)
    statistics = adapter.activation_statistics([X, 2 * X])
    assert statistics["tokens"] == 4
    return [
        adapter.score("lp", weight, p=float("inf"), strategy="S2"),
        adapter.score("symwanda", weight, X, torch.ones(2, 1)),
        keep,
        adapter.keep_mask("magnitude", weight, n_m=(1, 2)),
        adapter.refine("dsnot", weight, keep, X, max_cycles=3),
        *(statistics[key] for key in ("norm", "mean", "var")),
    ]


def test_the_gate_judges_an_isolated_adapter(reference: RemoteAdapter) -> None:
    subject = Subject(reference)
    assert look_at(subject) == look_at(Subject(Adapter()))
    subject.conventions = resolved(subject)
    prop = CATALOGUE["score.value"]
    assert judge(prop, "wanda", subject, "reference", "quick").verdict == "passed"


def test_all_calls_are_answered_by_one_process(reference: RemoteAdapter) -> None:
    started = reference._process._process
    for _ in range(50):
        reference.score("wanda", W, X)
    assert started is not None
    assert reference._process._process is started
    assert started.poll() is None


def test_what_the_adapter_prints_does_not_disturb(odd: RemoteAdapter) -> None:
    assert torch.equal(odd.score("magnitude", W), W.abs())
    assert torch.equal(odd.score("magnitude", W), W.abs())


def test_the_adapter_cannot_read_the_requests(odd: RemoteAdapter) -> None:
    assert torch.equal(odd.score("ria", W, X), W)


def test_unsupported_arrives(odd: RemoteAdapter) -> None:
    with pytest.raises(NotImplementedError, match="symmetric"):
        odd.score("symmetric", W)
    with pytest.raises(NotImplementedError, match="keep_mask takes no n_m"):
        odd.keep_mask("magnitude", W, n_m=(2, 4))
    with pytest.raises(Unsupported, match="no refine"):
        Subject(odd).refine("dsnot", W, W > 0, X)


def test_an_exception_arrives_with_its_type_its_base_and_its_message(odd: RemoteAdapter) -> None:
    with pytest.raises(ValueError, match="inputs do not fit") as caught:
        odd.score("wanda", W, X)
    assert caught.type.__name__ == "ShapeError"
    with pytest.raises(AdapterError, match="score raised SystemExit: away"):
        Subject(odd).score("ri", W)


def test_an_answer_that_has_no_form_is_the_adapters_error(odd: RemoteAdapter) -> None:
    with pytest.raises(AdapterError, match="must return a torch.Tensor, got ndarray"):
        Subject(odd).score("lp", W)


def test_a_crash_is_reported_and_the_next_call_answered(odd: RemoteAdapter) -> None:
    with pytest.raises(
        CrashError, match=r"score\(.*'owanda', .*ended the process with exit code 3"
    ):
        odd.score("owanda", W, None, torch.ones(2, 1))
    with pytest.raises(AdapterError, match="score raised CrashError: .* by SIGSEGV"):
        Subject(odd).score("symwanda", W, X, torch.ones(2, 1))
    assert torch.equal(odd.score("magnitude", W), W.abs())


def test_there_must_be_an_adapter(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="there is no file"):
        isolated(str(tmp_path / "none.py"), timeout=60.0)


def test_a_crash_at_the_import_is_a_wrong_target(tmp_path: Path) -> None:
    (tmp_path / "dying.py").write_text("import os\nos._exit(4)\n")
    with pytest.raises(TargetError, match="exit code 4"):
        isolated(str(tmp_path / "dying.py"), timeout=60.0)


def test_a_hang_is_killed_with_all_that_it_started(speaking: Start, tmp_path: Path) -> None:
    adapter = speaking(
        f"""
        if request["method"] == "wanda":
            subprocess.Popen(["sh", "-c", "sleep 3; touch {tmp_path}/lives"])
            time.sleep(60)
            open("{tmp_path}/woke", "w").close()
        reply["answer"] = {SCORE}
        """,
        timeout=2.0,
    )
    with pytest.raises(HangError, match=r"no answer within 2 s to score\(.*'wanda'"):
        adapter.score("wanda", W, X)
    assert not (tmp_path / "woke").exists()
    assert adapter.score("magnitude", W) == 1
    time.sleep(2)
    assert not (tmp_path / "lives").exists()


def test_a_program_that_does_not_read_is_killed(speaking: Start) -> None:
    adapter = speaking("time.sleep(60)", timeout=0.5)
    with pytest.raises(HangError):
        # More than a pipe holds.
        adapter.score("magnitude", torch.ones(300, 300))
    with pytest.raises(HangError):
        adapter.score("magnitude", torch.ones(300, 300))


def test_a_hang_before_the_first_answer_is_a_wrong_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "START_SECONDS", 0.3)
    with pytest.raises(TargetError, match="no answer within 0.3 s to describe"):
        by_command("sleep 60", timeout=0.3)


def test_a_process_that_dies_is_not_started_for_every_smaller_example(speaking: Start) -> None:
    adapter = speaking(
        """
        with open(__file__ + ".log", "a") as log:
            log.write("x")
        os._exit(1)
        """
    )
    result = judge(CATALOGUE["score.value"], "magnitude", Subject(adapter), "program")
    assert result.verdict == "failed"
    assert "CrashError" in result.failure["message"]
    assert Path(adapter._process.words[-1] + ".log").read_text() == "x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print('hello', flush=True)", "one JSON object"),
        ("reply['id'] += 1", "must have id"),
        ("pass", "answer, unsupported or error"),
        (f"reply['answer'] = {SCORE} | {{'shape': [2, 1]}}", "values must be 2"),
        ("sys.stdout.write('x' * 3_000); sys.stdout.flush()", "shorter than 2000 bytes"),
    ],
)
def test_what_is_no_answer_is_refused_and_the_next_call_answered(
    speaking: Start, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    monkeypatch.setattr(process, "LONGEST_LINE", 2000)
    adapter = speaking(
        f"""
        if request["method"] == "magnitude":
            reply["answer"] = {SCORE}
        else:
            {body}
        """
    )
    with pytest.raises(ReplyError, match=message):
        adapter.score("wanda", W, X)
    assert adapter.score("magnitude", W) == 1


def test_a_program_that_closes_its_stdout_is_a_crash(speaking: Start) -> None:
    adapter = speaking("os.close(1); time.sleep(60)")
    with pytest.raises(CrashError, match="closed stdout"):
        adapter.score("magnitude", W)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "KeyError", "message": "m"}, KeyError),
        ({"type": "Mine", "base": "TypeError", "message": "m"}, TypeError),
        ({"type": "Mine", "message": "m"}, Exception),
        ({"type": "UnicodeDecodeError", "message": "m"}, Exception),
        ({"type": "KeyboardInterrupt", "message": "m"}, Exception),
        ({"type": "Mine", "base": "eval", "message": "m"}, Exception),
        ({"message": "m"}, Exception),
    ],
)
def test_an_error_becomes_an_exception(speaking: Start, error: dict, kind: type) -> None:
    adapter = speaking(f"reply['error'] = {error!r}")
    with pytest.raises(kind, match="m") as caught:
        adapter.score("magnitude", W)
    assert caught.type.__name__ == error.get("type", "Exception")
    assert issubclass(caught.type, Exception)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "empty"),
        ("'", "no command"),
        ("no-such-program-anywhere --run", "No such file"),
        (f"{sys.executable} -c pass", "exit code 0"),
        ("echo hello", "one JSON object"),
        ("""echo '{"id": 1, "answer": []}'""", "describe must answer an object"),
        ("""echo '{"id": 1, "answer": {"name": 3}}'""", "name and version must be text"),
        ("""echo '{"id": 1, "answer": {"conventions": {"ties": 1}}}'""", "object of text"),
    ],
)
def test_a_command_that_is_no_adapter_is_refused(command: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        by_command(command, timeout=10.0)


def test_an_adapter_in_another_language(pytestconfig: pytest.Config) -> None:
    perl = shutil.which("perl")
    program = pytestconfig.rootpath / "docs/examples/adapter.pl"
    assert perl is not None
    with by_command(f"{perl} {program}", timeout=10.0) as adapter:
        subject = Subject(adapter)
        assert look_at(subject) == {("score", "magnitude"), ("score", "wanda")}
        subject.conventions = resolved(subject)
        for method in ("magnitude", "wanda"):
            result = judge(CATALOGUE["score.value"], method, subject, "adapter.pl")
            assert result.verdict == "passed", result.failure
        with pytest.raises(AdapterError, match="ValueError: inputs must have 4 features, got 3"):
            subject.score("wanda", W, X[:, :3])
        with pytest.raises(AdapterError, match="weight must be finite"):
            subject.score("magnitude", W / 0)
