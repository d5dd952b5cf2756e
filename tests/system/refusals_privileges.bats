#!/usr/bin/env bats
# Programs with more rights than their caller: ptunnel-run refuses exactly those for which the loader ignores the library.

load helpers
load lib/refusals

# A file system on which the bits count, or a skip.
privileges_count() {
    need root setpriv findmnt
    [[ ,$(findmnt -no OPTIONS -T "$COPIES"), != *,nosuid,* ]] || skip 'needs: temporary files without nosuid'
}

NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)

as_nobody() {
    run --separate-stderr "${NOBODY[@]}" "$COPIES/ptunnel-run" -p "$PROXY" "$@"
}

# agrees REASON COMMAND-PREFIX... : $COPIES/subject, a printenv, is refused for that reason (none: '') when the prefix
# runs ptunnel-run; and the loader agrees: exactly then it takes LD_PRELOAD away.
agrees() {
    local reason=$1

    shift
    run --separate-stderr "$@" "$COPIES/ptunnel-run" -p "$PROXY" "$COPIES/subject" LD_PRELOAD
    if [ -z "$reason" ]; then
        succeeds
        equal "$output" "$COPIES/libptunnel.so"
        equal "$stderr" ''
        return
    fi
    refused "$reason"
    run --separate-stderr "$@" "$COPIES/ptunnel-run" --force -p "$PROXY" "$COPIES/subject" LD_PRELOAD
    fails_with 1
    equal "$output" ''
    contains "$stderr" "$reason" --force
}

# subject MODE [OWNER:GROUP]
subject() {
    cp "$COPIES/printenv" "$COPIES/subject"
    chown "${2:-0:0}" "$COPIES/subject"
    chmod "$1" "$COPIES/subject"
}

@test "set-user-ID and set-group-ID files: refused exactly where the loader ignores the library" {
    local mode owner reason count=0 as

    privileges_count
    while read -r mode owner as reason; do
        subject "$mode" "$owner"
        case $as in
        root) agrees "${reason//_/ }" env ;;
        nobody) agrees "${reason//_/ }" "${NOBODY[@]}" ;;
        member) agrees "${reason//_/ }" setpriv --reuid=65534 --regid=65534 --groups=7 ;;
        bound) agrees "${reason//_/ }" "${NOBODY[@]}" --no-new-privs ;;
        real) agrees "${reason//_/ }" setpriv --ruid=65534 ;;
        effective) agrees "${reason//_/ }" setpriv --rgid=65534 --keep-groups ;;
        esac || {
            echo "row: $mode $owner $as $reason"
            return 1
        }
        count=$((count + 1))
    done << 'END'
0755 0:0 root
0755 0:0 nobody
4755 0:0 root
4755 0:0 nobody set-user-ID
4755 65534:0 nobody
4755 65534:0 root set-user-ID
2755 0:0 root
2755 0:0 nobody set-group-ID
2755 0:7 nobody set-group-ID
2755 0:7 member set-group-ID
2755 0:65534 nobody
2745 0:0 nobody
6755 0:0 nobody set-user-ID
6755 0:0 root
4755 0:0 bound
2755 0:0 bound
0755 0:0 real not_the_real_one
4755 0:0 real not_the_real_one
0755 0:0 effective not_the_real_one
END
    equal "$count" 19
}

@test "file capabilities: refused exactly where the loader ignores the library" {
    local capabilities as reason count=0

    privileges_count
    need setcap
    while read -r capabilities as reason; do
        subject 0755
        setcap "$capabilities" "$COPIES/subject"
        case $as in
        root) agrees "$reason" env ;;
        nobody) agrees "$reason" "${NOBODY[@]}" ;;
        heir) agrees "$reason" "${NOBODY[@]}" --inh-caps=+net_raw ;;
        esac || {
            echo "row: $capabilities $as $reason"
            return 1
        }
        count=$((count + 1))
    done << 'END'
cap_net_raw+ep root
cap_net_raw+ep nobody capabilities
cap_net_raw+p nobody capabilities
cap_net_raw+i nobody
cap_net_raw+i heir capabilities
cap_net_admin+i heir
cap_net_raw+ei nobody capabilities
cap_net_raw=ep root
END
    equal "$count" 8
}

@test "on a file system that is mounted nosuid the bits do not count" {
    privileges_count
    need mountns
    subject 4755
    # shellcheck disable=SC2016
    run --separate-stderr unshare --mount bash -c 'mount --bind "$1" "$1" &&
        mount -o remount,bind,nosuid "$1" && exec "${@:3}" "$1/ptunnel-run" -p "$2" "$1/subject" LD_PRELOAD' - \
        "$COPIES" "$PROXY" "${NOBODY[@]}"
    succeeds
    equal "$output$stderr" "$COPIES/libptunnel.so"
}

@test "the system's own su, passwd, sudo and ping" {
    local name path tried=0

    need root setpriv
    for name in su passwd sudo ping mount newgrp; do
        path=$(command -v "$name") || continue
        [ -u "$path" ] || [ -g "$path" ] || continue
        tried=$((tried + 1))
        as_nobody "$name" --help
        refused "$name" set-user-ID
        run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$name" --help
        lacks "$stderr" set-user-ID
    done
    [ "$tried" -gt 0 ] || skip 'needs: a set-user-ID program of the system'
}

@test "ping is told that it does not speak TCP, and not to use a listener" {
    privileges_count
    subject 4755
    cp -p "$COPIES/subject" "$COPIES/ping"
    as_nobody "$COPIES/ping"
    refused set-user-ID 'it does not speak TCP, which is all that an HTTP proxy passes on'
    lacks "$stderr" listener
    rm "$COPIES/ping"
}

@test "a script's own set-user-ID bit means nothing, its interpreter's counts" {
    privileges_count
    subject 4755
    printf '#!%s\n' "$COPIES/subject" > "$COPIES/script"
    chmod 755 "$COPIES/script"
    as_nobody "$COPIES/script"
    refused set-user-ID "$COPIES/subject"
    printf '#!/bin/sh\necho true\n' > "$COPIES/script"
    chmod 4755 "$COPIES/script"
    as_nobody "$COPIES/script"
    succeeds
    equal "$output$stderr" true
}

@test "a program that may be run but not read" {
    need root setpriv
    subject 0711
    as_nobody "$COPIES/subject" LD_PRELOAD
    refused 'not read'
    as_nobody --force "$COPIES/subject" LD_PRELOAD
    forced 'not read'
    subject 4711
    as_nobody "$COPIES/subject" LD_PRELOAD
    refused set-user-ID
}
