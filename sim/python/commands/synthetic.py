"""`spikeloom synthetic`"""

import os

from spikeloom import UserError
from spikeloom.commands.arguments import require_at_least, subcommand
from spikeloom.files import named_folder

EXAMPLES = """\
examples:
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  spikeloom synthetic --inputs 512 --outputs 512 --tokens 2 --wide 32 --digits -o out
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 --group 64 --op-count 3 -o out
"""

GIB = 2**30
# What makes the memory smaller, by the part that is largest.
LOWER = {
    "weights": "--inputs or --outputs",
    "values": "--inputs or --tokens",
    "codes": "--outputs or --tokens",
}


def add(commands):
    parser = subcommand(
        commands,
        "synthetic",
        "write a synthetic layer as trace files",
        "Write a SYNTHETIC layer: random integers with about 25 % zeros among normal activations and 2.5 % "
        "salient ones. It is marked as synthetic, because its spike counts come from no model. --group "
        "also draws the shifts h (and g, for the signed code) at random.",
        EXAMPLES,
    )
    parser.add_argument("--inputs", type=int, required=True, metavar="K")
    parser.add_argument("--outputs", type=int, required=True, metavar="N")
    parser.add_argument("--tokens", type=int, required=True, metavar="M")
    parser.add_argument("--code", choices=("signed", "unsigned"), default="signed", help="default: %(default)s")
    parser.add_argument(
        "--salient-format",
        choices=("floating", "shifted", "extended"),
        default="floating",
        help="shifted: signed only; extended: unsigned only (default: %(default)s)",
    )
    parser.add_argument("--digits", action="store_true", help="two-digit codes on the wide inputs (signed, floating)")
    parser.add_argument("--wide", type=int, default=0, metavar="W", help="inputs with 8-bit weights (default: 0)")
    parser.add_argument("--group", type=int, default=0, metavar="G", help="window size, 0 for one window (default: 0)")
    parser.add_argument("--op-count", type=int, default=1, metavar="C", help="operations that share the input")
    parser.add_argument("--output-bits", type=int, default=12, metavar="B", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "-o", "--output", type=named_folder, required=True, metavar="DIR", help="folder for the trace files"
    )
    parser.set_defaults(run=run, sizes="--inputs, --outputs or --tokens")


def _require_memory(needed):
    """Raises UserError if this machine has less memory than is `needed`, as `synthetic.memory_bytes` says it."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    largest = max(needed, key=needed.get)
    if needed[largest] > there:
        raise UserError(
            f"this takes about {needed[largest] / GIB:,.0f} GiB of memory, and the machine has "
            f"{there / GIB:,.0f}: lower {LOWER[largest]}"
        )


def run(options):
    from spikeloom.traces.synthetic import SyntheticInput, SyntheticOperation, memory_bytes, write_synthetic_layer

    require_at_least(1, options, "inputs", "outputs", "tokens", "op_count")
    require_at_least(0, options, "wide", "seed")
    inputs = [SyntheticInput("input", options.inputs, options.wide)]
    operations = [SyntheticOperation(f"op{i}", "input", options.outputs) for i in range(options.op_count)]
    _require_memory(memory_bytes(options.tokens, inputs, operations))
    try:
        paths = write_synthetic_layer(
            options.output,
            seed=options.seed,
            tokens=options.tokens,
            inputs=inputs,
            operations=operations,
            code=options.code,
            salient_format=options.salient_format,
            digits=options.digits,
            group=options.group,
            output_bits=options.output_bits,
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    for path in paths:
        print(path)
    return 0
