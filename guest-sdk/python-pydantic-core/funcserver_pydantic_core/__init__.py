"""pydantic-core for WebAssembly: the package `pydantic_core` in this folder, for CPython 3.14 on WASI.

`python -m funcserver.build` puts it into the component in place of the machine's own pydantic-core. Natively nothing
imports it.
"""
