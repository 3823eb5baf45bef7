/// Writing files that hold keys: mode 0600 from their first moment, and whole or not there.
#pragma once

#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// Writes a file that must not exist yet. It is on disk, name and content, when this returns.
///
/// Where the file system makes files without a name (O_TMPFILE: ext4, XFS, Btrfs, tmpfs) it gets
/// its name when it is whole, and a process that is killed before leaves nothing. Elsewhere it is
/// written beside, as PATH.<16 hex digits>.tmp, which whoever is killed leaves behind: the next
/// call for the same path removes such files where no process that lives writes them. Threads: any.
/// Errors: invalid_config (it exists; a key is never overwritten), io_error.
Result<void> write_new_private_file(const std::string& path, ByteView content);

/// The same over a file that may be there: after a crash either the old one is, or the new one. A
/// file that is replaced is renamed over, so who is killed between two steps leaves what is said
/// above, whole. Errors: io_error.
Result<void> replace_private_file(const std::string& path, ByteView content);

}  // namespace ratls
