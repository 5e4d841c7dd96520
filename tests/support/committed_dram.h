// The DRAM devices of configs/dram.
#pragma once

#include <string>

#include "hw/dram/dram_spec.h"

namespace spikeloom {

// The device of configs/dram/<name>.yaml.
inline DramDeviceSpec committed_dram(const std::string& name) {
  ConfigNode root = ConfigNode::load(SPIKELOOM_SOURCE_DIR "/configs/dram/" + name + ".yaml");
  const DramDeviceSpec device = DramDeviceSpec::read(root.section("device"));
  root.finish();
  return device;
}

}  // namespace spikeloom
