#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# kernels_test.sh BUILD
#
# Boots the kernels of kernels.sh in QEMU (emulated: no KVM, no root needed) with
# BUILD/gomapd and the truth program, classic and Swiss, and requires that every
# growth is counted, by kind, in each way to attach that the kernel has: uprobe_multi,
# perf events, perf events without cookies. Then writes the table of docs/SUPPORT.md.
# KERNELS='5.10 6.1' boots only these and writes BUILD/KERNELS.md instead. A kernel or a
# toolchain that can't be had is skipped, by name.
# Exit codes: 0 all exact, 1 not, 2 the command line is wrong, 3 no QEMU.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -eq 1 ]] || die 2 "which build folder? try --help"
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for tool in qemu-system-x86_64 cpio busybox; do
	command -v "$tool" >/dev/null || die 3 "no $tool: scripts/deps.sh --kernels installs it"
done
read -ra kernels <<<"${KERNELS:-5.10 6.1 6.12 6.18 7}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
guest=$work/guest
mkdir -p "$guest"/{bin,proc,sys,dev,tmp,root}
cp "$build/gomapd" "$guest/bin/"
cp "$(command -v busybox)" "$guest/bin/busybox"
# The shared libraries, and their loader, at the places where it looks for them.
ldd "$build/gomapd" | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "$guest$(dirname "$library")"
	cp -L "$library" "$guest$library"
done
while read -r version goroot; do
	(cd tests/truth && GOROOT=$goroot GOTOOLCHAIN=local GO111MODULE=off CGO_ENABLED=0 \
		"$goroot/bin/go" build -o "$guest/bin/truth-$version" .)
done < <(scripts/go-toolchains.sh 1.23 1.26)

# One line a run, for the table: what was counted and the truth, each as it was told.
cat >"$guest/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t debugfs debug /sys/kernel/debug 2>/dev/null
stty raw </dev/console
ip link set lo up
cd /tmp
first() { grep -o "$1" "$2" 2>/dev/null | head -n 1; }
run() {
	local program=$1 way=$2
	shift 2
	rm -f truth.json growth.jsonl
	"$@" -o growth.jsonl -- "/bin/$program" -out /tmp/truth.json kinds >said 2>&1 </dev/null
	status=$?
	grep -o 'by [a-z_]*$' said >method
	echo "@run $program $way $status $(cat method 2>/dev/null | cut -c4-)"
	tail -n 1 growth.jsonl >summary 2>/dev/null
	echo "@counted $(first '"growth_started":[0-9]*,"growth_finished":[0-9]*' summary) $(first '"by_kind":{[^}]*}' summary)"
	echo "@truth $(first '"started":[0-9]*,"finished":[0-9]*' truth.json) $(first '"by_kind":{[^}]*}' truth.json)"
	[ $status = 0 ] || tail -n 15 said | sed 's/^/@said /'
}
echo "@kernel $(uname -r)"
for program in /bin/truth-*; do
	program=${program##*/}
	run $program best gomapd trace --json
	run $program perf_event gomapd trace --json --perf-uprobes
	GOMAPD_NO_COOKIES=1 run $program no_cookies gomapd trace --json
done
# The daemon: programs that come while it runs, all of their growths in its metrics.
printf 'trace:\n  max_overhead: 100%%\n' >daemon.yml
gomapd daemon --config daemon.yml --match-exe 'truth-*' >said 2>&1 </dev/null &
daemon=$!
metrics() { wget -q -O - http://127.0.0.1:10435/metrics 2>/dev/null | grep "^$1{.*exe=\"$program\"" | grep -v ' 0$'; }
# $1 tries, then what must hold.
wait_for() {
	local tries=$1
	shift
	while [ $tries != 0 ]; do
		"$@" && return 0
		tries=$((tries - 1))
		sleep 1
	done
	return 1
}
answers() { wget -q -O /dev/null http://127.0.0.1:10435/metrics 2>/dev/null; }
are_traced() { wget -q -O - http://127.0.0.1:10435/metrics 2>/dev/null | grep -q "^gomapd_processes{.*state=\"traced\".* $1\$"; }
has_all() { [ "$(metrics gomapd_map_growths_total | awk '{ sum += $NF } END { print sum + 0 }')" = "$1" ]; }
wait_for 60 answers
for program in /bin/truth-*; do
	program=${program##*/}
	rm -f truth.json go
	mkfifo go
	"/bin/$program" -wait -hold -out /tmp/truth.json kinds <go >/dev/null 2>&1 &
	child=$!
	exec 3>go
	wait_for 20 are_traced 1
	echo >&3
	wait_for 60 [ -s truth.json ]
	started=$(first '"started":[0-9]*' truth.json)
	wait_for 30 has_all "${started#*:}"
	exec 3>&-
	wait $child
	wait_for 20 are_traced 0
	echo "@daemon $program $(metrics gomapd_map_growths_total | grep -o 'kind="[a-z_]*".*' | tr -d ' \n')"
	echo "@daemon-truth $(first '"by_kind":{[^}]*}' truth.json)"
done
kill $daemon
wait $daemon
sed 's/^/@said /' said
gomapd doctor >doctor 2>&1
echo "@doctor $?"
sed 's/^/@doctor-said /' doctor
echo @end
poweroff -f
INIT
chmod +x "$guest/init"
(cd "$guest" && find . | cpio -o -H newc --quiet) >"$work/initrd"

# -cx16: QEMU 7.2's emulated cmpxchg16b spoils the flags, and guests crash at random.
boot() {
	timeout "${KERNELS_SECONDS:-300}" qemu-system-x86_64 -M pc -cpu max,-cx16 -accel tcg -m 1024 \
		-nodefaults -display none -no-reboot -serial stdio -monitor none -kernel "$1" \
		-initrd "$work/initrd" -append "console=ttyS0 panic=-1 quiet" </dev/null
}

for version in "${kernels[@]}"; do
	if ! read -r _ image < <(scripts/kernels.sh "$version" 2>"$work/why"); then
		log "SKIPPED: Linux $version: $(tail -n 1 "$work/why")"
		echo "@skipped $version" >"$work/log-$version"
		continue
	fi
	log "booting Linux $version"
	boot "$image" | tr -d '\r' >"$work/log-$version" || true
	[[ -z ${KERNELS_LOGS:-} ]] || cp "$work/log-$version" "$KERNELS_LOGS/"
done

page=docs/SUPPORT.md
[[ -z ${KERNELS:-} ]] || { page=$build/KERNELS.md; : >"$page"; }
python3 scripts/kernels_page.py "$page" "${kernels[@]/#/$work/log-}"
