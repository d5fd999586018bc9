"""The coverage report says what is so, and leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import coverage_report
import numpy as np
import pytest
import scipy

REPORT = Path(__file__).parent.parent / "reports" / "coverage.md"

# What people expect to be differentiated or answered, by the module that it is in.
EXPECTED = {
    "": """
        hypot arctan2 cbrt logaddexp2 deg2rad sinc i0 fmod remainder copysign float_power clip nan_to_num heaviside
        sum mean prod max min var std average median percentile quantile ptp nansum nanprod nanmean nanstd nanvar nanmax
        nanmin nanmedian nanquantile nanpercentile cumsum cumprod nancumsum nancumprod diff ediff1d gradient trapezoid
        reshape ravel transpose moveaxis swapaxes roll rot90 flip squeeze expand_dims broadcast_to stack hstack vstack
        dstack column_stack concatenate split array_split hsplit vsplit dsplit block tile repeat pad append insert
        delete kron tril triu diag diagflat diagonal meshgrid atleast_1d atleast_2d atleast_3d take take_along_axis
        put_along_axis choose select piecewise where compress sort partition argsort searchsorted unique interp convolve
        correlate polyval vander cross inner outer vdot tensordot einsum matmul trace matrix_transpose argmax isnan
        floor sign shape linspace full_like zeros_like angle real imag conjugate real_if_close unwrap round
        add.reduce add.accumulate add.outer add.at multiply.reduce maximum.reduce logaddexp.reduce maximum.accumulate
    """,
    "linalg.": """
        solve inv pinv det slogdet cholesky qr eigh eigvalsh eig eigvals svd svdvals norm matrix_power multi_dot cond
        lstsq matrix_transpose tensorsolve tensorinv matrix_rank
    """,
    "fft.": """
        fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift ifftshift
    """,
    "scipy.special.": """
        expit logit erf erfc gamma gammaln psi logsumexp softmax log_softmax xlogy entr beta betaln polygamma
        erfinv erfcinv ndtr log_ndtr j0 j1 jv y0 y1 i0 i1 iv rgamma gammainc betainc rel_entr kl_div
    """,
}


def lines() -> dict[str, list[str]]:
    """The table of the report, by the name of the function."""
    rows = [line.split(" | ") for line in REPORT.read_text().splitlines() if line.startswith("| `")]
    return {row[0].strip("|` "): row[1:] for row in rows if len(row) == 5}


@pytest.mark.skipif(
    f"NumPy {np.__version__}, and of scipy.special in SciPy {scipy.__version__}" not in REPORT.read_text(),
    reason="the report is about other versions of NumPy and SciPy",
)
def test_the_report_is_true_today():
    assert coverage_report.report() == REPORT.read_text()


def test_no_public_function_is_left_out():
    assert coverage_report.unaccounted() == []


@pytest.mark.parametrize("module", EXPECTED)
def test_what_people_expect_is_there(module):
    table = lines()
    missing = [name for name in EXPECTED[module].split() if module + name not in table]
    assert missing == []
    assert not [name for name in EXPECTED[module].split() if "no" in table[module + name][:2]]


def test_forward_and_reverse_cover_the_same():
    assert not [name for name, (forward, reverse, *_) in lines().items() if forward != reverse or forward == "partly"]


def test_all_that_autograd_differentiates_is_there():
    pytest.importorskip("autograd.numpy")
    from autograd.core import primitive_vjps

    functions = [getattr(p, "fun", p) for p in primitive_vjps]
    names = {f.__name__ for f in functions if re.match(r"numpy(\.|$)", getattr(f, "__module__", None) or "")}
    table = lines()
    same = {"amax": "max", "amin": "min", "full": "full", "diff": "diff"}
    missing = {n for n in names if not {n, same.get(n, n), f"linalg.{n}", f"fft.{n}"} & table.keys()}
    assert missing == set()
