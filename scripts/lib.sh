#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# Shared by the scripts beside it; sourced, never run: log lines, the cache
# folder, and packages from suites of the distribution's archive that this
# machine does not itself follow. For these apt gets a configuration, lists
# and a cache of its own inside the cache folder, so that nothing is
# installed, no source is left behind and no root is needed.
#
# Input: GOMAPD_CACHE, the cache folder (default $XDG_CACHE_HOME/gomapd or
# ~/.cache/gomapd), and archive_architecture, whose packages are meant, as Debian
# calls it (default: this machine's). Functions return 1 with the reason in
# $archive_error.

cache=${GOMAPD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/gomapd}
[[ $cache = /* ]] || cache=$PWD/$cache
archive_error=
archive_architecture=${archive_architecture:-$(dpkg --print-architecture 2>/dev/null || true)}

log() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { local status=$1; shift; log "$@"; exit "$status"; }

# Prints the lines of comment at the head of the running script, for --help.
usage() { sed -n '5,/^$/ { /^$/q; s/^# \{0,1\}//p }' "$0"; }

os_release() { (. /etc/os-release 2>/dev/null && printf '%s\n' "${!1:-}"); }

# Takes the cache for this process; it is given back when the process ends.
# Whoever holds it owns all of $cache/tmp.*, so leftovers of killed runs go.
lock_cache() {
	mkdir -p "$cache"
	[[ -z ${cache_lock:-} ]] || return 0
	exec {cache_lock}>"$cache/lock"
	if ! flock -n "$cache_lock"; then
		log "waiting for another run that uses $cache"
		flock "$cache_lock"
	fi
	rm -rf "$cache"/tmp.*
}

# Prints a new empty folder on the cache's file system, fit for a rename into
# place. Needs the lock; scratch folders are swept away at exit.
make_scratch() {
	mktemp -d "$cache/tmp.XXXXXX"
}
sweep_scratch() { [[ -z ${cache_lock:-} ]] || rm -rf "$cache"/tmp.*; }
trap sweep_scratch EXIT

# The archive's address, as this machine's own apt knows it. `indextargets`
# knows only what was once updated; a bare machine still prints its URIs.
archive_mirror() {
	local codename=$1
	# shellcheck disable=SC2016 # apt expands these, not the shell
	{
		apt-get indextargets --format '$(REPO_URI) $(CODENAME)'
		apt-get update --print-uris | sed -n "s,^'\(.*/\)dists/\([^/]*\)/InRelease'.*,\1 \2,p"
	} 2>/dev/null | awk -v codename="$codename" \
		'$2 == codename && $1 !~ /^cdrom:/ && !seen++ { print $1 }'
}

# The suites of this machine's archive, oldest first: a program that was built
# in the oldest one needs the least of this machine's libc.
archive_suites() {
	local codename
	case $(os_release ID) in
	debian) printf '%s\n' bullseye bookworm bookworm-backports trixie trixie-backports sid ;;
	ubuntu)
		codename=$(os_release VERSION_CODENAME)
		printf '%s\n' "$codename" "$codename"-{updates,backports}
		;;
	esac
}

# archive_dir SUITE: where its configuration, lists and packages are.
archive_dir() { printf '%s\n' "$cache/apt/$1-$archive_architecture"; }

# archive_update SUITE: makes its lists at most a day old.
archive_update() {
	local suite=$1 dir id codename mirror components=main
	dir=$(archive_dir "$suite")
	if [[ -n $(find "$dir/updated" -mmin -1440 2>/dev/null) ]]; then return 0; fi
	id=$(os_release ID)
	codename=$(os_release VERSION_CODENAME)
	[[ $id != ubuntu ]] || components='main universe'
	mirror=$(archive_mirror "$codename")
	if [[ -z $mirror ]]; then
		archive_error="apt names no archive of ${codename:-this distribution}"
		return 1
	fi
	mkdir -p "$dir"/{lists,cache/archives}/partial
	printf 'deb [arch=%s signed-by=%s] %s %s %s\n' "$archive_architecture" \
		"/usr/share/keyrings/$id-archive-keyring.gpg" "$mirror" "$suite" \
		"$components" >"$dir/sources.list"
	# The hooks that others hang on to `apt-get update` concern the machine's
	# own lists. Root fetches as root: _apt may not enter root's home.
	cat >"$dir/apt.conf" <<-CONF
		#clear APT::Update;
		#clear DPkg;
		#clear APT::Architectures;
		APT::Architecture "$archive_architecture";
		APT::Architectures "$archive_architecture";
		Acquire::Languages "none";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Dir::Cache "$dir/cache";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Cache::srcpkgcache "";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "/dev/null";
	CONF
	log "reading the package lists of $suite"
	if ! apt-get -c "$dir/apt.conf" -q update >"$dir/log" 2>&1; then
		archive_error="no package lists of $suite: $(grep -m 1 '^E:' "$dir/log")"
		return 1
	fi
	touch "$dir/updated"
}

# archive_find PACKAGE SUITE...: sets $archive_suite to the first that has it.
archive_find() {
	local package=$1 suite failed=
	shift
	for suite; do
		archive_update "$suite" || { failed=$archive_error; continue; }
		if apt-cache -c "$(archive_dir "$suite")/apt.conf" show "$package" >/dev/null 2>&1; then
			# shellcheck disable=SC2034 # the caller reads it
			archive_suite=$suite
			return 0
		fi
	done
	archive_error=${failed:-"no package $package in ${*:-any suite known here}"}
	return 1
}

# archive_download SUITE DIR PACKAGE...: leaves the packages' .deb files in DIR.
archive_download() {
	local suite=$1 into=$2 dir attempt
	dir=$(archive_dir "$suite")
	shift 2
	for attempt in 1 2; do
		archive_update "$suite" || return 1
		log "fetching $* from $suite"
		if (cd "$into" && apt-get -c "$dir/apt.conf" -q download "$@") >"$dir/log" 2>&1; then
			return 0
		fi
		archive_error="apt-get download $*: $(grep -m 1 '^E:' "$dir/log")"
		# A day is long enough for a version to leave the pool: read anew, once.
		[[ $attempt = 2 ]] || rm -f "$dir/updated"
	done
	return 1
}
