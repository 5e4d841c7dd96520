"""The file that a command is given: where it is of another kind than wanted, the error says of which."""

from pathlib import Path

from spikeloom import UserError
from spikeloom.strict_yaml import Section

# Kinds of YAML files by a section that no other kind has without an earlier one: what they are, and what takes them.
# As sim/app/wanted_file.cpp has them.
KINDS = {
    "experiment": ("an experiment", "use `spikeloom run`"),
    "noc": ("a network", "use `spikeloom noc`"),
    "study": ("a study", "use `spikeloom explore`"),
    "compare": ("a comparison", "use `spikeloom compare`"),
    "steps": ("a study of time steps", "use `spikeloom steps`"),
    "chip": ("a chip", "an experiment names it at experiment.chip"),
    "technology": ("a technology", "an experiment names it at experiment.energy"),
    "workload": ("a workload", "an experiment names it at experiment.workload"),
    "device": ("a DRAM device", "a chip names it at chip.memory_node.dram.device"),
}


def load(file, section):
    """The Section of a YAML file that has `section`, one of KINDS. Raises UserError that says what another file is."""
    wanted, path = KINDS[section][0], Path(file)
    if path.is_dir():
        raise UserError(f"{file}: is a folder, not {wanted}")
    if path.suffix == ".safetensors":
        raise UserError(f"{file}: is a trace or recorded traffic, not {wanted}")
    try:
        root = Section.load(file)
    except UserError as error:
        if path.suffix in (".yaml", ".yml") or not path.exists():
            raise
        raise UserError(f"{error} (a YAML file of {wanted} is wanted here)") from error
    if section not in root.keys:
        for other, (name, use) in KINDS.items():
            if other in root.keys:
                raise root.error(other, f"this file is {name}, not {wanted} ({use})")
    return root
