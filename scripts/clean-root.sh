#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# clean-root.sh [--systemd]
#
# Prints the folder of a Debian 12 as debootstrap leaves it, from the machine's own
# archive; with --systemd, of one that can be booted. It is kept in the cache (see
# lib.sh) and never written to: copy it. GOMAPD_PACKAGE_ROOT names another to begin
# with. Needs root. stdout: the folder; stderr: progress, and why there is none.
# Exit codes: 0 there it is, 1 it can't be had, 2 the command line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

with_systemd=no
for option; do
	case $option in
	--systemd) with_systemd=yes ;;
	--help) usage; exit 0 ;;
	*) die 2 "unknown option '$option'; try --help" ;;
	esac
done
[[ $EUID -eq 0 ]] || die 1 'it needs root'

plain=${GOMAPD_PACKAGE_ROOT:-$cache/roots/bookworm}
bootable=$cache/roots/bookworm-systemd
is_debian() { [[ -x $1/usr/bin/apt-get ]]; }
is_bootable() { [[ -x $1/lib/systemd/systemd ]]; }

# keep SCRATCH PATH: a rename, so that a killed run leaves no half of a root behind.
keep() {
	chmod 755 "$1"
	mkdir -p "$cache/roots"
	rm -rf "$2"
	mv "$1" "$2"
}

make_plain() {
	local mirror scratch
	[[ -z ${GOMAPD_PACKAGE_ROOT:-} ]] || die 1 "GOMAPD_PACKAGE_ROOT is no root of a Debian: $plain"
	command -v debootstrap >/dev/null || die 1 'debootstrap is not installed: apt-get install debootstrap'
	[[ $(os_release ID) = debian ]] || die 1 'Debian 12 comes from the archive of a Debian, and this is none'
	mirror=$(archive_mirror "$(os_release VERSION_CODENAME)")
	[[ -n $mirror ]] || die 1 'apt names no archive to make a Debian 12 from'
	scratch=$(make_scratch)
	log "making a Debian 12 in $plain; this takes a minute or two"
	debootstrap --variant=minbase bookworm "$scratch" "$mirror" >"$cache/debootstrap.log" 2>&1 ||
		die 1 "debootstrap failed: $(tail -n 1 "$cache/debootstrap.log")"
	keep "$scratch" "$plain"
}

make_bootable() {
	local scratch step
	scratch=$(make_scratch)
	log 'adding systemd to a copy of it'
	cp -a --reflink=auto "$plain/." "$scratch"
	cp /etc/resolv.conf "$scratch/etc/resolv.conf"
	for step in 'update -q' 'install -y -q --no-install-recommends systemd dbus'; do
		# shellcheck disable=SC2086 # the step's words
		DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$scratch" \
			apt-get -o APT::Sandbox::User=root $step >"$cache/debootstrap.log" 2>&1 ||
			die 1 "no systemd: $(tail -n 1 "$cache/debootstrap.log")"
	done
	keep "$scratch" "$bootable"
}

# Another run may have made one while this one waited for the lock.
is_debian "$plain" || { lock_cache; is_debian "$plain" || make_plain; }
if [[ $with_systemd = no ]]; then
	printf '%s\n' "$plain"
	exit
fi
is_bootable "$bootable" || { lock_cache; is_bootable "$bootable" || make_bootable; }
printf '%s\n' "$bootable"
