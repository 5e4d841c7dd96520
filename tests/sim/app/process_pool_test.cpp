// Pieces of work in processes of their own.

#include "sim/app/process_pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

#include "sim/base/error.h"

namespace spikeloom {
namespace {

// How every piece of some work ends.
std::map<int, PieceResult> results_of(int count, int jobs, const std::function<std::string(int)>& work) {
  std::map<int, PieceResult> results;
  Pieces pieces;
  pieces.count = count;
  pieces.work = [&](int piece, const auto&) { return work(piece); };
  pieces.progressed = [](int, double) {};
  pieces.ended = [&](const PieceResult& result) { results[result.piece] = result; };
  run_in_processes(pieces, jobs);
  return results;
}

TEST(ProcessPoolUnit, EveryPieceRunsInAProcessOfItsOwnAndGivesItsText) {
  const auto results = results_of(5, 2, [](int piece) {
    return std::to_string(getpid()) + std::string(size_t(piece) << 16, 'x');  // more than a pipe holds
  });
  ASSERT_EQ(results.size(), 5u);
  std::map<std::string, int> processes;
  for (const auto& [piece, result] : results) {
    EXPECT_EQ(result.status, 0);
    ++processes[result.text.substr(0, result.text.find('x'))];
    EXPECT_EQ(std::count(result.text.begin(), result.text.end(), 'x'), piece << 16);
  }
  EXPECT_EQ(processes.size(), 5u);
}

TEST(ProcessPoolUnit, AUserErrorStartsNoMore) {
  const auto results = results_of(4, 1, [](int piece) -> std::string {
    if (piece == 1) throw UserError("no more");
    return "fine";
  });
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results.at(1).status, 2);
  EXPECT_EQ(results.at(1).text, "no more");
}

TEST(ProcessPoolUnit, ABugOrADeadProcessLeavesTheOthersRunning) {
  const auto results = results_of(4, 1, [](int piece) -> std::string {
    if (piece == 0) throw std::logic_error("stuck");
    if (piece == 1) kill(getpid(), SIGKILL);
    if (piece == 2) _exit(0);
    return "fine";
  });
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results.at(0).text, "internal error: stuck");
  EXPECT_EQ(results.at(1).text, "its process was ended by signal 9 (Killed; out of memory?)");
  EXPECT_EQ(results.at(2).text, "its process ended without a result");
  for (int piece = 0; piece < 3; ++piece) EXPECT_EQ(results.at(piece).status, 3);
  EXPECT_EQ(results.at(3).text, "fine");
}

TEST(ProcessPoolUnit, SharesArriveInTheParent) {
  Pieces pieces;
  pieces.count = 1;
  double last = 0;
  pieces.work = [](int, const auto& progress) {
    usleep(300000);  // shares are passed on a few times a second
    progress(0.5);
    return std::string("done");
  };
  pieces.progressed = [&](int, double share) { last = share; };
  pieces.ended = [](const PieceResult& result) { EXPECT_EQ(result.text, "done"); };
  run_in_processes(pieces, 1);
  EXPECT_EQ(last, 0.5);
}

}  // namespace
}  // namespace spikeloom
