#include "fhir/commands/commands.h"

int main(int argc, char** argv) { return commands::run(argc, argv); }
