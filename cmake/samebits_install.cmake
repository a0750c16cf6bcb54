# Install, export (find_package(samebits)) and pkg-config.
include(CMakePackageConfigHelpers)
install(TARGETS samebits EXPORT samebits_targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/samebits DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET samebits_command)
  install(TARGETS samebits_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET samebits_cuda)
  install(TARGETS samebits_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/samebits)
install(EXPORT samebits_targets NAMESPACE samebits:: DESTINATION ${package_dir} FILE samebits-targets.cmake)
configure_package_config_file(cmake/samebits-config.cmake.in samebits-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(samebits-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/samebits-config.cmake ${PROJECT_BINARY_DIR}/samebits-config-version.cmake
  DESTINATION ${package_dir})
# Both packages find the tree from where they lie, so that it may be moved.
file(RELATIVE_PATH samebits_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" samebits_pc_prefix "\${pcfiledir}/${samebits_pc_prefix}")
configure_file(cmake/samebits.pc.in samebits.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/samebits.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
