// Byte images of column files, format version 2: for each column of a run its rows and files. A change here is a change of the
// format.
#pragma once

namespace storage::golden {

inline constexpr char column_files[] =
    "0: rows 0 + 3, nulls 0\n"
    "tables/7/0/all/0/0.values e803000000000000e903000000000000ea03000000000000\n"
    "4: rows 0 + 3, nulls 0\n"
    "tables/7/0/all/0/4.values 010000000000000000000000\n"
    "2: rows 0 + 3, nulls 1\n"
    "tables/7/0/all/0/2.values 070000000000000000000000000000000900000000000000\n"
    "tables/7/0/all/0/2.validity 05\n"
    "5: rows 0 + 3, nulls 1\n"
    "tables/7/0/all/0/5.validity 05\n"
    "tables/7/0/all/0/5.offsets 0000000000000000020000000000000002000000000000000500000000000000\n"
    "tables/7/0/all/0/5.texts 6162636465\n"
    "6: rows 0 + 1, nulls 0\n"
    "tables/7/0/all/0/6.values 0100000000000000020000000000000003000000000000000400000000000000\n"
    "1: rows 0 + 3, nulls 0\n"
    "tables/7/0/all/0/1.values 02\n"
    "3: rows 2 + 1, nulls 0\n"
    "tables/7/0/all/0/3.values 000000000000f83f\n"
    "tables/7/0/symbols/4.offsets 000000000000000003000000000000000600000000000000\n"
    "tables/7/0/symbols/4.texts 6f6e6574776f\n";

}  // namespace storage::golden
