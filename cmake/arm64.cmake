# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors

# A toolchain file: builds gomapd for arm64 with Debian's cross compiler and the root that
# scripts/arm64-root.sh unpacks. `make arm64` does all of it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(GOMAPD_ARM64_ROOT "" CACHE PATH "What scripts/arm64-root.sh prints")
# Checks of the compiler are projects of their own.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GOMAPD_ARM64_ROOT)
if(NOT IS_DIRECTORY "${GOMAPD_ARM64_ROOT}/usr/include")
  message(FATAL_ERROR "GOMAPD_ARM64_ROOT is not what scripts/arm64-root.sh prints")
endif()

set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_SYSROOT "${GOMAPD_ARM64_ROOT}")
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# Tools are the host's (clang, bpftool), all else is the root's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${GOMAPD_ARM64_ROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
  "${GOMAPD_ARM64_ROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${GOMAPD_ARM64_ROOT}/usr/share/pkgconfig")
