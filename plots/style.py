"""The look that all figures share: sizes, fonts, colours, number formats, heading."""

from matplotlib.figure import Figure

DPI = 100
WIDTH_INCHES = 11.0
HEADING_INCHES = 0.85
LINE_LETTERS = 130  # that fit in a line of the heading
INK, QUIET, FAINT = "#222222", "#666666", "#DDDDDD"

SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}

ENERGY_UNITS = [(1, "pJ"), (1e3, "nJ"), (1e6, "µJ"), (1e9, "mJ"), (1e12, "J")]
POWER_UNITS = [(1e-6, "nW"), (1e-3, "µW"), (1, "mW"), (1e3, "W")]

# Energy groups from the bottom of every stack to its top: (label, colour). Colours of Tol, Okabe and Ito,
# chosen so that all twelve keep apart with deuteranopia and protanopia too (CIELAB distance above 20).
# DRAM lies on top, where its bursts do not shift the rest.
GROUPS = {
    "leakage": ("leakage", "#BBBBBB"),
    "control": ("control", "#222222"),
    "arithmetic": ("arithmetic", "#AA3377"),
    "partial_sums": ("partial sums", "#CC6677"),
    "threshold_and_firing": ("threshold and firing", "#661100"),
    "dequantize_and_requantize": ("dequantize, requantize", "#F0E442"),
    "weight_read_write": ("weight read and write", "#228833"),
    "activations": ("activations", "#AAAA00"),
    "encoder": ("encoder", "#DDCC77"),
    "vector_unit": ("vector unit", "#33BBEE"),
    "noc": ("network on chip", "#0077BB"),
    "dram": ("DRAM", "#332288"),
}

# States of a block's cycles from left to right: (label, colour).
STATES = {
    "busy": ("busy", "#117733"),
    "stalled_input": ("stalled: waits for input", "#DDCC77"),
    "stalled_weights": ("stalled: waits for weights", "#CC6677"),
    "stalled_membrane": ("stalled: waits for a membrane set", "#AA4499"),
    "stalled_output": ("stalled: output full", "#332288"),
    "idle": ("idle", "#DDDDDD"),
}


def figure(results, title, height_inches, width_inches=WIDTH_INCHES):
    """Empty figure of a run, with its heading."""
    run = describe_run(results.report)
    return headed_figure(title, run, results.report["synthetic"], height_inches, width_inches)


def headed_figure(title, origin, synthetic, height_inches, width_inches=WIDTH_INCHES):
    """Empty figure with its heading and a line on where the data comes from; they take the top HEADING_INCHES.

    Synthetic data is labelled in the top right corner, where no title reaches.
    """
    picture = Figure(figsize=(width_inches, height_inches), dpi=DPI, facecolor="white")
    left = 0.15 / width_inches
    picture.text(left, 1 - 0.12 / height_inches, title, va="top", fontsize=14, fontweight="bold")
    picture.text(left, 1 - 0.45 / height_inches, origin, va="top", fontsize=10, color=QUIET)
    if synthetic:
        _label_synthetic(picture, width_inches, height_inches)
    return picture


def place(picture, left, top, width, height):
    """Axes at a place in inches, from the figure's upper left corner."""
    whole_width, whole_height = picture.get_size_inches()
    lower = whole_height - top - height
    box = (left / whole_width, lower / whole_height, width / whole_width, height / whole_height)
    return picture.add_axes(box)


def note(picture, text):
    """A small note in the lower left corner."""
    width, height = picture.get_size_inches()
    picture.text(0.15 / width, 0.12 / height, text, fontsize=9, color=QUIET)


def _label_synthetic(picture, width_inches, height_inches):
    picture.text(
        1 - 0.2 / width_inches,
        1 - 0.16 / height_inches,
        "SYNTHETIC DATA",
        ha="right",
        va="top",
        fontsize=13,
        fontweight="bold",
        color="white",
        bbox={"facecolor": "#BB2200", "edgecolor": "none", "boxstyle": "square,pad=0.3"},
    )


def describe_run(report):
    """A line that tells runs apart, or two where one is too short."""
    chip, source = report["chip"], report["model" if "model" in report else "trace"]
    tokens = f"{source['tokens']:,} token" + ("s" if source["tokens"] != 1 else "")
    if "model" in report:
        layer = f"{len(report['layers'])} of {source['layers_of_model']} layers of {source['name']}, "
        layer += f"{source['case']}: {tokens}"
    else:
        layer = f"Layer {source['layer']} of {source['model']}, {tokens}"
    machine = (
        f"{chip['name']}: {chip['width']} × {chip['height']} tiles, {chip['clock_mhz']:g} MHz, "
        f"{chip['payload'].replace('_', ' ')}, {chip['arithmetic']}  |  {report['technology']}"
    )
    return layer + ("  |  " if len(layer + machine) < LINE_LETTERS else "\n") + machine


def energy(pj):
    """Energy in the unit that leaves 1 to 999 before the point, four digits."""
    size, unit = energy_unit(pj)
    return f"{f'{pj / size:#.4g}'.rstrip('.')} {unit}"


def energy_unit(pj):
    """(pJ per unit, unit) for an axis that ends at `pj`."""
    return _unit_of(pj, ENERGY_UNITS)


def power_unit(mw):
    """(mW per unit, unit) for an axis that ends at `mw`: mW as far as that reads well."""
    return _unit_of(mw, POWER_UNITS) if mw < 1 or mw >= 1e5 else (1, "mW")


def _unit_of(value, units):
    fitting = [unit for unit in units if float(f"{value:.4g}") >= unit[0]]
    return fitting[-1] if fitting else units[0]


def share(part):
    """Share of 1 in per cent, one digit after the point."""
    return "<0.1 %" if 0 < part < 0.0005 else f"{part:.1%}".replace("%", " %")


def operations(phase, separator=", "):
    """Name of a phase: its operations."""
    return separator.join(phase["operations"])


def bill_groups(bills):
    """{group: (label, colour)} of the groups that some of the bills ({group: pJ}) spend on, in stacking order."""
    return {group: look for group, look in GROUPS.items() if any(bill.get(group) for bill in bills)}


def nothing_spent(groups):
    """Note that names the groups that spent nothing; empty without any."""
    names = [label for group, (label, _) in GROUPS.items() if group in groups]
    return f"Not drawn, nothing spent in this run: {'; '.join(names)}" if names else ""
