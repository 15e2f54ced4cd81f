// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// gomapd_metrics_page: prints METRICS.md.
#include <cstdio>

#include "daemon/export/metrics.h"

int main() {
  const auto page = gomapd::exporter::metrics_page();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
