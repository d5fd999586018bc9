"""Which rows NumPy's own function continues into the complex plane, so that f(x + ih) = f(x) + ih f'(x) for tiny h.

What is not named here is not: it takes a length, a sign, a conjugate or a part (abs, norm, vdot, svd), it rounds or
compares, it refuses complex numbers (arctan2, hypot, cbrt), it loses the small imaginary part to the rounding of the
real one (SciPy's Bessel functions), or nobody has looked. The tests try every row of the table.
"""

from __future__ import annotations

_ARITHMETIC = "add subtract multiply divide power float_power negative positive square reciprocal"
_FUNCTIONS = """
    sqrt exp exp2 expm1 log log2 log10 log1p sinc sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh
    arccosh arctanh
"""
_SPECIAL = "dawsn erf erfc erfcx erfi expm1 gamma log1p loggamma ndtr psi rgamma xlog1py xlogy"
_STRUCTURE = """
    add.at add.reduceat assign broadcast_to concatenate copy cumsum diagonal embed getitem item permute reshape roll
    scatter stack sum sum_from take transpose where
"""
_ALGEBRA = "convolve cumprod det dot einsum fft inv matmul matvec prod solve vander"

ANALYTIC = frozenset(
    [
        *" ".join([_ARITHMETIC, _FUNCTIONS, _STRUCTURE, _ALGEBRA]).split(),
        *(f"scipy.special.{name}" for name in _SPECIAL.split()),
    ]
)
