# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors

# Run as a script at build time:
#   cmake -DFOLDER=… -DFILES=a,b/c -DOUTPUT=page_files.cpp -P page.cmake
# writes a source file that holds the bytes of FOLDER's FILES; the same files make
# the same source.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  # As a list would have it, without the semicolon that ends an element.
  set(types html text/html css text/css js text/javascript svg image/svg+xml)
  string(REPLACE "," ";" FILES "${FILES}")
  set(arrays "")
  set(rows "")
  set(n 0)
  foreach(file IN LISTS FILES)
    file(READ ${FOLDER}/${file} bytes HEX)
    file(SHA256 ${FOLDER}/${file} hash)
    string(SUBSTRING ${hash} 0 32 hash)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
    # Lines of twelve: editors take them better.
    string(REPEAT "." 84 line)
    string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "^.*\\." "" suffix ${file})
    list(FIND types ${suffix} at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${file}: no content type is known for .${suffix}")
    endif()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
    if(type MATCHES "^text/")
      string(APPEND type "; charset=utf-8")
    endif()
    string(APPEND arrays "constexpr char kFile${n}[] = {\n${bytes}};\n")
    string(APPEND rows "    {\"${file}\", \"${type}\", {kFile${n}, sizeof kFile${n}}, \"\\\"${hash}\\\"\"},\n")
    math(EXPR n "${n} + 1")
  endforeach()
  file(WRITE ${OUTPUT} "// Made by cmake/page.cmake.
#include \"daemon/page/page_files.h\"

#include <array>

namespace gomapd::page {
namespace {
${arrays}
constexpr std::array kFiles = std::to_array<PageFile>({
${rows}});
}  // namespace

std::span<const PageFile> page_files() {
  return kFiles;
}

}  // namespace gomapd::page
")
  return()
endif()

# add_page(TARGET FOLDER file…): a library of those files.
function(add_page target folder)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
  list(TRANSFORM ARGN PREPEND ${folder}/ OUTPUT_VARIABLE paths)
  list(JOIN ARGN "," files)
  set(script ${PROJECT_SOURCE_DIR}/cmake/page.cmake)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DFILES=${files} -DOUTPUT=${source} -P ${script}
    DEPENDS ${paths} ${script}
    COMMENT "Embedding the page" VERBATIM)
  add_library(${target} STATIC ${source})
endfunction()
