# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# What is installed, and the Debian package of it (`make package`). Component
# `program` is what `make install` puts under any prefix; `host` is what only the
# package installs, under the folders that systemd and dpkg look in.

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME host)

set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(texts ${CMAKE_CURRENT_BINARY_DIR}/package)
configure_file(${deploy}/man/gomapd.8.in ${texts}/gomapd.8 @ONLY)
# -n: the same bytes every time.
add_custom_command(OUTPUT ${texts}/gomapd.8.gz ${texts}/changelog.gz
  COMMAND gzip -9nc ${texts}/gomapd.8 > ${texts}/gomapd.8.gz
  COMMAND gzip -9nc ${deploy}/debian/changelog > ${texts}/changelog.gz
  DEPENDS ${texts}/gomapd.8 ${deploy}/debian/changelog VERBATIM)
add_custom_target(gomapd_package_texts DEPENDS ${texts}/gomapd.8.gz ${texts}/changelog.gz)
# `make install` builds gomapd alone.
add_dependencies(gomapd gomapd_package_texts)

install(TARGETS gomapd RUNTIME DESTINATION sbin COMPONENT program)
install(FILES ${texts}/gomapd.8.gz
  DESTINATION share/man/man8 COMPONENT program)

install(FILES ${deploy}/systemd/gomapd.service ${deploy}/systemd/gomapd.socket
  DESTINATION /lib/systemd/system)
install(PROGRAMS ${deploy}/systemd/gomapd-generator DESTINATION /lib/systemd/system-generators)
install(FILES ${deploy}/gomapd.yaml DESTINATION /etc/gomapd)
install(FILES ${deploy}/debian/default DESTINATION /etc/default RENAME gomapd)
install(FILES ${deploy}/debian/copyright ${texts}/changelog.gz
  DESTINATION share/doc/gomapd)
install(FILES ${PROJECT_SOURCE_DIR}/docs/DEPLOYMENT.md DESTINATION share/doc/gomapd)
# `make sbom` writes it, of the program as it was linked.
install(FILES ${CMAKE_BINARY_DIR}/gomapd.spdx.json DESTINATION share/doc/gomapd OPTIONAL)
install(DIRECTORY ${deploy}/grafana ${deploy}/parca ${deploy}/prometheus ${deploy}/pyroscope
  DESTINATION share/doc/gomapd/examples)

find_program(DPKG dpkg)
if(NOT DPKG OR CMAKE_CROSSCOMPILING)
  return() # `make package` is for Debian, whose own packages are asked what the program needs
endif()
execute_process(COMMAND ${DPKG} --print-architecture
  OUTPUT_VARIABLE architecture OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gomapd)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_FILE_NAME gomapd_${PROJECT_VERSION}_${architecture})
# For the tests: CPack sets the name anew, for sources.
set(GOMAPD_PACKAGE ${CMAKE_BINARY_DIR}/${CPACK_PACKAGE_FILE_NAME}.deb)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
# Absolute destinations are put under the package's root by DESTDIR.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${architecture})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The gomapd Authors <maintainers@gomapd.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, golang-go")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# CPack indents the lines and puts the dot into the empty one.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "growth of Go maps, seen from outside, for Prometheus
gomapd finds the Go processes of a host and shows which of their maps grow:
where in the code, of which type, how often, and at what cost in memory and
time. It uses eBPF and needs no symbols, no rebuild and no restart.

The daemon serves metrics for Prometheus, profiles in pprof's format and a web
page, on 127.0.0.1:10435 unless told otherwise. The same program traces single
processes and advises on hints for make(map[K]V, hint).")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${deploy}/debian/conffiles ${deploy}/debian/postinst
  ${deploy}/debian/prerm ${deploy}/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
