// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/profile_options.h"

#include <map>
#include <string>

namespace gomapd::cli {

using exporter::Weight;

void add_profile_options(CLI::App& command, app::ProfileOptions& options) {
  command.add_option("--pprof", options.pprof_path, "Write a profile for `go tool pprof`")
      ->type_name("FILE");
  command
      .add_option("--folded", options.folded_path,
                  "Write folded stacks, for flame graph programs: frame;frame;frame number")
      ->type_name("FILE");
  command
      .add_option("--flamegraph", options.flamegraph_path,
                  "Write a flame graph, an SVG picture that any browser shows")
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--profile-by",
          [&options](const std::string& name) {
            static const std::map<std::string, Weight> kNames{
                {"growths", Weight::kGrowths}, {"bytes", Weight::kBytes}, {"time", Weight::kTime}};
            options.weight = kNames.at(name);
          },
          "What weighs in the flame graph and folded stacks, and is shown first by pprof: "
          "growths, bytes or time; default: growths")
      ->type_name("WEIGHT")
      ->check(CLI::IsMember({"growths", "bytes", "time"}));
}

}  // namespace gomapd::cli
