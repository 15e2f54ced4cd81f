// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/workshop.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/sched.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "daemon/analyst/conversation.h"
#include "daemon/proc/process.h"

namespace gomapd::analyst {
namespace {

constexpr int kDoor = 3;          // in the workshop
constexpr int kConversation = 3;  // in a reader

std::unexpected<Error> call_failed(const char* call, int error) {
  return fail(Errc::kSystem,
              fmt::format("a process that reads executables: {}: {}", call, errno_text(error)));
}

struct Sockets {
  proc::Fd ours;
  proc::Fd theirs;
};

Result<Sockets> make_sockets(int type) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return call_failed("socketpair", errno);
  return Sockets{proc::Fd(ends[0]), proc::Fd(ends[1])};
}

// Two descriptors and a byte to carry them.
struct Parcel {
  static constexpr std::size_t kCount = 2;
  char byte = 0;
  iovec piece{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kCount * sizeof(int))> control{};
  msghdr message{};

  Parcel() {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;
};

bool send_descriptors(int door, const std::array<int, Parcel::kCount>& descriptors) {
  Parcel parcel;
  auto* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(descriptors));
  return sendmsg(door, &parcel.message, MSG_NOSIGNAL) == 1;
}

// False: the other end is closed.
bool receive_descriptors(int door, std::array<int, Parcel::kCount>& descriptors) {
  Parcel parcel;
  ssize_t count = 0;
  do count = recvmsg(door, &parcel.message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  const auto* header = CMSG_FIRSTHDR(&parcel.message);
  if (count != 1 || header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(descriptors)))
    return false;
  std::memcpy(descriptors.data(), CMSG_DATA(header), sizeof(descriptors));
  return true;
}

// The reader's own life. Its descriptors: nothing at 0 to 2, the door at 3 (until it is
// closed here), these two.
[[noreturn]] void read_file(Serve serve, const Limits& limits, int conversation, int file) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct stat info{};
  if (fstat(file, &info) != 0 || info.st_size <= 0) _exit(kShutInFailed);
  const auto size = static_cast<std::size_t>(info.st_size);
  // Not MAP_PRIVATE: into such a mapping the kernel writes the breakpoints of uprobes
  // that anybody has in the file. linux kernel/events/uprobes.c: valid_vma
  const void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (address == MAP_FAILED || dup2(conversation, kConversation) < 0) _exit(kShutInFailed);
  close(conversation);
  close(file);
  if (!limit_resources(limits) || !allow_conversation_only(kConversation)) _exit(kShutInFailed);
  serve(kConversation, Bytes(static_cast<const std::byte*>(address), size));
  _exit(0);
}

void close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;  // since Linux 5.9
#endif
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  for (int fd = first; fd < static_cast<int>(std::min<rlim_t>(files.rlim_cur, 1U << 20U)); ++fd)
    close(fd);
}

// No terminal, pipe or socket of whoever started us is held open by what lives on.
bool keep_only_the_door(int door) {
  if (door != kDoor && dup2(door, kDoor) < 0) return false;
  close_from(kDoor + 1);
  const int nothing = open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2})
    if (nothing < 0)
      close(standard);
    else
      dup2(nothing, standard);
  if (nothing > kDoor) close(nothing);
  return true;
}

[[noreturn]] void run_workshop(int door, pid_t daemon, Serve serve, const Limits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != daemon) _exit(0);
  prctl(PR_SET_NAME, "gomapd-reader");
  // Where memory is out, malloc would look for another arena, and for the number of CPUs.
  mallopt(M_ARENA_MAX, 1);
  // Those are for the daemon, which may need readers while it ends.
  for (const int sent : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) signal(sent, SIG_IGN);
  if (!keep_only_the_door(door) || !give_up_privileges()) _exit(kShutInFailed);
  std::array<int, Parcel::kCount> given{};
  while (receive_descriptors(kDoor, given)) {
    // A child of the daemon, not ours: it waits for it and learns how it ended. What
    // fork(3) does besides is for threads, and there are none.
    const auto pid = static_cast<pid_t>(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) read_file(serve, limits, given[0], given[1]);
    const std::int32_t told = pid < 0 ? -errno : pid;
    for (const int fd : given) close(fd);
    if (send(kDoor, &told, sizeof(told), MSG_NOSIGNAL) != sizeof(told)) break;
  }
  _exit(0);
}

}  // namespace

Result<Workshop> Workshop::start(Serve serve, Limits limits) {
  auto door = TRY(make_sockets(SOCK_SEQPACKET));
  const auto daemon = getpid();
  const auto pid = fork();
  if (pid < 0) return call_failed("fork", errno);
  if (pid == 0) run_workshop(door.theirs.get(), daemon, serve, limits);
  return Workshop(pid, std::move(door.ours));
}

Workshop::Workshop(Workshop&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      door_(std::move(other.door_)),
      ending_(std::move(other.ending_)) {}

Workshop::~Workshop() {
  if (pid_ == 0) return;
  door_.reset();
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  for (const auto pid : ending_) waitpid(pid, nullptr, WNOHANG);
}

void Workshop::reap() {
  std::erase_if(ending_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

Result<ReaderProcess> Workshop::reader_of(int file) {
  const std::scoped_lock lock(mutex_);
  reap();
  auto conversation = TRY(make_sockets(SOCK_STREAM));
  if (!send_descriptors(door_.get(), {conversation.theirs.get(), file}))
    return call_failed("sendmsg", errno);
  std::int32_t told = 0;
  ssize_t count = 0;
  do count = recv(door_.get(), &told, sizeof(told), 0);
  while (count < 0 && errno == EINTR);
  if (count != sizeof(told)) return call_failed("it has gone", count < 0 ? errno : ECHILD);
  if (told < 0) return call_failed("clone", -told);
  ReaderProcess reader;
  reader.pid = told;
  reader.pidfd = TRY(proc::open_pidfd(told));
  reader.conversation = std::move(conversation.ours);
  return reader;
}

int Workshop::end(ReaderProcess reader) {
  const std::scoped_lock lock(mutex_);
  int status = 0;
  if (waitpid(reader.pid, &status, WNOHANG) == reader.pid) return status;
  kill(reader.pid, SIGKILL);  // our child, not waited for: the number is still its own
  // One that is just reading a page from a slow disk takes its time.
  if (waitpid(reader.pid, nullptr, WNOHANG) == 0) ending_.push_back(reader.pid);
  return 0;
}

}  // namespace gomapd::analyst
