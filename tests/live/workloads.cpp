// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/workloads.h"

#include <algorithm>

#include "tests/live/run.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

std::string text(int number) {
  return std::to_string(number);
}

// Many rows of few columns, counted by one of them: few maps, which get large.
Arguments csv(const fs::path& folder) {
  std::string rows = "user,value\n";
  for (int i = 0; i < 60000; ++i) {
    rows += "user" + text(i * 7919 % 30011) + "," + text(i % 977) + "\n";
  }
  write_file(folder / "rows.csv", rows);
  return {"--icsv", "--ojson", "count-distinct", "-f",
          "user",   "then",    "count",          folder / "rows.csv"};
}

// A tree of modules to bundle: many small maps, in many goroutines.
Arguments modules(const fs::path& folder) {
  constexpr int kModules = 400;
  for (int i = 0; i < kModules; ++i) {
    std::string source;
    std::string sum = "p";
    for (int j = i + 1; j < std::min(i + 6, kModules); ++j) {
      source += "import {f" + text(j) + "} from './m" + text(j) + ".js';\n";
      sum += "+f" + text(j) + "(q,p)";
    }
    source += "export function f" + text(i) + "(p,q){let r=" + sum + ";return ()=>r}\n";
    write_file(folder / ("m" + text(i) + ".js"), source);
  }
  return {"--bundle", "--minify", folder / "m0.js", "--outfile=" + (folder / "out.js").string()};
}

Arguments caddyfile(const fs::path& folder) {
  std::string sites;
  for (int i = 0; i < 800; ++i) {
    sites += "http://site" + text(i) + ".test:8080 {\n\trespond \"hello\"\n\theader X-A b\n}\n";
  }
  write_file(folder / "Caddyfile", sites);
  return {"adapt", "--config", folder / "Caddyfile"};
}

Arguments manifests(const fs::path& folder) {
  std::string resources = "namePrefix: x-\nresources:\n";
  for (int i = 0; i < 150; ++i) {
    std::string manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c" + text(i) +
                           "\n  labels:\n    a: b\ndata:\n";
    for (int j = 0; j < 12; ++j) manifest += "  key" + text(j) + ": \"v\"\n";
    write_file(folder / ("c" + text(i) + ".yaml"), manifest);
    resources += "- c" + text(i) + ".yaml\n";
  }
  write_file(folder / "kustomization.yaml", resources);
  return {"kustomize", folder};
}

Arguments users(const fs::path& folder) {
  std::string list = "port: 0\nauthorization {\n users = [\n";
  for (int i = 0; i < 3000; ++i) {
    list +=
        "  {user: u" + text(i) + ", password: p, permissions: {publish: \"s." + text(i) + "\"}}\n";
  }
  write_file(folder / "server.conf", list + " ]\n}\n");
  return {"-t", "-c", folder / "server.conf"};
}

Arguments series(const fs::path& folder) {
  std::string samples = "# TYPE m counter\n";
  for (int i = 0; i < 8000; ++i) {
    samples += "m_total{user=\"u" + text(i) + "\",path=\"p" + text(i % 37) + "\"} 1 1600000000\n";
  }
  write_file(folder / "samples", samples + "# EOF\n");
  return {"tsdb", "create-blocks-from", "openmetrics", folder / "samples", folder / "blocks"};
}

// A package of many declarations, for Go's own compiler.
Arguments declarations(const fs::path& folder) {
  std::string source = "package p\n";
  for (int i = 0; i < 3000; ++i) {
    source += "type T" + text(i) + " struct{ a, b int }\nfunc (t T" + text(i) +
              ") F(x int) int {\n" +
              "\tfor i := 0; i < x; i++ {\n\t\tt.a += i\n\t}\n\treturn t.a + t.b\n}\n";
  }
  write_file(folder / "p.go", source);
  return {"-p", "p", "-o", folder / "p.a", folder / "p.go"};
}

Target compiler(const std::string& version, const std::string& design, double keys_per_bucket) {
  return {.name = "compile-" + version,
          .design = design,
          .keys_per_bucket = keys_per_bucket,
          .prepare = declarations,
          .compiler_of = version};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Target& target) {
  return out << target.name;
}

std::vector<Target> targets() {
  return {
      {"esbuild-0.11.11", "classic", 6.5, modules},        // go1.16
      {"esbuild-0.13.15", "classic", 6.5, modules},        // go1.17
      {"esbuild-0.14.33", "classic", 6.5, modules},        // go1.18
      {"prometheus", "classic", 6.5, series, "promtool"},  // go1.19
      {"esbuild-0.17.11", "classic", 6.5, modules},        // go1.20
      {"miller", "classic", 6.5, csv},                     // go1.23
      {"kubectl", "swiss", 0, manifests},                  // go1.24, PIE
      {"caddy", "swiss", 0, caddyfile},                    // go1.26
      {"esbuild-0.28.2", "swiss", 0, modules},             // go1.26, no build info
      {"nats-server", "swiss", 0, users},                  // go1.27
      compiler("1.19", "classic", 6.5),
      // Profile-guided from here on.
      compiler("1.21", "classic", 6.0),
      compiler("1.22", "classic", 6.5),
      compiler("1.23", "classic", 6.5),
      compiler("1.24", "swiss", 0),
      compiler("1.25", "swiss", 0),
      compiler("1.26", "swiss", 0),
      compiler("1.27", "swiss", 0),
  };
}

}  // namespace gomapd::live
