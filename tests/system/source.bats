#!/usr/bin/env bats
# What the sources keep to, so that they can be read: short functions, and arrows that point one way.

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

# includes DIR : what the files there include of ours, as paths from the root (<ptunnel/...> aside)
includes() {
    local file name

    cd "$ROOT"
    while IFS=: read -r file name; do
        realpath -s --relative-to=. "$(dirname "$file")/$name"
    done < <(grep -o '^#include "[^"]*"' -r "$1" --include='*.[ch]' | sed 's/#include "\(.*\)"/\1/') | sort -u
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
        only "preload/$folder" preload/{process,names,sockets,pending,ready,calls}/ 'preload/real\.h'
    done
    only helper helper/
    run grep -rE '#include "' "$ROOT/include"
    fails_with 1
    run grep -rhoE '#include <ptunnel/[a-z_]+\.h>' "$ROOT/include" "$ROOT/preload" "$ROOT/helper"
    for header in $(sort -u <<< "$output" | sed 's/.*<\(.*\)>/\1/'); do
        [ -e "$ROOT/include/$header" ]
    done
}
