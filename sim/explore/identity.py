"""What a study is: whatever must not change while it goes on. A changed one is refused with the difference."""

import json

import yaml

from spikeloom import UserError
from spikeloom.explore import metrics, number_format, parameters
from spikeloom.explore.evaluation import Task
from spikeloom.files import whole_file
from spikeloom.store import program as programs
from spikeloom.wording import first_difference

FORMAT = "spikeloom-study"
NAME = "study.json"


def of(study_file, program, base):
    """The identity (JSON values) of a StudyFile with a program; `base` is what `price` says of its experiment."""
    f = study_file
    return {
        "format": FORMAT,
        "version": 2,
        "parameters": {parameter.name: parameter.description() for parameter in f.parameters},
        "objectives": f.objectives,
        "constraints": [str(constraint) for constraint in f.constraints],
        "search": {"sampler": f.sampler, "seed": f.seed, "population": f.population, "in_flight": f.in_flight},
        "set": f.sets,
        "prune_by_part": f.part,
        "number_format": f.format.description() | {"source_sha256": number_format.source_sha256()}
        if uses_formats(f)
        else None,
        "experiment": yaml.load(base["resolved"], Loader=yaml.CSafeLoader),
        "files": _files(f, base),
        "program_sha256": programs.file_sha256(program),
    }


def write(folder, storage, identity, study_file, synthetic):
    """Say in `folder` what the study in it is, and in which database its trials are."""
    content = {
        "name": folder.name,
        "file": str(study_file.file.absolute()),
        "storage": storage,
        "synthetic": synthetic,
        "identity": identity,
    }
    with whole_file(folder / NAME) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(folder):
    """What `write` has written into a folder, as a dict; None where there is nothing. Raises UserError."""
    path = folder / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {key: content[key] for key in ("name", "file", "storage", "synthetic", "identity")}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError) as error:
        raise UserError(f"{path}: not what `spikeloom explore` writes: {error}") from error


def difference(old, new):
    """A line on the first difference of two identities; empty where they are the same."""
    found = first_difference("study", old, new)
    return "" if found is None else f"{found[0]} was {found[1]}, now {found[2]}"


def uses_formats(study_file):
    """Whether a study varies or sets number formats, or judges by perplexity."""
    named = [path for parameter in study_file.parameters for path in paths_of(parameter)]
    return "perplexity" in study_file.metrics or any(
        path.startswith(number_format.PREFIX) for path in [*named, *study_file.sets]
    )


def paths_of(parameter):
    """The config paths that a Parameter sets."""
    if parameter.sets is None:
        return [parameter.name]
    return list(dict.fromkeys(path for values in parameter.sets.values() for path in values))


def task_of(study_file, program, store, values, bar=()):
    """The Task of one trial: `values` {parameter name: value}."""
    f = study_file
    assigned = dict(f.sets)
    for parameter in f.parameters:
        assigned |= parameter.assignments(values[parameter.name])
    return Task(
        program=str(program),
        program_sha256=programs.file_sha256(program),
        experiment=str(f.experiment),
        folder=str(f.folder),
        store=str(store),
        values=assigned,
        metrics=f.metrics,
        format=f.format,
        # A sampler that learns wants the results of trials outside the constraints, too.
        limits=[] if f.learns else [limit for limit in f.constraints if metrics.is_known_before(limit.metric)],
        part=f.part,
        bar=list(bar),
    )


def _files(study_file, base):
    """SHA-256 of the trace and of every file that a value names."""
    found = {name: base["trace"][name] for name in ("sha256", "weights_sha256")}
    values = list(study_file.sets.values())
    for parameter in study_file.parameters:
        values += [v for end in parameter.ends for v in parameter.assignments(end).values()]
    for value in values:
        path = parameters.value_text(value, study_file.folder)
        if path != str(value) or (isinstance(value, str) and value.startswith("/")):
            found[str(value)] = programs.file_sha256(path)
    return found
