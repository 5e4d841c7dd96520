// The routing policies; each is one file beside this one.
#pragma once

#include "hw/noc/routing/routing.h"

namespace spikeloom {

// X first, then Y. On a torus with a dateline: a packet that will cross the ring's end travels in partition 1 of that
// ring, others in partition 0, so that no ring of either partition closes.
class DimensionOrder : public Routing {
 public:
  explicit DimensionOrder(bool dateline) : dateline_(dateline) {}
  RouteChoice next(const Topology& topology, int router, const RouteState& state, int node) const override;
  int partitions() const override { return dateline_ ? 2 : 1; }

 private:
  bool dateline_;
};

// Turn model (C. J. Glass and L. M. Ni, ISCA 1992): no turn into west; other shortest paths are free to choose.
class WestFirst : public Routing {
 public:
  RouteChoice next(const Topology& topology, int router, const RouteState& state, int node) const override;
  bool adaptive() const override { return true; }
};

// Odd-even turn model (G.-M. Chiu, IEEE TPDS 11(7), 2000), shortest paths: no turn from east to north or south in an
// even column, none from north or south to west in an odd one.
class OddEven : public Routing {
 public:
  RouteChoice next(const Topology& topology, int router, const RouteState& state, int node) const override;
  bool adaptive() const override { return true; }
};

}  // namespace spikeloom
