"""Other tools on the same f: HIPS autograd on f itself, the others on its recorded graph, a small file each.

Engines are imported by name: most machines lack some of them, and there type checkers would not find what they define.
"""
