"""`adkit check`, as a person uses it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adkit import cli

MODEL = """
import math
import numpy as np

def loss(w, b, *, scale=1.0):
    return scale * (np.sum(np.tanh(w * b) ** 2) + np.exp(-b))

def loss_grad(w, b, *, scale=1.0):
    t = np.tanh(w * b)
    slope = 2 * t * (1 - t**2)
    return scale * slope * b, scale * (np.sum(slope * w) - np.exp(-b))

def wrong_grad(w, b):
    dw, db = loss_grad(w, b)
    dw[1] *= 1.01
    return dw, db

def start():
    print("starting")
    return np.array([1.0, 2.0, 3.0]), 0.5

def power(x, n):
    return np.sum(x**n)

def power_grad(x, n):
    return n * x ** (n - 1)

def network(params):
    return np.sum(np.tanh(params["w"])) * params["b"]

def network_grad(params):
    return {"w": (1 - np.tanh(params["w"]) ** 2) * params["b"], "b": np.sum(np.tanh(params["w"]))}

def cubes(x):
    return np.sum(x**3)

def cubes_grad(x):
    return 3 * x**2

def cubes_hessian(x):
    return np.diag(6 * x)

def wrong_hessian(x):
    return np.diag(5 * x)

def kink(x):
    return np.sum(np.abs(x))

def black_box(x):
    return math.exp(float(x[0]))

def black_box_grad(x):
    return np.array([math.exp(float(x[0]))])

def talks(x):
    print("hello")
    return x**2

def raises(x):
    raise KeyError("not today")

def root(x):
    if x < 1.0:
        raise RuntimeError("out of bounds")
    return x**2

def squares(x):
    return np.sum(x**2)

def squares_grad(x):
    g = 2 * x
    g[77_777] += 1e-3
    return g
"""
AT = ("--at", "[1, 2, 3.0], 0.5")


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Exit code, standard output and standard error of `adkit check model.py:WORDS`."""
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)

    def run(target: str, *words: str) -> tuple[int, str, str]:
        target = target if ":" in target or "." in target else f"model.py:{target}"
        monkeypatch.setattr(sys, "argv", ["adkit", "check", target, *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


# -- right and wrong ---------------------------------------------------------------------------------
def test_a_right_gradient_is_said_to_hold(check) -> None:
    code, out, err = check("loss", *AT, "--grad", "loss_grad")
    assert (code, err) == (0, "")
    assert out.startswith("The gradient of loss holds.\n")
    assert "4 of 4 components" in out
    assert "would have been reported" in out


def test_a_wrong_component_is_shown_with_its_place_and_both_numbers(check) -> None:
    code, out, err = check("loss", *AT, "--grad", "wrong_grad")
    assert (code, err) == (1, "")
    assert "1 of the 4 components" in out.splitlines()[0]
    (row,) = (line for line in out.splitlines() if line.endswith("WRONG") and "argument" in line)
    assert "argument 0[1]" in row
    assert "0.323" in row
    assert "0.3198" in row


def test_without_a_gradient_of_ones_own_adkits_is_checked_by_any_method(check) -> None:
    for method in ("forward", "reverse", "symbolic", "numerical"):
        code, out, _ = check("loss", *AT, "--method", method, "-f", "json")
        assert code == 0
        assert json.loads(out)["source"] == method


def test_f_need_not_be_traceable_where_its_gradient_is_given(check) -> None:
    assert check("black_box", "--at", "[0.5]", "--grad", "black_box_grad")[0] == 0
    code, _, err = check("black_box", "--at", "[0.5]")
    assert code == 2
    assert "would lose the derivative" in err
    assert "model.py:" in err


def test_whole_numbers_are_held_fixed_and_argnums_choose(check) -> None:
    code, out, _ = check("power", "--at", "[1.0, 2.0], 3", "--grad", "power_grad", "-f", "json")
    assert code == 0
    assert json.loads(out)["total"] == 2
    code, out, _ = check("loss", *AT, "--argnums", "1", "-f", "json")
    assert code == 0
    assert {c["argument"] for c in json.loads(out)["components"]} == {"argument 1"}


def test_lenient_lets_a_subgradient_pass(check) -> None:
    assert check("kink", "--at", "[0.0, 1.0]")[0] == 1
    assert check("kink", "--at", "[0.0, 1.0]", "--lenient")[0] == 0


def test_tolerances_let_a_small_difference_pass(check) -> None:
    words = ("loss", *AT, "--grad", "wrong_grad")
    assert check(*words, "--rtol", "0.1")[0] == 0
    assert check(*words, "--atol", "0.1")[0] == 0
    assert check(*words, "--rtol", "0.001")[0] == 1


def test_order_2_checks_the_hessian_and_one_of_ones_own(check) -> None:
    words = ("cubes", "--at", "[1.0, 2.0]", "--order", "2", "-f", "json")
    assert json.loads(check(*words)[1])["total"] == 2 + 4
    assert check(*words, "--grad", "cubes_grad", "--hessian", "cubes_hessian")[0] == 0
    assert check(*words, "--hessian", "model.py:wrong_hessian")[0] == 1


def test_bounds_keep_f_where_it_has_values(check) -> None:
    code, out, _ = check("root", "--at", "1.5", "--bounds", "1,", "-f", "json")
    assert code == 0
    assert json.loads(out)["findings"] == []


def test_the_number_of_components_is_chosen_and_the_seed_repeats(check) -> None:
    np.save("x.npy", np.linspace(0.5, 1.0, 300))
    words = ("squares", "--at", "x.npy", "-f", "json")
    assert json.loads(check(*words, "--components", "all")[1])["checked"] == 300
    few = [check(*words, "--components", "5", "--seed", seed)[1] for seed in "112"]
    assert few[0] == few[1]
    assert json.loads(few[0])["checked"] < 300
    assert json.loads(few[0])["components"] != json.loads(few[2])["components"]


def test_one_wrong_component_of_a_hundred_thousand_is_found_and_the_point_is_not_printed(check) -> None:
    np.save("x.npy", np.linspace(-1.0, 1.0, 100_000))
    code, out, err = check("squares", "--at", "x.npy", "--grad", "squares_grad")
    assert (code, err) == (1, "")
    assert "argument 0[77777]" in out
    assert len(out) < 5_000


# -- where the point comes from ------------------------------------------------------------------------
def test_the_point_comes_from_files_and_functions_too(check) -> None:
    Path("point.json").write_text('{"b": 0.5, "w": [1, 2, 3]}')
    np.savez("point.npz", w=np.array([1.0, 2.0, 3.0]), b=0.5)
    Path("other.py").write_text('import numpy as np\ndef start():\n    return {"w": np.ones(2), "b": 0.5}\n')
    for at in ("point.json", "point.npz", "start", "model.py:start", "other.py:start"):
        assert check("loss", "--at", at, "--grad", "loss_grad")[0] == 0
        assert check("loss", "--at", at, "--grad", "wrong_grad")[0] == 1


def test_containers_and_keyword_only_parameters_are_passed_on(check) -> None:
    Path("point.json").write_text('{"scale": 3.0, "b": 0.5, "w": [1, 2, 3]}')
    assert check("loss", "--at", "point.json", "--grad", "loss_grad")[0] == 0
    Path("params.json").write_text('{"params": {"w": [[1, 2]], "b": 0.5}}')
    code, out, _ = check("network", "--at", "params.json", "--grad", "network_grad", "--all")
    assert code == 0
    assert "argument 0['w'][0, 1]" in out


def test_compare_knows_the_same_points(check, monkeypatch, capsys) -> None:
    Path("point.json").write_text('{"scale": 3.0, "b": 0.5, "w": [1, 2, 3]}')
    words = ["adkit", "compare", "model.py:loss", "--at", "point.json", "--grad", "loss_grad", "--seconds", "0.02"]
    monkeypatch.setattr(sys, "argv", [*words, "-f", "json"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["status"] for row in rows} == {"ok"}
    assert rows[0]["inputs"] == 4
    assert rows[0]["point"] == "point.json, argument scale held fixed"


# -- formats -----------------------------------------------------------------------------------------
def test_formats_carry_the_same_numbers(check) -> None:
    words = ("loss", *AT, "--grad", "wrong_grad")
    found = json.loads(check(*words, "-f", "json")[1])
    assert found["holds"] is False
    assert found["counts"] == {"WRONG": 1, "AGREE": 3}
    columns = [
        *("argument", "index", "x", "analytic", "numerical", "bar"),
        *("abs_error", "rel_error", "step", "verdict"),
    ]
    assert columns == list(found["components"][0])[: len(columns)]
    rows = list(csv.DictReader(io.StringIO(check(*words, "-f", "csv")[1])))
    assert list(rows[0])[: len(columns)] == columns
    assert [row["verdict"] for row in rows] == ["WRONG", "AGREE", "AGREE", "AGREE"]
    assert float(rows[0]["analytic"]) == found["components"][0]["analytic"]
    markdown = check(*words, "-f", "markdown")[1]
    assert "| argument 0[1] |" in markdown


def test_all_shows_what_agrees_too(check) -> None:
    assert "AGREE" not in check("loss", *AT)[1].split("4 of 4")[0]
    assert check("loss", *AT, "--all")[1].count(" AGREE\n") == 4


@pytest.mark.parametrize(("file", "start"), [("out.md", "**"), ("out.json", "{"), ("out.csv", "argument,")])
def test_the_suffix_of_the_output_file_decides_and_the_exit_code_stays(check, file: str, start: str) -> None:
    Path(file).write_text("older")
    code, out, err = check("loss", *AT, "--grad", "wrong_grad", "-o", file)
    assert (code, out) == (1, "")
    assert "of the gradient of loss is wrong" in err
    assert file in err
    assert Path(file).read_text().startswith(start)
    assert check("loss", *AT, "-o", "out.txt")[:2] == (0, "")
    assert Path("out.txt").read_text().startswith("The gradient of loss holds")


def test_what_f_prints_does_not_mix_with_the_report(check) -> None:
    for words in (("talks", "--at", "2.0"), ("loss", "--at", "start")):
        code, out, err = check(*words, "-f", "json")
        assert code == 0
        assert json.loads(out)["holds"]
        assert err.startswith(("hello\n", "starting\n"))


# -- bad input: a sentence, exit code 2, and no file touched -----------------------------------------------
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mlp.f", "--at", "1"], "'mlp.f' is no function of your own: write FILE.py:f"),
        (["nowhere.py:f", "--at", "1"], "unknown file 'nowhere.py'"),
        (["lss", "--at", "1"], "Did you mean 'loss'?"),
        (["loss"], "needs a point"),
        (["loss", *AT, "--grad", "los_grad"], "unknown function in model.py 'los_grad'. Did you mean 'loss_grad'?"),
        (["loss", *AT, "--grad", "math"], "math in model.py is no function, but module"),
        (["loss", "--at", "nowhere.json"], "unknown file 'nowhere.json'"),
        (["loss", "--at", "1.0"], "f raised TypeError: loss() missing 1 required positional argument: 'b'"),
        (["root", "--at", "True"], "there is no number to differentiate by"),
        (["loss", *AT, "--argnums", "w"], "--argnums takes positions"),
        (["loss", *AT, "--argnums", "7"], "--argnums 7 asks for an argument that is not there"),
        (["loss", *AT, "--method", "revers"], "unknown method 'revers'. Did you mean 'reverse'?"),
        (["loss", *AT, "--order", "3"], "order must be 1 (the gradient) or 2 (the Hessian too), not 3"),
        (["loss", *AT, "--hessian", "loss_grad"], "hessian=... is checked with order=2"),
        (["loss", *AT, "--bounds", "0"], "--bounds takes two numbers, LO,HI"),
        (["loss", *AT, "--bounds", "a,b"], "--bounds takes two numbers, LO,HI"),
        (["loss", *AT, "--bounds", "2,3"], "which is outside its bounds"),
        (["loss", *AT, "--components", "some"], "--components takes a whole number or all; got 'some'"),
        (["loss", *AT, "--components", "-1"], "components must be a number of at least 0"),
        (["loss", *AT, "--rtol", "-1"], "rtol must be a number of at least 0"),
        (
            ["loss", *AT, "--grad", "network_grad"],
            "network_grad raised TypeError: network_grad() takes 1 positional argument",
        ),
        (["loss", *AT, "--grad", "power_grad"], "which has not the structure of the differentiated arguments"),
        (["raises", "--at", "1.0"], "f raised KeyError: 'not today', at "),
        (["squares", "--at", "[1.0, 2.0]", "--grad", "squares_grad"], "squares_grad raised IndexError: "),
        (["loss", *AT, "-o", "no/such/folder/x.md"], "cannot write"),
        (["loss", *AT, "-o", "kept.xlsx"], "unknown suffix '.xlsx'"),
    ],
)
def test_bad_requests(check, words: list[str], message: str) -> None:
    Path("kept.json").write_text("kept")
    output = () if "-o" in words else ("-o", "kept.json")
    code, out, err = check(*words, *output)
    assert code == 2
    assert message in " ".join(err.split())
    assert err.startswith("adkit: ")
    assert "Traceback" not in err
    assert "adkit/" not in err
    assert out == ""
    assert Path("kept.json").read_text() == "kept"
    assert not [p.name for p in Path().iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_of_that_name", "broken.py does not run: ModuleNotFoundError"),
        ("x = 1\n1 / 0\n", "broken.py:2"),
        ("def f(x:\n", "broken.py does not run: SyntaxError"),
        ("import sys\nsys.exit(0)\n", "broken.py does not run: SystemExit: 0"),
        ("def f(x):\n    import sys\n    sys.exit(0)\n", "f raised SystemExit: 0, at "),
    ],
)
def test_a_file_that_does_not_run_is_named_with_its_line(check, text: str, message: str) -> None:
    Path("broken.py").write_text(text)
    code, _, err = check("broken.py:f", "--at", "1.0")
    assert code == 2
    assert message in err


def test_what_called_the_command_line_is_not_blamed(check) -> None:
    words = ["check", "model.py:loss", *AT, "--order", "3"]
    done = subprocess.run([sys.executable, "-m", "adkit", *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "adkit: order must be 1 (the gradient) or 2 (the Hessian too), not 3\n"


def test_what_f_raises_is_named_with_the_line_of_the_persons_own(check) -> None:
    code, _, err = check("raises", "--at", "1.0")
    assert code == 2
    line = MODEL.splitlines().index('    raise KeyError("not today")') + 1
    assert f"model.py:{line}" in err
