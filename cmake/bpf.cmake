# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors

find_program(CLANG NAMES clang clang-19 clang-18 clang-16 clang-15 clang-14 REQUIRED)
# Ubuntu keeps bpftool beside the kernel's tools, and its wrapper in PATH
# refuses to run under another kernel.
file(GLOB bpftool_folders /usr/lib/linux-tools/*)
find_program(BPFTOOL NAMES bpftool HINTS ${bpftool_folders} PATHS /usr/sbin /usr/local/sbin REQUIRED)

# add_bpf_skeleton(TARGET SOURCE file.bpf.c DEPENDS headers…)
# Compiles the BPF program and makes TARGET an interface library that provides
# its skeleton header, <name>.skel.h, of a class <name>_bpf. Needs no BTF of the build host: the few
# kernel structs that are read stand in bpf/vmlinux.h.
function(add_bpf_skeleton target)
  cmake_parse_arguments(ARG "" "SOURCE" "DEPENDS" ${ARGN})
  get_filename_component(name ${ARG_SOURCE} NAME_WE)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/include/${name}.skel.h)
  string(REPLACE "x86_64" "x86" arch ${CMAKE_SYSTEM_PROCESSOR})
  string(REPLACE "aarch64" "arm64" arch ${arch})
  list(TRANSFORM ARG_DEPENDS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE headers)
  set(warnings -Wall -Wextra -Wno-unused-parameter)
  if(GOMAPD_WERROR)
    list(APPEND warnings -Werror)
  endif()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/include)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${CLANG} -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_${arch} ${warnings}
      -I${PROJECT_SOURCE_DIR} ${libbpf_CFLAGS}
      -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.
      -c ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SOURCE} -o ${object}.tmp
    # Linking a single object drops the DWARF and keeps the BTF.
    COMMAND ${BPFTOOL} gen object ${object} ${object}.tmp
    COMMAND ${BPFTOOL} gen skeleton ${object} name ${name}_bpf > ${skeleton}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SOURCE} ${headers}
    COMMENT "BPF ${ARG_SOURCE}" VERBATIM)
  add_custom_target(${target}_build DEPENDS ${skeleton})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_build)
  target_include_directories(${target} SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/include)
  target_link_libraries(${target} INTERFACE gomapd_libbpf)
endfunction()
