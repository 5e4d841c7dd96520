"""Where every block's cycles went: busy, stalled by cause, idle."""

import re

from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from spikeloom.plots import style

BLOCK = re.compile(r"chip\.(?:tile_(\d+)_(\d+)|memory_(\d+))\.([a-z_]+?)(?:_(\d+))?")
KINDS = {
    "synapse_array": "Synapse arrays",
    "mac_array": "MAC arrays",
    "float_array": "Float arrays",
    "neuron_array": "Neuron arrays, firing",
    "dequantizer": "Dequantizers",
    "encoder": "Spike encoders",
    "dram": "DRAM",
    "weight_loader": "Weight loaders",
}
ROW_INCHES, PANEL_INCHES, GAP_INCHES = 0.25, 2.5, 0.65
LETTER_INCHES = 0.085


def blocks_by_kind(activity_cycles):
    """{kind: [(label, {state: cycles})]}: tiles row by row, memory nodes by number."""
    found = []
    for name, states in activity_cycles.items():
        match = BLOCK.fullmatch(name)
        if match:
            x, y, node, kind, port = match.groups()
            label = f"tile {x},{y}" if node is None else f"memory {node}"
            label += f", port {port}" if port is not None else ""
            place = (node is not None, int(y or 0), int(x or 0), int(node or 0), int(port or 0))
            found.append((place, kind, label, states))
    kinds = {kind: [] for kind in KINDS}
    for _place, kind, label, states in sorted(found, key=lambda block: block[:2]):
        kinds.setdefault(kind, []).append((label, states))
    return {kind: blocks for kind, blocks in kinds.items() if blocks}


def draw(results):
    """A panel per kind of block, a bar per block; panels of memory nodes share the last column."""
    kinds = blocks_by_kind(results.report["activity_cycles"])
    columns = _columns(kinds)
    top = style.HEADING_INCHES + 0.4
    height = max((sum(map(_panel_inches, column.values())) for column in columns), default=0)
    width = 0.1 + sum(map(_label_inches, columns)) + len(columns) * (PANEL_INCHES + GAP_INCHES)
    title = f"Where the {results.cycles:,} cycles of every block went"
    picture = style.figure(results, title, top + height, max(style.WIDTH_INCHES, width))
    left = 0.1
    for column in columns:
        left += _label_inches(column)
        panel_top = top
        for kind, blocks in column.items():
            axes = style.place(picture, left, panel_top + 0.3, PANEL_INCHES, ROW_INCHES * len(blocks))
            _draw_panel(axes, KINDS.get(kind, kind.replace("_", " ")), blocks, results.cycles)
            panel_top += _panel_inches(blocks)
        left += PANEL_INCHES + GAP_INCHES
    _draw_legend(picture, kinds)
    return picture


def _columns(kinds):
    columns, last = [], {}
    for kind, blocks in kinds.items():
        if blocks[0][0].startswith("tile"):
            columns.append({kind: blocks})
        else:
            last[kind] = blocks
    return columns + ([last] if last else [])


def _label_inches(column):
    return 0.15 + LETTER_INCHES * max(len(label) for blocks in column.values() for label, _ in blocks)


def _panel_inches(blocks):
    return 1.0 + ROW_INCHES * len(blocks)


def _draw_panel(axes, title, blocks, cycles):
    rows = range(len(blocks))
    left = [0.0] * len(blocks)
    for state, (_label, colour) in style.STATES.items():
        shares = [states.get(state, 0) / cycles for _label, states in blocks]
        axes.barh(rows, shares, left=left, height=0.76, color=colour)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.set_yticks(rows, [label for label, _ in blocks])
    for row, (_label, states) in enumerate(blocks):
        axes.text(1.02, row, style.share(states.get("busy", 0) / cycles), va="center", fontsize=9)
    axes.set_ylim(len(blocks) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.tick_params(labelsize=9)
    axes.tick_params(axis="y", length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(title, fontsize=11, fontweight="bold")
    axes.text(1.02, -0.75, "busy", fontsize=9, color=style.QUIET)
    axes.set_xlabel("share of cycles", fontsize=9)


def _draw_legend(picture, kinds):
    blocks = [states for blocks in kinds.values() for _label, states in blocks]
    handles = [
        Patch(color=colour, label=label)
        for state, (label, colour) in style.STATES.items()
        if any(states.get(state) for states in blocks)
    ]
    width, height = picture.get_size_inches()
    picture.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.05 / width, 1 - style.HEADING_INCHES / height),
        ncols=len(style.STATES),
        columnspacing=1.4,
    )
