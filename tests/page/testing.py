# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Runs a module's tests."""

import os
import sys
import unittest


def main():
    """Exit code: 0 passed, 1 failed, 77 some could not be run: each with its reason, in
    the form that scripts/test.sh reads."""
    os.environ["LC_ALL"] = "C"
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"{test.id().removeprefix('__main__.')}: Skipped\n{reason}")
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
