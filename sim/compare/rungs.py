"""The rungs of the bill, from what papers count to everything: each energy group sits on exactly one."""

RUNGS = (
    ("arithmetic", ("arithmetic",)),
    ("weight reads and writes", ("weight_read_write",)),
    ("membranes, slopes, thresholds, marks; partial sums", ("partial_sums", "threshold_and_firing")),
    ("dequantize and requantize", ("dequantize_and_requantize",)),
    ("activations", ("activations",)),
    ("network on chip", ("noc",)),
    ("DRAM", ("dram",)),
    ("encoder and vector unit", ("encoder", "vector_unit")),
    ("leakage and control", ("leakage", "control")),
)
ALL = len(RUNGS)
GROUPS = tuple(group for _, groups in RUNGS for group in groups)
# What would cost nothing if all spike arithmetic were free: rungs 1 and 3.
SPIKE_ARITHMETIC = (1, 3)


def groups_of(rungs):
    """The energy groups of some rungs, numbered from 1."""
    return tuple(group for rung in rungs for group in RUNGS[rung - 1][1])


def groups_up_to(rung):
    """The groups of rungs 1 to `rung`."""
    return groups_of(range(1, rung + 1))


def ratio(rival, spiking, rung=ALL):
    """Rival's over spiking energy, both bills counted up to a rung; above 1: spiking takes less."""
    groups = groups_up_to(rung)
    return quotient(rival.energy_pj(groups), spiking.energy_pj(groups))


def ceiling(rival, spiking):
    """The ratio if all spike arithmetic were free: rival's total over spiking total without rungs 1 and 3."""
    return quotient(rival.energy_pj(), without_arithmetic(spiking))


def without_arithmetic(bill):
    """Energy of a bill without rungs 1 and 3."""
    return bill.energy_pj() - bill.energy_pj(groups_of(SPIKE_ARITHMETIC))


def quotient(above, below):
    """above / below; infinite where nothing is below."""
    return above / below if below else float("inf")
