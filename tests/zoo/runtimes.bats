#!/usr/bin/env bats
# More languages, libraries and tools than system/runtimes.bats has, compared in the same way. runtimes/rows says which, and how
# they are run; ptunnel-runtimes(7) has a line for each.

load ../system/helpers
load ../system/lib/runtimes

ROWS=$ROOT/tests/zoo/runtimes/rows
MANUAL=$ROOT/helper/ptunnel-runtimes.7
PATIENCE=40

# field NUMBER NAME
field() {
    awk -F '|' -v number="$1" -v name="$2" '!/^#/ && $4 == name { print $number }' "$ROWS"
}

setup_file() {
    local name build

    has python3 || return 0
    start_cases
    cp "$ROOT"/tests/zoo/runtimes/*.* "$BATS_FILE_TMPDIR"
    cd "$BATS_FILE_TMPDIR"
    for name in $(awk -F '|' '!/^#/ { print $4 }' "$ROWS"); do
        build=$(field 6 "$name")
        has "$(field 5 "$name")" && { [ -z "$build" ] || eval "$build" > "$name.build" 2>&1 < /dev/null 3>&-; } && echo "$name" >> here
    done
    true
}

# limited COMMAND... HOST PORT SECONDS
limited() {
    if [ "$1" = w3m_source ]; then
        timeout "${*: -1}" w3m -dump_source "http://$2:$3/"
    else
        timeout "${*: -1}" "$@"
    fi
}

# with_w COMMAND... HOST PORT SECONDS : the seconds behind the last option
with_w() {
    "${@:1:$# - 3}" "${*: -1}" "${@: -3:2}"
}

# with_url COMMAND... HOST PORT SECONDS
with_url() {
    "${@:1:$# - 4}" "${*: -4:1}=${*: -1}" "http://${*: -3:1}:${*: -2:1}/"
}

# Both ways by ptunnel-run, so that what cannot be preloaded is supervised.
said() { # HOW... -- RUNTIME HOST PORT SECONDS
    local status=0 how=() run

    while [ "$1" != -- ]; do
        how+=("$1")
        shift
    done
    run=$(field 7 "$2")
    cd "$BATS_FILE_TMPDIR"
    # The words are a shell's, with the functions above.
    export -f limited with_w with_url
    "${how[@]}" bash -c "$run "'"$@"' "$2" "${@:3}" || status=$?
    echo "status $status"
}

said_native() {
    said -- "$@"
}

# Who asks resolvers himself is answered here.
said_tunnelled() {
    local resolvers=allow

    [[ $(field 3 "$1") != own* ]] || resolvers=answer
    said "$PTUNNEL_RUN" --no-rules --resolvers "$resolvers" -p "$PROXY" -- "$@"
}

@test "a banner, a refusal and a time-out are to more runtimes what they are natively" {
    local name here wrong=0

    need python3
    OUT=$BATS_TEST_TMPDIR
    mapfile -t here < "$BATS_FILE_TMPDIR/here"
    run_cases "${here[@]}"
    for name in "${here[@]}"; do
        if behaves "$name"; then
            echo "$name: yes"
        else
            wrong=1
        fi
    done
    [ $wrong -eq 0 ]
}

@test "each of them is here" {
    local name missing=()

    for name in $(awk -F '|' '!/^#/ { print $4 }' "$ROWS"); do
        grep -qx "$name" "$BATS_FILE_TMPDIR/here" || {
            missing+=("$name")
            ! test -s "$BATS_FILE_TMPDIR/$name.build" || { echo "$name:"; cat "$BATS_FILE_TMPDIR/$name.build"; }
        }
    done
    [ ${#missing[@]} -eq 0 ] || skip "needs: ${missing[*]}"
}

@test "the manual's table has them, and no other that it says is compared here" {
    diff <(awk -F '|' '!/^#/ { print $1 " +|" $2 "|" $3 }' "$ROWS" | sort) <(grep ' +|' "$MANUAL" | cut -d '|' -f 1-3 | sort)
}
