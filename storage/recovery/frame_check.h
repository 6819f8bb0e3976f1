// Whether what a frame says fits what is known of its table. Checksums vouch for the disk and not for who wrote: another
// release's mistake must end a start with a sentence, not with a VERIFY that comes again at each start.
#pragma once

#include "engine/base/status.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/symbol_section.h"
#include "storage/schema/schema.h"

namespace storage {

// data-loss: a column that the schema does not have, of another type, or twice; another designated one; a local symbol that
// means nothing.
absl::Status check_rows(const BatchView& rows, const SymbolSection& section, const Schema& schema);

}  // namespace storage
