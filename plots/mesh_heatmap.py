"""The mesh in place: how busy every tile is, and how many flits every link carries."""

import re

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import ArrowStyle, FancyArrowPatch, Rectangle

from spikeloom.plots import style

STEPS = {"north": (0, -1), "east": (1, 0), "south": (0, 1), "west": (-1, 0)}
LINK = re.compile(r"chip\.link_(\d+)_(\d+)_(north|east|south|west)")
# In mesh coordinates, with a tile every 1.0: half the side of a tile, half that of a memory node, half the
# distance of the two links between neighbours.
TILE_HALF, NODE_HALF, LINK_OFFSET = 0.28, 0.24, 0.09
ARRAYS = ("synapse_array", "mac_array", "float_array")
TILE_COLOURS = ListedColormap(colormaps["Blues"](range(0, 210)))
LINK_COLOURS = ListedColormap(colormaps["YlOrRd"](range(70, 256)))


def draw(results):
    """Tiles by their synapse array's busy share, links by their flits per cycle, memory nodes at ports."""
    chip = results.report["chip"]
    nodes = results.memory_nodes or []
    left, right, top, bottom = _extent(chip, nodes)
    pitch = min(1.55, max(0.8, 15 / (right - left)))
    width, height = pitch * (right - left), pitch * (bottom - top)
    picture_width = max(style.WIDTH_INCHES, width + 0.4)
    title = "Mesh: how busy every tile is, and the traffic on every link"
    picture = style.figure(results, title, style.HEADING_INCHES + height + 1.25, picture_width)
    axes = style.place(picture, (picture_width - width) / 2, style.HEADING_INCHES, width, height)
    axes.set_axis_off()
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    font = 10.5 * pitch / 1.55

    _draw_tiles(axes, results, font)
    rates = {name: flits / results.cycles for name, flits in results.report["link_flits"].items()}
    most = max((rate for name, rate in rates.items() if not name.startswith("chip.tile")), default=0) or 1
    _draw_links(axes, rates, most, font)
    _draw_nodes(axes, results, nodes, rates, most, font)
    _draw_scales(picture, most)
    if results.memory_nodes is None:
        style.note(picture, "Memory nodes are not drawn: their places stand in resolved.yaml, which is missing.")
    return picture


def _extent(chip, nodes):
    """Left, right, top, bottom in mesh coordinates, with room for memory nodes."""
    ports = {node.port for node in nodes}
    left = -1.35 if "west" in ports else -0.45
    right = chip["width"] - 1 + (1.35 if "east" in ports else 0.45)
    top = -1.35 if "north" in ports else -0.45
    bottom = chip["height"] - 1 + (1.35 if "south" in ports else 0.45)
    return left, right, top, bottom


def _busy_share(results, block):
    states = results.report["activity_cycles"].get(block)
    return None if states is None else states.get("busy", 0) / results.cycles


def _draw_tiles(axes, results, font):
    chip = results.report["chip"]
    for y in range(chip["height"]):
        for x in range(chip["width"]):
            shares = (_busy_share(results, f"chip.tile_{x}_{y}.{array}") for array in ARRAYS)
            busy = next((share for share in shares if share is not None), None)
            _draw_box(axes, x, y, TILE_HALF, busy)
            ink = "white" if busy is not None and busy > 0.7 else style.INK
            value = "-" if busy is None else f"{busy:.0%}".replace("%", " %")
            axes.text(x, y - 0.04, value, ha="center", va="center", fontsize=font * 1.35, color=ink)
            axes.text(x, y + 0.15, f"tile {x},{y}", ha="center", va="center", fontsize=font * 0.85, color=ink)


def _draw_box(axes, x, y, half, busy):
    colour = "white" if busy is None else TILE_COLOURS(busy)
    corner, side = (x - half, y - half), 2 * half
    axes.add_patch(Rectangle(corner, side, side, facecolor=colour, edgecolor=style.QUIET))


def _draw_links(axes, rates, most, font):
    for name, rate in rates.items():
        match = LINK.fullmatch(name)
        if match:
            x, y, step = int(match[1]), int(match[2]), STEPS[match[3]]
            begin, end = _beside(x, y, step, TILE_HALF), _beside(x, y, step, 1 - TILE_HALF)
            _draw_link(axes, begin, end, rate, most, font)


def _beside(x, y, step, distance):
    """The point `distance` away from x, y in the direction of `step`."""
    return x + step[0] * distance, y + step[1] * distance


def _draw_link(axes, begin, end, rate, most, font):
    """An arrow to the right of the middle line, seen in its direction, and its flits per cycle beside it."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    length = abs(dx) + abs(dy)
    # y points down: to the right of (dx, dy) is (-dy, dx).
    side = (-dy / length, dx / length)
    places = [(x + side[0] * LINK_OFFSET, y + side[1] * LINK_OFFSET) for x, y in (begin, end)]
    part = rate / most
    axes.add_patch(
        FancyArrowPatch(
            *places,
            arrowstyle=ArrowStyle.Simple(5 + 4 * part, 5 + 7 * part, 1 + 4 * part),
            shrinkA=1,
            shrinkB=1,
            linewidth=0,
            color=LINK_COLOURS(part) if rate else style.FAINT,
        )
    )
    x = (begin[0] + end[0]) / 2 + side[0] * (LINK_OFFSET + 0.07)
    y = (begin[1] + end[1]) / 2 + side[1] * (LINK_OFFSET + 0.07)
    across = {-1: "right", 0: "center", 1: "left"}[round(side[0])]
    upright = {-1: "bottom", 0: "center", 1: "top"}[round(side[1])]
    axes.text(x, y, _rate(rate), ha=across, va=upright, fontsize=font * 0.8, color=style.INK)


def _rate(rate):
    return "0" if not rate else "<0.001" if rate < 0.0005 else f"{rate:.3f}"


def _draw_nodes(axes, results, nodes, rates, most, font):
    for i, node in enumerate(nodes):
        step = STEPS[node.port]
        x, y = _beside(node.x, node.y, step, 1)
        busy = _busy_share(results, f"chip.memory_{i}.dram")
        _draw_box(axes, x, y, NODE_HALF, None)
        text = f"memory {i}" + ("" if busy is None else f"\nDRAM\nbusy {busy:.0%}".replace("%", " %"))
        axes.text(x, y, text, ha="center", va="center", fontsize=font * 0.9)
        near = _beside(node.x, node.y, step, TILE_HALF)
        far = _beside(node.x, node.y, step, 1 - NODE_HALF)
        _draw_link(axes, far, near, rates.get(f"chip.memory_{i}.inject", 0), most, font)
        _draw_link(axes, near, far, rates.get(f"chip.memory_{i}.eject", 0), most, font)


def _draw_scales(picture, most):
    width, height = picture.get_size_inches()
    bar = 0.34 * width
    for left, colours, end, label in (
        (0.1 * width, TILE_COLOURS, 100, "tile: synapse array busy (% of cycles)"),
        (0.56 * width, LINK_COLOURS, most, "link: flits per cycle (at most 1); grey: none"),
    ):
        axes = style.place(picture, left, height - 0.95, bar, 0.14)
        scale = ScalarMappable(Normalize(0, end), colours)
        picture.colorbar(scale, cax=axes, orientation="horizontal", label=label).outline.set_visible(False)
