"""The conventions at kinks, as they are documented, hold in the symbolic method too."""

from __future__ import annotations

from pathlib import Path

import conventions_report
import numpy as np
import pytest
from test_primitives import KINKS

import adkit as ad


def test_the_report_says_what_is_tested():
    assert conventions_report.report() == (Path(__file__).parent.parent / "reports" / "conventions.md").read_text()


@pytest.mark.parametrize("kink", [name for name in KINKS if name not in conventions_report.NOT_SYMBOLIC])
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow|All-NaN):RuntimeWarning")
def test_the_symbolic_method_holds_to_the_conventions(kink):
    f, x, expected, _ = KINKS[kink]
    try:
        found = ad.grad(f, method="symbolic")(x)
    except ad.NoRule:
        pytest.skip("no formula")
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("kink", sorted(conventions_report.NOT_SYMBOLIC))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_exceptions_are_exceptions(kink):
    f, x, expected, _ = KINKS[kink]
    assert not np.allclose(ad.grad(f, method="symbolic")(x), expected, equal_nan=True)
