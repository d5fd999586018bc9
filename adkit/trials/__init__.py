"""Difficult functions, whose derivatives are known, and how adkit and its peers fare with them."""
