#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# kernels_test.sh BUILD
#
# Boots the kernels of kernels.sh in QEMU (emulated: no KVM, no root needed) with
# BUILD/gomapd, or for arm64 BUILD-arm64/gomapd, and requires that every growth of the
# truth program, classic and Swiss, is counted by kind and by line, and that stacks
# are those of the Go runtime, in each way to attach that the kernel has: uprobe_multi,
# perf events, perf events without cookies. On amd64 the BPF programs must keep to their
# budget of instructions, too. Then writes the table of docs/SUPPORT.md.
# KERNELS='6.1 6.1-arm64' boots only these and writes BUILD/KERNELS.md instead. A kernel or
# a toolchain that can't be had is skipped, by name.
# Exit codes: 0 all exact, 1 not, 2 the command line is wrong, 3 no QEMU.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -eq 1 ]] || die 2 "which build folder? try --help"
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
read -ra kernels <<<"${KERNELS:-5.10 6.1 6.12 6.18 7 5.10-arm64 6.1-arm64 6.12-arm64}"

# Of a kernel's name.
architecture_of() { if [[ $1 = *-arm64 ]]; then echo arm64; else echo amd64; fi; }
mapfile -t architectures < <(for name in "${kernels[@]}"; do architecture_of "$name"; done | sort -u)

qemu_of() { if [[ $1 = arm64 ]]; then echo qemu-system-aarch64; else echo qemu-system-x86_64; fi; }
tools=(cpio busybox readelf)
for architecture in "${architectures[@]}"; do tools+=("$(qemu_of "$architecture")"); done
for tool in "${tools[@]}"; do
	command -v "$tool" >/dev/null || die 3 "no $tool: scripts/deps.sh --kernels installs it"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# add_libraries PROGRAM ROOT GUEST: the shared libraries of another machine's root that a
# program needs, and that these need, and their loader, where that looks for them.
add_libraries() {
	local file=$1 root=$2 guest=$3 name found
	while read -r name; do
		[[ ! -e $guest/lib/$name ]] || continue
		found=$(find "$root"/lib "$root"/usr/lib -name "$name" -print -quit)
		[[ -n $found ]] || die 1 "no $name under $root"
		cp -L "$found" "$guest/lib/$name"
		add_libraries "$guest/lib/$name" "$root" "$guest"
	done < <(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
}

# add_gomapd ARCHITECTURE GUEST
add_gomapd() {
	local guest=$2 root library
	if [[ $1 = arm64 ]]; then
		root=$(scripts/arm64-root.sh)
		cp "$build-arm64/gomapd" "$root/bin/busybox" "$guest/bin/"
		mkdir -p "$guest/lib"
		add_libraries "$build-arm64/gomapd" "$root" "$guest"
		return
	fi
	cp "$build/gomapd" "$guest/bin/"
	cp "$build/tests/unit/daemon/gomapd_program_budget_test" "$guest/bin/program-budget"
	cp "$(command -v busybox)" "$guest/bin/busybox"
	ldd "$guest"/bin/{gomapd,program-budget} | grep -o '/[^ ]*[^ :]' | grep -v "^$guest" | sort -u | while read -r library; do
		mkdir -p "$guest$(dirname "$library")"
		cp -L "$library" "$guest$library"
	done
}

# `make support` has all releases on amd64; nothing else has them on arm64.
releases_of() { if [[ $1 = arm64 ]]; then echo 1.21 1.22 1.23 1.24 1.25 1.26 1.27; else echo 1.23 1.26; fi; }

# add_program SOURCE NAME ARCHITECTURE GUEST: built by each toolchain, as NAME-1.N.
add_program() {
	local version goroot releases
	read -ra releases < <(releases_of "$3")
	while read -r version goroot; do
		(cd "$1" && GOROOT=$goroot GOARCH=$3 GOTOOLCHAIN=local GO111MODULE=off CGO_ENABLED=0 \
			"$goroot/bin/go" build -o "$4/bin/$2-$version" .)
	done < <(scripts/go-toolchains.sh "${releases[@]}")
}

for architecture in "${architectures[@]}"; do
	guest=$work/guest-$architecture
	mkdir -p "$guest"/{bin,proc,sys,dev,tmp,root}
	add_gomapd "$architecture" "$guest"
	add_program tests/truth truth "$architecture" "$guest"
	add_program tests/live/go/frames frames "$architecture" "$guest"
	install -m 755 scripts/kernels_guest.sh "$guest/init"
	(cd "$guest" && find . | cpio -o -H newc --quiet) >"$work/initrd-$architecture"
done

# -cx16: QEMU 7.2's emulated cmpxchg16b spoils the flags, and guests crash at random.
# pauth-impdef: arm64's kernel signs its own return addresses, and QARMA takes most of the
# time where it is emulated.
boot() {
	local machine console=ttyS0
	machine=(-M pc -cpu 'max,-cx16')
	[[ $1 != arm64 ]] || { machine=(-M virt -cpu 'max,pauth-impdef=on') console=ttyAMA0; }
	timeout "${KERNELS_SECONDS:-600}" "$(qemu_of "$1")" "${machine[@]}" -accel tcg -m 1024 \
		-nodefaults -display none -no-reboot -serial stdio -monitor none -kernel "$2" \
		-initrd "$work/initrd-$1" -append "console=$console panic=-1 quiet" </dev/null
}

for name in "${kernels[@]}"; do
	if ! read -r _ image < <(scripts/kernels.sh "$name" 2>"$work/why"); then
		log "SKIPPED: Linux $name: $(tail -n 1 "$work/why")"
		echo "@skipped" >"$work/log-$name"
		continue
	fi
	log "booting Linux $name"
	boot "$(architecture_of "$name")" "$image" | tr -d '\r' >"$work/log-$name" || true
	[[ -z ${KERNELS_LOGS:-} ]] || cp "$work/log-$name" "$KERNELS_LOGS/"
done

page=docs/SUPPORT.md
[[ -z ${KERNELS:-} ]] || { page=$build/KERNELS.md; : >"$page"; }
python3 -B scripts/kernels_page.py "$page" "${kernels[@]/#/$work/log-}"
