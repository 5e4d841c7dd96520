"""How certain prices are: factors low..high per energy event; the events of one group vary together.

The file maps each event to `{group, low, high, source}`; low and high multiply its price.
"""

from dataclasses import dataclass

from spikeloom.compare.places import load_section


@dataclass(frozen=True)
class PriceGroup:
    """Events whose prices share what is uncertain, and the factors between which they lie."""

    name: str
    events: tuple
    low: float
    high: float


def load(path):
    """The PriceGroups of a file, in its order. Raises UserError with file and line."""
    root = load_section(path)
    section = root.section("uncertainty") if root.has("uncertainty") else root
    groups, bounds = {}, {}
    for event in section.names:
        entry = section.section(event)
        name = entry.text("group")
        low, high = entry.real("low", 1e-3, 1.0), entry.real("high", 1.0, 1e3)
        entry.text("source")
        entry.finish()
        if bounds.setdefault(name, (low, high)) != (low, high):
            raise section.error(event, f"events of group '{name}' vary together: they need the same low and high")
        groups.setdefault(name, []).append(event)
    root.finish()
    return [PriceGroup(name, tuple(events), *bounds[name]) for name, events in groups.items()]


def split(bill, groups):
    """([energy in pJ of each group], energy of the events that no group holds) of a bill."""
    spent = bill.events_pj()
    parts = [sum(spent.pop(event, 0.0) for event in group.events) for group in groups]
    return parts, sum(spent.values())


def unlisted(bill, groups):
    """Events of a bill that spend something and have no stated uncertainty."""
    listed = {event for group in groups for event in group.events}
    return sorted(event for event, pj in bill.events_pj().items() if pj and event not in listed)
