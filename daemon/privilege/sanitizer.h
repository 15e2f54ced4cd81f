// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

namespace gomapd::privilege {

// Sanitizers make system calls of their own, and their shadow memory is terabytes of
// address space: such a build has no filters and no limit on it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
#define GOMAPD_UNDER_SANITIZER 1
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GOMAPD_UNDER_SANITIZER 1
#endif
#endif

#ifdef GOMAPD_UNDER_SANITIZER
inline constexpr bool kUnderSanitizer = true;
#else
inline constexpr bool kUnderSanitizer = false;
#endif

}  // namespace gomapd::privilege
