# Tests: one program a folder, one entry in CTest a program, each with a layer and a limit of time.

set(PURSER_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1:abort_on_error=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1"
    "TSAN_OPTIONS=halt_on_error=1:die_after_fork=0:second_deadlock_stack=1:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:external_symbolizer_path=/usr/bin/llvm-symbolizer-19"
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp"
    "ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19"
    "LLVM_PROFILE_FILE=${CMAKE_BINARY_DIR}/profile/%p.profraw"
    "PURSER_SOURCE_DIR=${CMAKE_SOURCE_DIR}"
    "PURSER_BUILD_DIR=${CMAKE_BINARY_DIR}"
    "PURSER_BINARY=${CMAKE_BINARY_DIR}/app/purser")

enable_testing()

# add_layered_test(<name> <layer> <seconds> <command...>). Layers: unit, scenario, race, crash.
function(add_layered_test name layer seconds)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS ${layer} TIMEOUT ${seconds} ENVIRONMENT "${PURSER_TEST_ENVIRONMENT}")
  if(layer MATCHES "race|crash")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# test_program(<name> <layer> <seconds> SOURCES ... LIBRARIES ...): a GoogleTest program of all its sources.
function(test_program name layer seconds)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE own_code ${arg_LIBRARIES} ext_gtest ext_gmock ext_rapidcheck)
  if(platform IN_LIST arg_LIBRARIES)  # the precompiled header refers to Asio
    use_pch(${name})
  endif()
  add_layered_test(${name} ${layer} ${seconds} ${name})
  set_property(GLOBAL APPEND PROPERTY PURSER_TEST_SOURCES ${arg_SOURCES})
endfunction()

# test_folder(<name> <folder> <libraries...>): the unit tests of one folder, where it has any.
function(test_folder name folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cpp")
  if(sources)
    test_program(${name} unit 120 SOURCES ${sources} LIBRARIES ${ARGN})
  endif()
endfunction()

# A test nobody runs is worse than none: a *_test.cpp outside every program stops the configuration.
function(check_every_test_is_registered)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/*_test.cpp")
  list(FILTER found EXCLUDE REGEX "^(build|tools/npm/node_modules|tests/borders/sample)/")
  get_property(registered GLOBAL PROPERTY PURSER_TEST_SOURCES)
  foreach(test ${found})
    if(NOT "${CMAKE_SOURCE_DIR}/${test}" IN_LIST registered)
      message(FATAL_ERROR "${test} belongs to no test program, so it would never run. "
                          "Put it in a tests/ folder of its part, or register it with test_program().")
    endif()
  endforeach()
endfunction()
