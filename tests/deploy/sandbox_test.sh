#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# sandbox_test.sh PACKAGE.deb
#
# Installs the package in a Debian 12, boots that Debian's systemd in namespaces of
# its own, and has the unit, with its whole sandbox, trace another user's process:
# by `gomapd trace` in the place of the daemon, then as packaged. Needs root.
# Exit codes: 0 it works, 1 it does not, 77 it can't be tried here.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() { printf 'sandbox_test.sh: Skipped\n%s\n' "$*"; exit 77; }
fail() { printf 'FAILED: %s\n' "$*"; show; exit 1; }
show() { inside journalctl --no-pager -u gomapd -n 50 || true; cat "$root/var/log/gomapd.out" 2>/dev/null || true; }

# As process 1 of new namespaces: gives the root its file systems, and becomes its systemd.
boot() {
	local root=$1
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	cp -a /dev/{null,zero,full,random,urandom,tty} "$root/dev/"
	mkdir "$root"/dev/{pts,shm}
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs tmpfs "$root/tmp"
	ip link set lo up
	mkdir -p "$root/old"
	cd "$root"
	pivot_root . old
	umount -l /old
	container=gomapd-test exec /lib/systemd/systemd --system --unit=multi-user.target \
		--log-target=journal --show-status=0 </dev/null >/dev/null 2>&1
}
if [[ ${1:-} = --boot ]]; then boot "$2"; fi

package=$(realpath "${1:?which package}")
[[ $EUID -eq 0 ]] || skip 'it needs root'
unshare --mount true 2>/dev/null ||
	skip 'no mount namespace can be made here: / is no mount point (a chroot), or the kernel forbids it'
for tool in unshare nsenter ip curl; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
cgroups=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)
[[ -n $cgroups && -w $cgroups/cgroup.procs ]] || skip 'there is no cgroup2 to boot a systemd in'
go_root=$("$here/../../scripts/go-toolchains.sh" 1.26 2>/dev/null | cut -d' ' -f2) || true
[[ -n ${go_root:-} ]] || skip 'no Go 1.26 toolchain to build a program with'
clean=$("$here/../../scripts/clean-root.sh" --systemd 2>&1) || skip "${clean##*$'\n'}"

work=$(mktemp -d /var/tmp/gomapd-sandbox.XXXXXX)
root=$work/root
group=$cgroups/gomapd-sandbox.$$
leader=''
# The namespace's process 1 is the child of unshare, and that of timeout.
process_1() { pgrep -P "$(pgrep -P "$leader")"; }
cleanup() {
	if [[ -n $leader ]]; then
		# With it all of its PID namespace ends, and then those who wait for it.
		kill -9 "$(process_1)" 2>/dev/null || kill "$leader" 2>/dev/null || true
		wait "$leader" 2>/dev/null || true
	fi
	# What has been killed leaves its group a moment later.
	for _ in {1..50}; do
		[[ -d $group ]] || break
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
		sleep 0.1
	done
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# eventually SECONDS COMMAND…
eventually() {
	local tries=$(($1 * 5))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[[ $tries -gt 0 ]] || return 1
		sleep 0.2
	done
}

cp -a --reflink=auto "${clean##*$'\n'}" "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$package" "$root/root/gomapd.deb"
for step in 'update -q' 'install -y -q --no-install-recommends /root/gomapd.deb'; do
	# shellcheck disable=SC2086 # the step's words
	DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" apt-get -o APT::Sandbox::User=root $step \
		>"$work/apt.log" 2>&1 || { cat "$work/apt.log"; echo 'FAILED: the package is not installed'; exit 1; }
done
(cd "$here/../demo" && GOROOT=$go_root GOTOOLCHAIN=local GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off \
	GOCACHE=$work/cache "$go_root/bin/go" build -ldflags='-s -w' -o "$root/usr/local/bin/sessions" .)
cat >"$root/etc/systemd/system/sessions.service" <<-'UNIT'
	[Service]
	ExecStart=/usr/local/bin/sessions
	User=daemon
	Restart=always
UNIT
# The daemon's place is taken by a trace; the sandbox stays.
mkdir -p "$root/etc/systemd/system/gomapd.service.d"
readonly stand_in=$root/etc/systemd/system/gomapd.service.d/trace.conf
cat >"$stand_in" <<-'UNIT'
	[Service]
	Type=exec
	Restart=no
	WatchdogSec=0
	ExecStart=
	ExecStart=/bin/sh -c 'exec /usr/sbin/gomapd trace -p $$(cat /etc/sessions.pid) -d 1s'
	StandardOutput=append:/var/log/gomapd.out
	StandardError=append:/var/log/gomapd.out
UNIT
chroot "$root" systemctl disable -q gomapd.service

mkdir "$group"
# A child that moves itself before it becomes another program: all of it is in the group.
(
	echo "$BASHPID" >"$group/cgroup.procs"
	exec timeout 600 unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup \
		"$0" --boot "$root" 2>"$work/boot.log"
) &
leader=$!
inside() { nsenter -t "$(process_1)" -m -p -C -u -i -n "$@"; }
booted() { [[ $(inside systemctl is-system-running) =~ running|degraded ]]; }
eventually 60 booted || skip "no systemd can be booted here: $(tail -n 1 "$work/boot.log")"

inside systemctl start sessions
inside systemctl show -P MainPID sessions >"$root/etc/sessions.pid"
inside systemctl start gomapd || fail 'the unit did not start'
finished() { [[ $(inside systemctl show -P ActiveState gomapd) =~ ^(inactive|failed)$ ]]; }
eventually 60 finished || fail 'the trace did not end'
[[ $(inside systemctl show -P Result gomapd) = success ]] || fail 'the trace failed in the sandbox'
grep -q 'main.handleRequest' "$root/var/log/gomapd.out" || fail 'it saw no growth'
echo 'ok: in the sandbox of the unit gomapd traces a process of another user'

if ! chroot "$root" /usr/sbin/gomapd --help | grep -q '^  daemon '; then
	skip 'gomapd has no daemon yet; its sandbox is tested'
fi
rm "$stand_in"
inside systemctl daemon-reload
inside systemctl start gomapd || fail 'the daemon did not start, or never said that it is ready'
echo 'ok: the daemon starts and says that it is ready'
page() { inside_net curl -sf --max-time 10 "http://127.0.0.1:10435$1"; }
inside_net() { nsenter -t "$(process_1)" -n "$@"; }
eventually 60 page /-/ready || fail '/-/ready is not 200'
# Not from a pipe: grep closes it early.
grown() { grep -q '^gomapd_map_growths_total{.*exe="sessions".* [1-9]' <<<"$(page /metrics)"; }
eventually 60 grown || fail 'the metrics do not count the growths of sessions'
echo 'ok: its metrics count growths'
pid=$(inside systemctl show -P MainPID gomapd)
inside systemctl reload gomapd || fail 'it does not reload'
sleep 1 # for what a reload might break to break
[[ $(inside systemctl show -P MainPID gomapd) = "$pid" ]] || fail 'it did not survive a reload'
grown || fail 'it lost counters by a reload'
echo 'ok: it reloads and keeps its counters'
inside systemctl stop gomapd || fail 'it does not stop'
[[ $(inside systemctl show -P Result gomapd) = success ]] || fail 'it ended badly'
echo 'ok: it stops'
