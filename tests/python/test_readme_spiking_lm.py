"""What the READMEs say of the spiking language model is what the committed results say."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "models/spiking_lm"
READMES = RESULTS / "README.md", ROOT / "README.md"
POINTS = ROOT / "plots/example/steps_movies.csv"
KINDS = {"full precision": "full", "4 bit": "int4", "1.58 bit": "ternary", "1 bit": "binary"}
STEPS = 4, 8, 16, 32, 64
NEAR = 0.02


def students(kind, task="movies", seed="*"):
    return [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{task}/{kind}-seed{seed}/results.json"))]


def rows(readme, first):
    """Cells of the table whose header begins with the columns `first`."""
    lines = readme.read_text(encoding="utf-8").split(f"\n| {first} |", 1)[1].splitlines()[2:]
    table = lines[: next(i for i, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in table]


def percent(share):
    return f"{100 * share:.1f}"


def gaps(student):
    """After each kept step: how far the farthest sublayer's mean rate is from its equilibrium, as a share of that."""
    curves = [np.abs(np.array(rate["level"]) / rate["equilibrium"] - 1) for rate in student["rates"].values()]
    return dict(zip(student["rates_steps"], np.max(curves, axis=0), strict=True))


def settled(student):
    """The first kept step from which on all sublayers are NEAR their equilibrium."""
    found = gaps(student)
    return next(t for t in found if all(gap <= NEAR for later, gap in found.items() if later >= t))


def expected(chosen):
    equilibrium = np.mean([student["equilibrium"]["test"] for student in chosen])
    accuracy = [percent(np.mean([student["accuracy"][t - 1] for student in chosen])) for t in STEPS]
    below = percent(chosen[0]["teacher"]["test"] - equilibrium)
    return [*accuracy, percent(equilibrium), below, str(max(map(settled, chosen)))]


@pytest.mark.parametrize("readme", READMES, ids=("models", "top"))
def test_the_table_of_accuracies_is_that_of_the_results(readme):
    labels = []
    for label, *cells in rows(readme, "weights | T = 4"):
        kind, _, which = label.partition(", ")
        seed = which.removeprefix("seed ") if which.startswith("seed") else "*"
        chosen = students(KINDS[kind], seed=seed)
        if seed == "*":
            assert which == f"mean of {len(chosen)} seeds"
        assert cells == expected(chosen), label
        labels.append(label)
    assert {label.partition(",")[0] for label in labels} == set(KINDS)


def test_every_training_of_the_task_has_a_row():
    trained = {(s["weights"], s["seed"]) for kind in KINDS.values() for s in students(kind)}
    listed = {
        (KINDS[kind], int(seed)) for kind, seed in re.findall(r"^\| ([\w. ]+), seed (\d)", text(READMES[0]), re.M)
    }
    assert listed == trained and len(trained) == 8


def text(readme):
    return readme.read_text(encoding="utf-8")


def sentences(readme):
    return " ".join(text(readme).split())


def test_the_sentences_of_results_say_what_the_files_say():
    said, every = sentences(READMES[0]), [s for kind in KINDS.values() for s in students(kind)]
    few = students("binary") + students("ternary")
    least = min(s["accuracy"][15] / s["equilibrium"]["test"] for s in every)
    last = [gaps(s)[256] for s in every]
    (control,), (real,) = students("ternary", "amazon-shuffled"), students("ternary", "amazon")
    rounded = [s["rounded"]["15"] - s["equilibrium"]["test"] for s in every]
    for claim in (
        f"The teacher reaches {percent(every[0]['teacher']['test'])} %",
        f"{every[0]['texts']['test']:,} texts",
        f"16 steps reach {percent(least)} % or more of the equilibrium's accuracy",
        f"after 256 steps within {100 * min(last):.2f} to {100 * max(last):.2f} %",
        f"after 64 within {100 * min(gaps(s)[64] for s in every):.1f} to {100 * max(gaps(s)[64] for s in every):.1f} %",
        f"{percent(control['equilibrium']['test'])} % of {control['texts']['test']} texts at the equilibrium",
        f"{percent(control['accuracy'][63])} % after 64 steps",
        f"{percent(control['teacher']['test'])} %, its teacher",
        f"reach {percent(real['teacher']['test'])} and {percent(real['equilibrium']['test'])} %",
        f"{min(s['seconds'] for s in few)} to {max(s['seconds'] for s in few)} s",
        f"{students('int4')[0]['seconds']} s for 4 bits",
        f"{100 * min(rounded):+.1f} to {100 * max(rounded):+.1f} points",
    ):
        assert claim in said, claim


def test_the_targets_are_met():
    """Means of three seeds at the equilibrium: ternary within 4 points of the teacher, binary within 6."""
    for kind, points in (("ternary", 4), ("binary", 6)):
        chosen = students(kind)
        assert len(chosen) == 3
        gap = chosen[0]["teacher"]["test"] - np.mean([s["equilibrium"]["test"] for s in chosen])
        assert 100 * gap <= points
        assert all(s["accuracy"][15] > 0.9 * s["equilibrium"]["test"] for s in chosen)
        assert all(gaps(s)[256] <= NEAR for s in chosen)


def test_the_table_of_steps_is_that_of_its_points():
    with open(POINTS, encoding="utf-8", newline="") as file:
        points = {(p["model"], p["steps"]): p for p in csv.DictReader(file) if p["technology"] == "22nm"}
    listed = rows(READMES[1], "model | steps")
    assert len(listed) >= 8
    for name, steps, accuracy, *bills in listed:
        point = points[name, steps.replace("-", "")]
        assert accuracy == percent(float(point["accuracy"])), name
        made = [
            f"{float(point[f'{part}_{what}']) / unit:,.{digits}f}"
            for part in ("whole", "linear")
            for what, unit, digits in (("cycles", 1, 0), ("pj", 1e6, 1))
        ]
        assert bills == made, name


def test_the_sentences_of_steps_say_what_the_points_say():
    with open(POINTS, encoding="utf-8", newline="") as file:
        points = {(p["model"], p["steps"]): p for p in csv.DictReader(file) if p["technology"] == "22nm"}

    def of(*key):
        return percent(float(points[key]["accuracy"])), float(points[key]["linear_pj"]) / 1e6

    few = [of("1 bit", steps) for steps in ("1", "2", "4")]
    sixteen, pj_16 = of("1 bit", "16")
    (twin, pj_twin), (full, pj_full) = of("counts of 1 bit multiplied", ""), of("full precision in binary16", "")
    said = sentences(READMES[1])
    assert all(pj_twin < of("1 bit", steps)[1] for steps in ("8", "16", "32", "64"))
    for claim in (
        f"16 steps of 1 bit reach {sixteen} % with {pj_16:.0f} uJ",
        f"multiplied once reach {twin} % with {pj_twin:.0f} uJ, {pj_16 / pj_twin:.1f} times less",
        "({:.1f}, {:.1f} and {:.2f} times for 1, 2 and 4)".format(*(pj_twin / pj for _, pj in few)),
        "accuracy is {}, {} and {} %".format(*(accuracy for accuracy, _ in few)),
        f"binary16 ({full} %, {pj_full:.0f} uJ) 16 steps of 1 bit take {pj_full / pj_16:.1f} times less",
    ):
        assert claim in said, claim


def test_the_accuracies_of_steps_are_those_of_the_results():
    models = {"1 bit": "binary", "4 bit": "int4"}
    with open(POINTS, encoding="utf-8", newline="") as file:
        for point in csv.DictReader(file):
            if point["model"] in models:
                (student,) = students(models[point["model"]], seed=0)
                assert float(point["accuracy"]) == student["accuracy"][int(point["steps"]) - 1]


def test_the_table_of_early_exits_is_that_of_the_results():
    listed = [tuple(cells) for cells in rows(READMES[0], "weights | limit")]
    names = {kind: name for name, kind in KINDS.items()}
    kept = [
        (names[student["weights"]], str(entry["limit"]), f"{entry['steps']:.1f}", percent(entry["accuracy"]))
        for kind in ("ternary", "binary")
        for student in students(kind)
        for entry in student.get("early_exit", ())
    ]
    assert listed == kept and kept
    ternary = {limit: (steps, accuracy) for kind, limit, steps, accuracy in kept if kind == "1.58 bit"}
    said = re.search(
        r"after (\d+) steps on average.*?([\d.]+) %.*?at 0.05 after (\d+), right in ([\d.]+) %", text(READMES[1])
    )
    assert said.groups() == (
        f"{float(ternary['0.02'][0]):.0f}",
        ternary["0.02"][1],
        f"{float(ternary['0.05'][0]):.0f}",
        ternary["0.05"][1],
    )
