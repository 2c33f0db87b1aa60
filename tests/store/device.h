// The device under LMDB, made to fail: pwrite, writev and fdatasync of this program go through here.
#pragma once

namespace tests {

enum class Fault {
  refused,  // the call does nothing and fails
  hidden,   // the call does its work, and fails nevertheless
  partial,  // a write does half its work and says so; a sync fails
};

// From the `after`-th call on (0: the next), calls fail with `error`; `times` of them, then all is well again.
void fail_device(int after, int times, int error, Fault fault = Fault::refused, bool syncs_only = false);
void mend_device();
int device_calls();  // so far

}  // namespace tests
