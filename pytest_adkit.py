"""The pytest plugin of adkit: the fixture `assert_grad`, the marker `gradient`, and the report of a wrong gradient.

It is loaded in every run of pytest wherever adkit is installed, so it stands outside the package and imports nothing of
it until a test asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest

_MARKER = "gradient(strict=..., seed=..., ...): defaults of the fixture assert_grad: any option of adkit.check_grad"
# Attributes of a test's report, since with xdist only the report finds its way to the terminal.
_GRADIENTS, _COMPONENTS, _WRONG, _OPEN = "adkit_gradients", "adkit_components", "adkit_wrong", "adkit_open"


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "seed of the gradient checks made by the fixture assert_grad (of adkit)"
    parser.getgroup("adkit").addoption("--adkit-seed", type=int, default=None, help=help)
    parser.addini("adkit_seed", help, default="0")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_Tally(), "adkit_tally")


@pytest.fixture
def assert_grad(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`adkit.testing.assert_grad`, with the options of `@pytest.mark.gradient` and of the command line as defaults."""
    from adkit.testing import assert_grad

    defaults = {"seed": _seed(request.config)}
    for marker in reversed(list(request.node.iter_markers("gradient"))):
        defaults |= _options(marker, assert_grad)
    return _WithDefaults(assert_grad, **defaults)


class _WithDefaults(partial[Any]):
    """A function with defaults, shown in a failure as what matters of it."""

    def __repr__(self) -> str:
        return f"<{self.func.__name__} with {', '.join(f'{name}={x!r}' for name, x in self.keywords.items())}>"


def _seed(config: pytest.Config) -> int:
    """The seed of the command line, or of the configuration file."""
    given = config.getoption("--adkit-seed")
    try:
        return int(config.getini("adkit_seed")) if given is None else given
    except ValueError:
        pytest.fail(f"adkit_seed must be a whole number, not {config.getini('adkit_seed')!r}", pytrace=False)


def _options(marker: pytest.Mark, function: Callable[..., Any]) -> dict[str, Any]:
    """The options that a marker states."""
    import inspect

    from adkit.errors import unknown

    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name in marker.kwargs:
        if name not in known:
            pytest.fail(str(unknown("option of @pytest.mark.gradient:", name, known)), pytrace=False)
    if marker.args:
        pytest.fail(f"@pytest.mark.gradient takes options by name, as in seed=3; got {marker.args!r}", pytrace=False)
    return dict(marker.kwargs)


# -- the report of a wrong gradient ------------------------------------------------------------------
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the check found is a section of its own; where the test failed, its first line is enough."""
    given, wrong = call.excinfo, _wrong_gradient(call)
    if wrong is None or given is None:
        return (yield)
    short = type(wrong)(wrong.report.verdict, wrong.report)
    call.excinfo = pytest.ExceptionInfo.from_exception(short.with_traceback(wrong.__traceback__))
    try:
        report = yield
    finally:
        call.excinfo = given
    report.sections.append(("adkit: the gradient that was checked", str(wrong)))
    # At a kink, say, a strict check fails and yet nothing is known to be wrong.
    known = "WRONG" in wrong.report.counts or not wrong.report.failed
    setattr(report, _WRONG if known else _OPEN, int(report.failed))
    return report


def _wrong_gradient(call: pytest.CallInfo[Any]) -> Any:
    """The error of a wrong gradient, if one ended the test."""
    errors = sys.modules.get("adkit.errors")
    error = None if call.excinfo is None else call.excinfo.value
    return error if errors is not None and isinstance(error, errors.WrongGradient) else None


# -- the line at the end -----------------------------------------------------------------------------
class _Tally:
    """What was checked in this process, put on the reports of the tests; and what the reports say in all."""

    def __init__(self) -> None:
        self.seen = _checked()
        self.gradients = self.components = self.wrong = self.open = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = _checked()
        if now != self.seen:
            setattr(report, _GRADIENTS, now[0] - self.seen[0])
            setattr(report, _COMPONENTS, now[1] - self.seen[1])
            self.seen = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.gradients += getattr(report, _GRADIENTS, 0)
        self.components += getattr(report, _COMPONENTS, 0)
        self.wrong += getattr(report, _WRONG, 0)
        self.open += getattr(report, _OPEN, 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.gradients:
            return
        plural = "s" * (self.gradients != 1)
        line = f"adkit: {_spaced(self.gradients)} gradient{plural} checked ({_spaced(self.components)} components)"
        for n, what in ((self.wrong, "wrong"), (self.open, "not settled")):
            line += f", {_spaced(n)} {what}" if n else ""
        right = not self.wrong and not self.open
        terminalreporter.write_line(line, red=not right, green=right)


def _spaced(n: int) -> str:
    return f"{n:,}".replace(",", " ")


def _checked() -> tuple[int, int]:
    """How many gradients and components assert_grad has checked so far, if anybody has asked for it."""
    testing = sys.modules.get("adkit.testing")
    return (testing.tally.gradients, testing.tally.components) if testing is not None else (0, 0)
