"""A computation with its derivative written down as one graph, the rules of the table taken apart."""
