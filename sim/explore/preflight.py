"""Checks of a study before any trial: paths that do not exist, and bounds that the chip's own checks contradict."""

import os
import random

import yaml

from spikeloom import UserError
from spikeloom.explore import identity, number_format, parameters
from spikeloom.store import program as programs

# A value that the base experiment refuses may do with other values of the other parameters: so many are tried.
TRIES = 8
# Paths whose value may be `auto`, and one that leaves nothing to be chosen by what is to be done.
CHOSEN = {"chip.mapping.policy": "fixed", "chip.mapping.placement": "snake", "chip.encoder.side_format": "mask"}
MOST_ENDS = 16


def check(study_file, program):
    """What `price` says of the study's experiment. Raises UserError in one line for what no trial could take."""
    f = study_file
    named = [(f"parameters.{p.name}", path) for p in f.parameters for path in identity.paths_of(p)]
    for place, path in [*named, *(("study.set", path) for path in f.sets)]:
        if path.startswith(number_format.PREFIX):
            _in_place(f, place, number_format.check_name, path)
    if identity.uses_formats(f):
        number_format.check_ready(f.format)
    base = _in_place(f, "study", _price, f, program, f.sets)
    with programs.side_by_side(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda pair: _check_end(f, program, *pair), _all_ends(f)))  # the first error in their order
    if f.part:
        _check_part(f, program)
    return base


def _all_ends(study_file):
    for parameter in study_file.parameters:
        ends = parameter.ends if len(parameter.ends) <= MOST_ENDS else (parameter.ends[0], parameter.ends[-1])
        for end in ends:
            yield parameter, end


def _check_end(study_file, program, parameter, end):
    own = parameter.assignments(end)
    try:
        _price(study_file, program, study_file.sets | own)
    except programs.Refused as refused:
        # What another value refuses is left to the trials, each with its reason.
        if any(path in str(refused) for path in own) and not _fits_somewhere(study_file, program, parameter, own):
            raise UserError(f"{study_file.file}: parameters.{parameter.name}: {refused}") from refused


def _fits_somewhere(study_file, program, parameter, own):
    others = [p for p in study_file.parameters if p is not parameter]
    draw = random.Random(0)
    for _ in range(TRIES if others else 0):
        values = study_file.sets | own
        for other in others:
            values |= other.assignments(draw.choice(other.ends))
        try:
            _price(study_file, program, values)
            return True
        except programs.Refused:
            continue
    return False


def _check_part(study_file, program):
    """A part must be smaller than the whole, and mapped like it."""
    whole, part = (
        _in_place(study_file, "prune_by_part", _price, study_file, program, study_file.sets | values)
        for values in ({}, study_file.part)
    )
    tokens, all_tokens = (priced["trace"]["tokens"] for priced in (part, whole))
    if tokens >= all_tokens:
        raise UserError(f"{study_file.file}: prune_by_part: {tokens} tokens are no part of {all_tokens}")
    config = yaml.load(whole["resolved"], Loader=yaml.CSafeLoader)
    for path, fixed in CHOSEN.items():
        if "auto" in _values_of(study_file, config, path):
            raise UserError(
                f"{study_file.file}: prune_by_part: {path} is auto, which may choose otherwise for fewer tokens: what "
                f"these take is no lower bound; set it ({path}: {fixed}), or leave prune_by_part out"
            )


def _values_of(study_file, config, path):
    """The values that a path can have in a trial: those of parameters, else that of the configuration."""
    chosen = [p.assignments(end).get(path) for p in study_file.parameters for end in p.ends]
    mine = [p for p in study_file.parameters if path in identity.paths_of(p)]
    if mine and all(path in p.assignments(end) for p in mine for end in p.ends):
        return chosen
    for name in path.split("."):
        config = config[name]
    return [*chosen, config]


def _price(study_file, program, values):
    _, own = number_format.split(values)
    texts = {path: parameters.value_text(value, study_file.folder) for path, value in own.items()}
    return programs.price(program, study_file.experiment, texts)


def _in_place(study_file, place, call, *arguments):
    try:
        return call(*arguments)
    except (programs.Refused, UserError) as error:
        raise UserError(f"{study_file.file}: {place}: {error}") from error
