// Where a card number could be: every text and blob of every table, either read or left out for a reason.
#pragma once
#include <span>
#include <string_view>

namespace purser::verify {

// `sql` answers the row's own name and then `columns`, in this order. `left_out` are the table's other texts: ids and words made here,
// digests, and the processor's own numbers, in all of which digits mean nothing. A payload and a response are messages, whose texts are
// read; a payload's type follows the columns.
struct ScannedTable {
  std::string_view table, columns, left_out, sql;
};
std::span<const ScannedTable> scanned_tables();

}  // namespace purser::verify
