"""NumPy's functions, and those of scipy.special, as programs call them. `OPTIONS` are tried before they are drawn."""

from __future__ import annotations

from .rows import (
    a_vector,
    alike,
    array,
    continues,
    cube,
    dots,
    each,
    filled,
    is_complex,
    matrix,
    multiplies,
    number,
    one_square,
    planes,
    real,
    rest_alike,
    rows,
    same_last,
    same_size,
    solves,
    some,
    square,
    vector,
)

ELEMENTWISE = [
    *rows(
        real,
        *each("np.$({x})", "sin cos tanh arctan arcsinh deg2rad radians square sinc"),
        *each("np.$({x:unit})", "exp expm1 exp2 sinh cosh tan arcsin arccos arctanh rad2deg i0"),
        *each("np.$({x:positive})", "log log2 log10 log1p sqrt cbrt reciprocal"), "np.degrees({x:unit})",
        "np.arccosh({x:above})", "np.logaddexp({x}, {y})", "np.logaddexp2({x}, {y})", "np.hypot({x:positive}, {y})",
        "np.arctan2({y}, {x:positive})", "np.power({x:positive}, {y:unit})", "np.float_power({x:positive}, {y:unit})",
        "{x:positive} ** {c}", "{x:positive} ** {y:unit}", "{c_positive} ** {x:unit}",
        "{x} ** -1 if np.all(np.abs({x}) > 0.3) else {x} ** 2", "np.ldexp({x}, 2)", "np.sin({x}) / {x:positive}",
        "np.nan_to_num({x})", "np.unwrap(0.1 * {x})", "abs({x:positive})",
        "np.interp({x:unit}, np.array([-1.0, 1.0]), np.array([0.3, 2.0]))",
    ),
    *rows(
        number,
        "{x} + {y}", "{x} - {y}", "{x} * {y}", "{x} / {y:positive}", "{c} * {x} - {y}", "{c} - {x}", "-{x}", "+{x}",
        "{x} ** 2", "{x} ** 3", "np.add({x}, {y})", "np.subtract({x}, {y})", "np.multiply({x}, {y})",
        "np.divide({x}, {y:positive})", "np.negative({x})", "np.positive({x})", "np.copy({x})", "np.square({x})",
        "np.real({x})", "np.imag({x}) + {x}", "np.conj({x})", "np.where({mask}, {x}, {y})",
        "np.where({mask}, {x}, {c})", "np.where({mask}, {c}, {x} * {y})",
        "np.select([{mask}, {mask2}], [{x}, {c} * {x}], 0.5)", "np.choose(np.asarray({mask}, int), [{x}, {same}])",
        "np.add({x}, {y}, dtype=np.complex128)",
    ),
    *rows(
        real,
        "{c} / (2.0 + np.abs({x}) ** 2)", "np.abs({x})", "abs({x})", "np.fabs({x})", "{x} * np.sign({x})",
        "np.copysign({c}, {x}) * {x}", apart="{x}",
    ),
    *rows(real, "np.clip({x}, {c}, None)", "np.maximum({x}, {c})", "np.minimum({c}, {x})", apart="{x} - {c}"),
    *rows(real, "np.clip({x}, -{c_positive}, {c_positive})", apart="np.abs({x}) - {c_positive}"),
    *rows(
        real,
        *each("np.$({x}, {y})", "maximum minimum fmax fmin"), "np.where({x} > {y}, np.sin({x}), {y} ** 2)",
        "np.where({x} < {y}, {y}, {x})", "({x} > {y}) * {x} - {y} * ({x} <= {y})", "np.heaviside({x} - {y}, 0.5) * {x}",
        apart="{x} - {y}",
    ),
    *rows(real, "np.where({x} > 0, np.log(np.where({x} > 0, {x}, 1.0)), {x})", apart="{x}"),
    *rows(
        real,
        "np.where({x} > 0, np.sqrt(np.abs({x})), 0.0)", "np.piecewise({x}, [{x} < 0, {x} >= 0], [0.5, 2.0]) * {x}",
        apart="{x}",
    ),
    *rows(
        real,
        "{x} * np.floor({x})", "{x} - np.trunc({x})", "np.ceil({x}) / 3 + {x}", "np.modf({x})[0]",
        apart="np.sin(np.pi * {x})",
    ),
    *rows(real, "np.rint({x}) * {x}", "np.round({x}) - 2 * {x}", apart="np.cos(np.pi * {x})"),
    *rows(
        real,
        "np.fmod({x}, {y:positive})", "np.remainder({x}, {y:positive})", "{x} % {y:positive}",
        "{x} // {y:positive} + {x}", "divmod({x}, {y:positive})[1]", "np.divmod({x}, {y:positive})[1]",
        apart="np.sin(np.pi * {x} / {y:positive})",
    ),
    *rows(
        real,
        "{x}.astype(np.float32)", "np.astype({x}, np.float64)", "np.sin({x}, dtype=np.float64)",

    ),
    *rows(some, "np.float64(0.5) * {x}", "np.float32(0.5) * {x}"),
]  # fmt: skip

COMPLEX = [
    *rows(
        real,
        "{x} + 1j * {y}", "np.exp(1j * {x})", "({c} + 0.5j) * {x}", "{x}.astype(np.complex128)",
        "np.sqrt({x:positive} + 1j * {y})", "np.log({x:positive} + 1j * {y:unit})",
    ),
    *rows(
        is_complex,
        "{x} * {y}", "{x} / (3.0 + {y} * np.conj({y}))", "np.real({x} * np.conj({x}))", "{x}.real", "{x}.imag * 2",
        "{x}.conj()", "np.exp(1j * np.real({x}))", "np.sin({x})", "np.tanh(0.1 * {x})", "np.exp(0.1 * {x})",
        "np.vdot({x}, {same})", "np.abs({x} + 20.0) - 20.0", "np.angle({x} + 30.0)", "np.log({x} + 30.0)",
        "np.sqrt({x} + 30.0)", "({x} + 30.0) ** {c}",
    ),
    *rows(
        is_complex,
        "np.abs({x})", "np.absolute({x})", "np.sign({x})", "np.angle({x}) * np.abs({x})",
        apart="np.abs({x}) * (np.pi - np.abs(np.angle({x})))",
    ),
]  # fmt: skip

REDUCTIONS = [
    *rows(
        number,
        "np.sum({x})", "np.sum({x}, axis={axes}, keepdims={keep})", "np.sum({x} * {y}, axis={axes}, keepdims={keep})",
        "np.mean({x}, axis={axes}, keepdims={keep})", "np.prod({x}, axis={axes}, keepdims={keep})",
        "np.average({x}, axis={axes})", "np.nansum({x}, axis={axes})", "np.nanmean({x}, axis={axes}, keepdims={keep})",
        "np.var({x} + {c}, axis={axes}, keepdims={keep})", "np.linalg.norm({x} + 20.0) / 20.0",
        "np.cumsum({x}, axis={axis_or_none})", "np.cumprod({x:unit}, axis={axis_or_none})",
        "np.cumulative_sum({x}, axis={axis}, include_initial={keep})", "np.cumulative_prod({x:unit}, axis={axis})",
        "np.nancumsum({x}, axis={axis_or_none})", "np.add.reduce({x}, axis={axis})",
        "np.multiply.reduce({x}, axis={axis})", "np.add.accumulate({x}, axis={axis})",
        "np.multiply.accumulate({x:unit}, axis={axis})", "np.add.reduceat({x}, [0, 1, 0], axis=-1)",
        "np.diff({x}, axis={axis})", "np.diff({x}, n=2, axis=-1)", "np.ediff1d({x})", "np.trace({x})",
        "np.trapezoid({x}, dx=0.5)", "np.einsum('ij->ji', {x})",
        "np.einsum('ij,ij->j', {x}, {same})", "np.einsum('i,j->ij', {x}, {x})",
    ),
    *rows(
        some,
        "np.std(np.concatenate([np.ravel({x}), [4.0]]))", "np.var({x}, axis={axes}, ddof=0.5)",
        "np.average({x}, axis={axis}, weights={same:positive})", "np.gradient({x}, axis=-1)", "np.cov({x}, {same})",
        "np.logaddexp.reduce({x}, axis=-1)", "np.logaddexp.reduce(np.ravel({x}))",
        "np.linalg.norm({x:positive}, axis={axis})", "np.linalg.norm({x:positive}, axis={axis}, keepdims=True)",
        "np.linalg.norm({x:positive}, ord=3, axis=-1)", "np.linalg.vector_norm({x:positive}, axis={axes})",
        "np.corrcoef(np.append({x}, [3.0, -2.0]), np.append({x:positive}, [1.0, 2.0]))",
    ),
    *rows(
        some,
        *each("np.$({x}, axis={axes}, keepdims={keep})", "max min amax amin nanmax nanmin"), "np.ptp({x}, axis={axes})",
        "np.median({x}, axis={axes}, keepdims={keep})", "np.nanmedian({x}, axis={axes})",
        "np.percentile({x}, 30.0, axis={axes})", "np.quantile({x}, [0.2, 0.7], axis={axis})",
        "np.quantile({x}, 0.4, axis={axes}, method='nearest')", "np.sort({x}, axis={axis_or_none})",
        "np.partition({x}, 0, axis={axis})", "np.maximum.reduce({x}, axis={axis})",
        "np.minimum.accumulate({x}, axis={axis})", "np.maximum.accumulate({x})",
        "{x}[np.argmax({x}, axis=0)] if {x}.ndim == 1 else {x}",
        "np.take_along_axis({x}, np.argsort({x}, axis={axis}), axis={axis})",
        "np.ravel({x})[np.argsort(np.ravel({x}))[::-1]]", "np.stack(sorted(np.ravel({x}))) * np.arange(np.size({x}))",
        "max(np.ravel({x}))", "min(np.ravel({x}))", "np.linalg.norm({x}, ord=np.inf)", apart="gaps({x})",
    ),
    *rows(some, "np.linalg.norm(np.ravel({x}), ord=1)", apart="{x}"),
]  # fmt: skip

INDEXING = [
    *rows(
        array,
        "{x}[{i}]", "{x}[{index}]", "{x}[{index}] * {c}", "{x}[{index}] + {x}[{index}]", "{x}[{mask}]", "{x}[...]",
        "{x}[..., None]", "{x}[None]", "{x}[::-1]", "{x}[1:] * {x}[:-1]", "{x}[..., ::2]", "{x}[..., [0, -1, 0]]",
        "{x}[[0, 0]]", "{x}[np.array([[0, -1], [-1, 0]])]", "{x}.ravel()[[0, 0, -1]]",
        "np.take({x}, [0, -1, 0], axis={axis})", "np.take({x}, [0, 0])", "np.extract({mask}, {x})",
        "np.delete({x}, 0, axis={axis})",
        "np.insert({x}, 0, {c}, axis={axis})",
        "{x}.ravel()[-1]", "{x}.item(0)", "np.diagonal({x})", "np.diagonal({x}, offset={n})", "np.tril({x})",
        "np.triu({x}, k={n})", "np.diag({x})", "np.diag({x}, k={n})", "np.diagflat({x})",
    ),
    *rows(some, "{x}[{x} > {c}]", "np.sum({x}[{x} < {c}])", apart="{x} - {c}"),
    *rows(filled, "np.einsum('...i->...', {x})", "np.compress([True], {x}, axis={axis})"),
    *rows(one_square, "np.einsum('ii->i', {x})", "np.einsum('ii', {x})", "np.trace({x} @ {x})"),
    *rows(
        planes,
        "{x}[:, 0]", "{x}[0, :]", "{x}[:, None]", "{x}[:, [0, 0]]", "{x}[[0, -1], [0, 0]]", "{x}[..., 0, :]",
        "{x}[:, ::-1]", "{x}[0][0]", "{x}[[0, 0], None, 0]", "[row * {c} for row in {x}][-1]",
    ),
]  # fmt: skip

SHAPES = [
    *rows(
        number,
        "np.reshape({x}, {shape})", "np.reshape({x}, {shape}, order='F')", "{x}.reshape(-1)", "np.ravel({x})",
        "np.ravel({x}, order='F')", "{x}.flatten()", "{x}.T", "np.transpose({x})", "np.transpose({x}, {perm})",
        "np.swapaxes({x}, 0, -1)", "np.moveaxis({x}, 0, -1)", "np.rollaxis({x}, -1)", "np.matrix_transpose({x})",
        "np.squeeze({x})", "np.expand_dims({x}, {insert})", "np.expand_dims({x}, (0, -1))", "np.atleast_1d({x})",
        "np.atleast_2d({x})", "np.atleast_3d({x})", "np.broadcast_to({x}, {wider})", "np.broadcast_arrays({x}, {y})[0]",
        "np.broadcast_arrays({x}, {y})[1]", "np.flip({x})", "np.flip({x}, axis={axis})", "np.flipud({x})",
        "np.fliplr({x})", "np.rot90({x})", "np.rot90({x}, k=-1)", "np.roll({x}, {n})",
        "np.roll({x}, -{n}, axis={axis})", "np.roll({x}, (1, {n}), axis=(0, -1))", "np.repeat({x}, {n})",
        "np.repeat({x}, {n}, axis={axis})", "np.repeat({x}, {counts}, axis={axis})", "np.tile({x}, {n})",
        "np.tile({x}, (2, 1))", "np.tile({x}, (1, 2))", "np.resize({x}, (2, 3))", "np.pad({x}, 1)",
        "np.pad({x}, (1, 0), constant_values={c})", "np.pad({x}, 1, mode='edge')", "np.pad({x}, 1, mode='reflect')",
        "np.pad({x}, (0, 2), mode='wrap')", "np.pad({x}, 1, mode='symmetric')", "np.pad({x}, 1, mode='mean')",
        "np.pad({x}, 1, mode='linear_ramp')", "np.fft.fftshift({x})", "np.full_like({x}, 0.5) * {x}",
        "np.zeros_like({x}) + {x}", "np.ones_like({x}) * {y}", "np.full(3, 2.0) * np.sum({x})",
    ),
    *rows(
        number,
        "np.concatenate([{x}, {same}])", "np.concatenate([{x}, {same}, {x}], axis={axis})",
        "np.concatenate([{x}, {same}], axis=None)", "np.concatenate([np.ravel({x}), [{c}, 1.0]])",
        "np.stack([{x}, {same}])", "np.stack([{x}, {same}], axis=-1)", "np.stack([{x}, {same}, {x}], axis={insert})",
        "np.hstack([{x}, {same}])", "np.vstack([{x}, {same}])", "np.dstack([{x}, {same}])",
        "np.column_stack([{x}, {same}])", "np.append({x}, {same})", "np.append({x}, {same}, axis={axis})",
        "np.block([{x}, {same}])", "np.block([[{x}, {same}], [{same}, {x}]])", "np.split({x}, [1], axis={axis})[1]",
        "np.array_split({x}, 2, axis={axis})[{bit}]", "np.array_split({x}, 2)[0]", "np.hsplit({x}, [1])[0]",
        "np.vsplit({x}, [1])[0]", "np.unstack({x}, axis={axis})[0]", "np.meshgrid({x}, {x})[{bit}]",
        "np.meshgrid({x}, {same}, indexing='ij')[{bit}]",
    ),
    *rows(number, "np.concatenate([{x}, {z}])", "np.concatenate([{x}, {z}, {x}], axis=0)", also=rest_alike),
    *rows(
        vector,
        "np.linspace({x}[0], {x}[-1], 4)", "np.vander({x:unit}, 3)", "np.geomspace(1.0, {x:positive}[0], 3)",
        "np.ix_({x})[0]",
    ),
]  # fmt: skip

PRODUCTS = [
    *rows(number, "{x} @ {z}", "np.matmul({x}, {z})", "np.matvec({x}, {z})", also=multiplies),
    *rows(number, "np.dot({x}, {z})", also=dots),
    *rows(number, "np.inner({x}, {z})", also=same_last),
    *rows(
        number,
        "np.outer({x}, {z})", "np.tensordot({x}, {z}, 0)", "np.kron({x}, {z})", "np.multiply.outer({x}, {z})",
        "np.subtract.outer({x}, {z})", "np.einsum('...,...->...', {x}, {x}) + 0 * np.sum({z})", also=alike,
    ),
    *rows(
        number,
        "np.tensordot({x}, {z}, 1)", "np.tensordot({x}, {z}, axes=([-1], [0]))",
        "np.einsum('...i,i...->...', {x}, {z})", also=continues,
    ),
    *rows(vector, "np.einsum('i,ij->j', {x}, {z})", also=solves),
    *rows(matrix, "np.einsum('ij,jk->ik', {x}, {z})", "np.einsum('ij,jk', {x}, {z})", also=solves),
    *rows(cube, "np.einsum('kij,jl->lk', {x}, {z})", "np.einsum('...ij,jl->...li', {x}, {z})", also=solves),
    *rows(number, "np.vdot({x}, {z})", also=same_size),
    *rows(
        number,
        "{x} @ np.swapaxes({x}, -1, -2)", "np.linalg.multi_dot([{x}, {x}.T, {x}])", "np.vecdot({x}, {same})",
        "np.linalg.matrix_power({x:unit}, 3)", "{x} @ {x}", "np.tensordot({x}, {same}, 2)",
        "np.tensordot({x}, {same}, axes=([0, 1], [0, 1]))", "np.cross({x}, {same})", "np.linalg.cross({x}, {same})",
    ),
    *rows(
        vector,
        "np.convolve({x}, {z})", "np.convolve({x}, {z}, mode='same')", "np.correlate({x}, {z}, mode='full')",
        "np.polyval({x}, 0.5)", "np.polyval({z}, {x:unit})", "np.polymul({x}, {z})", also=a_vector,
    ),
]  # fmt: skip

LINALG = [
    *rows(
        square,
        "np.linalg.inv({x:regular})", "np.linalg.det({x:regular})", "np.linalg.det({x})",
        "np.linalg.slogdet({x:regular})[1]", "np.linalg.slogdet({x:regular}).logabsdet",
        "np.linalg.cholesky({x:regular} @ np.swapaxes({x:regular}, -1, -2))", "np.linalg.solve({x:regular}, {same})",
        "np.linalg.eigvalsh({x:distinct} + np.swapaxes({x:distinct}, -1, -2))",
        "np.linalg.eigh({x:distinct} + np.swapaxes({x:distinct}, -1, -2))[0]",
        "np.linalg.eigh({x:distinct} + np.swapaxes({x:distinct}, -1, -2))[1] ** 2",
        "np.linalg.svd({x:distinct}, compute_uv=False)", "np.linalg.svd({x:distinct})[1]",
        "np.linalg.svd({x:distinct})[0] ** 2", "np.linalg.svdvals({x:distinct})", "np.linalg.pinv({x:regular})",
        "np.linalg.qr({x:regular})[0] ** 2", "np.linalg.qr({x:regular})[1] ** 2", "np.linalg.matrix_norm({x:regular})",
        "np.linalg.norm({x:distinct}, ord=2, axis=(-2, -1))", "np.linalg.norm({x:distinct}, ord='nuc', axis=(-2, -1))",
        "np.linalg.cond({x:distinct})", "np.linalg.eigvals({x:distinct}).real", "np.linalg.eig({x:distinct})[0].real",
        "np.linalg.inv({x:phases})", "np.linalg.det({x:phases})", "np.linalg.slogdet({x:phases})[1]",
        "np.linalg.eigvalsh({x:phases} @ np.conj(np.swapaxes({x:phases}, -1, -2)) + np.diag(np.arange({rank})))",
        "np.linalg.cholesky({x:phases} @ np.conj(np.swapaxes({x:phases}, -1, -2)))",
        "np.linalg.tensorinv({x:regular}, ind=1)",
    ),
    *rows(
        square,
        "np.linalg.solve({x:regular}, {z})", "np.linalg.solve({x:phases}, {z})", "np.linalg.lstsq({x:regular}, {z})[0]",
        also=solves,
    ),
    *rows(
        one_square,
        "np.linalg.lstsq(np.concatenate([{x:regular}, {same}]), np.arange(2.0 * {rank}))[0]",
        "np.linalg.pinv(np.concatenate([{x:regular}, {same}]))", "np.linalg.norm({x:regular}, 'fro')",
        "np.linalg.tensorsolve({x:regular}, np.ones({rank}))",
    ),
]  # fmt: skip

FOURIER = [
    *rows(
        filled,
        "np.fft.fft({x})", "np.fft.fft({x}, n=3, axis={axis})", "np.fft.fft({x}, axis=0, norm='ortho')",
        "np.fft.ifft({x}, axis={axis})", "np.fft.ifft(np.fft.fft({x}) * {c})", "np.fft.fft2({x})", "np.fft.ifft2({x})",
        "np.fft.fftn({x})", "np.fft.ifftn({x}, norm='forward')", "np.fft.irfft({x})", "np.fft.irfft({x}, n=3)",
        "np.fft.hfft({x})", "np.fft.ifftshift({x})",
    ),
    *rows(
        some,
        "np.fft.rfft({x})", "np.fft.rfft({x}, axis={axis}, norm='ortho')", "np.fft.irfft(np.fft.rfft({x}), n={length})",
        "np.fft.rfft2({x})", "np.fft.rfftn({x})", "np.fft.irfftn(np.fft.rfftn({x}))", "np.fft.ihfft({x})",
        "np.fft.ifft(np.fft.fft({x})).real",
    ),
]  # fmt: skip

SPECIAL = [
    *rows(
        real,
        *each("special.$({x})", "erf expit log_expit j0 j1 exprel dawsn"),
        *each("special.$({x:unit})", "erfc erfcx erfinv i0 i1 i0e i1e ndtr log_ndtr ellipk"),
        *each("special.$({x:positive})", "gammaln gamma digamma psi loggamma rgamma y0 y1 k0 k1 entr exp1"),
        "special.logit(0.5 + 0.4 * np.tanh({x}))", "special.ndtri(0.5 + 0.4 * np.tanh({x}))",
        "special.xlogy({x:positive}, {y:positive})", "special.xlog1py({x:positive}, {y:positive})",
        "special.rel_entr({x:positive}, {y:positive})", "special.kl_div({x:positive}, {y:positive})",
        "special.beta({x:positive}, {y:positive})", "special.betaln({x:positive}, {y:positive})",
        "special.polygamma(1, {x:positive})", "special.jv(2, {x:positive})",
        "special.gammainc({c_positive}, {x:positive})", "special.gammaincc({c_positive}, {x:positive})",
        "special.logsumexp({x})", "special.logsumexp({x}, axis={axes}, keepdims={keep})",
        "special.softmax({x}, axis={axes})", "special.log_softmax({x}, axis={axis})",
        "special.pseudo_huber({c_positive}, {x})", "special.boxcox({x:positive}, {c_positive})",
        "special.multigammaln({x:above}, 2)",
    ),
]  # fmt: skip

OPTIONS = [
    *rows(filled, "np.take({x}, 4, axis={axis}, mode='wrap')"),
    *rows(
        number,
        "np.sum({x}, axis={axes}, where={mask})", "np.sum({x}, initial={c})", "np.mean({x}, axis={axes}, where={mask})",
        "np.prod({x}, axis={axes}, where={mask}, initial={c})", "np.diff({x}, axis=-1, prepend=0.5)",
        ),
    *rows(some, "np.max({x}, initial=-9.0)", "np.min({x}, axis={axes}, where={mask}, initial=9.0)", apart="gaps({x})"),
]  # fmt: skip
