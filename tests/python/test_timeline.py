"""The timeline of a run, read back with Perfetto's own classes: what it shows is what the report says."""

import json
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as trace_pb2

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"
EVENT = trace_pb2.TrackEvent
WINDOW = 300

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")


@dataclass
class Timeline:
    """Slices as (name, begin, end) and counters as (time, value), by the path of their track below the chip; in ns."""

    slices: dict = field(default_factory=lambda: defaultdict(list))
    counters: dict = field(default_factory=lambda: defaultdict(list))
    units: dict = field(default_factory=dict)
    order: list = field(default_factory=list)

    @classmethod
    def read(cls, file):
        timeline, names, paths, running = cls(), {}, {}, {}
        trace = trace_pb2.Trace.FromString(Path(file).read_bytes())
        for packet in trace.packet:
            assert packet.trusted_packet_sequence_id == 1
            names.update({name.iid: name.name for name in packet.interned_data.event_names})
            if packet.HasField("track_descriptor"):
                track = packet.track_descriptor
                paths[track.uuid] = (*paths[track.parent_uuid], track.name) if track.parent_uuid else ()
                timeline.units["/".join(paths[track.uuid])] = track.counter.unit_name
                timeline.order.append("/".join(paths[track.uuid]))
            elif packet.HasField("track_event"):
                event, path = packet.track_event, "/".join(paths[packet.track_event.track_uuid])
                if event.type == EVENT.TYPE_SLICE_BEGIN:
                    assert path not in running
                    assert packet.sequence_flags == 2  # its name is one of the first packet's
                    running[path] = (names[event.name_iid], packet.timestamp)
                elif event.type == EVENT.TYPE_SLICE_END:
                    timeline.slices[path].append((*running.pop(path), packet.timestamp))
                else:
                    assert event.type == EVENT.TYPE_COUNTER
                    value = event.counter_value if event.HasField("counter_value") else event.double_counter_value
                    timeline.counters[path].append((packet.timestamp, value))
        assert not running
        return timeline

    def by_name(self, path):
        total = Counter()
        for name, begin, end in self.slices[path]:
            total[name] += end - begin
        return total

    def integral(self, path):
        values = self.counters[path]
        return sum(value * (values[i + 1][0] - time) for i, (time, value) in enumerate(values[:-1]))


def run(folder, *options, window=WINDOW):
    words = ["run", "configs/experiments/demo.yaml", "-q", "--no-figures", "-o", str(folder), "--timeline"]
    words += ["--set", "workload.tokens=1", "--set", f"experiment.window_cycles={window}", *options]
    subprocess.run([PROGRAM, *words], cwd=ROOT, check=True)
    return Timeline.read(folder / "timeline.perfetto-trace"), json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return run(tmp_path_factory.mktemp("demo"))


def test_slices_of_a_block_take_the_cycles_that_the_report_counts(demo):
    timeline, report = demo
    for block, cycles in report["activity_cycles"].items():
        shown = timeline.by_name(block.removeprefix("chip.").replace(".", "/"))
        expected = {state: 2 * count for state, count in cycles.items() if state != "idle" and count}  # 2 ns a cycle
        assert shown == expected, block


def test_slices_follow_one_another(demo):
    timeline, report = demo
    for path, slices in timeline.slices.items():
        end_before = 0
        for _name, begin, end in slices:
            assert end_before <= begin < end <= 2 * report["time"]["cycles"], path
            end_before = end


def test_operations_are_the_phases_of_the_report(demo):
    timeline, report = demo
    expected = [(",".join(p["operations"]), 2 * p["begin_cycle"], 2 * p["end_cycle"]) for p in report["phases"]]
    assert timeline.slices["operations"] == expected


def test_power_over_time_is_the_energy_of_the_report(demo):
    timeline, report = demo
    spent = {group: energy for group, energy in report["energy"]["groups_pj"].items() if energy > 0}
    assert {path for path in timeline.counters if path.startswith("power/")} == {
        "power/total",
        *(f"power/{group}" for group in spent),
    }
    for group, energy in {**spent, "total": report["energy"]["total_pj"]}.items():
        assert timeline.units[f"power/{group}"] == "W"
        assert timeline.integral(f"power/{group}") * 1e3 == pytest.approx(energy, rel=1e-9)  # W ns = 1000 pJ


def test_power_of_a_window_is_that_of_windows_csv(tmp_path):
    timeline, report = run(tmp_path)
    energy = Counter()
    for line in (tmp_path / "windows.csv").read_text().splitlines()[1:]:
        cells = line.split(",")
        energy[int(cells[0])] += float(cells[-1])
    *windows, (end, last) = timeline.counters["power/total"]
    assert (end, last) == (2 * report["time"]["cycles"], 0)
    for time, watts in windows:
        cycles = min(WINDOW, report["time"]["cycles"] - time // 2)
        assert watts == pytest.approx(energy[time // 2] / (2 * cycles) / 1e3, rel=1e-6)


def test_flits_add_up_to_those_of_the_links(demo):
    timeline, report = demo
    sent = sum(flits for link, flits in report["link_flits"].items() if not link.endswith("inject"))
    routers = [path for path in timeline.counters if "router_" in path]
    assert len(routers) == report["chip"]["width"] * report["chip"]["height"]
    assert sum(value for path in routers for _time, value in timeline.counters[path]) == sent
    for path in routers:
        times = [time for time, _value in timeline.counters[path]]
        assert times[:-1] == list(range(0, 2 * report["time"]["cycles"], 2 * WINDOW))


def test_tracks_have_the_names_of_the_report(demo):
    timeline, _report = demo
    assert timeline.order[:3] == ["", "operations", "power"]
    for path in ("tile_0_0/synapse_array", "tile_3_2/neuron_array", "memory_0/dram", "memory_1/encoder_0"):
        assert path in timeline.order


def test_a_range_of_cycles_is_a_piece_of_the_whole(demo, tmp_path):
    whole, _report = demo
    begin, end = 1000, 2000
    piece, report = run(tmp_path, "--record-cycles", f"{begin}:{end}")
    assert report["recordings"][0]["begin_cycle"] == begin
    assert report["recordings"][0]["end_cycle"] == end
    for path, slices in whole.slices.items():
        cut = [(name, max(b, 2 * begin), min(e, 2 * end)) for name, b, e in slices]
        assert piece.slices[path] == [(name, b, e) for name, b, e in cut if b < e], path
    for path, values in whole.counters.items():  # windows that begin at 900, 1200, 1500, 1800
        assert piece.counters[path][:-1] == [(t, v) for t, v in values if 2 * 900 <= t < 2 * end], path
        assert piece.counters[path][-1] == (2 * 2100, 0)


def test_a_full_file_shows_all_until_it_ends(demo, tmp_path):
    whole, _report = run(tmp_path / "whole", window=1)
    part, report = run(tmp_path / "part", "--record-limit", "1", window=1)
    (recorded,) = report["recordings"]
    assert recorded["full"]
    assert recorded["bytes"] == (tmp_path / "part" / "timeline.perfetto-trace").stat().st_size <= 1 << 20
    end = 2 * recorded["end_cycle"]
    for path, slices in whole.slices.items():
        cut = [(name, begin, min(until, end)) for name, begin, until in slices]
        assert part.slices[path] == [(name, begin, until) for name, begin, until in cut if begin < until], path
    for path, values in whole.counters.items():
        shown = part.counters[path][:-1]
        assert shown == values[: len(shown)]
        assert shown[-1][0] >= end - 2
