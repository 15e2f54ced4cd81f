// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "bpf/interface.h"
#include "probes/base/result.h"

namespace gomapd::kernel {

// Every fork, exec and end of a process on the host, as they happen. Processes of
// PID namespaces that ours does not see are left out. Single-threaded; move-only.
class ProcessEvents {
 public:
  // kPermission, kNoKernelFeature or kSystem: then processes are to be looked for.
  [[nodiscard]] static Result<ProcessEvents> open();

  ProcessEvents(ProcessEvents&&) noexcept;
  ProcessEvents& operator=(ProcessEvents&&) noexcept;
  ProcessEvents(const ProcessEvents&) = delete;
  ProcessEvents& operator=(const ProcessEvents&) = delete;
  ~ProcessEvents();

  // Readable when there are events; forks alone don't make it so.
  [[nodiscard]] int fd() const;
  // Hands out all that there are, those of one process in their order.
  [[nodiscard]] Result<void> drain(const std::function<void(const gm_process_event&)>& visit);
  // Events that found no room. After a loss, all processes are to be looked at anew.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct State;
  explicit ProcessEvents(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gomapd::kernel
