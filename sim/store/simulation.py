"""Simulations that are kept: by resolved configuration, trace and program, without what only prices them."""

import yaml

from spikeloom.store import program as programs

# Values that a run's cycles and counts do not depend on: they are checked for fit, and name the memory or the wire by
# which counts are priced. `tests/python/test_result_store.py` runs each.
PRICE_ONLY = (
    "experiment.name",
    "experiment.window_cycles",
    "technology",
    "chip.name",
    "chip.network.link_length_mm",
    "chip.memory_node.global_buffer.bytes",
    "chip.memory_node.dram.device.currents",
    "chip.encoder.main_bytes",
    "chip.encoder.side_bytes",
    "chip.encoder.index_bytes",
)
# No window of a kept result is looked at.
_ONE_WINDOW = 1_000_000_000


def simulation(store, program, priced):
    """The Product of simulating the experiment that `programs.price` has described: report.json and counts.csv.

    Its key is the resolved configuration without what changes no cycle and no count, the SHA-256 of the trace's files
    and that of the program.
    """

    def make(folder):
        resolved = folder / "experiment.yaml"
        resolved.write_text(priced["resolved"], encoding="utf-8")
        programs.simulate(program, resolved, {"experiment.window_cycles": _ONE_WINDOW}, folder)
        (folder / "windows.csv").unlink()

    return store.product(simulation_identity(program, priced), make)


def simulation_identity(program, priced):
    """What a simulation's counts and cycles follow from."""
    config = _resolved(priced)
    for path in PRICE_ONLY:
        _take(config, path)
    del config["workload"]["trace"]  # its content counts, not its place
    return {
        "kind": "simulation",
        "config": config,
        "trace": {name: priced["trace"][name] for name in ("sha256", "weights_sha256")},
        "program": programs.file_sha256(program),
    }


def prices(priced):
    """{path: value} of what does not change a simulation but may change what it costs."""
    config = _resolved(priced)
    return {path: _take(config, path) for path in PRICE_ONLY if not path.startswith("experiment.")}


def _resolved(priced):
    return yaml.load(priced["resolved"], Loader=yaml.CSafeLoader)


def _take(config, path):
    """Removes what stands at a path, if anything, and returns it."""
    *names, last = path.split(".")
    for name in names:
        config = config.get(name, {})
    return config.pop(last, None)
