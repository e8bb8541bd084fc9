// The processes below the shim, and how they are ended. The shim is their subreaper: whoever loses its parent
// becomes the shim's child, so "no child is left" means "no descendant is left".
#pragma once

#include "proc.hpp"

namespace sparkgate::shim {

class process_tree {
public:
    // Asks everybody below to end (TERM). Called once, when the end begins.
    void ask_all();
    // Asks those who became children of the shim since and were never asked. A child of a process that still
    // works on its own end is left alone: it is that process's cleaning up.
    void ask_newcomers();
    // Kills everybody below.
    void kill_all();
    // Kills the shim's own children. What is below them comes up as they die; this is what catches a process
    // that forks and exits faster than /proc can be read.
    void kill_children();

private:
    process_list asked_;
    process_list found_;  // here only to keep its memory between calls
};

}  // namespace sparkgate::shim
