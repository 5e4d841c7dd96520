#include <iostream>
#include "hw/chip/chip.h"
#include "sim/app/experiment.h"
using namespace spikeloom;
int sc_main(int argc, char** argv) {
  try {
    std::vector<std::string> sets(argv + 2, argv + argc);
    Experiment e = Experiment::load(argv[1], sets);
    LayerTrace layer = e.open_trace();
    Chip chip("chip", e.chip, layer, e.window_cycles);
    check_fit(chip.spec(), layer, chip.program());
    chip.run();
    for (auto& [n, a] : chip.activities()) { const_cast<Activity*>(a)->close(chip.cycles()); std::cout << n; for (int i = 0; i < 6; ++i) std::cout << " " << kActivityNames[i] << "=" << a->cycles(ActivityState(i)); std::cout << "\n"; }
    for (size_t p = 0; p < chip.result().phase_begin.size(); ++p) std::cout << "phase " << chip.result().phase_begin[p] << " " << chip.result().phase_end[p] << " " << chip.program().choices[p] << "\n";
    uint64_t wrong = 0;
    for (size_t o = 0; o < layer.operations.size(); ++o)
      for (size_t i = 0; i < chip.result().outputs[o].size(); ++i) wrong += chip.result().outputs[o][i] != layer.operations[o].expected[i];
    std::cout << "cycles " << chip.cycles() << " active " << chip.clock().active_cycles() << " wrong " << wrong << " of " << chip.result().expected << "\n";
  } catch (const UserError& error) { std::cerr << error.what() << "\n"; return 2; }
  return 0;
}
