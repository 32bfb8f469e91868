"""Arguments checked: counts, numbers in an interval, confidence levels."""


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless the value is an integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Raise unless the value is a number in [low, high]."""
    if not (isinstance(value, int | float) and low <= value <= high):
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value!r}")


def check_level(level: float) -> None:
    """Raise unless the level of confidence lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level!r}")
