// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/live/run.h"

namespace gomapd::live {

// Values by the whole series, "name{labels}".
using Metrics = std::map<std::string, double>;

Metrics parse_metrics(const std::string& text);

// Of all series of a metric whose labels hold `label`.
double sum_of(const Metrics& metrics, const std::string& name, const std::string& label = "");

// Where a daemon that was told to listen on port 0 of 127.0.0.1 does so, "127.0.0.1:N";
// empty when it doesn't.
std::string address_of(Child& daemon);

// Asks until it holds; false when it didn't for half a minute.
bool eventually(const std::function<bool()>& holds);

}  // namespace gomapd::live
