"""The point that --at names: written out, kept in a file, or returned by a function."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import adkit as ad
from adkit.loading import subject

MODEL = """
import numpy as np

def loss(w, b, *, scale=1.0):
    return scale * np.sum(np.tanh(w * b) ** 2)

def power(x, n):
    return np.sum(x**n)

def network(params):
    return np.sum(params["w"]) ** 2 + params["b"]

def anything(*xs):
    return sum(np.sum(x) for x in xs)

def extra(x, **named):
    return x * sum(np.sum(part) for part in named.values())

def middle(a, b=2.0, c=3.0):
    return a * b * c

def names(labels, x, mask):
    return np.sum(x[np.asarray(mask, int)])

def nested(layers):
    return sum(np.sum(layer["w"]) for layer in layers)

def start():
    return np.array([1.0, 2.0]), 0.5

def by_name():
    return {"b": 0.5, "w": np.array([1.0, 2.0]), "scale": 3.0}

def params():
    return {"w": np.array([1.0, 2.0]), "b": 0.5}

def typo():
    return {"w": np.array([1.0, 2.0]), "bb": 0.5}

def alone():
    return np.array([1.0, 2.0])

def broken():
    return 1 / 0

def changes(x):
    x *= 2.0
    return np.sum(x)

constant = (np.array([1.0, 2.0]), 0.5)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return str(tmp_path / "model.py")


def read(home: str, name: str, at: str):
    """The arguments that --at means for a function of the model."""
    found = subject(f"{home}:{name}", at, None, None)
    return found.args, dict(found.kwargs), found.argnums


def same(got, wanted) -> None:
    np.testing.assert_equal(got, wanted)


W = np.array([1.0, 2.0])


# -- a JSON file -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "content", "args", "kwargs", "argnums"),
    [
        ("loss", "[[1, 2], 0.5]", (W, 0.5), {}, (0, 1)),
        ("loss", '{"b": 0.5, "w": [1, 2]}', (W, 0.5), {}, (0, 1)),
        ("loss", '{"b": 0.5, "scale": 3.0, "w": [1, 2]}', (W, 0.5), {"scale": 3.0}, (0, 1)),
        ("power", '{"x": [1, 2], "n": 3}', (W, 3), {}, (0,)),
        ("power", "[2, 3]", (2, 3), {}, (0, 1)),
        ("network", '[{"w": [1, 2], "b": 0.5}]', ({"w": W, "b": 0.5},), {}, (0,)),
        ("network", '{"params": {"w": [[1, 2]], "b": 0.5}}', ({"w": W[None], "b": 0.5},), {}, (0,)),
        ("extra", '{"x": 1.0, "more": [1, 2]}', (1.0,), {"more": W}, (0,)),
        ("names", '[["a", "b"], [1, 2], [true, false]]', (["a", "b"], W, np.array([True, False])), {}, (1,)),
        ("nested", '[[{"w": [1, 2]}, {"w": [[3]]}]]', ([{"w": W}, {"w": np.array([[3.0]])}],), {}, (0,)),
        ("middle", '{"a": 1.0, "c": 4.0}', (1.0, 2.0, 4.0), {}, (0, 1, 2)),
        ("middle", "2.5", (2.5,), {}, (0,)),
    ],
)
def test_a_json_file_holds_a_list_of_arguments_or_a_dict_by_name(home, name, content, args, kwargs, argnums) -> None:
    Path("point.json").write_text(content)
    same(read(home, name, "point.json"), (args, kwargs, argnums))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("loss", "[[1, 2], 0.5", "point.json is not JSON"),
        ("loss", "[" * 100_000, "point.json is not JSON"),
        ("loss", "null", "point.json holds null, where a list of the arguments of loss is expected"),
        ("loss", '"w"', "with its parameters w, b, scale as keys"),
        ("loss", '{"w": [1, 2], "bb": 0.5}', "unknown key in point.json, which names the parameters of loss: 'bb'"),
        ("network", '{"w": [1, 2], "b": 0.5}', "to pass the dict as one argument, put it in a list"),
        ("loss", '{"w": [1, 2]}', "point.json lacks the key 'b': loss needs w, b, scale"),
        ("loss", '{"w": [1], "w": [2], "b": 1}', "point.json has the key 'w' twice"),
        ("loss", '{"w": [[1, 2], [3]], "b": 0.5}', "point.json: w is a ragged list"),
        ("loss", "[[1, [2]], 0.5]", "point.json: argument 0 is a ragged list"),
        ("loss", "[[1, null], 0.5]", "point.json: argument 0 holds null among its numbers"),
        ("network", '{"params": {"w": [[1], 2], "b": 1}}', "point.json: params['w'] is a ragged list"),
        ("loss", f"[[1{'0' * 400}], 0.5]", "too large for a float"),
        ("network", "[1, 2, 3]", "gives 3 arguments and network takes 1"),
    ],
)
def test_what_is_wrong_with_a_json_file_is_said_with_its_key(home, name, content, message) -> None:
    Path("point.json").write_text(content)
    with pytest.raises(ad.BadRequest) as refusal:
        read(home, name, "point.json")
    assert message in str(refusal.value)


def test_a_json_file_in_another_encoding_is_no_json(home) -> None:
    Path("point.json").write_bytes("[1, 2]".encode("utf-16"))
    with pytest.raises(ad.BadRequest, match=r"point\.json is not JSON"):
        read(home, "loss", "point.json")


# -- NumPy's files ---------------------------------------------------------------------------------
def test_an_npy_file_holds_one_argument(home) -> None:
    np.save("x.npy", np.ones((2, 3), np.float32))
    (x,), kwargs, argnums = read(home, "anything", "x.npy")
    assert (x.shape, x.dtype, kwargs, argnums) == ((2, 3), np.float32, {}, (0,))
    np.save("n.npy", 2.5)
    assert read(home, "middle", "n.npy") == ((2.5,), {}, (0,))


@pytest.mark.parametrize("names", [("w", "b"), ("arg0", "arg1"), ("arr_0", "arr_1")])
def test_an_npz_file_holds_arrays_by_name_or_numbered(home, names) -> None:
    np.savez("point.npz", **dict(zip(reversed(names), (0.5, W), strict=True)))
    same(read(home, "loss", "point.npz"), ((W, 0.5), {}, (0, 1)))


def test_keyword_only_parameters_and_whole_numbers_come_from_an_npz_file_too(home) -> None:
    np.savez("point.npz", w=W, b=0.5, scale=3.0)
    same(read(home, "loss", "point.npz"), ((W, 0.5), {"scale": 3.0}, (0, 1)))
    np.savez("point.npz", x=W, n=3)
    same(read(home, "power", "point.npz"), ((W, 3), {}, (0,)))
    np.savez("point.npz", x=W, n=np.array([3, 2]))
    same(read(home, "power", "point.npz"), ((W, np.array([3, 2])), {}, (0,)))


def test_a_point_of_a_hundred_thousand_numbers_is_read(home) -> None:
    x = np.linspace(0.0, 1.0, 100_000)
    np.save("x.npy", x)
    Path("x.json").write_text(json.dumps([x.tolist(), 2]))
    same(read(home, "anything", "x.npy")[0], (x,))
    found = subject(f"{home}:power", "x.json", None, None)
    same(found.args, (x, 2))
    assert found.point == "x.json, argument 1 held fixed"


def test_pickles_and_other_files_are_refused_and_never_run(home) -> None:
    class Trap:
        def __reduce__(self):
            return Path.touch, (Path("sprung"),)

    Path("trap.npy").write_bytes(pickle.dumps(Trap()))
    np.save("objects.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez("objects.npz", w=np.array([Trap()], dtype=object))
    Path("sprung").unlink(missing_ok=True)
    for file, message in [
        ("trap.npy", "trap.npy holds Python objects or no array at all"),
        ("objects.npy", "objects.npy holds Python objects"),
        ("objects.npz", "objects.npz: w holds Python objects"),
    ]:
        with pytest.raises(ad.BadRequest, match=message):
            read(home, "loss", file)
    assert not Path("sprung").exists()


def test_what_is_wrong_with_numpys_files_is_said(home) -> None:
    Path("empty.npy").write_bytes(b"")
    np.save("words.npy", np.array(["a", "b"]))
    np.save("whole.npy", W)
    Path("cut.npy").write_bytes(Path("whole.npy").read_bytes()[:-4])
    Path("cut.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez("several.npz", w=W, b=0.5)
    Path("several.npz").rename("several.npy")
    Path("whole.npy").rename("whole.npz")
    np.savez("strange.npz", w=W, bias=0.5)
    np.savez("lacking.npz", b=0.5)
    np.savez("gap.npz", arg0=W, arg2=0.5)
    for file, message in [
        ("empty.npy", "empty.npy cannot be read"),
        ("words.npy", "words.npy holds <U1, where numbers are expected"),
        ("cut.npy", "cut.npy cannot be read"),
        ("cut.npz", "cut.npz cannot be read"),
        ("several.npy", "name it several.npz"),
        ("whole.npz", "name it whole.npy"),
        ("strange.npz", "which names the parameters of loss: 'bias'"),
        ("lacking.npz", "lacking.npz lacks the key 'w'"),
        ("gap.npz", "or numbered from arg0"),
        ("nowhere.npz", "unknown file 'nowhere.npz'"),
        ("words.csv", r"a point is read from \.json, \.npy, \.npz files, not from words\.csv"),
    ]:
        with pytest.raises(ad.BadRequest, match=message):
            read(home, "loss", file)


# -- a function ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "at", "args", "kwargs"),
    [
        ("loss", "start", (W, 0.5), {}),
        ("loss", "constant", (W, 0.5), {}),
        ("loss", "by_name", (W, 0.5), {"scale": 3.0}),
        ("network", "params", ({"w": W, "b": 0.5},), {}),
        ("network", "model.py:params", ({"w": W, "b": 0.5},), {}),
        ("loss", "other.py:beginning", ([1.0], 2.0), {}),
    ],
)
def test_a_function_returns_the_point(home, name, at, args, kwargs) -> None:
    Path("other.py").write_text("import numpy as np\ndef beginning():\n    return np.array([1.0]), 2.0\n")
    found = read(home, name, at)
    same(found[:2], (args, kwargs))
    assert found[2] == tuple(range(len(args)))


@pytest.mark.parametrize(
    ("name", "at", "message"),
    [
        ("loss", "strt", "Did you mean 'start'?"),
        ("loss", "nowhere.py:start", "unknown file 'nowhere.py'"),
        ("loss", "typo", "unknown key in what typo returned, which names the parameters of loss: 'bb'"),
        ("loss", "broken", r"broken\(\) raised ZeroDivisionError: division by zero, at .*model\.py:44"),
        ("loss", "loss", r"loss\(\) raised TypeError: .* missing 2 required positional arguments"),
        ("loss", "alone", "f raised TypeError: .*missing 1 required positional argument: 'b'"),
    ],
)
def test_a_function_that_returns_no_point_is_told(home, name, at, message) -> None:
    with pytest.raises(ad.BadRequest, match=message):
        read(home, name, at)


def test_a_function_that_changes_its_input_does_not_change_the_point(home) -> None:
    np.save("x.npy", W)
    same(read(home, "changes", "x.npy")[0], (W,))


# -- written out -----------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["one, two", "1, [2", "{[1]: 2}", "f(1)", "1 +"])
def test_what_is_no_point_is_told_the_forms_there_are(home, text) -> None:
    with pytest.raises(ad.BadRequest, match=r"--at takes numbers and lists of numbers.*a file \(.json, .npy, .npz\)"):
        read(home, "loss", text)


@pytest.mark.parametrize(
    ("at", "kwargs"),
    [("[1, 2], 0.5", {}), ("b=0.5, w=[1, 2]", {}), ("[1, 2], b=0.5, scale=3.0", {"scale": 3.0}), ("[1, 2], 0.5,", {})],
)
def test_arguments_are_written_as_in_a_call(home, at, kwargs) -> None:
    same(read(home, "loss", at), ((W, 0.5), kwargs, (0, 1)))


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("[1, 2], 0.5, w=1.0", "--at gives w of loss twice"),
        ("[1, 2], bb=0.5", "unknown key in --at, which names the parameters of loss: 'bb'"),
        ("[1, 2], scale=0.5", "--at lacks the key 'b'"),
        ("*[1, 2]", "--at takes numbers"),
        ("**{'w': 1.0}", "--at takes numbers"),
        ("1.0)(2.0", "--at takes numbers"),
    ],
)
def test_names_that_do_not_fit_are_told(home, at, message) -> None:
    with pytest.raises(ad.BadRequest, match=re.escape(message)):
        read(home, "loss", at)


def test_a_list_of_words_is_no_array_of_numbers(home) -> None:
    assert subject(f"{home}:names", "['1', '2'], [1, 2], [0]", None, None).args[0] == ["1", "2"]


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("[[1, 2], [3]], 0.5", "--at has the ragged list [[1, 2], [3]]"),
        ("w=[1, [2]], b=0.5", "--at has the ragged list [1, [2]]"),
        ("[None, 1], 0.5", "--at has None among the numbers"),
        ("[" + "9" * 400 + "], 0.5", "--at has a whole number that is too large"),
        ("['a'], ['b']", "--at gives, there is no number"),
        ("[], 'a'", "--at gives, there is no number"),
    ],
)
def test_a_point_that_is_none_is_blamed_on_the_point(home, at, message) -> None:
    with pytest.raises(ad.BadRequest, match=re.escape(message)):
        read(home, "loss", at)


def test_numbers_that_have_names_are_numbers(home) -> None:
    same(read(home, "loss", "[nan, 1], -inf")[0], (np.array([np.nan, 1.0]), -np.inf))


@pytest.mark.parametrize("argnums", ["2", "0,5", "-3"])
def test_positions_beyond_the_arguments_are_refused_when_they_are_read(home, argnums) -> None:
    with pytest.raises(ad.BadRequest, match="asks for an argument that is not there: loss has 2"):
        subject(f"{home}:loss", "[1, 2], 0.5", argnums, None)


def test_a_position_may_be_that_of_a_default(home) -> None:
    assert subject(f"{home}:middle", "1.0", "2", None).argnums == (2,)
