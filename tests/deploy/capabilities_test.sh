#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# capabilities_test.sh   (GOMAPD: the program)
#
# The capabilities of the systemd unit suffice to trace another user's process whose
# executable nobody else may read, and without any one of them it can't be done.
# Exit codes: 0 so, 1 not so, 77 it can't be tried here.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..

skip() { printf 'capabilities_test.sh: Skipped\n%s\n' "$*"; exit 77; }
[[ $EUID -eq 0 ]] || skip 'it needs root'
command -v setpriv >/dev/null || skip 'setpriv is not installed: apt-get install util-linux'
go_root=$("$root/scripts/go-toolchains.sh" 1.26 2>/dev/null | cut -d' ' -f2) || true
[[ -n ${go_root:-} ]] || skip 'no Go 1.26 toolchain to build a program with'
: "${GOMAPD:?which program}"

# A service's unprivileged user, and the user whose program is traced.
readonly kService=65534 kOwner=4242
folder=$(mktemp -d /var/tmp/gomapd-capabilities.XXXXXX)
workload=
cleanup() {
	if [[ -n $workload ]]; then
		kill "$workload" 2>/dev/null || true
		wait "$workload" 2>/dev/null || true
	fi
	rm -rf "$folder"
}
trap cleanup EXIT

chmod 755 "$folder"
install -m 755 "$GOMAPD" "$folder/gomapd"
mkdir "$folder/private"
(cd "$root/tests/demo" && GOROOT=$go_root GOTOOLCHAIN=local GO111MODULE=on GOFLAGS=-mod=mod \
	GOPROXY=off GOCACHE=$folder/cache "$go_root/bin/go" build -o "$folder/private/sessions" .)
chown -R "$kOwner:$kOwner" "$folder/private"
chmod 500 "$folder/private" "$folder/private/sessions"
setpriv --reuid "$kOwner" --regid "$kOwner" --clear-groups "$folder/private/sessions" &
workload=$!

read -ra needed < <(sed -n 's/^CapabilityBoundingSet=//p' "$root/deploy/systemd/gomapd.service" |
	tr '[:upper:]' '[:lower:]' | sed 's/cap_//g')
[[ ${#needed[@]} -gt 0 ]] || { echo 'FAILED: the unit has no capabilities'; exit 1; }
"$root/deploy/systemd/gomapd-generator" "$folder/generated"
old_kernel=no
if [[ -d $folder/generated ]]; then
	old_kernel=yes
	needed+=(sys_admin)
fi

# trace CAPABILITY…: as the service's user with these and no others; gomapd's exit code.
trace() {
	local set=-all
	[[ $# -eq 0 ]] || set+=$(printf ',+%s' "$@")
	setpriv --reuid "$kService" --regid "$kService" --clear-groups --no-new-privs \
		--inh-caps="$set" --ambient-caps="$set" --bounding-set="$set" \
		timeout 60 "$folder/gomapd" trace -p "$workload" -d 500ms >"$folder/out" 2>&1
}

# The program starts growing maps at once, but must have been started.
for _ in {1..100}; do
	[[ $(readlink "/proc/$workload/exe") != */sessions ]] || break
	sleep 0.05
done
if ! trace "${needed[@]}"; then cat "$folder/out"; echo "FAILED: ${needed[*]} do not suffice"; exit 1; fi
grep -q 'main.handleRequest' "$folder/out" || { cat "$folder/out"; echo 'FAILED: it saw no growth'; exit 1; }
echo "ok: ${needed[*]} suffice"

# CAP_SYS_ADMIN has CAP_BPF and CAP_PERFMON in it.
[[ $old_kernel = no ]] || exit 0

for without in "${needed[@]}"; do
	others=()
	for capability in "${needed[@]}"; do
		[[ $capability = "$without" ]] || others+=("$capability")
	done
	if trace "${others[@]}"; then echo "FAILED: it works without $without: don't ask for it"; exit 1; fi
	echo "ok: without $without: $(tail -n 1 "$folder/out")"
done
