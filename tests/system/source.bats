#!/usr/bin/env bats
# What the sources keep to, so that they can be read: short functions and files, and arrows that point one way.

load helpers

sources() { # DIR... : the C files and headers below
    (cd "$ROOT" && find "$@" -name '*.[ch]')
}

@test "no function has more than 40 lines" {
    cd "$ROOT"
    mapfile -t files < <(sources preload helper tests)
    [ ${#files[@]} -gt 200 ]
    run awk '/^{/ { start = FNR } /^}/ && start { if (FNR - start - 1 > 40) print FILENAME ":" start; start = 0 }' "${files[@]}"
    equal "$output" ''
}

# too_long DIR... : the code and the scripts below that have more than 500 lines
too_long() {
    find "$@" -type f \( -name '*.[ch]' -o -name '*.ba*' -o -name '*.sh' -o -name '*.py' -o -name '*.js' -o -name '*.java' -o -perm /111 \) \
        -exec awk 'FNR == 501 { print FILENAME }' {} +
}

@test "no file has more than 500 lines" {
    cd "$ROOT"
    equal "$(too_long include preload helper tests)" ''
    cd "$BATS_TEST_TMPDIR"
    for file in a.c a.h a.bats a.bash a.sh run; do
        seq 500 > "long-enough-$file"
        seq 501 > "$file"
    done
    chmod +x run long-enough-run
    equal "$(too_long . | sort | tr '\n' ' ')" './a.bash ./a.bats ./a.c ./a.h ./a.sh ./run '
}

# includes DIR : what the files there include of ours, as paths from the root (<ptunnel/...> aside)
includes() {
    cd "$ROOT"
    grep -o '^#include "[^"]*"' -r "$1" --include='*.[ch]' | sed -E 's|[^/]*:#include "(.*)"|\1|' | xargs realpath -s --relative-to=. | sort -u
}

# only DIR PREFIX... : files in DIR include nothing else
only() {
    local found pattern

    found=$(includes "$1")
    [ -n "$found" ]
    printf -v pattern '|^%s' "${@:2}"
    equal "$(grep -vE "${pattern#|}" <<< "$found")" ''
}

@test "the library's folders and the helpers use the core, the core none of them, and nobody the hooks" {
    only preload/core preload/core/
    for folder in process names sockets pending ready calls; do
        only "preload/$folder" preload/{process,names,sockets,pending,ready,calls}/ 'preload/(real|libc)\.h'
    done
    only helper helper/
    run grep -rE '#include "' "$ROOT/include"
    fails_with 1
    run grep -rhoE '#include <ptunnel/[a-z_]+\.h>' "$ROOT/include" "$ROOT/preload" "$ROOT/helper"
    for header in $(sort -u <<< "$output" | sed 's/.*<\(.*\)>/\1/'); do
        [ -e "$ROOT/include/$header" ]
    done
}

# Who may call whom: an object wants symbols only of its own folder (or file) and of those that stand before it.
ORDER_CORE='preload/core/base preload/core/rules preload/core/reach preload/core/names preload/core/dns preload/core/proxy preload/core/config'
ORDER_HELPERS="$ORDER_CORE helper/common helper/relay helper/supervise helper/agent helper/run helper/listener helper"
ORDER_LIBRARY="$ORDER_CORE preload preload/process preload/names preload/sockets preload/pending preload/ready preload/calls preload/hooks"
# And of these two neither wants the other.
BESIDE='preload/core/rules:preload/core/reach preload/core/rules:preload/core/names preload/core/reach:preload/core/names
        helper/run:helper/listener helper/run:helper/relay preload/ready:preload/calls'

# symbols FOLDER... : "FILE T SYMBOL" for each that an object of a C file there defines, "FILE U SYMBOL" for each that it wants
symbols() {
    local objects=()

    for file in $(cd "$ROOT" && find "$@" -maxdepth 1 -name '*.c'); do
        objects+=("$BUILD/obj/${file%.c}.o")
    done
    nm -A -g "${objects[@]}" | sed -nE "s|^$BUILD/obj/(.*)\.o:[0-9a-f ]+ ([A-Zu]) (.*)|\1 \2 \3|p" | sed 's/ [TDBRCVW] / T /'
}

# arrows FOLDER... : "FILE FILE SYMBOL" for each symbol that the first one wants and the second one defines
arrows() {
    symbols "$@" | awk '$2 == "T" && $3 != "main" { by[$3] = $1 } $2 == "U" { wants[$1 " " $3] }
                        END { for (want in wants) { split(want, part); if (part[2] in by) print part[1], by[part[2]], part[2] } }'
}

# upwards BESIDE FOLDER... : the arrows that do not point to the own folder or one before it
upwards() {
    arrows "${@:2}" | awk -v beside="$1" -v order="${*:2}" '
        function folder(file) { sub("/[^/]*$", "", file); return file }
        BEGIN {
            for (i = split(order, folders); i > 0; i--) rank[folders[i]] = i
            for (i = split(beside, pairs); i > 0; i--) { split(pairs[i], pair, ":"); apart[pair[1], pair[2]]; apart[pair[2], pair[1]] }
        }
        { from = folder($1); to = folder($2) }
        rank[to] > rank[from] || (from, to) in apart' | sort
}

@test "an object wants only what its own folder or one before it defines" {
    [ "$(arrows $ORDER_HELPERS | wc -l)" -gt 300 ]
    [ "$(arrows $ORDER_LIBRARY | wc -l)" -gt 500 ]
    equal "$(upwards "$BESIDE" $ORDER_HELPERS)" ''
    equal "$(upwards "$BESIDE" $ORDER_LIBRARY)" ''
}

@test "every folder with sources has its place in the order" {
    for folder in $(sources preload helper | sed -n 's|/[^/]*\.c$||p' | sort -u); do
        contains " $ORDER_HELPERS $ORDER_LIBRARY " " $folder "
    done
}

@test "the check of the order sees an arrow that points up" {
    [ -n "$(upwards '' helper/listener helper/common)" ]
    [ -n "$(upwards 'helper/listener:helper/common' $ORDER_HELPERS)" ]
}

@test "no files that want each other, directly or by way of others" {
    for order in "$ORDER_HELPERS" "$ORDER_LIBRARY"; do
        run tsort <(arrows $order | awk '$1 != $2 { print $1, $2 }')
        succeeds
    done
}

# Hooks bear the names of libc's functions. A module of several files (config.h, rules.h, reach.h, dial.h) bears the
# folder's name, or the first word of the file's.
@test "a public function bears the name of its file or its folder: at most one in twenty does not" {
    local all others

    all=$(symbols $ORDER_HELPERS ${ORDER_LIBRARY#"$ORDER_CORE"} | awk '$2 == "T" && $3 != "main" && $1 !~ "^preload/hooks/"')
    others=$(awk '{ n = split($1, part, "/"); first = part[n]; sub("_.*", "", first)
                    if (index($3, part[n] "_") != 1 && $3 != part[n] && index($3, part[n - 1] "_") != 1 && index($3, first) != 1) print }' <<< "$all")
    echo "$(wc -l <<< "$others") of $(wc -l <<< "$all"):"
    echo "$others"
    [ "$(($(grep -c . <<< "$others" || true) * 20))" -le "$(wc -l <<< "$all")" ]
}

@test "the product is formatted as .clang-format says" {
    need clang-format
    [[ $(clang-format --version) == *' 14.'* ]] || skip 'needs: clang-format 14, whose layout this is'
    cd "$ROOT"
    # shellcheck disable=SC2046
    run clang-format --dry-run --Werror $(sources include preload helper)
    succeeds
}

# What stands for any file is in capitals (hooks/TOPIC.c); braces and stars are the shell's.
@test "every path that a document names is there" {
    local names path

    cd "$ROOT"
    names=$(
        grep -ohE '(^|[^A-Za-z0-9_/.-])(preload|helper|include|tests)/[A-Za-z0-9_./*{},-]+' ./*.md preload/*.md tests/*.md findings/*.md | sed 's/^[^a-z]//'
        grep -ohE '`(hooks|calls|names|process|core|sockets|pending|ready)/[a-z_/]+\.[ch]' preload/README.md | sed 's/^./preload\//'
    )
    [ "$(wc -l <<< "$names")" -gt 100 ]
    for path in $(sed 's/[.,]*$//' <<< "$names" | grep -v '[A-Z]' | sort -u); do
        compgen -G "${path%\{*}*" > /dev/null || echo "not there: $path"
    done > "$BATS_TEST_TMPDIR/missing"
    equal "$(cat "$BATS_TEST_TMPDIR/missing")" ''
}

@test "the design names every file of the library" {
    local layout file

    layout=$(sed -n '/^    preload\/ /,/^    helper\//p' "$ROOT/preload/README.md")
    for file in $(cd "$ROOT" && find preload -name '*.c' ! -path 'preload/core/*' ! -path 'preload/hooks/*' -printf '%f\n'); do
        grep -qw "${file%.c}" <<< "$layout" || echo "${file%.c}"
    done > "$BATS_TEST_TMPDIR/unnamed"
    equal "$(cat "$BATS_TEST_TMPDIR/unnamed")" ''
}

# clang-format leaves comments alone, and used to break them.
@test "no line holds nothing but the end of a comment" {
    cd "$ROOT"
    run grep -nE '^ *\*/$' -r include preload helper
    fails_with 1
}
