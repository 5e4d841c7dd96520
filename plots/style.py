"""The look that all figures share: sizes, fonts, colours, number formats, heading."""

from matplotlib.figure import Figure

DPI = 100
WIDTH_INCHES = 11.0
HEADING_INCHES = 0.85
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
    "svg.hashsalt": "spikeloom",
}

# Energy groups from the bottom of every stack to its top: (label, colour). After Paul Tol's "muted" scheme,
# which keeps apart for colour-blind readers; bursts (DRAM) lie on top so that they do not shift the rest.
GROUPS = {
    "leakage": ("leakage", "#BBBBBB"),
    "control": ("control", "#222222"),
    "accumulate": ("accumulate", "#882255"),
    "slope_and_membrane": ("slope and membrane", "#CC6677"),
    "threshold_and_firing": ("threshold and firing", "#661100"),
    "dequantize_and_requantize": ("dequantize, requantize", "#EE7733"),
    "weight_read_write": ("weight read and write", "#117733"),
    "activations": ("activations", "#999933"),
    "encoder": ("encoder", "#DDCC77"),
    "vector_unit": ("vector unit", "#AA4499"),
    "noc": ("network on chip", "#44AA99"),
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
    """Empty figure with its heading; the heading takes the top HEADING_INCHES.

    Synthetic data is labelled in the top right corner, where no title reaches.
    """
    picture = Figure(figsize=(width_inches, height_inches), dpi=DPI, facecolor="white")
    left = 0.15 / width_inches
    picture.text(
        left, 1 - 0.12 / height_inches, title, va="top", fontsize=14, fontweight="bold", gid="title"
    )
    picture.text(left, 1 - 0.45 / height_inches, describe_run(results.report), va="top", fontsize=10, color=QUIET)
    if results.report["synthetic"]:
        _label_synthetic(picture, width_inches, height_inches)
    return picture


def place(picture, left, top, width, height, **options):
    """Axes at a place in inches, from the figure's upper left corner."""
    figure_width, figure_height = picture.get_size_inches()
    box = (left / figure_width, 1 - (top + height) / figure_height, width / figure_width, height / figure_height)
    return picture.add_axes(box, **options)


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
    """One line that tells runs apart."""
    trace, chip = report["trace"], report["chip"]
    tokens = f"{trace['tokens']:,} token" + ("s" if trace["tokens"] != 1 else "")
    return (
        f"Layer {trace['layer']} of {trace['model']}, {tokens}  |  {chip['name']}: "
        f"{chip['width']} × {chip['height']} tiles, {chip['clock_mhz']:g} MHz, "
        f"{chip['payload'].replace('_', ' ')}, {chip['spike_code']}  |  {report['technology']}"
    )


def energy(pj):
    """Energy in the unit that leaves 1 to 999 before the point, four digits."""
    return _with_prefix(pj, ("pJ", "nJ", "µJ", "mJ", "J"))


def power(mw):
    """Power in the unit that leaves 1 to 999 before the point, four digits."""
    return _with_prefix(mw * 1e6, ("nW", "µW", "mW", "W"))


def _with_prefix(value, units):
    unit = 0
    while unit + 1 < len(units) and float(f"{value:.4g}") >= 1000:
        value, unit = value / 1000, unit + 1
    return f"{f'{value:#.4g}'.rstrip('.')} {units[unit]}"


def share(part):
    """Share of 1 in per cent, one digit after the point."""
    return "<0.1 %" if 0 < part < 0.0005 else f"{part:.1%}".replace("%", " %")


def operations(phase, separator=", "):
    """Name of a phase: its operations."""
    return separator.join(phase["operations"])


def no_groups(groups):
    """Note that names the groups that spent nothing; empty without any."""
    names = [f"no {GROUPS[group][0]}" for group in GROUPS if group in groups]
    return f"Nothing spent in this run: {', '.join(names)}.".replace(": no ", ": ").replace(", no ", "; ") if names else ""
