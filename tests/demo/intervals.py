"""The intervals of rates and of their differences, written down from the papers and not from our code."""

Z = 1.959963984540054


def wilson(hits, of):
    if not of:
        return 0.0, 1.0
    middle = (hits + Z * Z / 2) / (of + Z * Z)
    reach = Z / (of + Z * Z) * (hits * (of - hits) / of + Z * Z / 4) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)


def newcombe(before, now):
    """Of (hits, of) twice: the change, and the square-and-add interval (method 10)."""
    (was, of_was), (is_, of_is) = before, now
    first, last = was / of_was, is_ / of_is
    (was_low, was_high), (is_low, is_high) = wilson(*before), wilson(*now)
    change = last - first
    down = ((last - is_low) ** 2 + (was_high - first) ** 2) ** 0.5
    up = ((is_high - last) ** 2 + (first - was_low) ** 2) ** 0.5
    return change, max(-1.0, change - down), min(1.0, change + up)
