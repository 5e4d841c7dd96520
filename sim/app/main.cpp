// The program `spikeloom`: picks the subcommand; the only place that catches errors of the user.

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <systemc>

#include "sim/app/commands.h"
#include "sim/app/interrupt.h"
#include "sim/base/error.h"

namespace {

const char* const kHelp = R"(usage: spikeloom COMMAND ...

A cycle-accurate simulator of spiking accelerators that run quantized language models.

  run EXPERIMENT.yaml    simulate, compare with the trace, write the energy report
  check FILE ...         validate experiments and traces without simulating
  price EXPERIMENT.yaml  area of a chip, and the energy of stored counts in another technology
  explore STUDY.yaml     search parameters for the best trade between energy, latency, area and perplexity (Python)
  describe FILE          what is in a trace; a chip's block diagram and parameters
  noc FILE               latency and throughput of a network alone, under synthetic traffic
  compare CONFIG.yaml    a spiking chip and its multiply-accumulate rivals: both bills, one report (Python)
  train-spiking-lm       train a BERT-like spiking encoder with weights of 1 bit, ternary or 4 bits (Python)
  steps STUDY.yaml       such an encoder's accuracy, cycles and energy against time steps, beside multiply-accumulate rivals (Python)
  export ...             write real layers as traces, by any method (Python)
  perplexity ...         perplexity of quantization methods on real text (Python)
  synthetic ...          write a trace of random codes and weights, labelled synthetic (Python)
  plot FOLDER            draw the figures of a results folder again (Python)
  fetch                  get the default model and texts for export and perplexity (Python)

spikeloom COMMAND --help shows options and examples. Start with
  spikeloom run configs/experiments/demo.yaml

exit status: 0 done; 1 done, but not as it should be (run: outputs differ from the trace); 2 an error in what was asked
for: one line says what; 3 a network or a chip that is stuck, or another error of the program; 128 + N stopped by signal
N, as 130 by Ctrl-C
)";

int dispatch(const std::string& command, const std::vector<std::string>& words) {
  using namespace spikeloom;
  if (command == "run") return command_run(words);
  if (command == "check") return command_check(words);
  if (command == "price") return command_price(words);
  if (command == "describe") return command_describe(words);
  if (command == "noc") return command_noc(words);
  for (const char* name :
       {"explore", "export", "perplexity", "synthetic", "plot", "fetch", "compare", "steps", "train-spiking-lm"})
    if (command == name) return command_python(command, words);
  throw UserError("'" + command +
                  "' is not a command (there are: run, check, price, describe, noc, explore, export, perplexity, "
                  "synthetic, plot, fetch, compare, steps, train-spiking-lm)");
}

}  // namespace

// SystemC's library wants this symbol; main() below makes its calls itself.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << kHelp;
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    std::cout << "spikeloom " SPIKELOOM_VERSION "\n";
    return 0;
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is told of as a full disk is
  try {
    const int status = dispatch(words[0], {words.begin() + 1, words.end()});
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0)
      throw spikeloom::UserError("standard output cannot be written (disk full?)");
    return status;
  } catch (const spikeloom::UserError& error) {
    std::cerr << "spikeloom: " << error.what() << "\n";
    return 2;
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "spikeloom: " << error.path1().string() << ": " << error.code().message() << "\n";
    return 2;
  } catch (const spikeloom::Interrupted& interrupted) {
    std::cerr << "spikeloom: stopped\n";
    return 128 + interrupted.signal;
  } catch (const std::exception& error) {
    std::cerr << "spikeloom: internal error: " << error.what() << "\n";
    return 3;
  }
}
