"""Containers are taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adkit.containers import count, flatten, flatten_like, paths, unflatten

Point = namedtuple("Point", "x y")


@dataclass(frozen=True, slots=True)
class Layer:
    weight: object
    bias: object

    def __post_init__(self):
        assert self.weight is not None


LEAVES = st.floats(allow_nan=False)
TREES = st.recursive(
    LEAVES,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.lists(parts, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), parts, max_size=3)
        | st.tuples(parts, parts).map(lambda pair: Point(*pair))
        | st.tuples(parts, parts).map(lambda pair: Layer(*pair))
    ),
    max_leaves=8,
)


@given(TREES)
def test_unflatten_undoes_flatten(tree):
    leaves, structure = flatten(tree)
    rebuilt = unflatten(structure, leaves)
    assert rebuilt == tree
    assert type(rebuilt) is type(tree)
    assert count(structure) == len(leaves) == len(paths(tree))


@given(TREES)
def test_structures_compare_and_hash_by_shape_and_not_by_leaves(tree):
    leaves, structure = flatten(tree)
    _, other = flatten(unflatten(structure, [0.0] * len(leaves)))
    assert structure == other
    assert hash(structure) == hash(other)


@given(TREES)
def test_paths_name_the_leaves_as_python_does(tree):
    for path, leaf in zip(paths(tree, "tree"), flatten(tree)[0], strict=True):
        assert eval(path) == leaf


@pytest.mark.parametrize("tree", [[], (), {}, [[], ()], {"a": {}}])
def test_empty_containers_have_no_leaves(tree):
    leaves, structure = flatten(tree)
    assert leaves == []
    assert unflatten(structure, []) == tree


@pytest.mark.parametrize("special", [OrderedDict(a=1.0), defaultdict(list, a=1.0)])
def test_special_dicts_become_plain_ones(special):
    rebuilt = unflatten(flatten(special)[1], [2.0])
    assert type(rebuilt) is dict
    assert rebuilt == {"a": 2.0}


def test_special_lists_become_plain_ones_and_named_tuples_stay():
    class Stack(list):
        pass

    assert type(unflatten(flatten(Stack([1.0]))[1], [2.0])) is list
    assert unflatten(flatten(Point(1.0, 2.0))[1], [3.0, 4.0]) == Point(3.0, 4.0)


@pytest.mark.parametrize(
    ("like", "tree", "leaves"),
    [
        (1.0, 2.0, [2.0]),
        (1.0, [2.0, 3.0], [[2.0, 3.0]]),
        ([0, 0], (1, 2), [1, 2]),
        ({"a": 0, "b": 0}, {"b": 2, "a": 1}, [1, 2]),
        ([0, {"k": (0, 0)}], [1, {"k": [2, 3]}], [1, 2, 3]),
        (Point(0, 0), (1, 2), [1, 2]),
    ],
)
def test_flatten_like_follows_the_structure_it_is_given(like, tree, leaves):
    assert flatten_like(flatten(like)[1], tree) == leaves


@pytest.mark.parametrize(
    ("like", "tree"),
    [
        ([0, 0], [1]),
        ([0, 0], 1),
        ([0, 0], {0: 1, 1: 2}),
        ({"a": 0}, {"b": 1}),
        ({"a": 0}, {"a": 1, "b": 2}),
        ({"a": 0}, [1]),
        ([0, [0]], [1, 2]),
        ((), (1,)),
    ],
)
def test_flatten_like_knows_another_structure(like, tree):
    assert flatten_like(flatten(like)[1], tree) is None
