#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# python.sh FILE [ARGUMENT…]
#
# Runs a test that is written in Python. The distribution's own interpreter has the
# packages that scripts/deps.sh installs, perhaps after the build was configured.
# Exit code 77: there is none, so the test is skipped.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || {
	echo "no python3: scripts/deps.sh --test installs it"
	exit 77
}
exec "$python" "$@"
