# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors

# gomapd_options, too: gomapd reads other processes' memory and strangers' files with
# privileges, so what goes wrong in it should end it, not obey. tests/deploy/hardened_test.sh
# reads all of this back out of the program that was built.
include(CheckCXXCompilerFlag)

set(GOMAPD_HARDENING -fPIE -fstack-protector-strong)
# Not of every processor or compiler.
foreach(flag IN ITEMS -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "GOMAPD_HAS${flag}" known)
  check_cxx_compiler_flag("-Werror ${flag}" ${known})
  if(${known})
    list(APPEND GOMAPD_HARDENING ${flag})
  endif()
endforeach()
target_compile_options(gomapd_options INTERFACE ${GOMAPD_HARDENING})
# The checks of lengths need the optimiser, and hide from the sanitizers what these find.
if(NOT GOMAPD_SANITIZE AND NOT GOMAPD_FUZZ)
  target_compile_options(gomapd_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
endif()
# Nothing is both writable and executable; no table of functions stays writable.
target_link_options(gomapd_options INTERFACE
  -pie LINKER:-z,relro,-z,now,-z,noexecstack,-z,separate-code)

# The same bits from any folder: what the compiler tells of where it stood is cut off.
# The last that fits counts.
foreach(folder IN ITEMS ${PROJECT_SOURCE_DIR}=. ${PROJECT_BINARY_DIR}=./build)
  target_compile_options(gomapd_options INTERFACE -ffile-prefix-map=${folder})
endforeach()
