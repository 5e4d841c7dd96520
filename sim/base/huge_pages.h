// The heap on huge pages: what a large chip touches in a cycle lies on more small pages than a core's translation
// buffers hold.
#pragma once

namespace spikeloom {

// To be called before what is large is allocated. The next gigabyte of the heap then comes in pages of 2 MiB as it is
// touched, where the system grants them on request (Linux, transparent huge pages `madvise` or `always`); else nothing
// changes.
void use_huge_pages();

}  // namespace spikeloom
