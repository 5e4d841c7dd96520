"""`spikeloom train-spiking-lm`"""

from spikeloom.commands.arguments import DEFAULT, export_extra, say, subcommand
from spikeloom.files import named_folder

EXAMPLES = """\
examples:
  spikeloom train-spiking-lm --weights ternary -o results/spiking-lm
  spikeloom train-spiking-lm --weights binary --seed 1 -o results/spiking-lm
  spikeloom train-spiking-lm --task amazon -o results/spiking-lm-amazon
  spikeloom train-spiking-lm --task SST-2/train.tsv -o results/sst2
  spikeloom train-spiking-lm --shuffle-labels -o results/shuffled
      a control: nothing can be learnt, so that accuracy falls to chance
"""


def add(commands):
    parser = subcommand(
        commands,
        "train-spiking-lm",
        "train a BERT-like spiking encoder with weights of few bits",
        "Fine-tune a teacher, distil it into a spiking encoder at the equilibrium of its firing rates, and measure "
        "what the encoder says after each time step. Models and texts come with pip (84 MB). A stopped training goes "
        "on where it was; the teacher and the full-precision student in the folder serve all others.",
        EXAMPLES,
    )
    parser.add_argument("--weights", default="ternary", metavar="KIND", help=f"binary, ternary, int4, full ({DEFAULT})")
    parser.add_argument(
        "--task",
        default="movies",
        metavar="NAME",
        help=f"movies, amazon, times, tweets, or a file of sentences, tabs and labels 0 or 1 ({DEFAULT})",
    )
    parser.add_argument("--seed", type=int, default=0, help=DEFAULT)
    parser.add_argument("--epochs", type=int, metavar="N", help="of the student (default: 2 to 4, by weights)")
    parser.add_argument("--rate", type=float, metavar="R", help="its learning rate (default: by weights)")
    parser.add_argument("--steps", type=int, default=64, metavar="T", help=f"time steps measured ({DEFAULT})")
    parser.add_argument("--shuffle-labels", action="store_true", help="a control: training labels shuffled")
    parser.add_argument("-o", "--output", type=named_folder, required=True, metavar="DIR", help="folder for all of it")
    parser.set_defaults(run=run)


def run(options):
    with export_extra():
        from spikeloom.models.spiking_lm import recipe
    found = recipe.train(
        recipe.TrainOptions(
            weights=options.weights,
            task=options.task,
            seed=options.seed,
            directory=options.output,
            shuffle_labels=options.shuffle_labels,
            epochs=options.epochs,
            rate=options.rate,
            steps=options.steps,
        ),
        say,
    )
    for line in recipe.summary(found):
        print(line)
    return 0
