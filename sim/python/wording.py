"""Numbers and values in messages."""

LONGEST_VALUE = 60


def counted(number, noun):
    """`1 layer`, `2 layers`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def shortened(value):
    """A value as a message shows it, cut where it is long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."


def first_difference(name, one, two):
    """(name, value of `one`, value of `two`) of the innermost place where JSON values first differ; None if nowhere.

    `name` is that of the values; places read `name.key[index]`. A list of another length is named as a whole.
    """
    if isinstance(one, dict) and isinstance(two, dict):
        keys = sorted(one.keys() | two.keys())
        places = ((f"{name}.{key}", one.get(key, "nothing"), two.get(key, "nothing")) for key in keys)
    elif isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            return name, counted(len(one), "item"), counted(len(two), "item")
        places = ((f"{name}[{i}]", *pair) for i, pair in enumerate(zip(one, two, strict=True)))
    else:
        return None if one == two else (name, shortened(one), shortened(two))
    return next(filter(None, (first_difference(*place) for place in places)), None)
