"""Checks of what is given to the functions of this chapter."""


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not (whole and value >= least):
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
