import time

from wit_world.imports.poll import Pollable


def subscribe_duration(nanoseconds: int) -> Pollable:
    assert nanoseconds >= 0
    return Pollable(time.monotonic() + nanoseconds / 1e9)
