// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>

#include "daemon/model/life.h"

// The life of maps for people: a line for each event, with its newline. They read
// as the runtime works: mapassign, hashGrow, evacuate, done. `since_ns`: since
// tracing began. What comes from a target is escaped.
namespace gomapd::exporter {

[[nodiscard]] std::string life_process_text(model::ProcessChange change,
                                            const model::Process& process, std::uint64_t since_ns);

// Nothing for a moved bucket that is no milestone; two lines or three where a map
// or a growth is gone without an event of its own.
[[nodiscard]] std::string life_text(const model::GrowthEvent& event, const model::LifeStep& step,
                                    std::uint64_t since_ns);

// How a trail of such lines ends: growths that have not ended, addresses at which
// nothing grew, records that were lost. `began_ns`: CLOCK_MONOTONIC. May be empty.
[[nodiscard]] std::string life_end_text(const model::Lives& lives, std::uint64_t lost_events,
                                        std::uint64_t began_ns, std::uint64_t duration_ns);

}  // namespace gomapd::exporter
