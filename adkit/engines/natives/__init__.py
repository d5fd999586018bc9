"""adkit's problems as somebody who writes for one engine would write them, in that engine's best idiom.

`NATIVE` of each file maps the place of a problem's f to what makes its native version: given the arguments of f once,
it returns a function of such arguments that returns value and gradient in floats and NumPy arrays. Handing the
arguments over and the results back is part of the call; arrays of data may be the engine's own already.
"""
