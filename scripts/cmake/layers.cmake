# One static library per layer (src/<layer>), linked only to the layers named: the linker refuses a wrong arrow.
# tests/check_layers.py checks the same picture over the includes.

add_library(sparkgate_options INTERFACE)
target_include_directories(sparkgate_options INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(sparkgate_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # lets ccache see through the precompiled header
target_compile_definitions(sparkgate_options INTERFACE
    SPARKGATE_VERSION="${PROJECT_VERSION}"
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(sparkgate_options INTERFACE sparkgate_hardening)
target_link_options(sparkgate_options INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
if(SPARKGATE_SANITIZE)
    # A finding ends the process: one that is only printed would pass for a success.
    # clang 14 cannot compile coroutines with -fsanitize=function (part of undefined; g++ does not have it).
    target_compile_options(sparkgate_options INTERFACE -fsanitize=${SPARKGATE_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
    target_link_options(sparkgate_options INTERFACE -fsanitize=${SPARKGATE_SANITIZE})
endif()
if(SPARKGATE_FUZZ)
    target_compile_options(sparkgate_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(sparkgate_layer name)
    cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
    add_library(sparkgate_${name} STATIC ${sources})
    list(TRANSFORM arg_DEPS PREPEND sparkgate_)
    target_link_libraries(sparkgate_${name} PUBLIC sparkgate_options ${arg_DEPS} ${arg_LIBS})
    if(NOT name STREQUAL "boost" AND NOT name STREQUAL "base")
        target_precompile_headers(sparkgate_${name} REUSE_FROM sparkgate_boost)
    endif()
endfunction()

# Unit tests of one layer: tests/unit/<layer>/*.cpp plus the helpers of tests/support.
function(sparkgate_tests name)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/*.cpp)
    add_executable(${name}_tests ${sources})
    target_include_directories(${name}_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name}_tests PRIVATE sparkgate_${name} sparkgate_boost GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name}_tests REUSE_FROM sparkgate_test_pch)
    target_compile_definitions(${name}_tests PRIVATE
        SPARKGATE_TEST_BIN="${CMAKE_BINARY_DIR}" SPARKGATE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
    add_test(NAME ${name} COMMAND ${name}_tests)
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()
