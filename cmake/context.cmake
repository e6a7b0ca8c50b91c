# context(<name>): everything a bounded context under contexts/<name> is to the build.
#
#   <name>_rules       contexts/<name>/rules/*.cpp           sees and links kernel alone
#   <name>             contexts/<name>/*.cpp, processors/    links its rules, kernel, platform and api
#   <name>_test        contexts/<name>/tests/*.cpp
#   <name>_gate, <name>_rules_gate                           each whole against what it may depend on, and nothing else

function(context name)
  set(folder "${CMAKE_SOURCE_DIR}/contexts/${name}")
  file(GLOB rules CONFIGURE_DEPENDS "${folder}/rules/*.cpp")
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp" "${folder}/processors/*.cpp")

  set(gated "")
  if(rules)
    add_library(${name}_rules STATIC ${rules})
    see_only_kernel(${name}_rules ${name})
    target_link_libraries(${name}_rules INTERFACE own_code kernel)
    link_gate(${name}_rules_gate WHOLE ${name}_rules AGAINST kernel)
    list(APPEND gated ${name}_rules)
  endif()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${gated} kernel platform api)
    use_pch(${name})
    embed_migrations(${name} contexts/${name} ${name} purser::${name})
    link_gate(${name}_gate WHOLE ${name} ${gated} AGAINST kernel platform api)
    list(APPEND gated ${name})
  endif()
  if(gated)
    test_folder(${name}_test contexts/${name}/tests ${gated} kernel platform api)
  endif()
endfunction()

# Rules are compiled in a world that holds kernel/ and their own folder: an include of anything else of ours does not exist.
function(see_only_kernel target name)
  set(world "${CMAKE_BINARY_DIR}/borders/${name}")
  file(MAKE_DIRECTORY "${world}/contexts/${name}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/kernel" "${world}/kernel" SYMBOLIC)
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/contexts/${name}/rules" "${world}/contexts/${name}/rules" SYMBOLIC)
  target_include_directories(${target} PRIVATE "${world}")
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:own_code,INTERFACE_COMPILE_OPTIONS>)
endfunction()

# link_gate(<gate> WHOLE <libraries...> AGAINST <libraries...>): links every object of the first against the second alone, so that a
# symbol of anything else is an undefined reference. Built with all, run as a test.
function(link_gate gate)
  cmake_parse_arguments(arg "" "" "WHOLE;AGAINST" ${ARGN})
  file(WRITE "${CMAKE_BINARY_DIR}/borders/gate.cpp.new" "int main() { return 0; }\n")
  file(COPY_FILE "${CMAKE_BINARY_DIR}/borders/gate.cpp.new" "${CMAKE_BINARY_DIR}/borders/gate.cpp" ONLY_IF_DIFFERENT)
  add_executable(${gate} "${CMAKE_BINARY_DIR}/borders/gate.cpp")
  set(archives "")
  foreach(library ${arg_WHOLE})
    list(APPEND archives "$<TARGET_FILE:${library}>")
  endforeach()
  add_dependencies(${gate} ${arg_WHOLE})
  set_target_properties(${gate} PROPERTIES LINK_DEPENDS "${archives}")
  target_link_libraries(${gate} PRIVATE own_code "-Wl,--whole-archive" ${archives} "-Wl,--no-whole-archive" ${arg_AGAINST})
  add_layered_test(${gate} unit 30 ${gate})
endfunction()
