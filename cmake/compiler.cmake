# The compiler, its flags, ccache, the linker and the precompiled header. docs/decisions/0001-compiler.md says why.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines: it destroys temporaries in co_await expressions twice "
                      "(co_await f(Request{...}) is a double free). Use clang >= 19 (cmake --preset dev) or g++ >= 13. See docs/decisions/0001-compiler.md.")
endif()
if(NOT ((CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19)
        OR CMAKE_CXX_COMPILER_ID STREQUAL "GNU"))
  message(FATAL_ERROR "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} is not supported. "
                      "Use clang >= 19 (cmake --preset dev) or g++ >= 13. See docs/decisions/0001-compiler.md.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-missing-field-initializers)  # designated initializers leave the rest to its default on purpose
endif()

set(PURSER_SANITIZE "" CACHE STRING "sanitizers for our own code: address,undefined or thread")
option(PURSER_COVERAGE "count which lines run" OFF)

find_package(Threads REQUIRED)
add_compile_definitions(BOOST_ALL_NO_LIB BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        _GLIBCXX_ASSERTIONS)
add_link_options(-Wl,--as-needed)

find_program(PURSER_MOLD mold)
if(PURSER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# A precompiled header is reused only where its time stamp is left out and ccache is told that it may trust it.
find_program(PURSER_CCACHE ccache)
if(PURSER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${PURSER_CCACHE}")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(PURSER_PCH_OPTIONS "SHELL:-Xclang -fno-pch-timestamp")
else()
  set(PURSER_PCH_OPTIONS -fpch-preprocess)
endif()

# Every library and program of ours links `own_code`: the warnings, the sanitizers, the root as include path. Generated code does not.
add_library(own_code INTERFACE)
target_include_directories(own_code INTERFACE "${CMAKE_SOURCE_DIR}")
set(PURSER_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
target_compile_options(own_code INTERFACE ${PURSER_WARNINGS})
if(PURSER_SANITIZE)
  target_compile_options(own_code INTERFACE -fsanitize=${PURSER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(own_code INTERFACE -fsanitize=${PURSER_SANITIZE})
endif()
if(PURSER_COVERAGE)
  target_compile_options(own_code INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(own_code INTERFACE -fprofile-instr-generate)
endif()
target_link_libraries(own_code INTERFACE Threads::Threads)

# One precompiled header for all that may see Asio; kernel/ and rules/ do without.
file(WRITE "${CMAKE_BINARY_DIR}/pch.cpp" "")
add_library(pch OBJECT "${CMAKE_BINARY_DIR}/pch.cpp")
target_link_libraries(pch PRIVATE own_code)
target_compile_options(pch PRIVATE ${PURSER_PCH_OPTIONS})
target_precompile_headers(pch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/pch.hpp")

function(use_pch target)
  target_compile_options(${target} PRIVATE ${PURSER_PCH_OPTIONS})
  target_precompile_headers(${target} REUSE_FROM pch)
endfunction()
