# shellcheck shell=bash
# shellcheck disable=SC2034 # for the tests
# Real proxies are asked by ask_proxy.py, and what is seen is compared with the cells of ptunnel-proxies(7): that page is
# the only table of what is expected. They are started by real_proxies.bash.

PROXIES_MANUAL=$ROOT/helper/ptunnel-proxies.7

# ask_reals KIND ARGUMENT... -- NAME... : REAL_AT_ONCE (all) of them at a time; what each said is in seen/NAME.KIND
ask_reals() {
    local kind=$1 arguments=() name pids=()

    shift
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    shift
    mkdir -p "$BATS_FILE_TMPDIR/seen"
    for name in "$@"; do
        [ -e "$BATS_FILE_TMPDIR/real/$name.port" ] || continue
        in_network "$(python)" "$ROOT/tests/system/lib/ask_proxy.py" "$(port_of "$name")" "${arguments[@]}" \
            > "$BATS_FILE_TMPDIR/seen/$name.$kind" 2>&1 3>&- &
        pids+=($!)
        [ "${#pids[@]}" -lt "${REAL_AT_ONCE:-100}" ] || {
            wait "${pids[0]}"
            pids=("${pids[@]:1}")
        }
    done
    wait "${pids[@]}"
}

seen_cell() { # NAME KIND COLUMN
    sed -n "s/^$3\t//p" "$BATS_FILE_TMPDIR/seen/$1.$2"
}

# manual_cell NAME COLUMN : of the table of ptunnel-proxies(7) that has this column; empty: the manual says nothing
manual_cell() {
    awk -F '|' -v name="$1" -v column="$2" '
        { gsub(/\\-/, "-"); gsub(/\\f[BIRP]/, "") }
        /^\.TS/ { inside = 1; at = 0; next }
        /^\.TE/ { inside = 0; next }
        inside && $1 == "Proxy" { for (i = 2; i <= NF; i++) if ($i == column) at = i; next }
        inside && at {
            count = split($1, names, ", ")
            for (i = 1; i <= count; i++) {
                sub(/ \(.*/, "", names[i])
                if (names[i] == name) print $at
            }
        }' "$PROXIES_MANUAL"
}

# Seconds that differ by a twentieth, or by three of them, are the same; and so are the kernel's own, which differ from
# one kernel to the next.
alike() { # SEEN EXPECTED
    local seen=${1% s} expected=${2% s} apart

    [ "$1" != "$2" ] || return 0
    [ "$2" != "the kernel's" ] || expected=134
    [[ $1 == *' s' && $seen$expected =~ ^[0-9]+$ ]] || return 1
    apart=$((expected / 20 > 3 ? expected / 20 : 3))
    [ "$2" != "the kernel's" ] || apart=30
    [ $((seen - expected)) -le "$apart" ] && [ $((expected - seen)) -le "$apart" ]
}

# as_the_manual_says NAME KIND COLUMN... : each cell, and all that differ are told
as_the_manual_says() {
    local name=$1 kind=$2 column expected seen bad=0

    shift 2
    [ -e "$BATS_FILE_TMPDIR/seen/$name.$kind" ] || skip "needs: $name"
    for column in "$@"; do
        expected=$(manual_cell "${name%-asks}" "$column") seen=$(seen_cell "$name" "$kind" "$column")
        if [ "$column" = Half-close ] && [ -e "$BATS_FILE_TMPDIR/seen/$name-apache.$kind" ] && [ "$seen" = lost ] &&
            [ "$(seen_cell "$name-apache" "$kind" "$column")" = kept ]; then
            seen='passed on'
        fi
        alike "$seen" "$expected" && continue
        printf '%s %s (the manual has %s), %s: expected "%s", seen "%s"\n' "$name" "$(version_of "${name%-asks}")" \
            "$(manual_cell "${name%-asks}" Version)" "$column" "$expected" "$seen"
        bad=1
    done
    return $bad
}

is_as_known() { # NAME
    local bad=0

    as_the_manual_says "$1" quick Ports Half-close IPv6 refused 'unknown name' || bad=1
    as_the_manual_says "$1" run 'to a refused one' 'to an unknown name' 'to port 22' 'a reset' --check Half-close IPv6 || bad=1
    return $bad
}

asks_as_known() { # NAME
    as_the_manual_says "$1-asks" asks 'asks with'
}

is_as_known_in_time() { # NAME
    as_the_manual_says "$1" slow Idle 'silent target' after
}

proxies_of_manual() {
    awk -F '|' '
        { gsub(/\\-/, "-") }
        /^\.TS/ { inside = 1; at = 0 }
        /^\.TE/ { inside = 0 }
        inside && at && NF > 1 {
            count = split($1, names, ", ")
            for (i = 1; i <= count; i++) { sub(/ \(.*/, "", names[i]); print names[i] }
        }
        inside && $1 == "Proxy" { at = 1 }' "$PROXIES_MANUAL" | sort -u
}
