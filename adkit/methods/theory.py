"""How many times the operations of f a derivative takes at most, as the theory of automatic differentiation has it.

Counted are additions, subtractions, multiplications, divisions and elementary functions, each as one, and nothing for
moving numbers about. An operation of f is followed

    forward, per direction, by at most 3: of a product u*v, two multiplications and an addition for u*dv + v*du
    backward, per output, by at most 4: of a product, two multiplications by the cotangent and two additions to what the
    factors have received already

so that the gradient by the reverse mode takes at most 5 times f, for any number of inputs: W. Baur & V. Strassen
(1983), The complexity of partial derivatives, Theoretical Computer Science 22; A. Griewank & A. Walther (2008),
Evaluating Derivatives, sections 3.2 and 3.3, who count memory accesses too and have [2, 5/2] for one tangent and [3, 4]
for a gradient. Both take it that the partial derivatives of an elementary function cost about as much as the function,
which is not so of eigenvalues, say, nor where f does little but move and repeat numbers: the transpose of that adds.
"""

from __future__ import annotations

PER_DIRECTION = 3
PER_OUTPUT = 4


def forward_bound(passes: int, inputs: int) -> float:
    """f is run in each pass, and followed along each direction once."""
    return passes + PER_DIRECTION * inputs


def reverse_bound(outputs: int) -> float:
    """f is recorded once, and followed backwards for each output."""
    return 1 + PER_OUTPUT * outputs
