// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Go wants one where functions have no body.
