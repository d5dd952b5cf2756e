# shellcheck shell=bash
# What a library exports and a C library has, told from their symbol tables.

# defined FILE : the names that it exports, those aside that only glibc's own libraries may use
defined() {
    nm -D --defined-only "$1" | awk '$3 !~ /@GLIBC_PRIVATE$/ { sub("@.*", "", $3); print $3 }' | sort -u
}

# undefined FILE... : the names that it wants from elsewhere, without those that may be missing
undefined() {
    nm -P -u "$@" | awk '$2 == "U" { sub("@.*", "", $1); print $1 }' | sort -u
}

# relatives_missed LIBRARY LIBC : names of the C library's that are one of the library's with other underscores, fortified, or
# with wider offsets or times, and that it does not export
relatives_missed() {
    awk 'function base(name) {
             sub(/^(__libc)?_*/, "", name)
             sub(/_chk$/, "", name)
             gsub(/_?time64|64/, "", name)
             return name
         }
         NR == FNR { hooked[$1] = 1; bases[base($1)] = 1; next }
         !($1 in hooked) && base($1) in bases' <(defined "$1") <(defined "$2")
}
