"""What tests count or wait for outside the function that a sweep calls.

A sweep's cache reads by value what its function refers to, but not what the functions
of another module, such as these, refer to.
"""

import threading

calls = []
limits = []
dealt_with = threading.Event()


def forget():
    """Count from zero, without a limit."""
    calls.clear()
    limits.clear()
    dealt_with.clear()


def note(call):
    """Count a call; one beyond the limit is interrupted."""
    if limits and len(calls) >= limits[0]:
        raise KeyboardInterrupt
    calls.append(call)


def wait():
    """Wait until a failure has been dealt with; whether it was in time."""
    return dealt_with.wait(timeout=10)
