// What most of the suites' sources include, parsed once for all of them (GCC only; see CMakeLists.txt). Sources include what they
// use nevertheless. None of Kiln's own headers: each is proved to compile alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
