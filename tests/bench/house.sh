#!/usr/bin/env bash
# What the sources look like from afar, as a markdown table with a column for each tree: how long functions and files are, how many
# files a folder has, which public functions do not bear the name of their file or folder, which files want each other.
#
#   tests/bench/house.sh                     the tree as it is
#   tests/bench/house.sh 4f26203 HEAD        the same of commits, each built in a folder of its own
#   tests/bench/house.sh --code OLD NEW      what a change did to the machine code: the functions that are others, gone or new
#
# Functions are those of the house's layout, from "{" to "}" at the beginning of a line. Machine code is compared without inlining,
# and without addresses: so a function that only moved is the same.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tree COMMIT CFLAGS : a folder with its sources, built; "" is the tree as it is
tree() {
    local at=$work/${1:-here}

    [ ! -d "$at" ] || { echo "$at" && return; }
    mkdir -p "$at"
    if [ "$1" ]; then
        git archive "$1" | tar -x -C "$at"
    else
        cp -r Makefile CHANGELOG.md include preload helper tests "$at"
    fi
    make -s -C "$at" -j"$(nproc)" B=build CFLAGS="$2" WARN=-w all > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2 && exit 1; }
    echo "$at"
}

c_files() { find include preload helper -name '*.[ch]'; }
percent() { awk -v part="$1" -v whole="$2" 'BEGIN { printf "%d (%d %%)\n", part, whole ? part * 100 / whole + .5 : 0 }'; }

functions() { # the lines of each
    find preload helper -name '*.c' -exec awk '/^{/ { start = FNR } /^}/ && start { print FNR - start - 1; start = 0 }' {} + | sort -n
}

middle() { awk '{ line[NR] = $1 } END { print line[int((NR + 1) / 2)] " / " line[int(NR * .9 + .5)] " / " line[NR] }'; }

folders() { # the most files that a folder has, and which
    c_files | sed 's|/[^/]*$||' | sort | uniq -c | sort -rn | awk 'NR == 1 { most = $1 " (" $2 ")" } END { print NR " folders, at most " most }'
}

comment_share() {
    c_files | xargs cat | awk '{ line = $0; is = inside
        while (1) {
            if (inside) { at = index(line, "*/"); if (!at) break; inside = 0; line = substr(line, at + 2) }
            else { at = index(line, "/*"); if (!at) break; is = 1; inside = 1; line = substr(line, at + 2) }
        }
        all++; comments += is } END { printf "%d %%\n", comments * 100 / all + .5 }'
}

longest() { # DIR... : of code and scripts
    find "$@" -type f \( -name '*.[ch]' -o -name '*.ba*' -o -name '*.sh' -o -name '*.py' \) -exec awk 'ENDFILE { print FNR, FILENAME }' {} + |
        sort -n | tail -n 1
}

# "FILE T SYMBOL", "FILE U SYMBOL"; FILE without .o
symbols() {
    (cd build/obj && find preload helper -name '*.o' -exec nm -A -g {} + | sed -nE 's|^(.*)\.o:[0-9a-f ]+ ([A-Zu]) (.*)|\1 \2 \3|p')
}

ill_named() {
    symbols | awk '$2 == "T" && $3 != "main" && $1 !~ "/hooks/" {
        n = split($1, part, "/"); first = part[n]; sub("_.*", "", first); all++
        if (index($3, part[n] "_") == 1 || $3 == part[n] || index($3, part[n - 1] "_") == 1 || index($3, first) == 1) named++ }
        END { print all - named, all }'
}

# Of those whose names begin with the file's whole name. A module of several files has one prefix, so this is more.
not_by_file() {
    symbols | awk '$2 == "T" && $3 != "main" && $1 !~ "/hooks/" { n = split($1, part, "/"); all++
        if (index($3, part[n] "_") == 1 || $3 == part[n]) named++ } END { print all - named, all }'
}

circles() { # files of the library and the core that want each other, directly or by way of others
    symbols | grep '^preload/' | sed -E 's/ [TDBRCVW] / T /' |
        awk '$2 == "T" { by[$3] = $1 } $2 == "U" { wants[$1 " " $3] }
             END { for (want in wants) { split(want, part); if (part[2] in by && by[part[2]] != part[1]) print part[1], by[part[2]] } }' |
        tsort 2>&1 > /dev/null | grep -c 'loop' || true
}

figures() ( # TREE : a line each
    cd "$1"
    functions | middle
    functions | wc -l
    folders
    # shellcheck disable=SC2046
    percent $(ill_named)
    # shellcheck disable=SC2046
    percent $(not_by_file)
    circles
    c_files | xargs cat | wc -l
    comment_share
    longest include preload helper
    longest tests
)

rows=('functions: lines, median / 90 % / longest' 'functions' 'C files and headers' 'public functions named after neither file nor folder'
    'public functions not named after their file' 'loops of files that want each other' 'lines of C in the product' 'lines with comments' 'longest file of the product'
    'longest file of the tests')

table() { # TREE...
    local row commit at

    for commit; do
        at=$(tree "$commit" -O2)
        figures "$at" > "$work/${commit:-here}.figures"
    done
    printf '| |'; printf ' %s |' "${@/#%/this tree}" | sed 's/this tree\([^ ]\)/\1/g'; echo
    printf '| --- |'; printf ' --- |%.0s' "$@"; echo
    for row in "${!rows[@]}"; do
        printf '| %s |' "${rows[row]}"
        for commit; do printf ' %s |' "$(sed -n "$((row + 1))p" "$work/${commit:-here}.figures")"; done
        echo
    done
}

# A line for each function of the product: its name and its instructions, without addresses.
code() { # TREE
    find "$1/build/obj/preload" "$1/build/obj/helper" -name '*.o' -exec objdump -dr --no-show-raw-insn {} + |
        sed -E 's/^[0-9a-f]+ (<.*>:)$/\1/; s/^ +[0-9a-f]+:\t//; s/^\t+[0-9a-f]+: //; s/(\.[a-z.0-9]+)[+-]0x[0-9a-f]+/\1/; s/ +[0-9a-f]+ <[^>]*>//; s/ +#.*//' |
        awk '/^<.*>:$/ { if (name) print name text; name = substr($0, 2, length - 3); text = ""; next }
             name && !/^$|file format|^Disassembly|nop/ { gsub(/[ \t]+/, " "); text = text "; " $0 }
             END { print name text }' | sort
}

names() { cut -d ';' -f 1 "$1" | sort -u; }

compare() { # OLD NEW
    local old new flags='-O1 -fno-inline -fno-ipa-cp -fno-ipa-sra -fno-partial-inlining -fno-ipa-icf -fno-ipa-ra'

    old=$(tree "$1" "$flags")
    new=$(tree "$2" "$flags")
    code "$old" > "$work/old.code"
    code "$new" > "$work/new.code"
    echo "the same: $(comm -12 "$work"/{old,new}.code | wc -l)"
    comm -23 "$work"/{old,new}.code > "$work/old"
    comm -13 "$work"/{old,new}.code > "$work/new"
    say 'others' -12
    say 'only before' -23
    say 'only after' -13
}

say() { # WHAT COMM'S-OPTION
    comm "$2" <(names "$work/old") <(names "$work/new") > "$work/list"
    echo "$1: $(wc -l < "$work/list")"
    paste -sd ' ' "$work/list" | fold -s -w 118 | sed 's/^/    /'
}

if [ "${1:-}" = --code ]; then
    compare "$2" "${3:-}"
elif [ $# -gt 0 ]; then
    table "$@"
else
    table ''
fi
