"""The verdict in words, made from the bills by plain rules."""

from itertools import permutations

from spikeloom.compare import break_even, sources
from spikeloom.plots import style

# Ratios this near to 1 are shown as 1.000: neither side takes less.
EVEN = 0.0005
# A price that must change by more than this is not offered as a way to break even.
REACH = 100.0
SHOWN = 3
NETWORK = "noc"


def verdict(numbers, bout, groups, interval):
    """Sentences on one regime and technology: who takes less, what decides, what would have to change."""
    rival, spiking = bout.best_rival, bout.best_spiking
    sentences = [_who(numbers, bout, interval), _ceiling(numbers, bout), _decides(numbers, rival, spiking)]
    if groups:
        sentences.append(_change(numbers, bout, groups))
    return " ".join(sentences)


def call(bout, interval):
    """A key of CALLS, from both ends of the headline's interval; without one from the headline itself."""
    low, high = (end.value for end in interval) if interval else (bout.headline, bout.headline)
    if low >= 1 + EVEN:
        return "gain"
    if high <= 1 - EVEN:
        return "no gain"
    return "even" if low > 1 - EVEN and high < 1 + EVEN else "open"


CALLS = {
    "gain": "A gain in full",
    "no gain": "No gain in full",
    "even": "Even: both take the same to 0.05 %",
    "open": "No gain that uncertain prices would not undo, and no loss",
}


def overall(bouts, calls, uncertain=True):
    """One sentence over all regimes and technologies; `calls`: of each bout; whether prices were varied."""
    places = {name: [] for name in CALLS}
    for bout, name in zip(bouts, calls, strict=True):
        places[name].append(f"{bout.regime.name} at {bout.technology}")
    said = {name: ", ".join(found) or "none" for name, found in places.items()}
    lead = "It depends" if places["gain"] else "No gain in full"
    for name in ("gain", "even"):
        if len(places[name]) == len(bouts):
            lead = CALLS[name]
    left = f"leave it open in: {said['open']}" if uncertain else "were not examined"
    return (
        f"**{lead}.** Counted to the end, spiking takes less energy in: {said['gain']}; more in: {said['no gain']}; "
        f"the same to 0.05 % in: {said['even']}; uncertain prices {left}."
    )


def no_headline(bouts):
    """Why there is no verdict for bouts whose rivals run on other integers, and where their ratios are."""
    where = "; ".join(f"{bout.regime.name} at {bout.technology} ({bout.best_spiking.point.called()})" for bout in bouts)
    return (
        f"**No verdict** where no rival runs on the integers of the best spiking chip: {where}. Ratios "
        "against rivals on other integers, whose outputs differ, are in the tables by rung."
    )


def _who(numbers, bout, interval):
    rival, spiking = bout.best_rival, bout.best_spiking
    shown = numbers.cite(sources.ratio(numbers, rival, spiking))
    said = CALLS[call(bout, interval)]
    text = (
        f"**{bout.regime.name}, {bout.technology}: {said}.** The best multiply-accumulate chip on the same integers, "
        f"{rival.point.called()}, takes {shown} times the energy of the best spiking one, "
        f"{spiking.point.called()}: {_energy(numbers, rival)} against {_energy(numbers, spiking)} a token."
    )
    if interval is None:
        return text
    low, high = (numbers.cite(end) for end in interval)
    return f"{text} With uncertain prices the ratio lies in {low} .. {high}."


def _ceiling(numbers, bout):
    number = sources.ceiling(numbers, bout.best_rival, bout.freest_spiking)
    shown = numbers.cite(number)
    if number.value <= 1:
        return f"Free spike arithmetic would not bring a gain either: the ratio would be {shown}."
    return f"If all spike arithmetic were free, the ratio would be {shown}: no more can be won there."


def _decides(numbers, rival, spiking):
    """The group that makes the largest part of the difference, in the direction of the difference."""
    ours, theirs = spiking.bill.groups_pj(), rival.bill.groups_pj()
    more = {group: ours.get(group, 0.0) - theirs.get(group, 0.0) for group in ours.keys() | theirs.keys()}
    total = sum(more.values())
    decides = max(sorted(more), key=lambda group: more[group] if total > 0 else -more[group])
    against = max(sorted(more), key=lambda group: -more[group] if total > 0 else more[group])
    text = f"What decides is {_named(decides)} ({_both(numbers, spiking, rival, decides)})"
    if more[against] * total < 0:
        text += f"; against it works {_named(against)} ({_both(numbers, spiking, rival, against)})"
    largest = max(sorted(ours), key=lambda group: ours[group])
    shown = numbers.cite(sources.share(numbers, spiking, (largest,)))
    return f"{text}. The largest part of the spiking bill is {_named(largest)}, {shown}."


def _both(numbers, spiking, rival, group):
    ours, theirs = (_energy(numbers, outcome, (group,)) for outcome in (spiking, rival))
    return f"spiking {ours}, multiply-accumulate {theirs}"


def _energy(numbers, outcome, groups=None):
    return numbers.cite(sources.energy(numbers, outcome, groups))


def _change(numbers, bout, groups):
    """Factors on single price groups at which the bills are equal, the smallest changes first."""
    found = []
    for group in groups:
        even = break_even.even(bout.identical, bout.spiking_on_the_same, group)
        if even and 1 / REACH <= even.factor <= REACH:
            found.append((max(even.factor, 1 / even.factor), even, group))
    losing = bout.headline <= 1
    if not found:
        change = "bring a gain" if losing else "take the gain away"
        return f"No single group of prices, scaled by up to {REACH:g} times, would {change}."
    parts = []
    for _, even, group in sorted(found, key=lambda one: one[0])[:SHOWN]:
        how = (
            "factor on this group's prices at which both sides' best points take the same, every other price as "
            f"stated; best there: {even.rival.point.called()} and {even.spiking.point.called()}, billed below as stated"
        )
        number = sources.derived(numbers, even.factor, f"break-even of {group.name}", how, even[1:])
        known = "within" if group.low <= even.factor <= group.high else "beyond"
        parts.append(
            f"{group.name.replace('_', ' ')} × {numbers.cite(number)}, {known} its uncertainty of × {group.low:g} to "
            f"× {group.high:g}"
        )
    lead = "For a gain one of these would have to change" if losing else "The gain would end with"
    return f"{lead}: {'; or '.join(parts)}."


def _named(group):
    return style.bill_groups([{group: 1.0}])[group][0]


def at_equal_perplexity(numbers, bout, pairs):
    """One sentence on fronts.matched: what the cheapest rivals of no worse perplexity take."""
    ratios = [(sources.ratio(numbers, rival[0], spiking[0]), spiking[1]) for spiking, rival in pairs if rival]
    lead = f"**{bout.regime.name}, {bout.technology}**: "
    if not ratios:
        return f"{lead}no rival reaches the perplexity of a point of the spiking front."
    said = ", ".join(f"{numbers.cite(ratio)} (perplexity {limit.value:.1f})" for ratio, limit in ratios)
    gains = sum(ratio.value > 1 for ratio, _ in ratios)
    text = (
        f"{lead}at no higher perplexity the cheapest rival takes {said} times the energy of spikes; spikes take less "
        f"at {gains} of the {len(pairs)} points of their front"
    )
    alone = len(pairs) - len(ratios)
    return f"{text}, and {alone} no rival reaches." if alone else f"{text}."


def dram_cancels(numbers, bout):
    """Whether the difference of the resident regime holds no DRAM reads, in data."""
    read = [outcome for outcome in bout.ran if outcome.bill.count("dram_read_bit")]
    text = f"{bout.technology}: DRAM reads cancel in {len(bout.ran) - len(read)} of {len(bout.ran)} points"
    if read:
        worst = max(read, key=lambda outcome: abs(outcome.bill.count("dram_read_bit")))
        shown = numbers.cite(sources.count(numbers, worst, "dram_read_bit"))
        text += f"; the largest difference is {shown} bits, {worst.point.called()}"
    shown = numbers.cite(sources.count(numbers, bout.best_spiking, "weight_row_write"))
    text += f". Weight rows written in the difference of the best spiking point: {shown}"
    if "dram" in bout.regime.without:
        return text + "."
    left = numbers.cite(sources.energy(numbers, bout.best_spiking, ("dram",)))
    return f"{text}. DRAM's part of its bill, standby, refreshes and what did not cancel: {left} a token."


def dearer_network(numbers, bouts):
    """A sentence for each pair of technologies of which one has the dearer network and the cheaper rest."""
    sentences = []
    for bout, other in permutations(bouts, 2):
        here = bout.best_spiking
        there = next((one for one in other.ran if _same_point(one, here)), None)
        if not there:
            continue
        network = [outcome.bill.energy_pj((NETWORK,)) for outcome in (here, there)]
        rest = [outcome.pj - pj for outcome, pj in zip((here, there), network, strict=True)]
        if not (network[0] > network[1] > 0 and rest[0] < rest[1]):
            continue
        what = f"network's energy at {bout.technology} over that at {other.technology}, {here.point.called()}"
        how = f"group {NETWORK} of both bills of the same point, whose counts are the same"
        number = sources.derived(numbers, network[0] / network[1], what, how, (here, there))
        sentences.append(
            f"The network's energy is {numbers.cite(number)} times as high at {bout.technology} as at "
            f"{other.technology} for the same flits, although all else is lower: its prices have a source of their own "
            "for each node (`configs/energy/README.md`, known inconsistencies). Compare within a technology only."
        )
    return sentences


def _same_point(one, other):
    return (one.point.contender, one.point.labels) == (other.point.contender, other.point.labels)


def left_out(numbers, bout):
    """What the regime leaves out of the bill, and how much that is for the best points."""
    groups = ", ".join(_named(group) for group in bout.regime.without)
    parts = []
    for one in [bout.best_spiking] + ([bout.best_rival] if bout.rivals else []):
        value = one.bill.alone().energy_pj()
        what = f"energy per token that is left out ({groups}) of {one.point.called()}, {bout.technology}"
        how = f"sum of the rows of groups {groups} of its runs' energy.csv"
        number = sources.derived(numbers, value, what, how, (one,), sources.energy_text(value))
        parts.append(f"{numbers.cite(number)} a token of {one.point.called()}")
    return f"{bout.technology}: no part of the bill: {groups}, {' and '.join(parts)}."
