"""A comparison by hand: results folders with few events, whose ratios can be computed on paper.

Energy in pJ per token of a spiking and of a multiply-accumulate chip; DRAM has 20 more per run, the weights' load.

    group                      spiking   multiply-accumulate    sums of rungs   spiking   multiply-accumulate   ratio
    arithmetic                     1         4                  1                   1         4                 4
    weight_read_write              2         2                  2                   3         6                 2
    partial_sums                   3         1
    threshold_and_firing           1         0                  3                   7         7                 1
    dequantize_and_requantize      0         1                  4                   7         8                 8/7
    activations                    1         2                  5                   8        10                 5/4
    noc                            2         1                  6                  10        11                 11/10
    dram                           2         1                  7                  12        12                 1
    encoder                        1         0
    vector_unit                    0         2                  8                  13        14                 14/13
    leakage                        2         1
    control                        1         1                  9                  16        16                 1
"""

import json

import yaml

from spikeloom.compare import config
from spikeloom.compare.runs import Refused, Run
from spikeloom.store.result_store import ResultStore

SPIKING = {
    "arithmetic": 1,
    "weight_read_write": 2,
    "partial_sums": 3,
    "threshold_and_firing": 1,
    "dequantize_and_requantize": 0,
    "activations": 1,
    "noc": 2,
    "dram": 2,
    "encoder": 1,
    "vector_unit": 0,
    "leakage": 2,
    "control": 1,
}
RIVAL = {
    "arithmetic": 4,
    "weight_read_write": 2,
    "partial_sums": 1,
    "threshold_and_firing": 0,
    "dequantize_and_requantize": 1,
    "activations": 2,
    "noc": 1,
    "dram": 1,
    "encoder": 0,
    "vector_unit": 2,
    "leakage": 1,
    "control": 1,
}
LOAD_PJ = 20
RATIOS = [4, 2, 1, 8 / 7, 5 / 4, 11 / 10, 1, 14 / 13, 1]
# Of the count code and of batches: factors on everything that a token takes.
CODES = {"ttfs": 1.0, "count": 2.0}
# Of placements: factors on the network's energy of a spiking and of a multiply-accumulate chip.
PLACEMENTS = {"near_memory": (1, 1), "snake": (2, 0)}
REFUSED_BATCH = "8"
# Of chips by area: the spiking one, and a lane of the other, whose leakage is in proportion.
SPIKING_MM2, RIVAL_LANE_MM2, LANES = 3.0, 0.06, 48

CONFIG = """\
compare:
  name: by_hand
  chip: chip.yaml
  technologies: [one.yaml]
  layer: 15
  operations: [q, k]
  regimes:
    resident: {case: prefill32, tokens: 16}
    prefill: {case: prefill32}
    decode: {case: decode128}
  may_differ: [chip.tile.datapath]
  perplexity: {file: README.md, column: PPL wikipedia}
  uncertainty: uncertainty.yaml
  samples: 1000
  seed: 1
  contenders:
    - name: spikes
      side: spiking
      trace: TRACES/spikequant-improved
      search:
        chip.spike_code: [ttfs, count]
        chip.tile.token_batch: [1, 2, 8]
      rows: [chip.spike_code]
      perplexity: {method: spikequant-improved, salient: 2.50%}
    - name: macs
      side: multiply_accumulate
      trace: TRACES/spikequant-improved
      set: {chip.tile.datapath: multiply_accumulate}
      perplexity: {method: spikequant-improved, salient: 5.00%}
  readings:
    - name: four times less
      source: a paper
      claim: 4.0
      tolerance: 1.1
      spiking: {contender: spikes, chip.spike_code: ttfs}
      regimes: [resident]
      rungs: [1, 2]
      rivals: [macs]
      technologies: [one]
      why: it counts arithmetic
"""
UNCERTAINTY = """\
uncertainty:
  events:
    arithmetic_event: {group: adders, low: 0.5, high: 2.0, source: by hand}
    dram_read_bit: {group: dram, low: 0.25, high: 4.0, source: by hand}
    noc_event: {group: wires, low: 0.5, high: 2.0, source: by hand}
  leakage:
    dram_standby: {group: dram, low: 0.25, high: 4.0, source: by hand}
"""
PERPLEXITIES = """\
<!-- table of `spikeloom perplexity` -->
| method | salient | PPL wikipedia |
| --- | --- | --- |
| `spikequant-improved` | 5.00% | 36.90 (27.66 .. 49.22) |
| `atom` | - | 40.00 (30.00 .. 50.00) |
| `spikequant-improved` | 2.50% | 35.57 (26.60 .. 47.58) |
<!-- end of the table -->
"""


def event_of(group):
    """The event that stands for a group."""
    return "dram_read_bit" if group == "dram" else f"{group}_event"


def area_of(settings):
    """Area in mm2 of a chip with some settings."""
    if settings.get("chip.tile.datapath") != "multiply_accumulate":
        return SPIKING_MM2
    return RIVAL_LANE_MM2 * int(settings.get("chip.tile.lanes", LANES))


def write_config(folder, traces, text=CONFIG):
    """The configuration and what it names; returns its path."""
    (folder / "chip.yaml").write_text("chip: {name: by_hand}\n")
    (folder / "one.yaml").write_text("technology: {name: one}\n")
    (folder / "uncertainty.yaml").write_text(UNCERTAINTY)
    (folder / "README.md").write_text(PERPLEXITIES)
    path = folder / "compare.yaml"
    path.write_text(text.replace("TRACES", str(traces)))
    return path


class HandMadeRuns:
    """Stands for Runs: writes the results of the table above, which `changes(job, report, chip)` may spoil."""

    def __init__(self, folder, changes=lambda job, report, chip: None):
        self.store, self._changes, self.asked = ResultStore(folder), changes, []

    def areas(self, jobs):
        return {job: area_of(dict(job.settings)) for job in jobs}

    def results(self, jobs):
        found = {}
        for job in dict.fromkeys(jobs):
            self.asked.append(job)
            settings = dict(job.settings)
            if settings.get(config.BATCH) == REFUSED_BATCH:
                found[job] = Refused("chip.yaml:1:1: chip.tile.token_batch: too many")
            else:
                found[job] = self._write(job, settings)
        return found

    def _write(self, job, settings):
        is_rival = settings.get("chip.tile.datapath") == "multiply_accumulate"
        tokens = job.tokens or (1 if "decode" in job.trace.name else 32)
        batch = int(settings.get(config.BATCH, 1))
        code = settings.get("chip.spike_code", "ttfs")
        factor = CODES[code] * (1 + 0.1 * (batch - 1))
        pj = {group: tokens * each * factor for group, each in (RIVAL if is_rival else SPIKING).items()}
        placement = settings.get("chip.mapping.placement", "near_memory")
        pj["noc"] *= PLACEMENTS[placement][is_rival]
        pj["dram"] += LOAD_PJ
        lanes = int(settings.get("chip.tile.lanes", LANES))
        pj["leakage"] *= lanes / LANES
        key = f"{'mac' if is_rival else 'spk'}-{job.trace.name.split('.')[1]}-{tokens}-{code}-{batch}"
        key += "" if lanes == LANES else f"-{lanes}"
        key += "" if placement == "near_memory" else f"-{placement}"
        folder = self.store.place(key)
        folder.mkdir(parents=True, exist_ok=True)
        report = self._report(job, tokens, batch, code, sum(pj.values()))
        chip = {"lanes": str(lanes), "spike_code": code, "tile": {"token_batch": str(batch)}}
        chip["mapping"] = {"placement": placement}
        if is_rival:
            chip["tile"]["datapath"] = "multiply_accumulate"
        self._changes(job, report, chip)
        (folder / "report.json").write_text(json.dumps(report))
        (folder / "energy.csv").write_text(self._csv(pj))
        (folder / "resolved.yaml").write_text(yaml.safe_dump({"chip": chip, "technology": {"name": "one"}}))
        return Run(key, folder)

    @staticmethod
    def _csv(pj):
        lines = ["block,event,group,count,unit_pj,energy_pj"]
        lines += [f"chip,{event_of(group)},{group},{value * 10},0.1,{value}" for group, value in pj.items()]
        return "\n".join(lines) + "\n"

    @staticmethod
    def _report(job, tokens, batch, code, total):
        return {
            "synthetic": False,
            "trace": {
                "sha256": "5" * 64,
                "weights_sha256": "6" * 64,
                "model": "by hand",
                "layer": 15,
                "tokens": tokens,
                "text": "a text",
            },
            "chip": {"name": "by_hand", "width": 2, "height": 2, "clock_mhz": 500.0}
            | {"spike_code": code, "token_batch": batch},
            "time": {"us": 2.0 * tokens},
            "figures": {"weight_reads_per_use": 1 / batch, "lane_utilisation": 0.5},
            "area": {"total_mm2": area_of(dict(job.settings))},
            "energy": {"total_pj": total},
            "phases": [{"operations": ["q", "k"]}],
            "not_charged": ["clock distribution"],
            "assumptions": {"weights": "4 bit"},
        }
