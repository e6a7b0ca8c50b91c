# From contracts to C++: messages by protoc, interfaces, bindings and clients by our own plugin (codegen/).

file(MAKE_DIRECTORY "${PURSER_GENERATED}")

# generate_messages(<variable> <root> <protos...>): adds <root>/<proto> for each; <variable> gets the sources protoc makes.
function(generate_messages variable root)
  set(sources "")
  foreach(proto ${ARGN})
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(out "${PURSER_GENERATED}/${stem}")
    add_custom_command(
      OUTPUT "${out}.pb.cc" "${out}.pb.h"
      COMMAND "${PURSER_PROTOC}" -I "${CMAKE_SOURCE_DIR}/api" -I "${PURSER_GOOGLEAPIS}" "--cpp_out=${PURSER_GENERATED}"
              "--dependency_out=${out}.pb.d" "${proto}"
      DEPENDS "${root}/${proto}"
      DEPFILE "${out}.pb.d"
      COMMENT "Generating ${stem}.pb"
      VERBATIM)
    list(APPEND sources "${out}.pb.cc")
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# generate_bindings(<variable> <protos...>): <path>.purser.hpp and .purser.cpp for each proto under api/. One without a service or
# an event yields empty files, so that the build knows its outputs without reading the contract.
function(generate_bindings variable)
  set(sources "")
  foreach(proto ${ARGN})
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(out "${PURSER_GENERATED}/${stem}")
    add_custom_command(
      OUTPUT "${out}.purser.cpp" "${out}.purser.hpp"
      COMMAND "${PURSER_PROTOC}" -I "${CMAKE_SOURCE_DIR}/api" -I "${PURSER_GOOGLEAPIS}"
              "--plugin=protoc-gen-purser=$<TARGET_FILE:protoc-gen-purser>" "--purser_out=${PURSER_GENERATED}"
              "--dependency_out=${out}.purser.d" "${proto}"
      COMMAND "${CMAKE_COMMAND}" -E touch "${out}.purser.cpp" "${out}.purser.hpp"
      DEPENDS "${CMAKE_SOURCE_DIR}/api/${proto}" protoc-gen-purser
      COMMENT "Generating ${stem}.purser"
      VERBATIM)
    list(APPEND sources "${out}.purser.cpp")
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()
