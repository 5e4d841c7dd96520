"""Energy against perplexity: fronts of methods over their settings, and rivals of no worse perplexity."""

from spikeloom.compare.config import RIVAL, SPIKING


def by_method(entries):
    """{method: its entries}, in their order; an entry is (outcome, Perplexity)."""
    found = {}
    for entry in entries:
        found.setdefault(entry[0].point.contender.method, []).append(entry)
    return found


def front(entries):
    """Those that no other one beats in both energy and perplexity, by energy."""
    found = []
    for outcome, perplexity in sorted(entries, key=lambda entry: (entry[0].pj, entry[1].value)):
        if not found or perplexity.value < found[-1][1].value:
            found.append((outcome, perplexity))
    return found


def matched(entries):
    """[(spiking entry, cheapest rival entry of no worse perplexity, or None)] along the front of the spiking side."""
    pairs = []
    for spiking in front(_side(entries, SPIKING)):
        fitting = [rival for rival in _side(entries, RIVAL) if rival[1].value <= spiking[1].value]
        pairs.append((spiking, min(fitting, key=lambda entry: entry[0].pj) if fitting else None))
    return pairs


def cheapest_within(entries, limit):
    """{multiply-accumulate method: its cheapest entry whose perplexity is up to `limit`, or None}."""
    found = {}
    for method, own in by_method(_side(entries, RIVAL)).items():
        fitting = [entry for entry in own if entry[1].value <= limit]
        found[method] = min(fitting, key=lambda entry: entry[0].pj) if fitting else None
    return found


def _side(entries, name):
    return [entry for entry in entries if entry[0].point.contender.side == name]
