#include "sim/base/description.h"

#include <algorithm>

namespace spikeloom {

using nlohmann::json;

json parse_description(const SafetensorsFile& file) {
  json value = json::parse(file.description(), nullptr, false);
  if (!value.is_object()) file.fail("description is not a JSON object");
  return value;
}

void Description::keys(const std::vector<std::string>& names, const std::vector<std::string>& optional) const {
  if (!value_.is_object()) file_.fail("description: " + path_.substr(0, path_.size() - 1) + ": must be an object");
  const auto holds = [](const std::vector<std::string>& list, const std::string& key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  for (const auto& [key, unused] : value_.items())
    if (!holds(names, key) && !holds(optional, key)) fail(key.c_str(), "unknown key");
  for (const std::string& name : names) at(name.c_str());
}

const json& Description::at(const char* key) const {
  if (!value_.is_object() || !value_.contains(key)) file_.fail("description: missing key '" + path_ + key + "'");
  return value_[key];
}

std::string Description::text(const char* key) const {
  if (!at(key).is_string()) fail(key, "must be text");
  return at(key).get<std::string>();
}

int64_t Description::count(const char* key, int64_t least, int64_t most) const {
  const json& value = at(key);
  if (!value.is_number_integer()) fail(key, "must be an integer");
  const int64_t number = value.get<int64_t>();
  const bool beyond_int64 = value.is_number_unsigned() && number < 0;
  if (beyond_int64 || number < least || number > most)
    fail(key,
         value.dump() + " is out of range (allowed: " + std::to_string(least) + " to " + std::to_string(most) + ")");
  return number;
}

double Description::real(const char* key) const {
  if (!at(key).is_number()) fail(key, "must be a number");
  return at(key).get<double>();
}

double Description::positive(const char* key) const {
  const double value = real(key);
  if (!(value > 0)) fail(key, "must be positive");
  return value;
}

double Description::share(const char* key) const {
  const double value = real(key);
  if (value < 0 || value > 1) fail(key, "is out of range (allowed: 0 to 1)");
  return value;
}

bool Description::flag(const char* key) const {
  if (!at(key).is_boolean()) fail(key, "must be true or false");
  return at(key).get<bool>();
}

int Description::choice(const char* key, const std::vector<std::string>& names) const {
  const std::string name = text(key);
  std::string allowed;
  for (size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<int>(i);
    allowed += (i ? ", " : "") + names[i];
  }
  fail(key, "'" + name + "' is unknown (allowed: " + allowed + ")");
}

Description Description::section(const char* key) const {
  if (!at(key).is_object()) fail(key, "must be an object");
  return Description(file_, at(key), path_ + key + ".");
}

std::vector<std::pair<std::string, std::string>> Description::texts(const char* key) const {
  const Description object = section(key);
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [name, unused] : at(key).items()) all.emplace_back(name, object.text(name.c_str()));
  return all;
}

std::vector<Description> Description::list(const char* key, size_t least) const {
  if (!at(key).is_array()) fail(key, least == 0 ? "must be a list" : "must be a list with at least one entry");
  if (at(key).size() < least) fail(key, "must be a list with at least one entry");
  std::vector<Description> entries;
  for (size_t i = 0; i < at(key).size(); ++i)
    entries.emplace_back(file_, at(key)[i], path_ + key + "." + std::to_string(i) + ".");
  return entries;
}

}  // namespace spikeloom
