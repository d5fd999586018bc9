"""A recorded computation as straight-line code."""
