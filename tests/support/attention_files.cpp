#include "tests/support/attention_files.h"

namespace spikeloom {

nlohmann::json attention_description(int heads, int kv_heads, int head_dim, int context) {
  return {{"heads", heads},
          {"kv_heads", kv_heads},
          {"head_dim", head_dim},
          {"context", context},
          {"queries",
           {{"digits", false}, {"u", 0.5}, {"E_max", 1}, {"E7_max", 0}, {"salient_k", 4.0}, {"salient_share", 0.25}}},
          {"keys", {{"u", 0.25}}},
          {"probabilities", {{"u", 1.0}, {"E_max", 2}, {"salient_share", 0.2}}},
          {"values", {{"u", 2.0}, {"shift_max", 3}}},
          {"scores", {{"F", 7}, {"gamma", -1}, {"output_bits", 8}}},
          {"mix", {{"F", 4}, {"gamma", 2}, {"output_bits", 10}}}};
}

TracePair small_attention_trace() {
  TracePair pair = small_trace();
  pair.activations.description["attention"] = attention_description(2, 1, 2, 3);
  auto& tensors = pair.activations.tensors;
  tensors["queries.codes"] = {"U8", {2, 4}, {3, 10, 5, 0, 0, 7, 9, 16}};  // 3 -2, 40 0; 0 7, -1 -8
  tensors["queries.salient_mask"] = {"U8", {2, 1}, {0b0100, 0b1000}};
  tensors["queries.e"] = {"I8", {2, 2}, {0, -1, 1, 0}};
  tensors["queries.E"] = {"U8", {2, 2}, {0, 1, 0, 0}};
  tensors["keys.codes"] = pack_weights({{1, -2}, {7, -8}, {-3, 5}});
  tensors["keys.e"] = {"I8", {3, 1}, {0, 1, -2}};
  tensors["keys.offset"] = {"F32", {1, 2}, float_bits({0.5f, -3})};
  tensors["scores.theta"] = {"I64", {2}, {1024, 1500}};
  tensors["scores.expected"] = {"I16", {2, 2, 3}, {1, 5, 0, 3, 24, 0, -2, -7, 4, 1, 5, -3}};
  tensors["probabilities.codes"] = {"U8", {2, 2, 3}, {5, 10, 0, 15, 3, 0, 1, 2, 12, 0, 0, 15}};
  tensors["probabilities.salient_mask"] = {"U8", {2, 2, 1}, {0, 0b010, 0b100, 0}};
  tensors["probabilities.e"] = {"I8", {2, 2}, {-1, 0, 0, -3}};
  tensors["probabilities.E"] = {"U8", {2, 2}, {0, 0, 2, 1}};
  tensors["values.codes"] = pack_weights({{2, -1}, {-8, 7}, {3, 4}});
  tensors["values.e_min"] = {"I8", {1}, {-4}};
  tensors["values.shift"] = {"U8", {3, 1}, {0, 3, 1}};
  tensors["mix.theta"] = {"I64", {2}, {2048, 1024}};
  tensors["mix.expected"] = {"I16", {2, 4}, {-5, 4, -14, 12, 11, 17, 1, 2}};
  pair.activations.description["vector_unit"] = {
      {{"name", "attention_norm"}, {"kind", "rms_norm"}, {"elements", 8}, {"vectors", 2}},
      {{"name", "probabilities"}, {"kind", "softmax"}, {"elements", 10}, {"vectors", 4}}};
  return pair;
}

}  // namespace spikeloom
