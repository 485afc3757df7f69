# SPDX-License-Identifier: Apache-2.0
# hone_module(NAME SOURCES ... [LINK ...] [LIBS ...])   one folder of src/: an object library that sees what it links
# hone_library(TARGET STATIC|SHARED ...)                an installed library made of modules' objects
# hone_test(NAME SOURCES ...)                           one test program, registered with CTest
# hone_check(NAME COMMAND ... [ENV ...])                one script, registered with CTest; it skips by exiting 77

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# -Wno-maybe-uninitialized: gcc cannot see that hone_fail never returns HONE_OK, so every out-parameter of a HONE_TRY
# would have to be set twice.
add_library(hone_flags INTERFACE)
target_include_directories(hone_flags INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
target_compile_definitions(hone_flags INTERFACE _GNU_SOURCE)
target_compile_options(hone_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
  -Wpointer-arith -Wvla -Wundef -Wformat=2 -Wno-unused-parameter -ffp-contract=off -fno-math-errno)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(hone_flags INTERFACE -Wno-maybe-uninitialized)
else() # gcc's warnings are the house's; clang builds the fuzz targets only
  target_compile_options(hone_flags INTERFACE -Wno-error)
endif()
if(HONE_SANITIZE)
  target_compile_options(hone_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hone_flags INTERFACE -fsanitize=address,undefined)
endif()
if(HONE_COVERAGE)
  target_compile_options(hone_flags INTERFACE --coverage -fprofile-update=atomic) # threads count too
  target_link_options(hone_flags INTERFACE --coverage)
endif()

if(HONE_FUZZ)
  set(hone_fuzz_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
      -fprofile-instr-generate -fcoverage-mapping)
  target_compile_options(hone_flags INTERFACE ${hone_fuzz_flags})
  target_link_options(hone_flags INTERFACE ${hone_fuzz_flags})
endif()

find_package(Threads REQUIRED)
set_property(GLOBAL PROPERTY HONE_MODULES "")

# LINK names the modules whose headers the sources include; tests/house/layering reads it here.
# LIBS are libraries by their plain names (sqlite3), so that hone.pc and HoneConfig.cmake can say them too.
function(hone_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LINK;LIBS" ${ARGN})
  if("${M_LIBS}" MATCHES "::")
    message(FATAL_ERROR "module ${name}: name libraries plainly in LIBS (jpeg, not JPEG::JPEG), for hone.pc")
  endif()
  add_library(hone_module_${name} OBJECT ${M_SOURCES})
  target_link_libraries(hone_module_${name} PRIVATE hone_flags Threads::Threads ${M_LIBS})
  set_property(GLOBAL APPEND PROPERTY HONE_MODULES ${name})
  set_property(GLOBAL APPEND PROPERTY HONE_LIBS ${M_LIBS})
endfunction()

# An installed target hone::EXPORT. Its users see include/hone and nothing of src/.
function(hone_library target kind)
  cmake_parse_arguments(L "" "NAME;EXPORT" "OBJECTS;LIBS" ${ARGN})
  add_library(${target} ${kind} ${L_OBJECTS})
  add_library(hone::${L_EXPORT} ALIAS ${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:hone_flags> Threads::Threads ${L_LIBS} m)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${L_NAME} EXPORT_NAME ${L_EXPORT})
  install(TARGETS ${target} EXPORT HoneTargets)
endfunction()

function(hone_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS;ENV" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE hone_flags hone_all cmocka m ${T_LIBS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    HONE_ASSETS_DEFAULT="${CMAKE_SOURCE_DIR}/../shared" HONE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(CMAKE_CROSSCOMPILING)
    list(APPEND T_ENV HONE_EMULATED=1) # qemu-user cannot do all that Linux can
  endif()
  add_test(NAME ${name} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} ENVIRONMENT "${T_ENV}")
endfunction()

function(hone_check name)
  cmake_parse_arguments(C "" "TIMEOUT" "COMMAND;ENV" ${ARGN})
  if(NOT C_TIMEOUT)
    set(C_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${C_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${C_TIMEOUT} ENVIRONMENT "${C_ENV}")
endfunction()
