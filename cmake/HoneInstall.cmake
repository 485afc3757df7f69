# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts beside the libraries (hone_library installs those): the command, the public
# headers, hone.pc for pkg-config, and the package for find_package(Hone): hone::hone (shared),
# hone::static, hone::runtime.
include(CMakePackageConfigHelpers)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/hone DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
if(TARGET hone)
  install(TARGETS hone)
endif()

# What a static link needs besides, by plain names.
get_property(libs GLOBAL PROPERTY HONE_LIBS)
list(REMOVE_DUPLICATES libs)
set(HONE_PRIVATE_LIBS "")
foreach(lib ${libs} m pthread)
  string(APPEND HONE_PRIVATE_LIBS " -l${lib}")
endforeach()
file(RELATIVE_PATH HONE_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_SOURCE_DIR}/cmake/hone.pc.in ${CMAKE_BINARY_DIR}/hone.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/hone.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Hone)
install(EXPORT HoneTargets NAMESPACE hone:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/HoneConfig.cmake.in
  ${CMAKE_BINARY_DIR}/HoneConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/HoneConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/HoneConfig.cmake ${CMAKE_BINARY_DIR}/HoneConfigVersion.cmake
        DESTINATION ${package_dir})
