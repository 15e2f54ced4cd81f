# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
# scripts/deps.sh installs all of these from the distribution.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Zydis CONFIG NAMES zydis Zydis REQUIRED)
# uprobe_multi came with libbpf 1.3.
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf>=1.3)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(libcrypt REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp REQUIRED)
add_library(gomapd_protozero INTERFACE)
target_include_directories(gomapd_protozero SYSTEM INTERFACE ${PROTOZERO_INCLUDE_DIR})
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
add_library(gomapd_cli11 INTERFACE)
target_include_directories(gomapd_cli11 SYSTEM INTERFACE ${CLI11_INCLUDE_DIR})
if(GOMAPD_TESTS)
  find_package(GTest REQUIRED)
endif()
