"""ad.testing.assert_grad and the pytest plugin, in test suites as people write them."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest

import adkit as ad

X = np.array([0.5, 1.0, 2.0])


def cubes(x):
    return np.sum(x**3)


def right(x):
    return 3 * x**2


def wrong(x):
    return 3 * x**2 * np.array([1.0, 1.0, 1.5])


# -- the assertion -----------------------------------------------------------------------------------
def test_a_right_gradient_passes_and_its_report_is_returned() -> None:
    report = ad.testing.assert_grad(cubes, X, grad=right)
    assert report
    assert report.counts == {"AGREE": 3}
    assert ad.testing.assert_grad(cubes, X).checked == 3


def test_a_wrong_one_is_an_assertion_error_that_carries_the_report() -> None:
    with pytest.raises(AssertionError) as failure:
        ad.testing.assert_grad(cubes, X, grad=wrong)
    error = failure.value
    assert isinstance(error, ad.WrongGradient)
    assert str(error) == error.report.to_text()
    (component,) = error.report.failed
    assert (component.index, component.analytic) == ((2,), 18.0)
    assert "18" in str(error)
    assert "12" in str(error)


def test_its_options_are_those_of_check_grad() -> None:
    ours, theirs = (inspect.signature(f).parameters for f in (ad.testing.assert_grad, ad.check_grad))
    assert list(ours) == list(theirs)
    assert {name: p.default for name, p in ours.items()} == {
        name: False if name == "progress" else p.default for name, p in theirs.items()
    }
    assert all(p.annotation is not inspect.Parameter.empty for p in ours.values())


def test_adkit_testing_is_there_without_an_import_of_its_own() -> None:
    code = "import sys, adkit; assert 'adkit.testing' not in sys.modules; adkit.testing.assert_grad(abs, 2.0)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# -- the plugin --------------------------------------------------------------------------------------
SUITE = """
import numpy as np
import pytest
import adkit as ad

def f(x):
    return np.sum(x**3)

def right(x):
    return 3 * x**2

def wrong(x):
    return 3 * x**2 * (1 + 0.5 * (x == 2))

X = np.array([0.5, 1.0, 2.0])
"""
# With or without its entry point installed, this is the plugin once.
PLUGIN = ("-p", "pytest_adkit", "-p", "no:cacheprovider", "-p", "no:xdist")


@pytest.fixture
def suite(pytester: pytest.Pytester):
    """Run a suite with the plugin."""

    def run(body: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=SUITE + body)
        return pytester.runpytest_inprocess(*PLUGIN, *options)

    return run


def test_the_fixture_asserts_and_the_run_ends_with_what_was_checked(suite) -> None:
    result = suite("""
def test_right(assert_grad):
    assert assert_grad(f, X, grad=right).checked == 3

def test_direct():
    ad.testing.assert_grad(f, np.ones(2_000)[:200], grad=right)
    with pytest.raises(ad.WrongGradient):
        ad.testing.assert_grad(f, X, grad=wrong)
""")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["adkit: 3 gradients checked (206 components)"])
    result.stdout.no_fnmatch_line("* wrong")


def test_a_wrong_gradient_shows_the_callers_line_and_the_report_as_a_section(suite) -> None:
    result = suite("""
def test_wrong(assert_grad):
    assert_grad(f, X, grad=wrong)

@pytest.mark.xfail
def test_known(assert_grad):
    assert_grad(f, X, grad=wrong)

def test_direct():
    ad.testing.assert_grad(f, X, grad=wrong)

def test_something_else():
    assert 1 == 2

def test_kink(assert_grad):
    assert_grad(lambda x: abs(x), 0.0)
""")
    result.assert_outcomes(failed=4, xfailed=1)
    wrong, direct, other, _ = result.stdout.str().split("\n____")[1:5]
    assert "assert_grad = <assert_grad with seed=0>" in wrong
    for failure in (wrong, direct):
        head, section = failure.split("- adkit: the gradient that was checked -")
        assert "assert_grad(f, X, grad=wrong)" in head
        assert head.count("\nE ") == 1
        assert "\ntest_it.py:" in head
        assert "adkit/" not in head.replace("adkit.errors", "")
        assert "18" in section
        assert "12" in section
    assert "the gradient that was checked" not in other
    result.stdout.fnmatch_lines(
        [
            "adkit: 4 gradients checked (10 components), 2 wrong, 1 not settled",
            "FAILED test_it.py::test_wrong - adkit.errors.WrongG*",
        ]
    )


def test_the_marker_and_the_seed_of_the_run_are_defaults(suite) -> None:
    result = suite(
        """
pytestmark = pytest.mark.gradient(strict=False)

@pytest.mark.gradient(seed=3, rtol=0.1)
def test_marked(assert_grad):
    assert assert_grad.keywords == {"seed": 3, "strict": False, "rtol": 0.1}

@pytest.mark.gradient(strict=True)
def test_nearest_marker_wins(assert_grad):
    assert assert_grad.keywords == {"seed": 7, "strict": True}

def test_the_call_wins(assert_grad):
    assert assert_grad(f, X, grad=wrong, rtol=1.0, seed=1)

@pytest.mark.gradient(sed=3)
def test_misspelt(assert_grad):
    pass

@pytest.mark.gradient(3)
def test_without_a_name(assert_grad):
    pass
""",
        "--strict-markers",
        "--adkit-seed=7",
    )
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*unknown option of @pytest.mark.gradient: 'sed'. Did you mean 'seed'?*",
            "*@pytest.mark.gradient takes options by name*",
        ]
    )


def test_the_seed_may_stand_in_the_configuration(suite, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nadkit_seed = 11\nfilterwarnings = error")
    result = suite('def test_seed(assert_grad):\n    assert assert_grad.keywords == {"seed": 11}\n')
    result.assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nadkit_seed = eleven")
    result = suite("def test_seed(assert_grad):\n    pass\n")
    result.stdout.fnmatch_lines(["*adkit_seed must be a whole number, not 'eleven'*"])


def test_workers_of_xdist_report_to_one_line(pytester: pytest.Pytester) -> None:
    body = """
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_many(assert_grad, n):
    assert_grad(f, X[:n], grad=right if n < 4 else lambda x: 1 - right(x))
"""
    pytester.makepyfile(test_it=SUITE + body)
    result = pytester.runpytest_subprocess(*PLUGIN[:4], "-n", "2")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        ["*adkit: the gradient that was checked*", "adkit: 4 gradients checked (9 components), 1 wrong"]
    )


def test_a_suite_without_gradients_hears_and_loads_nothing_of_adkit(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_light():
    assert "pytest_adkit" in sys.modules
    assert not {"adkit", "numpy"} & set(sys.modules)
""")
    # Without the plugins of others, who may load NumPy.
    result = pytester.runpytest_subprocess(*PLUGIN[:4], "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*adkit:*")
    assert "@pytest.mark.gradient(strict" in pytester.runpytest_subprocess(*PLUGIN, "--markers").stdout.str()


def test_a_refusal_comes_without_the_lines_of_adkit():
    with pytest.raises(ad.ArgumentError) as refused:
        ad.testing.assert_grad(lambda x: x @ x, np.ones(3), grad=lambda x: 2 * x[:2])
    assert len(refused.traceback) == 2
