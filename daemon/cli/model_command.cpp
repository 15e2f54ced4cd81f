// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/model_command.h"

#include "daemon/model/plan.h"

namespace gomapd::cli {
namespace {

constexpr std::uint64_t kMaxTypeBytes = std::uint64_t{1} << 40U;

void add_type(CLI::App& command, app::ModelOptions::Type& type, const std::string& name,
              const std::string& what) {
  command.add_option("--" + name + "-size", type.size, "Size of " + what)
      ->type_name("BYTES")
      ->check(CLI::Range(std::uint64_t{0}, kMaxTypeBytes))
      ->capture_default_str();
  command
      .add_option("--" + name + "-align", type.align,
                  "Its alignment, 1, 2, 4 or 8; default: the largest that divides its size")
      ->type_name("BYTES")
      ->check(CLI::IsMember({1, 2, 4, 8}));
  command.add_flag("--" + name + "-pointers", type.has_pointers, "It holds pointers");
}

}  // namespace

void ModelCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd model --go 1.23 --hint 1000\n"
      "  gomapd model --go 1.26 --inserts 5000 --key-size 16 --key-pointers --json");
  command
      .add_option("--go", options_.go_version,
                  "1.15 to 1.27 and later, go1.23.5, \"go1.24 X:noswissmap\"")
      ->type_name("VERSION")
      ->required();
  command.add_flag("--classic", options_.classic,
                   "Classic maps where the version has both (GOEXPERIMENT=noswissmap)");
  const CLI::Range keys(std::uint64_t{0}, model::kMaxPlannedKeys);
  auto* hint =
      command.add_option("--hint", options_.hint, "make(map[K]V, N)")->type_name("N")->check(keys);
  command
      .add_option("--inserts", options_.inserts, "N different keys put into a map without a hint")
      ->type_name("N")
      ->check(keys)
      ->excludes(hint);
  add_type(command, options_.key, "key", "a key");
  add_type(command, options_.elem, "elem", "an element");
  command.add_flag("--json", options_.json, "Print one JSON object");
}

Result<void> ModelCommand::run() {
  if (!options_.hint && !options_.inserts)
    return fail(Errc::kUsage, "model: say of which map: --hint N, or --inserts N");
  return app::model(options_);
}

}  // namespace gomapd::cli
