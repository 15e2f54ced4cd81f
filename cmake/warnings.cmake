# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors

# gomapd_options carries what every target of ours is compiled with.
add_library(gomapd_options INTERFACE)
target_include_directories(gomapd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(gomapd_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast
    -Wnon-virtual-dtor -Wimplicit-fallthrough>
  # Of g++ 12's own std::stable_sort.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wno-deprecated-declarations>)
if(GOMAPD_WERROR)
  target_compile_options(gomapd_options INTERFACE -Werror)
endif()
if(GOMAPD_SANITIZE)
  target_compile_options(gomapd_options INTERFACE
    -fsanitize=${GOMAPD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(gomapd_options INTERFACE -fsanitize=${GOMAPD_SANITIZE})
endif()
