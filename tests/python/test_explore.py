"""Studies from their file to their report: every trial's numbers, fronts, resumes, mistakes."""

import itertools
import json
import re
import signal
import subprocess
from types import SimpleNamespace

import pandas as pd
import pytest
import small_study
from small_study import PROGRAM, needs_program

import spikeloom
from spikeloom import UserError
from spikeloom.__main__ import main as command_line
from spikeloom.explore import report
from spikeloom.explore.report import sampler_in_words

pytestmark = needs_program


@pytest.fixture(scope="module")
def explore():
    """Runs studies here; without a report unless asked for one."""

    def run(study, folder, store, report=False, **more):
        return spikeloom.explore.run(study, folder / "out", store=store, report=report, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKELOOM_PROGRAM", str(PROGRAM))
        yield run


@pytest.fixture(scope="module")
def store(undisturbed):
    """Where the results of the small study are kept."""
    return undisturbed[0] / "store"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, explore):
    """(folder, Study) of the small study, run at one go."""
    folder = tmp_path_factory.mktemp("undisturbed")
    status, out, errors = small_study.run(small_study.write(folder), folder)
    assert (status, errors) == (0, ""), errors
    return folder, spikeloom.explore.open_study(folder / "out"), out


def direct_run(folder, assignments):
    """Energy in uJ and latency in us of an experiment with changed values, by `spikeloom run` alone."""
    sets = [word for path, value in assignments.items() for word in ("--set", f"{path}={value}")]
    line = [PROGRAM, "run", folder / "small.yaml", *sets, "--no-figures", "-q", "-o", folder / "direct"]
    subprocess.run(list(map(str, line)), check=True)
    report = json.loads((folder / "direct/report.json").read_text())
    return report["energy"]["total_pj"] * 1e-6, report["time"]["us"]


def areas(folder, assignments):
    sets = [word for path, value in assignments.items() for word in ("--set", f"{path}={value}")]
    words = ["price", folder / "small.yaml", "--json", *sets]
    out = subprocess.run([PROGRAM, *words], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["area_mm2"]["total"]


@pytest.fixture(scope="module")
def enumeration(undisturbed):
    """{(lanes, banks, flits): (energy, latency, area)} of every point, each by a run of its own."""
    folder = undisturbed[0]
    found = {}
    for point in itertools.product((24, 48, 64), (2, 4), (4, 6)):
        values = dict(zip(small_study.STUDY["parameters"], point, strict=True))
        found[point] = (*direct_run(folder, values), areas(folder, values))
    return found


def brute_front(points):
    """Keys of points that no other is at least as good as everywhere and different."""
    return {
        key
        for key, values in points.items()
        if not any(
            other != values and all(a <= b for a, b in zip(other, values, strict=True)) for other in points.values()
        )
    }


def test_a_grid_tries_every_point_once_and_gives_what_runs_give(undisturbed, enumeration):
    trials = undisturbed[1].trials()
    assert list(trials["state"]) == ["complete"] * 12
    names = list(small_study.STUDY["parameters"])
    found = {tuple(row[names]): tuple(row[["energy_uj", "latency_us", "area_mm2"]]) for _, row in trials.iterrows()}
    assert found.keys() == enumeration.keys()
    for point, values in enumeration.items():
        assert found[point] == pytest.approx(values, rel=1e-12)


def test_the_front_is_that_of_full_enumeration(undisturbed, enumeration):
    front = undisturbed[1].front()
    names = list(small_study.STUDY["parameters"])
    assert {tuple(row) for row in front[names].itertuples(index=False)} == brute_front(enumeration)
    pairs = {point: values[:2] for point, values in enumeration.items()}
    two = undisturbed[1].front("energy_uj", "latency_us")
    assert {tuple(row) for row in two[names].itertuples(index=False)} == brute_front(pairs)


@pytest.mark.parametrize("sampler", ("nsga2", "tpe"))
def test_a_sampler_that_learns_finds_the_same_front(tmp_path, explore, store, enumeration, sampler):
    search = {"sampler": sampler, "population": 8, "seed": 3}
    study = explore(small_study.write(tmp_path, search=search), tmp_path, store, trials=24)
    names = list(small_study.STUDY["parameters"])
    assert {tuple(row) for row in study.front()[names].itertuples(index=False)} == brute_front(enumeration)
    assert study.trials()["kept"].all()  # every point was in the store
    assert not study.front().duplicated(names).any()


def test_the_report_shows_fronts_and_commands_that_repeat(undisturbed, enumeration):
    folder, study, out = undisturbed
    page = (folder / "out/report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "Sampler: grid." in page
    assert re.search(r"energy_uj +latency_us +area_mm2 +tile.lanes +synapse_array.banks +network.buffer_flits", out)
    best = study.best()
    for number in best.index:
        assert f"trial_{number:04}.yaml" in page
    command = re.search(r"Repeat +spikeloom (run .*)", out).group(1).split()
    command[-1] = str(folder / "again")
    subprocess.run([PROGRAM, *command, "--no-figures", "-q"], check=True)
    report = json.loads((folder / "again/report.json").read_text())
    assert report["energy"]["total_pj"] * 1e-6 == pytest.approx(best.iloc[0]["energy_uj"], rel=1e-12)
    assert pd.read_csv(folder / "out/trials.csv")["energy_uj"].to_numpy() == pytest.approx(study.trials()["energy_uj"])


def test_a_sampler_is_told_in_words():
    search = {"sampler": "nsga2", "seed": 1, "population": 20, "in_flight": 8}
    assert sampler_in_words(search) == "nsga2, seed 1, population 20, 8 trials ahead of the last result"
    assert sampler_in_words(search | {"sampler": "random"}) == "random, seed 1"


def test_importance_is_a_share_of_every_parameter(undisturbed):
    shares = undisturbed[1].importance("area_mm2")
    assert set(shares.index) == set(small_study.STUDY["parameters"])
    assert shares.sum() == pytest.approx(1)


def test_a_finished_study_does_nothing_and_a_longer_one_goes_on_and_says_where(
    tmp_path, explore, store, undisturbed, capsys
):
    study = small_study.write(tmp_path)
    said = []
    for trials in (5, 5, None):
        explore(study, tmp_path, store, trials=trials)
        said.append(capsys.readouterr().err)
    out = tmp_path / "out"
    assert said == [f"{out}: 5 trials, 2 at once\n", "", f"{out}: goes on at trial 5 of 12, 2 at once\n"]
    assert small_study.trials_of(tmp_path / "out") == small_study.trials_of(undisturbed[0] / "out")


def test_technologies_are_priced_without_a_simulation(tmp_path, explore, store):
    both = [str(small_study.ROOT / f"configs/energy/{node}nm.yaml") for node in (22, 45)]
    parameters = {"chip.tile.lanes": [24, 48], "experiment.energy": both}
    study = explore(small_study.write(tmp_path, parameters=parameters), tmp_path, store, report=True)
    assert list(study.trials()["kept"]) == [True] * 4
    row = study.trials().iloc[-1]
    values = {name: row[name] for name in parameters}
    assert values["experiment.energy"] == both[1]
    assert row["energy_uj"] == pytest.approx(direct_run(tmp_path, values)[0], rel=1e-12)


def test_constraints_are_kept_and_named(tmp_path, explore, store, enumeration):
    limit = sorted(values[2] for values in enumeration.values())[5]
    for sampler in ("grid", "nsga2"):
        folder = tmp_path / sampler
        changes = {"constraints": {"area_mm2": {"most": limit}}, "search": {"sampler": sampler}}
        study = explore(small_study.write(folder, **changes), folder, store)
        trials = study.trials()
        outside = trials[trials["area_mm2"] > limit]
        assert len(outside) > 0
        assert set(outside["state"]) == {"infeasible"}
        assert set(outside["reason"]) == {f"outside area_mm2 at most {limit:g}"}
        assert set(trials[trials["area_mm2"] <= limit]["state"]) == {"complete"}
        assert set(study.front().index).isdisjoint(outside.index)


@pytest.mark.parametrize("sampler", ["grid", "nsga2"])
def test_a_constraint_that_nothing_meets_is_the_reason_on_the_terminal(tmp_path, recwarn, sampler):
    head = small_study.STUDY["study"] | {"trials": 3}
    changes = {"constraints": {"area_mm2": {"most": 0.5}}, "search": {"sampler": sampler}}
    status, out, _ = small_study.run(small_study.write(tmp_path, study=head, **changes), tmp_path)
    lines = out.splitlines()
    assert (status, lines[0]) == (1, "out: 3 trials: 3 infeasible")
    assert lines[2:4] == [
        "No trial is complete and inside the constraints",
        "3 infeasible: outside area_mm2 at most 0.5",
    ]
    assert not [str(each.message) for each in recwarn if issubclass(each.category, UserWarning)]


def test_reasons_come_by_how_often_they_are_and_the_rest_is_counted():
    reasons = ["b", "a", "c", "a", "", "b", "a"]
    rows = pd.DataFrame(
        {"state": ["failed" if reason == "c" else "infeasible" for reason in reasons], "reason": reasons}
    )
    study = SimpleNamespace(trials=lambda: rows)
    assert report.refusals(study, 3) == ["3 infeasible: a", "2 infeasible: b", "1 failed: c"]
    assert report.refusals(study, 1) == ["3 infeasible: a", "and 2 other reasons: trials.csv"]


def test_points_that_the_chip_refuses_are_shown_with_the_reason(tmp_path, explore, store):
    # A head flit takes 56 + 14 + 8 bits per token of the batch.
    parameters = {"chip.network.link_bits": [128, 256], "chip.tile.token_batch": [1, 8]}
    memories = {"chip.encoder.main_bytes": 8192, "chip.encoder.side_bytes": 8192, "chip.encoder.index_bytes": 65536}
    head = small_study.STUDY["study"] | {"set": memories}
    study = explore(small_study.write(tmp_path, study=head, parameters=parameters), tmp_path, store, report=True)
    refused = study.trials()[lambda rows: rows["state"] == "infeasible"]
    assert list(zip(refused["chip.network.link_bits"], refused["chip.tile.token_batch"], strict=True)) == [(128, 8)]
    assert refused["reason"].str.contains("a head flit needs 134 bits").all()
    assert "a head flit needs" in (tmp_path / "out/report.html").read_text()


def test_a_beaten_part_prunes_only_what_the_whole_would_show_beaten(tmp_path, explore, store, enumeration):
    changes = {
        "prune_by_part": {"workload.tokens": 1},
        "search": {"sampler": "grid", "in_flight": 2},
        "objectives": {"energy_uj": "minimize", "area_mm2": "minimize"},
    }
    study = explore(small_study.write(tmp_path, **changes), tmp_path, store)
    trials = study.trials()
    pruned = trials[trials["state"] == "pruned"]
    assert len(pruned) > 0
    names = list(small_study.STUDY["parameters"])
    two = {point: (values[0], values[2]) for point, values in enumeration.items()}
    front = brute_front(two)
    assert {tuple(row) for row in study.front()[names].itertuples(index=False)} == front
    assert not {tuple(row) for row in pruned[names].itertuples(index=False)} & front


MISTAKES = {
    "a path that does not exist": (
        {"parameters": {"chip.tile.lanez": [24, 48]}},
        "parameters.chip.tile.lanez: .*no such key to override",
    ),
    "bounds that the chip contradicts": (
        {"parameters": {"chip.network.buffer_flits": {"from": 0, "to": 4}}},
        "parameters.chip.network.buffer_flits: .*0 is out of range",
    ),
    "a bad value for all trials": (
        {"study": small_study.STUDY["study"] | {"set": {"chip.tile.lanes": 1}}},
        "study: .*chip.tile.lanes: 1 is out of range",
    ),
    "no setting of formats": (
        {"parameters": {"format.bits": [3, 4]}},
        "parameters.format.bits: format.bits: no such setting",
    ),
    "a part as large as the whole": (
        {"prune_by_part": {"workload.tokens": 2}},
        "prune_by_part: 2 tokens are no part of 2",
    ),
    "a part that may be mapped otherwise than the whole": (
        {
            "prune_by_part": {"workload.tokens": 1},
            "study": small_study.STUDY["study"] | {"set": {"chip.mapping.policy": "auto"}},
        },
        "prune_by_part: chip.mapping.policy is auto, which may choose otherwise for fewer tokens: .*"
        r"set it \(chip.mapping.policy: fixed\), or leave prune_by_part out",
    ),
    "a parameter that lets a part be mapped otherwise": (
        {
            "prune_by_part": {"workload.tokens": 1},
            "parameters": {"chip.mapping.placement": ["snake", "auto"]},
        },
        "prune_by_part: chip.mapping.placement is auto",
    ),
    "a metric that the report lacks": (
        {"objectives": {"report.figures.joy": "maximize"}},
        "metric report.figures.joy: report.json has no number there",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_line_and_status_two(tmp_path, capsys, mistake):
    changes, expected = MISTAKES[mistake]
    study = small_study.write(tmp_path, **changes)
    assert command_line(["explore", str(study), "-o", str(tmp_path / "out"), "--store", str(tmp_path / "store")]) == 2
    message = small_study.without_progress(capsys.readouterr().err)
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert re.search(expected, message), message


def test_a_changed_study_is_refused_with_the_difference_or_forked(tmp_path, explore, store):
    explore(small_study.write(tmp_path), tmp_path, store, trials=2)
    changed = small_study.write(tmp_path, objectives={"energy_uj": "minimize"})
    with pytest.raises(UserError, match="study.objectives.area_mm2 was minimize, now nothing; .*--fork"):
        explore(changed, tmp_path, store, trials=2)
    for _ in range(2):  # a second time it goes on with the fork
        assert explore(changed, tmp_path, store, trials=2, fork=True).folder == tmp_path / "out-2"
    assert len(small_study.trials_of(tmp_path / "out")) == 2


def test_a_changed_program_is_refused(tmp_path, explore, store, monkeypatch):
    study = small_study.write(tmp_path)
    explore(study, tmp_path, store, trials=2)
    program = tmp_path / "spikeloom"
    program.write_bytes(PROGRAM.read_bytes() + b"\0")
    program.chmod(0o755)
    monkeypatch.setenv("SPIKELOOM_PROGRAM", str(program))
    with pytest.raises(UserError, match="study.program_sha256 was "):
        explore(study, tmp_path, store, trials=2)


def test_a_changed_trace_is_refused(tmp_path, explore, store):
    study = small_study.write(tmp_path)
    explore(study, tmp_path, store, trials=2)
    experiment = tmp_path / "small.yaml"
    experiment.write_text(experiment.read_text().replace("spikequant-improved", "spikequant"))
    with pytest.raises(UserError, match="study.experiment.workload.trace was .*improved.*, now "):
        explore(study, tmp_path, store, trials=2)


def test_two_starts_at_once_do_not_meet(tmp_path, capsys):
    study = small_study.write(tmp_path)
    line = small_study.command(study, tmp_path)
    first = small_study.start(study, tmp_path)
    small_study.wait_until((tmp_path / "out/study.json").exists, first)
    first.send_signal(signal.SIGSTOP)  # until the second has seen it
    try:
        assert command_line(line[line.index("explore") :]) == 2
    finally:
        first.send_signal(signal.SIGCONT)
    assert "another `spikeloom explore` is at work there" in capsys.readouterr().err
    assert first.communicate() and first.returncode == 0


def test_ctrl_c_keeps_what_is_done(tmp_path, undisturbed):
    study = small_study.write(tmp_path)
    process = small_study.start(study, tmp_path)
    small_study.wait_until(lambda: list((tmp_path / "store").rglob("identity.json")), process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=small_study.MOST_SECONDS)
    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("stopped: results so far are kept")
    assert small_study.finish(study, tmp_path) == small_study.trials_of(undisturbed[0] / "out")


def test_a_full_disk_stops_with_one_line_and_the_next_start_goes_on(tmp_path, undisturbed):
    study = small_study.write(tmp_path)
    limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", *small_study.command(study, tmp_path)]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(small_study.without_progress(done.stderr).splitlines()) == 1, done.stderr
    assert small_study.finish(study, tmp_path) == small_study.trials_of(undisturbed[0] / "out")


def test_results_of_a_comparison_and_files_are_no_folders_of_a_study(tmp_path):
    study = small_study.write(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "numbers.json").write_text("{}")
    said = f"error: {tmp_path}/out: holds the results of `spikeloom compare`; choose another folder with -o\n"
    assert small_study.run(study, tmp_path) == (2, "", said)
    (tmp_path / "out" / "numbers.json").unlink()
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("a file")
    said = f"error: -o {tmp_path}/out: {tmp_path}/out is a file, not a folder\n"
    assert small_study.run(study, tmp_path) == (2, "", said)


def test_no_study_in_a_folder_is_said(tmp_path):
    with pytest.raises(UserError, match="no study there"):
        spikeloom.explore.open_study(tmp_path)
