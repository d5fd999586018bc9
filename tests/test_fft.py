"""Fourier transforms: the matrix of a transform is the witness of its derivative, and NumPy of its errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import adkit as ad

EXACT = ["reverse", "forward"]
RNG = np.random.default_rng(7)
NORMS = [None, "backward", "ortho", "forward"]
REAL_IN = [np.fft.rfft, np.fft.ihfft]
REAL_OUT = [np.fft.irfft, np.fft.hfft]
COMPLEX = [np.fft.fft, np.fft.ifft]


def matrices(function, m, **options):
    """What a real-linear transform of m points makes of the units 1 and i."""
    units = np.eye(m)
    return np.stack([function(e, **options) for e in units]), np.stack([function(1j * e, **options) for e in units])


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("function", COMPLEX + REAL_OUT, ids=lambda f: f.__name__)
def test_pullback_of_complex_points_is_the_transposed_matrix(function, norm):
    for m, n in itertools.product([2, 3, 4], [None, 1, 2, 3, 5, 6]):
        by_real, by_imaginary = matrices(function, m, n=n, norm=norm)
        z = RNG.standard_normal(m) + 1j * RNG.standard_normal(m)
        out, pullback = ad.vjp(lambda z, n=n: function(z, n, norm=norm), z)
        c = RNG.standard_normal(out.shape)
        if function in COMPLEX:
            c = c + 1j * RNG.standard_normal(out.shape)
        # Re(c out) = u(z), whose gradient is du/dx - i du/dy.
        expected = np.real(by_real @ c) - 1j * np.real(by_imaginary @ c)
        np.testing.assert_allclose(pullback(c)[0], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("function", COMPLEX + REAL_IN, ids=lambda f: f.__name__)
def test_pullback_of_real_points_is_the_transposed_matrix(function, norm):
    for m, n in itertools.product([1, 2, 3, 4], [None, 1, 2, 3, 5, 6]):
        rows = np.stack([function(e, n=n, norm=norm) for e in np.eye(m)])
        out, pullback = ad.vjp(lambda x, n=n: function(x, n, norm=norm), RNG.standard_normal(m))
        c = RNG.standard_normal(out.shape) + 1j * RNG.standard_normal(out.shape)
        np.testing.assert_allclose(pullback(c)[0], np.real(rows @ c), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("method", EXACT)
def test_energy_is_kept(method):
    """Parseval: the gradient of the energy of the spectrum is that of the energy of the signal."""
    x = RNG.standard_normal((4, 5))
    for transform in (np.fft.fft, np.fft.ifft, np.fft.fft2, np.fft.fftn):
        found = ad.grad(lambda x, f=transform: np.sum(np.abs(f(x, norm="ortho")) ** 2), method=method)(x)
        np.testing.assert_allclose(found, 2 * x, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", EXACT)
def test_convolution_by_transforms_has_the_gradient_of_convolution(method):
    x, kernel, c = (RNG.standard_normal(n) for n in (6, 3, 8))

    def spectral(x, kernel):
        return c @ np.fft.irfft(np.fft.rfft(x, 8) * np.fft.rfft(kernel, 8), 8)

    def direct(x, kernel):
        return c @ np.convolve(x, kernel)

    for i in range(2):
        expected = ad.grad(direct, i, method="numerical")(x, kernel)
        np.testing.assert_allclose(ad.grad(spectral, i, method=method)(x, kernel), expected, rtol=1e-6, atol=1e-8)


def test_hessian_of_a_quadratic_form_of_the_spectrum():
    weights = RNG.standard_normal(4)
    A = np.fft.rfft(np.eye(6), axis=-1)[:, :4]
    hessian = ad.hessian(lambda x: np.sum(weights * np.abs(np.fft.rfft(x)) ** 2))(RNG.standard_normal(6))
    np.testing.assert_allclose(hessian, 2 * np.real((A * weights) @ np.conj(A).T), rtol=1e-12, atol=1e-12)


def test_jacobians_of_both_directions_agree_in_the_plane():
    z = RNG.standard_normal(3) + 1j * RNG.standard_normal(3)
    for f in (lambda z: np.fft.irfft(z, 5), lambda z: np.fft.fft(z, 4), lambda z: np.fft.hfft(z, norm="ortho")):
        forward, reverse = (ad.jacobian(f, method=method)(z) for method in ("forward", "reverse"))
        np.testing.assert_allclose(forward, reverse, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_single_precision_stays_single(method, dtype):
    x = RNG.standard_normal((3, 4)).astype(dtype)
    for f in (np.fft.fft, np.fft.irfft, np.fft.ifftn, lambda x: np.fft.fft(x, 7), lambda x: np.fft.hfft(x, 3)):
        value, gradient = ad.value_and_grad(lambda x, f=f: np.sum(np.abs(f(x)) ** 2), method=method)(x)
        assert value.dtype == np.float32
        assert gradient.dtype == dtype


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.fft.fft(x, 0),
        lambda x: np.fft.fft(x, norm="orto"),
        lambda x: np.fft.hfft(x, norm="orto"),
        lambda x: np.fft.fft(x, axis=2),
        lambda x: np.fft.fft2(x[0]),
        lambda x: np.fft.fftn(x, s=(2, 2), axes=(0,)),
        lambda x: np.fft.rfftn(x, axes=()),
        lambda x: np.fft.rfft(1j * x),
        lambda x: np.fft.fft(x[0, 0]),
    ],
)
@pytest.mark.parametrize("method", EXACT)
def test_errors_are_numpys(f, method):
    x = np.ones((2, 3))
    with pytest.raises((ValueError, IndexError, TypeError)) as plain:
        f(x)
    with pytest.raises(plain.type.__mro__[:-2]):
        ad.grad(lambda x: np.sum(np.abs(f(x))), method=method)(x)


@pytest.mark.parametrize("method", EXACT)
def test_zeros_that_are_selected_away_stay_zero(method):
    found = ad.grad(lambda x: np.sum(np.abs(np.fft.fft(np.where(x > 0, np.sqrt(x), 0.0))) ** 2), method=method)
    np.testing.assert_allclose(found(np.array([0.0, 4.0, 1.0, 0.0])), [0.0, 4.0, 4.0, 0.0], rtol=1e-13, atol=1e-13)
