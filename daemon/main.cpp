// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/command_line.h"

int main(int argc, char** argv) {
  return gomapd::cli::run(argc, argv);
}
