#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# package_test.sh PACKAGE.deb
#
# Installs, upgrades, removes and purges the package in a clean Debian 12 root by
# its own apt, and checks after each step what is there and what is not. The root
# is a copy of that of clean-root.sh; mounts and processes live in namespaces of
# their own and end with the script. Needs root. Prints a line for each check.
# Exit codes: 0 all is well, 1 a check failed, 2 the command line is wrong,
# 77 it can't be run here: the last line says why.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -eq 1 && -f ${1:-} ]] || die 2 "which package? try --help"
package=$(realpath "$1")

# skip REASON: in the form that test.sh reads.
skip() { printf 'package_test.sh: Skipped\n%s\n' "$*"; exit 77; }

if [[ -z ${GOMAPD_PACKAGE_INSIDE:-} ]]; then
	[[ $EUID -eq 0 ]] || skip 'it needs root'
	unshare --mount true 2>/dev/null ||
		skip 'no mount namespace can be made here: / is no mount point (a chroot), or the kernel forbids it'
	root=$("$(dirname "$0")/clean-root.sh" 2>&1) || skip "${root##*$'\n'}"
	root=${root##*$'\n'} # progress comes before it
	work=$(mktemp -d /var/tmp/gomapd-package.XXXXXX)
	trap 'rm -rf --one-file-system "$work"; sweep_scratch' EXIT
	cp -a --reflink=auto "$root" "$work/root"
	cp /etc/resolv.conf "$work/root/etc/resolv.conf"
	status=0
	GOMAPD_PACKAGE_INSIDE=$work timeout 900 \
		unshare --mount --pid --fork --kill-child "$0" "$package" || status=$?
	exit "$status"
fi

work=$GOMAPD_PACKAGE_INSIDE
root=$work/root
trap - EXIT
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero urandom; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		chroot "$root" "$@"
}
run_apt() {
	inside apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root --no-install-recommends "$@" \
		>"$work/apt.log" 2>&1 || { cat "$work/apt.log"; die 1 "apt-get $* failed"; }
}
# check WHAT COMMAND…
check() {
	local what=$1
	shift
	if ! "$@"; then die 1 "FAILED: $what"; fi
	printf 'ok: %s\n' "$what"
}
there() { [[ -e $root$1 || -L $root$1 ]]; }
gone() { ! there "$1"; }
# All files but those that dpkg, apt and the loader write as they work.
files() {
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./var/lib/dpkg \
		-o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \) -prune -o -print) | sort
}
says() { [[ $(inside "$@" 2>&1) = "$expected"* ]]; }

run_apt update
files >"$work/before"

# status FORMAT: what dpkg says of the package, in dpkg-query's format.
status() { inside dpkg-query -W -f "$1" gomapd; }
# shellcheck disable=SC2016 # for dpkg-query to expand
readonly state='${db:Status-Status} ${Version}' conffiles='${Conffiles}'

version=$(dpkg-deb -f "$package" Version)
cp "$package" "$root/tmp/gomapd.deb"
run_apt install /tmp/gomapd.deb
check "$version is installed on a clean Debian 12 without backports" \
	test "$(status "$state")" = "installed $version"
expected="gomapd $version (libbpf "
check 'it runs there' says gomapd --version
check 'its files are as packaged' inside dpkg --verify gomapd
check 'nothing of it is writable for others' \
	test -z "$(inside dpkg -L gomapd | while read -r path; do find "$root$path" -maxdepth 0 ! -type l -perm /022; done)"
check 'the unit is enabled' there /etc/systemd/system/multi-user.target.wants/gomapd.service
check 'conffiles are known to dpkg' \
	test "$(status "$conffiles" | grep -c ' /etc/')" -eq 2

# As an administrator would change it, then a newer version of the package.
echo '# kept' >>"$root/etc/gomapd/gomapd.yaml"
dpkg-deb -R "$package" "$work/newer"
sed -i "s/^Version: .*/Version: $version+test/" "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/newer" "$root/tmp/newer.deb" >/dev/null
run_apt install /tmp/newer.deb
check 'it upgrades' \
	test "$(status "$state")" = "installed $version+test"
check 'a changed configuration survives an upgrade' \
	grep -q '^# kept' "$root/etc/gomapd/gomapd.yaml"
check 'the unit is still enabled' there /etc/systemd/system/multi-user.target.wants/gomapd.service

rm "$root/etc/systemd/system/multi-user.target.wants/gomapd.service"
run_apt install --reinstall /tmp/newer.deb
check 'a disabled unit stays disabled' gone /etc/systemd/system/multi-user.target.wants/gomapd.service

run_apt remove gomapd
check 'removal takes the program' gone /usr/sbin/gomapd
check 'removal takes the unit' gone /lib/systemd/system/gomapd.service
check 'removal leaves the configuration' there /etc/gomapd/gomapd.yaml
run_apt install /tmp/gomapd.deb
check 'it can be installed again' says gomapd --version
check 'and is not masked' gone /etc/systemd/system/gomapd.service

run_apt purge --auto-remove gomapd
files >"$work/after"
if ! diff "$work/before" "$work/after"; then die 1 'FAILED: purge leaves files'; fi
echo 'ok: purge leaves nothing'
