// The SystemVerilog twin of a block, and a signal at each of its ports. PORTS(X) is defined before: X(port) for each.
#pragma once

#include <type_traits>

#include "tests/lockstep/rtl_ports.h"

namespace spikeloom {

template <class Rtl>
struct Twin {
  template <class P>
  using SignalOf = Signal<typename std::remove_reference_t<P>::data_type>;
#define DECLARE(port) SignalOf<decltype(Rtl::port)> port;
  PORTS(DECLARE)
#undef DECLARE
  Rtl rtl{"rtl"};
  Twin() {
#define BIND(port) rtl.port(port);
    PORTS(BIND)
#undef BIND
  }
};

}  // namespace spikeloom
