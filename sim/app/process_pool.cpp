#include "sim/app/process_pool.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <vector>

#include "sim/app/interrupt.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

// What a child writes into its pipe: records of a share done, then the text of its result up to the end.
constexpr char kShare = 's', kText = 't';
constexpr size_t kShareBytes = 1 + sizeof(double);
constexpr int kPollMs = 200;

struct Child {
  pid_t pid = 0;
  int piece = 0, pipe = 0;
  std::string unread;
};

void write_all(int pipe, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t wrote = write(pipe, bytes.data() + at, bytes.size() - at);
    if (wrote < 0 && errno != EINTR) _exit(3);
    if (wrote > 0) at += size_t(wrote);
  }
}

int attempt(const Pieces& pieces, int piece, const std::function<void(double)>& progress, std::string* text) {
  try {
    *text = pieces.work(piece, progress);
    return 0;
  } catch (const UserError& error) {
    *text = error.what();
    return 2;
  } catch (const std::filesystem::filesystem_error& error) {
    *text = error.path1().string() + ": " + error.code().message();
    return 2;
  } catch (const std::exception& error) {
    *text = std::string("internal error: ") + error.what();
    return 3;
  }
}

// Leaves without the parent's exit handlers and buffers.
[[noreturn]] void be_child(const Pieces& pieces, int piece, int pipe) {
  auto last = std::chrono::steady_clock::now();
  const auto progress = [&](double share) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last < std::chrono::milliseconds(kPollMs)) return;
    last = now;
    std::string record(kShareBytes, kShare);
    std::memcpy(record.data() + 1, &share, sizeof share);
    write_all(pipe, record);
  };
  std::string text;
  const int status = attempt(pieces, piece, progress, &text);
  write_all(pipe, kText + text);
  _exit(status);
}

Child start(const Pieces& pieces, int piece) {
  int ends[2];
  if (pipe(ends) != 0) throw UserError(std::string("no pipe for another process: ") + std::strerror(errno));
  std::cout.flush();
  const pid_t parent = getpid(), pid = fork();
  if (pid < 0) throw UserError(std::string("no further process to be had: ") + std::strerror(errno));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // an orphan would go on writing
    if (getppid() != parent) _exit(3);
    signal(SIGINT, SIG_IGN);  // the parent's to answer
    signal(SIGTERM, SIG_DFL);
    close(ends[0]);
    be_child(pieces, piece, ends[1]);
  }
  close(ends[1]);
  return {pid, piece, ends[0], ""};
}

// Hands on the last share among what has been read.
void take_shares(Child* child, const Pieces& pieces) {
  std::string& bytes = child->unread;
  size_t at = 0;
  double share = -1;
  for (; bytes.size() - at >= kShareBytes && bytes[at] == kShare; at += kShareBytes)
    std::memcpy(&share, bytes.data() + at + 1, sizeof share);
  bytes.erase(0, at);
  if (share >= 0) pieces.progressed(child->piece, share);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

PieceResult result_of(const Child& child) {
  close(child.pipe);
  const int status = wait_for(child.pid);
  PieceResult result{child.piece, 3, ""};
  if (WIFEXITED(status) && !child.unread.empty() && child.unread[0] == kText) {
    result.status = WEXITSTATUS(status);
    result.text = child.unread.substr(1);
  } else if (WIFSIGNALED(status)) {
    result.text = std::string("its process was ended by signal ") + std::to_string(WTERMSIG(status)) + " (" +
                  strsignal(WTERMSIG(status)) + (WTERMSIG(status) == SIGKILL ? "; out of memory?)" : ")");
  } else {
    result.text = "its process ended without a result";
  }
  return result;
}

void end_all(const std::vector<Child>& children) {
  for (const Child& child : children) kill(child.pid, SIGKILL);
  for (const Child& child : children) {
    wait_for(child.pid);
    close(child.pipe);
  }
}

// Reads from every child that has written; those that are done leave the list.
void listen(const Pieces& pieces, std::vector<Child>* children, bool* may_start) {
  std::vector<pollfd> pipes;
  for (const Child& child : *children) pipes.push_back({child.pipe, POLLIN, 0});
  if (poll(pipes.data(), pipes.size(), kPollMs) <= 0) return;
  for (size_t i = children->size(); i-- > 0;) {
    if (pipes[i].revents == 0) continue;
    char buffer[65536];
    const ssize_t got = read(pipes[i].fd, buffer, sizeof buffer);
    if (got < 0) continue;
    (*children)[i].unread.append(buffer, size_t(got));
    take_shares(&(*children)[i], pieces);
    if (got > 0) continue;
    const PieceResult result = result_of((*children)[i]);
    children->erase(children->begin() + long(i));
    *may_start = *may_start && result.status != 2;
    pieces.ended(result);
  }
}

}  // namespace

void run_in_processes(const Pieces& pieces, int jobs) {
  const SignalGuard guard;
  std::vector<Child> children;
  bool may_start = true;
  try {
    for (int next = 0; !children.empty() || (may_start && next < pieces.count);) {
      SignalGuard::check();
      while (may_start && next < pieces.count && int(children.size()) < jobs) children.push_back(start(pieces, next++));
      listen(pieces, &children, &may_start);
    }
  } catch (...) {
    end_all(children);
    throw;
  }
}

int processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace spikeloom
