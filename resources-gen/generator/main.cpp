// generator DEFINITIONS_DIR OUT_DIR: runs in the build (CMakeLists.txt).
#include <cstdio>
#include <exception>

#include "resources-gen/generator/generator.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: generator DEFINITIONS_DIR OUT_DIR\n", stderr);
    return 2;
  }
  try {
    generator::write_files(generator::read_definitions(argv[1]), argv[2]);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "generator: %s\n", failure.what());
    return 1;
  }
  return 0;
}
