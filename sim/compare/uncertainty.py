"""How certain prices are, from configs/energy/uncertainty.yaml: factors low..high per energy event, in groups.

The events of a group vary together, all low or all high. An anchor multiplies whole groups beside that, in one
technology.
"""

from dataclasses import dataclass

from spikeloom.strict_yaml import Section

# What the file calls the prices of time, and the events of energy.csv that they make. Leakage of registers, adders and
# SRAM is one event there: it takes the widest bounds.
STANDING = {"register_bit": "leakage", "adder_bit": "leakage", "sram": "leakage", "dram_standby": "background"}


@dataclass(frozen=True)
class PriceGroup:
    """`bounds`: {event: (low, high)}; `technology`: where it holds, None: everywhere."""

    name: str
    bounds: dict
    technology: str | None = None

    @property
    def events(self):
        """The events that vary together."""
        return tuple(self.bounds)

    @property
    def low(self):
        """The smallest factor of its events."""
        return min(low for low, _ in self.bounds.values())

    @property
    def high(self):
        """The largest factor of its events."""
        return max(high for _, high in self.bounds.values())


def load(path):
    """The PriceGroups of a file, in its order. Raises UserError with file and line."""
    root = Section.load(path)
    section = root.section("uncertainty")
    root.finish()
    groups = {}
    for key in ("events", "leakage"):
        part = section.section(key)
        for name in part.keys:
            if key == "leakage" and name not in STANDING:
                raise part.error(name, f"not one of {', '.join(STANDING)}")
            group, low, high = _entry(part.section(name))
            _widen(groups.setdefault(group, {}), STANDING.get(name, name), low, high)
    found = [PriceGroup(name, bounds) for name, bounds in groups.items()]
    found += _anchors(section.section("anchors"), groups) if section.has("anchors") else []
    section.finish()
    return found


def of_technology(groups, technology):
    """The groups that hold in a technology."""
    return [group for group in groups if group.technology in (None, technology)]


def unlisted(bill, groups):
    """Events of a bill that spend something and have no stated uncertainty."""
    listed = {event for group in groups for event in group.events}
    return sorted(event for event, pj in bill.events_pj().items() if pj and event not in listed)


def shares(bill, x, y):
    """Energy in pJ of a bill by what two groups hold: (neither, x alone, y alone, both)."""
    parts = [0.0, 0.0, 0.0, 0.0]
    for event, pj in bill.events_pj().items():
        parts[(event in x.bounds) + 2 * (event in y.bounds)] += pj
    return tuple(parts)


def _entry(section):
    group = section.text("group")
    low, high = section.value("low", float, least=0.0, most=1.0), section.value("high", float, least=1.0, most=1e3)
    section.text("source")
    section.finish()
    return group, low, high


def _widen(bounds, event, low, high):
    known = bounds.get(event, (low, high))
    bounds[event] = (min(low, known[0]), max(high, known[1]))


def _anchors(section, groups):
    found = []
    for name in section.keys:
        entry = section.section(name)
        scaled = entry.texts("groups")
        for one in scaled:
            if one not in groups:
                raise entry.error("groups", f"no group '{one}' (there are {', '.join(groups)})")
        pair = (entry.value("low", float, least=0.0, most=1.0), entry.value("high", float, least=1.0, most=1e3))
        bounds = {event: pair for one in scaled for event in groups[one]}
        found.append(PriceGroup(f"{name} anchor", bounds, entry.text("technology")))
        entry.text("source")
        entry.finish()
    return found
