"""A host of `wasi:http` in Python, as strict as the real one where an adapter could err."""
