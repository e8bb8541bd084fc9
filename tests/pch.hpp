// Precompiled for all unit tests: what each of them includes and what is slow to parse.
#pragma once

#include "pch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
