// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/cgroup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>

namespace gomapd::proc {
namespace {

// Ids as runtimes give them.
#define ID_A "34dc0b5e626f2c5c4c5170e34b10e7654ce36f0fcd532739f4445baabea03376"
#define ID_B "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d"

struct Sample {
  const char* what;
  std::string_view text;
  std::string_view unit;
  std::string_view container_id;
};

void expect_found(std::span<const Sample> samples) {
  for (const auto& sample : samples) {
    const auto found = cgroup_identity(sample.text);
    EXPECT_EQ(found.unit, sample.unit) << sample.what;
    EXPECT_EQ(found.container_id, sample.container_id) << sample.what;
  }
}

TEST(CgroupIdentity, TellsUnitsOfSystemd) {
  constexpr Sample kSamples[] = {
      {"a service", "0::/system.slice/nginx.service\n", "nginx.service", ""},
      {"an instance", "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n",
       "postgresql@15-main.service", ""},
      {"PID 1", "0::/init.scope\n", "init.scope", ""},
      {"a login", "0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope", ""},
      {"a user's service",
       "0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service\n", "foo.service",
       ""},
      {"an application",
       "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
       "app-gnome-org.gnome.Terminal-2211.scope\n",
       "app-gnome-org.gnome.Terminal-2211.scope", ""},
      {"a user's manager", "0::/user.slice/user-1000.slice/user@1000.service/init.scope\n",
       "init.scope", ""},
      {"a user's manager alone", "0::/user.slice/user-1000.slice/user@1000.service\n",
       "user@1000.service", ""},
      {"a socket's process", "0::/system.slice/cups.socket\n", "cups.socket", ""},
      {"systemctl's spelling", R"(0::/system.slice/system-getty.slice/foo\x2dbar.service)",
       R"(foo\x2dbar.service)", ""},
      {"cg_escape", "0::/system.slice/_cgroup.service\n", "cgroup.service", ""},
      {"delegated: what is below was not made by systemd",
       "0::/system.slice/runner.service/jobs/other.service\n", "runner.service", ""},
      {"a control group named as a unit below another",
       "0::/system.slice/runner.service/other.service\n", "runner.service", ""},
      {"a removed cgroup", "0::/system.slice/nginx.service (deleted)\n", "nginx.service", ""},
      {"systemd-run", "0::/system.slice/run-r5e4f7c.scope\n", "run-r5e4f7c.scope", ""},
      {"the root", "0::/\n", "", ""},
      {"a slice only", "0::/system.slice\n", "", ""},
      {"not systemd", "0::/mygroup/sub\n", "", ""},
      {"made by hand, then a unit's name", "0::/mygroup/nginx.service\n", "", ""},
  };
  expect_found(kSamples);
}

TEST(CgroupIdentity, ReadsVersionOneAndHybrid) {
  constexpr Sample kSamples[] = {
      {"v1",
       "12:pids:/system.slice/ssh.service\n11:memory:/system.slice/ssh.service\n"
       "10:cpu,cpuacct:/\n1:name=systemd:/system.slice/ssh.service\n",
       "ssh.service", ""},
      {"hybrid",
       "3:memory:/\n1:name=systemd:/system.slice/cron.service\n0::/system.slice/cron.service\n",
       "cron.service", ""},
      // Docker 20 on a hybrid host: v2 tells of the runtime only.
      {"Docker, hybrid",
       "12:net_cls,net_prio:/docker/" ID_A "\n10:rdma:/\n1:name=systemd:/docker/" ID_A
       "\n0::/system.slice/containerd.service\n",
       "", ID_A},
      {"v1 without systemd (OpenRC)",
       "3:cpuset:/docker/" ID_A "\n2:cpu:/docker/" ID_A "\n1:name=openrc:/docker\n", "", ID_A},
      {"no folder of its own (Docker of old)", "10:net_prio:/" ID_A "\n9:perf_event:/" ID_A "\n",
       "", ID_A},
      {"only a controller knows", "4:memory:/docker/" ID_A "\n1:name=systemd:/\n0::/\n", "", ID_A},
  };
  expect_found(kSamples);
}

TEST(CgroupIdentity, TellsContainers) {
  constexpr Sample kSamples[] = {
      {"Docker, systemd", "0::/system.slice/docker-" ID_A ".scope\n", "", ID_A},
      {"Docker, cgroupfs", "0::/docker/" ID_A "\n", "", ID_A},
      {"Docker, systemd within", "0::/docker/" ID_A "/system.slice/nginx.service\n",
       "nginx.service", ID_A},
      {"Docker, its init", "0::/system.slice/docker-" ID_A ".scope/init.scope\n", "init.scope",
       ID_A},
      {"Docker in Docker", "0::/docker/" ID_A "/docker/" ID_B "\n", "", ID_B},
      {"nerdctl", "0::/system.slice/nerdctl-" ID_A ".scope\n", "", ID_A},
      {"Podman, root", "0::/machine.slice/libpod-" ID_A ".scope/container\n", "", ID_A},
      {"Podman, rootless",
       "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID_A
       ".scope/container\n",
       "user@1000.service", ID_A},
      {"Podman in a pod",
       "0::/machine.slice/machine-libpod_pod_" ID_B ".slice/libpod-" ID_A ".scope\n", "", ID_A},
      {"Podman, Quadlet", "0::/system.slice/web.service/libpod-payload-" ID_A "\n", "web.service",
       ID_A},
      {"Podman, cgroupfs", "0::/libpod_parent/libpod-" ID_A "\n", "", ID_A},
      {"Podman's monitor", "0::/machine.slice/libpod-conmon-" ID_A ".scope\n",
       "libpod-conmon-" ID_A ".scope", ""},
      {"nspawn", "0::/machine.slice/systemd-nspawn@debian.service/payload\n",
       "systemd-nspawn@debian.service", "debian"},
      {"nspawn, a service",
       "0::/machine.slice/systemd-nspawn@debian.service/payload/system.slice/ssh.service\n",
       "ssh.service", "debian"},
      {"nspawn itself", "0::/machine.slice/systemd-nspawn@debian.service/supervisor\n",
       "systemd-nspawn@debian.service", ""},
      {"machined", R"(0::/machine.slice/machine-my\x2dweb.scope/payload)", "", "my-web"},
      {"libvirt's LXC", R"(0::/machine.slice/machine-lxc\x2d4711\x2dweb.scope/init.scope)",
       "init.scope", "lxc-4711-web"},
      {"a virtual machine", R"(0::/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt/emulator)",
       R"(machine-qemu\x2d1\x2dvm.scope)", ""},
      {"LXC", "0::/lxc.payload.web/system.slice/nginx.service\n", "nginx.service", "web"},
      {"LXC 3", "1:name=systemd:/lxc/web/init.scope\n", "init.scope", "web"},
      {"Proxmox", "0::/lxc/101/ns/system.slice/cron.service\n", "cron.service", "101"},
      {"LXC's monitor", "0::/lxc.monitor.web\n", "", ""},
      {"ECS", "9:perf_event:/ecs/task-x/5a0d5ceddf6c44c1928d367a815d890f/" ID_A "\n", "", ID_A},
      {"Fargate",
       "1:name=systemd:/ecs/8cd79a803caf4d2aa945152e934a5c00/"
       "8cd79a803caf4d2aa945152e934a5c00-1053176469\n",
       "", "8cd79a803caf4d2aa945152e934a5c00-1053176469"},
      {"Garden",
       "1:name=systemd:/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1\n",
       "garden.service", "6f265890-5165-7fab-6b52-18d1"},
  };
  expect_found(kSamples);
}

TEST(CgroupIdentity, TellsContainersOfKubernetes) {
  constexpr Sample kSamples[] = {
      {"containerd, systemd",
       "0::/kubepods.slice/kubepods-burstable.slice/"
       "kubepods-burstable-pod2c48913c_b29f_11e7_9350_020968147796.slice/cri-containerd-" ID_A
       ".scope\n",
       "", ID_A},
      {"guaranteed",
       "0::/kubepods.slice/kubepods-pod2c48913c_b29f_11e7_9350_020968147796.slice/"
       "cri-containerd-" ID_A ".scope\n",
       "", ID_A},
      {"CRI-O",
       "0::/kubepods.slice/kubepods-besteffort.slice/"
       "kubepods-besteffort-podaec4c422.slice/crio-" ID_A ".scope/container\n",
       "", ID_A},
      {"CRI-O's monitor",
       "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podaec4c422.slice/"
       "crio-conmon-" ID_A ".scope\n",
       "crio-conmon-" ID_A ".scope", ""},
      {"Docker below Kubernetes",
       "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/"
       "kubepods-burstable-pod2c48913c.slice/docker-" ID_A ".scope\n",
       "", ID_A},
      {"cgroupfs",
       "11:devices:/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/" ID_A
       "\n1:name=systemd:/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/" ID_A "\n",
       "", ID_A},
      {"CRI-O, cgroupfs", "0::/kubepods/burstable/pod74c13223/crio-" ID_A "\n", "", ID_A},
      {"CRI-O's monitor, cgroupfs", "0::/kubepods/burstable/pod74c13223/crio-conmon-" ID_A "\n", "",
       ""},
      {"systemd's form under cgroupfs",
       "11:perf_event:/kubepods-besteffort-pod0125ec2f_b64a.slice:cri-containerd:" ID_A "\n", "",
       ID_A},
      {"… below containerd's service",
       "0::/system.slice/containerd.service/"
       "kubepods-besteffort-pod0125ec2f.slice:cri-containerd:" ID_A "\n",
       "containerd.service", ID_A},
      {"kind: a node that is a container",
       "0::/system.slice/docker-" ID_B
       ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
       "kubelet-kubepods-burstable-podab.slice/cri-containerd-" ID_A ".scope\n",
       "", ID_A},
      {"seen from a pod's cgroup namespace",
       "0::/../../kubepods-burstable.slice/kubepods-burstable-podab.slice/cri-containerd-" ID_A
       ".scope\n",
       "", ID_A},
      {"a host's service, seen from there", "0::/../../../../system.slice/kubelet.service\n",
       "kubelet.service", ""},
  };
  expect_found(kSamples);
}

TEST(CgroupIdentity, TakesNoNameThatNobodyGives) {
  const std::string long_unit = "0::/system.slice/" + std::string(300, 'a') + ".service\n";
  const Sample samples[] = {
      {"nothing", "", "", ""},
      {"no lines", "\n\n\n", "", ""},
      {"no path", "0::\n", "", ""},
      {"no number", "x::/system.slice/a.service\n", "", ""},
      {"one colon", "0:/system.slice/a.service\n", "", ""},
      {"a relative path", "0::system.slice/a.service\n", "", ""},
      {"a kind only", "0::/system.slice/.service\n", "", ""},
      {"an escape sequence", "0::/system.slice/\x1b[31m.service\n", "", ""},
      {"a quote", "0::/system.slice/a\"b.service\n", "", ""},
      {"not UTF-8", "0::/system.slice/\xff\xfe.service\n", "", ""},
      {"too long", long_unit, "", ""},
      {"an id too short", "0::/docker/34dc0b5e626f\n", "", ""},
      {"an id too long", "0::/docker/0" ID_A "\n", "", ""},
      {"an id in capitals",
       "0::/docker/34DC0B5E626F2C5C4C5170E34B10E7654CE36F0FCD532739F4445BAABEA03376\n", "", ""},
      {"a hidden control character in a machine", R"(0::/machine.slice/machine-a\x1bb.scope)",
       R"(machine-a\x1bb.scope)", ""},
      {"a broken escape", R"(0::/machine.slice/machine-a\x.scope)", R"(machine-a\x.scope)", ""},
      {"LXC without a name", "0::/lxc.payload.\n", "", ""},
  };
  expect_found(samples);
}

TEST(CgroupIdentity, SurvivesTruncationAtEveryLength) {
  const std::string_view text =
      "12:pids:/a\n1:name=systemd:/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope/payload/"
      "system.slice/x.service\n0::/system.slice/docker-" ID_A ".scope/container (deleted)\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto found = cgroup_identity(text.substr(0, size));
    EXPECT_LE(found.unit.size(), 255U);
    EXPECT_LE(found.container_id.size(), 255U);
  }
}

TEST(CgroupIdentity, IsPlainTextWhateverTheBytes) {
  std::string text = "0::/machine.slice/machine-?.scope/lxc/?/system.slice/?.service\n";
  for (int byte = 0; byte < 256; ++byte) {
    std::string hostile = text;
    std::ranges::replace(hostile, '?', static_cast<char>(byte));
    const auto found = cgroup_identity(hostile);
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '"'; };
    EXPECT_TRUE(std::ranges::all_of(found.unit, is_plain)) << byte;
    EXPECT_TRUE(std::ranges::all_of(found.container_id, is_plain)) << byte;
  }
}

TEST(CgroupIdentity, EndsInATextWithoutEnd) {
  std::string deep = "0::";
  for (int i = 0; i < 200'000; ++i) deep += "/a";
  EXPECT_EQ(cgroup_identity(deep), CgroupIdentity{});
  const std::string many(1'000'000, ':');
  EXPECT_EQ(cgroup_identity(many), CgroupIdentity{});
}

TEST(CgroupIdentity, OfThisProcessCanBeRead) {
  const auto identity = identity_of(getpid());
  ASSERT_TRUE(identity) << identity.error().context;
  EXPECT_EQ(identity->exe, "gomapd_daemon_test");
  EXPECT_TRUE(cgroup_identity_of(getpid()));
}

TEST(CgroupIdentity, OfNoProcessIsGone) {
  const auto found = cgroup_identity_of(4194305);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kGone);
}

}  // namespace
}  // namespace gomapd::proc
