# What makes a mistake in memory hard to use, for all that runs on a user's machine. tests/check_hardening.py looks at
# the results.
# Debian's C library is not marked for CET, so the kernel does not enforce it yet; the code is ready.
include(CheckCXXCompilerFlag)

add_library(sparkgate_hardening INTERFACE)
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)  # the last one is for x86
    string(MAKE_C_IDENTIFIER "HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
        target_compile_options(sparkgate_hardening INTERFACE ${flag})
    endif()
endforeach()
# The C library checks sizes only in code that is optimized, and sanitizers know better than it does.
target_compile_options(sparkgate_hardening INTERFACE
    "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>")
# Not in what is measured: they take time in every request.
target_compile_definitions(sparkgate_hardening INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<NOT:$<CONFIG:Release>>>:_GLIBCXX_ASSERTIONS>)
target_link_options(sparkgate_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
