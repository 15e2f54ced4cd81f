#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# deps.sh [--check] [--test] [--lint] [--fuzz] [--support] [--kernels] [--arm64] [--package] [--bench]
#
# Installs what building and testing gomapd needs, from the distribution's own
# archive: Debian 12 and newer, Ubuntu 24.04 and newer. When nothing is missing
# it does nothing, in a few milliseconds. --test adds what only tests need (a web
# client, tools for packages, a browser) as far as the archive has it, --lint the
# formatter and the linters, --fuzz the compiler with libFuzzer, --support the
# second linker of the matrix of builds, --kernels the emulators for other kernels,
# --arm64 the cross compiler for that machine, --package what makes a Debian package,
# --bench the library for benchmarks and, as far as the archive has them, the tracers
# to compare with; --check only says what is missing.
# Leaves no package source behind. Says what it does on stderr.
# Exit codes: 0 all is there, 1 something is missing or could not be installed,
# 2 the command line is wrong, 3 root is needed and cannot be had.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# uprobe_multi came with libbpf 1.3. Ubuntu 24.04 has 1.3, Debian 13 has 1.5;
# Debian 12 has 1.1, and 1.4 in its backports.
readonly kLibbpfMinimum=1:1.3

packages=(
	make g++ cmake ninja-build pkg-config clang libbpf-dev libelf-dev zlib1g-dev
	libfmt-dev libspdlog-dev libcli11-dev libzydis-dev nlohmann-json3-dev libprotozero-dev
	prometheus-cpp-dev libssl-dev libyaml-cpp-dev libsystemd-dev libcrypt-dev libseccomp-dev
	libgtest-dev libgmock-dev
)
# Without these there are tests that are skipped, each by its name.
readonly test_packages=(
	openssl curl python3 python3-yaml python3-prometheus-client dpkg-dev file lintian debootstrap iproute2
	chromium chromium-driver python3-selenium valgrind
)
# Without these there are rows of the benchmarks that are.
readonly bench_packages=(bpftrace linux-perf python3)
check_only=no
for option; do
	case $option in
	--check) check_only=yes ;;
	--test) packages+=("${test_packages[@]}") ;;
	--lint) packages+=(clang-format-19 clang-tidy-19 shellcheck) ;;
	--fuzz) packages+=(clang-19 libclang-rt-19-dev) ;;
	--support) packages+=(lld gcc) ;;
	--kernels) packages+=(qemu-system-x86 qemu-system-arm busybox-static cpio binutils python3) ;;
	--arm64) packages+=(g++-aarch64-linux-gnu) ;;
	--package) packages+=(dpkg-dev file python3) ;;
	--bench) packages+=(libbenchmark-dev "${bench_packages[@]}") ;;
	--help) usage; exit 0 ;;
	*) die 2 "unknown option '$option'; try --help" ;;
	esac
done

new_enough() { dpkg --compare-versions "$1" ge "$kLibbpfMinimum"; }

# By the program, not the package: Ubuntu has it under one name or another, and
# up to 24.04 as a wrapper that refuses any kernel but its own; the real one
# then stands in a folder of its own, where the build finds it.
have_bpftool() {
	PATH=$PATH:/usr/sbin bpftool version &>/dev/null ||
		compgen -G '/usr/lib/linux-tools/*/bpftool' >/dev/null
}

# Sets `missing` to the packages that are not there, or are too old.
find_missing() {
	local -A installed=()
	local package version
	while read -r package version; do
		installed[$package]=$version
	done < <(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "${packages[@]}" 2>/dev/null |
		sed -n 's/^installed //p')
	missing=()
	for package in "${packages[@]}"; do
		version=${installed[$package]:-}
		if [[ -z $version ]] || { [[ $package = libbpf-dev ]] && ! new_enough "$version"; }; then
			missing+=("$package")
		fi
	done
	have_bpftool || missing+=(bpftool)
}

# A distribution's own derivatives have their own names; what counts is apt.
if ! command -v apt-get >/dev/null; then
	die 1 "no apt-get here; install by hand: ${packages[*]} bpftool (libbpf 1.3 or newer)"
fi
find_missing
[[ ${#missing[@]} -gt 0 ]] || exit 0
if [[ $check_only = yes ]]; then
	die 1 "missing: ${missing[*]} (without --check this installs it)"
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
	command -v sudo >/dev/null || die 3 "needs root to install ${missing[*]}: run it as root, or install sudo"
	as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive LC_ALL=C)

# The packages that lie beside the machine's sources go into a cache of this
# run's own. World-readable: apt reads them as the user _apt.
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
chmod 755 "$cache"

run_apt() {
	"${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
		</dev/null >"$cache/log" 2>&1
}

# The newest version that the machine's own sources have; empty if none.
candidate() { LC_ALL=C apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

log "missing: ${missing[*]}"
log "reading the package lists"
# One broken foreign source need not stop us: what counts is what follows.
run_apt update || log "apt-get update had trouble: $(grep -m 1 '^[EW]:' "$cache/log" || true)"

is_optional() { [[ " ${test_packages[*]} ${bench_packages[*]} " = *" $1 "* ]]; }
unavailable=()
wanted=()
for package in "${missing[@]}"; do
	case $package in
	bpftool)
		if [[ -n $(candidate bpftool) ]]; then
			wanted+=(bpftool)
		else
			wanted+=(linux-tools-common linux-tools-generic)
		fi
		;;
	libbpf-dev)
		if new_enough "$(candidate libbpf-dev)"; then
			wanted+=(libbpf-dev)
		else
			backports=$(os_release VERSION_CODENAME)-backports
			log "libbpf here is older than ${kLibbpfMinimum#*:}: taking that of $backports"
			mkdir "$cache/debs"
			archive_download "$backports" "$cache/debs" libbpf1 libbpf-dev ||
				die 1 "libbpf ${kLibbpfMinimum#*:} or newer cannot be had: $archive_error"
			wanted+=("$cache"/debs/*.deb)
		fi
		;;
	*)
		if is_optional "$package" && [[ -z $(candidate "$package") ]]; then
			unavailable+=("$package")
		else
			wanted+=("$package")
		fi
		;;
	esac
done
[[ ${#unavailable[@]} -eq 0 ]] ||
	log "not in this machine's archive, so something will be skipped: ${unavailable[*]}"
[[ ${#wanted[@]} -gt 0 ]] || exit 0

log "installing ${#wanted[@]} packages and what they need; this takes a minute or two"
if ! run_apt install -y --no-install-recommends "${wanted[@]}"; then
	tail -n 20 "$cache/log" >&2
	die 1 "apt-get install failed; this project is built on Debian 12 and newer and Ubuntu 24.04 and newer"
fi
find_missing
[[ ${#missing[@]} -le ${#unavailable[@]} ]] || die 1 "still missing after the installation: ${missing[*]}"
log "all is installed"
