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

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
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

std::unexpected<Error> nobody_left() {
  return fail(Errc::kSystem,
              "both processes that start readers of executables were ended by others: only a "
              "new start of gomapd can read executables again");
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

// What a workshop may be asked for, besides two descriptors: of a conversation and a file, or
// of a door, twice.
constexpr char kReader = 'r';
constexpr char kAnother = 'w';

// That, and two descriptors.
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

bool send_parcel(int door, char what, const std::array<int, Parcel::kCount>& descriptors) {
  Parcel parcel;
  parcel.byte = what;
  auto* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(descriptors));
  return sendmsg(door, &parcel.message, MSG_NOSIGNAL) == 1;
}

// What is ordered; nothing: the other end is closed.
std::optional<char> receive_parcel(int door, std::array<int, Parcel::kCount>& descriptors) {
  Parcel parcel;
  ssize_t count = 0;
  do count = recvmsg(door, &parcel.message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  const auto* header = CMSG_FIRSTHDR(&parcel.message);
  if (count != 1 || header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(descriptors)))
    return std::nullopt;
  std::memcpy(descriptors.data(), CMSG_DATA(header), sizeof(descriptors));
  return parcel.byte;
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

// It goes when the daemon does, at whose end it may be needed: nothing else ends it.
void live_with(pid_t daemon) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != daemon) _exit(0);
  for (const int sent : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) signal(sent, SIG_IGN);
}

[[noreturn]] void run_workshop(int door, pid_t daemon, Serve serve, const Limits& limits) {
  live_with(daemon);
  prctl(PR_SET_NAME, "gomapd-reader");
  // Where memory is out, malloc would look for another arena, and for the number of CPUs.
  mallopt(M_ARENA_MAX, 1);
  if (!keep_only_the_door(door) || !give_up_privileges()) _exit(kShutInFailed);
  std::array<int, Parcel::kCount> given{};
  while (const auto ordered = receive_parcel(kDoor, given)) {
    // A child of the daemon, not ours: it waits for it and learns how it ended. What
    // fork(3) does besides is for threads, and there are none.
    const auto pid = static_cast<pid_t>(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0 && *ordered == kReader) read_file(serve, limits, given[0], given[1]);
    if (pid == 0) {
      // Another one like this, behind a door of its own.
      live_with(daemon);
      if (dup2(given[0], kDoor) < 0) _exit(kShutInFailed);
    }
    for (const int fd : given) close(fd);
    if (pid == 0) continue;
    const std::int32_t told = pid < 0 ? -errno : pid;
    if (send(kDoor, &told, sizeof(told), MSG_NOSIGNAL) != sizeof(told)) break;
  }
  _exit(0);
}

std::string words_for_end(int status) {
  return WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                             : fmt::format("ended with {}", WEXITSTATUS(status));
}

}  // namespace

Result<Workshop> Workshop::start(Serve serve, Limits limits, std::chrono::milliseconds patience) {
  auto door = TRY(make_sockets(SOCK_SEQPACKET));
  const auto daemon = getpid();
  const auto pid = fork();
  if (pid < 0) return call_failed("fork", errno);
  if (pid == 0) run_workshop(door.theirs.get(), daemon, serve, limits);
  door.theirs.reset();
  Workshop workshop(Room{pid, std::move(door.ours)}, patience);
  workshop.standby_ = TRY(workshop.another_from(workshop.at_work_));
  return workshop;
}

Workshop::Workshop(Workshop&& other) noexcept
    : patience_(other.patience_),
      at_work_{std::exchange(other.at_work_.pid, 0), std::move(other.at_work_.door)},
      standby_{std::exchange(other.standby_.pid, 0), std::move(other.standby_.door)},
      losses_(std::move(other.losses_)),
      reading_(std::move(other.reading_)),
      ending_(std::move(other.ending_)),
      closed_(other.closed_) {}

Workshop::~Workshop() {
  close_down(at_work_);
  close_down(standby_);
  for (const auto pid : ending_) waitpid(pid, nullptr, WNOHANG);
}

void Workshop::close_down(Room& room) {
  if (room.pid == 0) return;
  room.door.reset();
  kill(room.pid, SIGKILL);
  waitpid(room.pid, nullptr, 0);
  room.pid = 0;
}

pid_t Workshop::pid() {
  const std::scoped_lock lock(mutex_);
  return at_work_.pid;
}

pid_t Workshop::standby_pid() {
  const std::scoped_lock lock(mutex_);
  return standby_.pid;
}

void Workshop::reap() {
  const std::scoped_lock lock(readers_mutex_);
  std::erase_if(ending_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

// kGone: whoever was behind the door is not there any more, or does not move.
Result<pid_t> Workshop::order(Room& room, char what, int given, int file) {
  if (room.pid == 0 || !send_parcel(room.door.get(), what, {given, file}))
    return fail(Errc::kGone, "");
  pollfd answered{.fd = room.door.get(), .events = POLLIN, .revents = 0};
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  int ready = 0;
  do {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    ready = poll(&answered, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  std::int32_t told = 0;
  if (ready <= 0 || recv(room.door.get(), &told, sizeof(told), MSG_DONTWAIT) != sizeof(told))
    return fail(Errc::kGone, "");
  if (told < 0) return call_failed("clone", -told);
  return told;
}

Result<Workshop::Room> Workshop::another_from(Room& room) {
  auto door = TRY(make_sockets(SOCK_SEQPACKET));
  const auto pid = TRY(order(room, kAnother, door.theirs.get(), door.theirs.get()));
  return Room{pid, std::move(door.ours)};
}

// Whether it has ended, or was not there.
bool Workshop::note_loss(Room& room) {
  if (room.pid == 0) return true;
  int status = 0;
  if (waitpid(room.pid, &status, WNOHANG) != room.pid) return false;
  losses_.push_back(fmt::format("the process {} that starts readers of executables {}", room.pid,
                                words_for_end(status)));
  room = Room{};
  return true;
}

void Workshop::replace_lost() {
  if (note_loss(at_work_)) at_work_ = std::exchange(standby_, Room{});
  if (!note_loss(standby_) || note_loss(at_work_)) return;
  auto another = another_from(at_work_);
  if (another) standby_ = *std::move(another);
  // Where it can't be had now, it is asked for again later; what a mute one says later is
  // no answer to anything.
  if (!another && another.error().code == Errc::kGone) close_down(at_work_);
}

Result<std::vector<std::string>> Workshop::tend() {
  reap();
  // Who holds it is starting a reader, and would see what is lost.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return std::vector<std::string>();
  replace_lost();
  if (at_work_.pid == 0) return nobody_left();
  return std::exchange(losses_, {});
}

Result<ReaderProcess> Workshop::reader_of(int file) {
  const std::scoped_lock lock(mutex_);
  reap();
  auto conversation = TRY(make_sockets(SOCK_STREAM));
  auto pid = order(at_work_, kReader, conversation.theirs.get(), file);
  while (!pid && pid.error().code == Errc::kGone) {
    if (at_work_.pid == 0) return nobody_left();
    kill(at_work_.pid, SIGKILL);  // if it only does not move
    siginfo_t ended{};
    (void)waitid(P_PID, static_cast<id_t>(at_work_.pid), &ended, WEXITED | WNOWAIT);
    replace_lost();
    pid = order(at_work_, kReader, conversation.theirs.get(), file);
  }
  ReaderProcess reader;
  reader.pid = TRY(std::move(pid));
  {
    const std::scoped_lock readers_lock(readers_mutex_);
    reading_.push_back(reader.pid);
    if (closed_) kill(reader.pid, SIGKILL);
  }
  reader.pidfd = TRY(proc::open_pidfd(reader.pid));
  reader.conversation = std::move(conversation.ours);
  return reader;
}

void Workshop::close() {
  const std::scoped_lock lock(readers_mutex_);
  closed_ = true;
  for (const auto pid : reading_) kill(pid, SIGKILL);  // children, not waited for
}

int Workshop::end(ReaderProcess reader) {
  const std::scoped_lock lock(readers_mutex_);
  std::erase(reading_, reader.pid);
  int status = 0;
  if (waitpid(reader.pid, &status, WNOHANG) == reader.pid) return status;
  kill(reader.pid, SIGKILL);  // our child, not waited for: the number is still its own
  // One that is just reading a page from a slow disk takes its time.
  if (waitpid(reader.pid, nullptr, WNOHANG) == 0) ending_.push_back(reader.pid);
  return 0;
}

}  // namespace gomapd::analyst
