// What a workload may say about a model, and what its export must hold.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sim/app/experiment.h"
#include "sim/app/model_run.h"
#include "tests/support/small_export.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

TEST(LayersConfig, NumbersAndRangesAreReadAndWritten) {
  EXPECT_EQ(parse_layers("0-3,15"), (std::vector<int>{0, 1, 2, 3, 15}));
  EXPECT_EQ(parse_layers("7,2"), (std::vector<int>{2, 7}));
  EXPECT_EQ(layers_text({0, 1, 2, 3, 15}), "0-3,15");
  EXPECT_EQ(layers_text({4, 6, 7}), "4,6-7");
  for (const char* bad : {"", "x", "3-1", "0-2,1", "1,", ",1", "-1", "1-", "99999"})
    EXPECT_THROW(parse_layers(bad), std::invalid_argument) << bad;
}

class ModelWorkloadConfig : public testing::Test {
 protected:
  std::string message(const std::string& layers, const SmallExport& small = {}) {
    const std::string file = small_model_experiment(folder_, small.write(folder_), layers);
    const std::string found = user_error_of([&] { check_layers(Experiment::load(file, {}), 2); });
    return found.rfind(file, 0) == 0 ? found.substr(file.size()) : found;
  }
  TempFolder folder_;
};

TEST_F(ModelWorkloadConfig, LayersMayBeAListARangeOrAll) {
  for (const char* layers : {"all", "[0, 2]", "0-1,2", "1"}) EXPECT_EQ(message(layers), "(no error)") << layers;
}

TEST_F(ModelWorkloadConfig, WrongLayersAreNamed) {
  const std::string allowed = " (allowed: all, a list of numbers, or as 0-3,15)";
  EXPECT_EQ(message("0-3"), ":9:11: workload.layers: the export has no layer 3 (it has: 0-2)");
  EXPECT_EQ(message("[1, 1]"), ":9:3: workload.layers: layer 1 is named twice" + allowed);
  EXPECT_EQ(message("every"), ":9:11: workload.layers: 'every' is no layer number" + allowed);
}

TEST_F(ModelWorkloadConfig, AHalfWrittenExportIsNamed) {
  SmallExport small;
  small.edit_manifest = [](nlohmann::json& manifest) { manifest["layers"].erase("2"); };
  EXPECT_EQ(message("0-1", small), "(no error)");
  EXPECT_EQ(message("all", small),
            folder_.file("export/manifest.json") +
                ": lists no file 'layer02.prefill2.safetensors': the export is half-written; the "
                "same `spikeloom export` finishes it");
}

TEST_F(ModelWorkloadConfig, AManifestOfAnotherKindIsRefused) {
  SmallExport small;
  small.edit_manifest = [](nlohmann::json& manifest) { manifest["version"] = 2; };
  const std::string refusal = folder_.file("export/manifest.json") +
                              ": not a manifest that this version can read (expected spikeloom-export, version 1)";
  EXPECT_EQ(message("all", small), refusal);
  small.edit_manifest = [](nlohmann::json& manifest) { manifest.erase("cases"); };
  EXPECT_EQ(message("all", small), refusal);
}

TEST_F(ModelWorkloadConfig, AnUnknownCaseAndAMissingExportNameTheRemedy) {
  const std::string file = small_model_experiment(folder_, SmallExport().write(folder_));
  EXPECT_EQ(user_error_of([&] { Experiment::load(file, {"workload.case=decode1024"}); }),
            "--set workload.case=decode1024: workload.case: the export has no case 'decode1024' (it has: prefill2)");
  EXPECT_EQ(
      user_error_of([&] {
        Experiment::load(file, {"workload.model=/nowhere", "workload.case=decode1024"});
      }),
      "--set workload.model=/nowhere: workload.model: no export in '/nowhere' (no manifest.json); `spikeloom export "
      "--decode 1024 -o /nowhere` writes one");
}

// To open a FIFO is to wait for it.
TEST_F(ModelWorkloadConfig, AManifestThatIsNoFileIsNamed) {
  const std::string file = small_model_experiment(folder_, SmallExport().write(folder_));
  const std::string manifest = folder_.file("export/manifest.json");
  std::filesystem::remove(manifest);
  ASSERT_EQ(mkfifo(manifest.c_str(), 0600), 0);
  EXPECT_NE(user_error_of([&] { Experiment::load(file, {}); }).find(manifest + ": is a FIFO, not a regular file"),
            std::string::npos);
}

TEST_F(ModelWorkloadConfig, FilesThatAreNotTheManifestsAreNamed) {
  const std::string file = small_model_experiment(folder_, SmallExport().write(folder_));
  const auto checked = [&] { return user_error_of([&] { check_layers(Experiment::load(file, {}), 1); }); };
  const std::string trace = folder_.file("export/layer01.prefill2.safetensors");
  std::fstream(trace, std::ios::in | std::ios::out).seekp(-1, std::ios::end) << '\x7f';
  EXPECT_EQ(checked().rfind("layer 1: " + trace + ": SHA-256 is ", 0), 0u) << checked();
  std::filesystem::copy_file(folder_.file("export/layer00.prefill2.safetensors"), trace,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(checked().rfind("layer 1: " + trace + ": SHA-256 is ", 0), 0u) << checked();
  std::filesystem::remove(trace);
  EXPECT_EQ(checked(), "layer 1: " + trace + ": no such file, but manifest.json lists it");
}

TEST_F(ModelWorkloadConfig, ATraceOfAnotherLayerModelOrLengthIsNamed) {
  const std::string trace = "layer 1: " + folder_.file("export/layer01.prefill2.safetensors");
  SmallExport small;
  small.edit = [](int layer, TracePair& pair) { pair.weights.description["layer"] = 0; };
  EXPECT_EQ(message("all", small), trace + ": is of layer 0, manifest.json says layer 1");
  small.edit = [](int layer, TracePair& pair) {
    if (layer == 1) pair.weights.description["model"] = "other";
  };
  EXPECT_EQ(message("all", small), trace + ": is of model 'other', manifest.json says 'small'");
  small.edit = nullptr;
  small.edit_manifest = [](nlohmann::json& manifest) { manifest["cases"][0]["context"] = 3; };
  EXPECT_EQ(message("[1]", small), trace + ": holds 2 tokens, manifest.json says 3");
}

TEST_F(ModelWorkloadConfig, AWorkloadHasATraceOrAModel) {
  const std::string chips = SPIKELOOM_SOURCE_DIR "/configs/";
  const std::string head = "experiment:\n  name: x\n  chip: " + chips + "chips/smollm2.yaml\n  energy: " + chips +
                           "energy/22nm.yaml\n  window_cycles: 10\nworkload:\n  operations: all\n  tokens: all\n";
  const std::string file = folder_.write("both.yaml", head + "  model: export\n  trace: x\n  case: y\n  layers: all\n");
  EXPECT_EQ(user_error_of([&] { Experiment::load(file, {}); }),
            file + ":10:10: workload.trace: a workload has either a trace or a model");
}

TEST(ModelExperimentConfig, WithoutTheDefaultExportTheCommandThatWritesItIsNamed) {
  const std::string project = SPIKELOOM_SOURCE_DIR;
  if (std::filesystem::exists(project + "/results/traces/manifest.json")) GTEST_SKIP() << "the export is there";
  EXPECT_EQ(user_error_of([&] { Experiment::load(project + "/configs/experiments/smollm2_model.yaml", {}); }),
            project + "/configs/workloads/smollm2_model.yaml:4:10: workload.model: no export in '" + project +
                "/results/traces' (no manifest.json); `spikeloom export --tokens 64 -o " + project +
                "/results/traces` writes one");
}

}  // namespace
}  // namespace spikeloom
