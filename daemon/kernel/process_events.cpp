// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/process_events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/handles.h"
#include "process.skel.h"

namespace gomapd::kernel {

using Visit = std::function<void(const gm_process_event&)>;

struct ProcessEvents::State {
  std::unique_ptr<process_bpf, Deleter<process_bpf::destroy>> skeleton;
  RingBuffer ring;
  const Visit* visit = nullptr;  // during drain() only

  static int on_event(void* context, void* data, std::size_t size) {
    gm_process_event event{};
    if (size < sizeof(event)) return 0;
    std::memcpy(&event, data, sizeof(event));
    if (event.change >= GM_PROCESS_EXEC && event.change <= GM_PROCESS_FORK)
      (*static_cast<State*>(context)->visit)(event);
    return 0;
  }
};

ProcessEvents::ProcessEvents(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProcessEvents::ProcessEvents(ProcessEvents&&) noexcept = default;
ProcessEvents& ProcessEvents::operator=(ProcessEvents&&) noexcept = default;
ProcessEvents::~ProcessEvents() = default;

Result<ProcessEvents> ProcessEvents::open() {
  prepare_libbpf();
  auto state = std::make_unique<State>();
  state->skeleton.reset(process_bpf::open());
  if (!state->skeleton) return system_error("opening the BPF programs", errno);
  auto& skeleton = *state->skeleton;
  if (const auto pid_namespace = own_pid_namespace()) {
    skeleton.rodata->gm_pidns_dev = pid_namespace->device;
    skeleton.rodata->gm_pidns_ino = pid_namespace->inode;
  }
  if (const int error = process_bpf::load(&skeleton); error != 0)
    return system_error("loading the BPF programs of process events", -error);
  state->ring.reset(ring_buffer__new(bpf_map__fd(skeleton.maps.gm_process_ring), State::on_event,
                                     state.get(), nullptr));
  if (!state->ring) return system_error("ring buffer", errno);
  if (const int error = process_bpf::attach(&skeleton); error != 0)
    return system_error("attaching to the scheduler's tracepoints", -error);
  return ProcessEvents(std::move(state));
}

int ProcessEvents::fd() const {
  return ring_buffer__epoll_fd(state_->ring.get());
}

Result<void> ProcessEvents::drain(const Visit& visit) {
  state_->visit = &visit;
  const int count = ring_buffer__consume(state_->ring.get());
  state_->visit = nullptr;
  if (count < 0) return system_error("reading process events", -count);
  return {};
}

std::uint64_t ProcessEvents::lost() const {
  return __atomic_load_n(&state_->skeleton->bss->gm_process_events_lost, __ATOMIC_RELAXED);
}

}  // namespace gomapd::kernel
