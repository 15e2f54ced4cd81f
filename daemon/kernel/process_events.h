// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "bpf/interface.h"
#include "probes/base/result.h"

namespace gomapd::kernel {

// Every exec and every end of a process on the host, as they happen. Processes of
// PID namespaces that ours does not see are left out. Single-threaded; move-only.
class ProcessEvents {
 public:
  // kPermission, kNoKernelFeature or kSystem: then processes are to be looked for.
  [[nodiscard]] static Result<ProcessEvents> open();

  ProcessEvents(ProcessEvents&&) noexcept;
  ProcessEvents& operator=(ProcessEvents&&) noexcept;
  ~ProcessEvents();

  // Readable when there are events.
  [[nodiscard]] int fd() const;
  // Hands out all that there are, in their order on each CPU.
  [[nodiscard]] Result<void> drain(
      const std::function<void(gm_process_change, std::uint32_t pid)>& visit);
  // Events that found no room. After a loss, all processes are to be looked at anew.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct State;
  explicit ProcessEvents(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gomapd::kernel
