#include "sim/app/noc_replay.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "sim/app/progress.h"

namespace spikeloom {

namespace {

template <typename... Values>
std::string line(const char* format, Values... values) {
  char text[400];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

unsigned long long u(uint64_t value) { return value; }

// Flits that sinks must have got: a multicast's once for each of its nodes.
uint64_t flits_to_eject(const RecordedTraffic& traffic) {
  uint64_t flits = 0;
  for (const RecordedPacket& packet : traffic.packets) flits += packet.flits * traffic.fanout(packet);
  return flits;
}

std::string last_arrival(const Replay& replay) {
  const long long later = (long long)(replay.last_arrival) - (long long)(replay.recorded_last_arrival);
  std::string text = line("Last tail    arrives in cycle %llu, ", u(replay.last_arrival));
  if (later == 0) return text + "as recorded\n";
  return text + line("%lld cycle(s) %s than recorded\n", std::llabs(later), later < 0 ? "earlier" : "later");
}

}  // namespace

Replay replay(const NocExperiment& experiment) {
  const RecordedTraffic& traffic = *experiment.recorded;
  ReplayNetwork network(experiment.network, experiment.network.topology(experiment.memory_nodes), traffic);
  Progress progress("replaying");
  const Replay result = network.run([&](double share) { progress.update(share); });
  if (result.stuck.empty() && result.classes.back().ejected != flits_to_eject(traffic))
    throw std::logic_error("the replay lost or doubled flits");
  return result;
}

std::string replay_text(const NocExperiment& experiment, const Replay& replay) {
  const RecordedTraffic& traffic = *experiment.recorded;
  std::string text = "Network      " + experiment.network.text(int(traffic.classes.size())) + "; " +
                     std::to_string(traffic.memory_nodes) + " memory node(s)\n";
  text += "Traffic      recorded: " + traffic.title() + "\n";
  text += line("             cycles %llu to %llu%s, on a %s\n", u(traffic.begin), u(traffic.end - 1),
               traffic.whole ? ", the whole run" : "", traffic.network.c_str());
  text += "Replay       open loop: every flit is offered in its recorded cycle, or when those before it have left\n\n";
  text += line("%-10s %9s %9s %9s %9s %9s %9s %8s %8s %8s\n", "class", "packets", "injected", "ejected", "latency",
               "recorded", "later", "latest", "largest", "waited");
  for (const ReplayedClass& row : replay.classes)
    text += line("%-10s %9llu %9llu %9llu %9.2f %9.2f %+9.2f %+8lld %8llu %8.2f\n", row.name.c_str(), u(row.packets),
                 u(row.injected), u(row.ejected), row.latency, row.recorded_latency, row.latency - row.recorded_latency,
                 (long long)(row.latest), u(row.largest_latency), row.waited);
  text +=
      "\ninjected, ejected: flits; one for n tiles is ejected n times\n"
      "latency, recorded: mean cycles from the recorded cycle of a packet's head until its last node has its tail "
      "(its\n"
      "                   sender's pace included), here and in the run, whose nodes may keep flits waiting; these "
      "never do\n"
      "later, latest:     mean and most cycles that tails arrive later than recorded (below 0: earlier)\n"
      "waited:            mean cycles that heads enter the network later than recorded\n\n";
  text += last_arrival(replay);
  text += line("Flit-hops    %llu over all links", u(replay.flit_hops));
  if (traffic.whole) text += line("; recorded %llu", u(traffic.flit_hops));
  return text + "\n";
}

std::string replay_csv(const Replay& replay) {
  std::string text = "class,packets,injected,ejected,latency,recorded_latency,latest,largest,waited\n";
  for (const ReplayedClass& row : replay.classes)
    text += line("%s,%llu,%llu,%llu,%.6g,%.6g,%lld,%llu,%.6g\n", row.name.c_str(), u(row.packets), u(row.injected),
                 u(row.ejected), row.latency, row.recorded_latency, (long long)(row.latest), u(row.largest_latency),
                 row.waited);
  return text;
}

nlohmann::json replay_json(const NocExperiment& experiment, const Replay& replay) {
  const RecordedTraffic& traffic = *experiment.recorded;
  nlohmann::json json = {{"synthetic", traffic.synthetic},
                         {"recording",
                          {{"file", experiment.traffic.file},
                           {"chip", traffic.chip},
                           {"workload", traffic.workload},
                           {"network", traffic.network},
                           {"begin_cycle", traffic.begin},
                           {"end_cycle", traffic.end},
                           {"whole", traffic.whole}}},
                         {"last_arrival", replay.last_arrival},
                         {"recorded_last_arrival", replay.recorded_last_arrival},
                         {"flit_hops", replay.flit_hops},
                         {"recorded_flit_hops", traffic.whole ? nlohmann::json(traffic.flit_hops) : nlohmann::json()},
                         {"classes", nlohmann::json::array()}};
  for (const ReplayedClass& row : replay.classes)
    json["classes"].push_back({{"class", row.name},
                               {"packets", row.packets},
                               {"injected", row.injected},
                               {"ejected", row.ejected},
                               {"latency", row.latency},
                               {"recorded_latency", row.recorded_latency},
                               {"latest", row.latest},
                               {"largest", row.largest_latency},
                               {"waited", row.waited}});
  return json;
}

}  // namespace spikeloom
