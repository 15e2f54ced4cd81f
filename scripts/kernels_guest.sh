#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# The first program of a guest of kernels_test.sh: runs the Go programs of /bin under
# gomapd in every way to attach, and tells on the console what came of it, for
# kernels_page.py to judge. A line begins with @ and what it is; what JSON it has is
# packed, for consoles are slow and have their own idea of a line.

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t debugfs debug /sys/kernel/debug 2>/dev/null
stty raw </dev/console
ip link set lo up
cd /tmp || exit

# NAME FILE
tell() {
	printf '@%s ' "$1"
	[ ! -s "$2" ] || gzip -c "$2" | base64 -w 0
	echo
}
# PROGRAM WAY COMMAND...: the command, which is to trace the program.
run() {
	program=$1 way=$2
	shift 2
	case $program in
	truth-*) workload=kinds ;;
	*) workload= ;;
	esac
	rm -f truth.json report.jsonl
	"$@" -o report.jsonl -- "/bin/$program" -out /tmp/truth.json $workload >said 2>&1 </dev/null
	status=$?
	method=$(grep -o 'by [a-z_]*$' said | cut -c4-)
	echo "@run $program $way $status $method"
	tell report report.jsonl
	tell truth truth.json
	[ $status = 0 ] || tail -n 15 said | sed 's/^/@said /'
}
echo "@kernel $(uname -r)"
for program in /bin/truth-* /bin/frames-*; do
	program=${program##*/}
	run "$program" best gomapd trace --json
	# The ways differ by design of the maps, not by release.
	case $program in *-1.23 | *-1.26) ;; *) continue ;; esac
	run "$program" perf_event gomapd trace --json --perf-uprobes
	GOMAPD_NO_COOKIES=1 run "$program" no_cookies gomapd trace --json
done

# The daemon: programs that come while it runs, all of their growths in its metrics.
printf 'trace:\n  max_overhead: 100%%\n' >daemon.yml
gomapd daemon --config daemon.yml --match-exe 'truth-*' >said 2>&1 </dev/null &
daemon=$!
metrics() { wget -q -O - http://127.0.0.1:10435/metrics 2>/dev/null | grep "^$1{.*exe=\"$program\"" | grep -v ' 0$'; }
# $1 tries, then what must hold.
wait_for() {
	tries=$1
	shift
	while [ "$tries" != 0 ]; do
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
for program in /bin/truth-1.23 /bin/truth-1.26; do
	[ -e "$program" ] || continue
	program=${program##*/}
	rm -f truth.json go
	mkfifo go
	"/bin/$program" -wait -hold -out /tmp/truth.json kinds <go >/dev/null 2>&1 &
	child=$!
	exec 3>go
	wait_for 20 are_traced 1
	echo >&3
	wait_for 60 [ -s truth.json ]
	started=$(grep -o '"started":[0-9]*' truth.json | head -n 1)
	wait_for 30 has_all "${started#*:}"
	exec 3>&-
	wait $child
	wait_for 20 are_traced 0
	echo "@daemon $program $(metrics gomapd_map_growths_total | grep -o 'kind="[a-z_]*".*' | tr -d ' \n')"
	tell daemon-truth truth.json
done
kill $daemon
wait $daemon
sed 's/^/@said /' said
if [ -e /bin/program-budget ]; then
	program-budget >said 2>&1 </dev/null
	echo "@budget $?"
	grep -E 'instructions|budget|Skipped|FAILED' said | sed 's/^/@said /'
fi
gomapd doctor >said 2>&1
echo "@doctor $?"
sed 's/^/@doctor-said /' said
echo @end
poweroff -f
