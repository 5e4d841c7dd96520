// Runs the tests of one process; SystemC wants a symbol sc_main, which nothing calls.

#include <gtest/gtest.h>

#include <systemc>

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
