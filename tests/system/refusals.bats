#!/usr/bin/env bats
# What preloading cannot reach is refused: no program runs past the proxy without anybody being told. Each kind is
# also run with --force, to see that it would have.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
    COPIES=$BATS_FILE_TMPDIR/copies
    export COPIES
    mkdir "$COPIES"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$PROGRAMS/connect" "$(command -v printenv)" "$COPIES"
    # for tests that are somebody else
    chmod -R a+rX "$BATS_FILE_TMPDIR"
    chmod a+x "$BATS_RUN_TMPDIR"
}

launch() {
    run --separate-stderr timeout -k 5 20 "$PTUNNEL_RUN" -p "$PROXY" --loopback "$@"
}

# refused PART... : by ptunnel-run, in one line with these parts that names the way out
refused() {
    fails_with 125
    equal "$output" ''
    equal "${#stderr_lines[@]}" 1
    equal "${stderr%%: *}" ptunnel-run
    contains "$stderr" "$@" --force
}

# forced PART... : it ran, and one line with these parts said that it should not
forced() {
    succeeds
    equal "${#stderr_lines[@]}" 1
    equal "${stderr%%: *}" ptunnel-run
    contains "$stderr" "$@" --force
}

tunnels() {
    grep -c "^CONNECT 127.0.0.1:$GREETER_PORT " "$SCRIPTED_LOG" || true
}

# missed REASON COMMAND... : it is refused for that reason, and with --force connects past the proxy
missed() {
    local reason=$1 before

    shift
    launch "$@"
    refused "$reason"
    before=$(tunnels)
    launch --force "$@"
    forced "$reason"
    [[ $output == true || $output == *connected* ]]
    equal "$(tunnels)" "$before"
}

# compile NAME OPTION... : the connecting program, another way
compile() {
    local name=$1

    shift
    gcc "$@" -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/$name" "$ROOT/tests/programs/connect.c" \
        2> "$BATS_TEST_TMPDIR/gcc.out"
}

# go_build NAME OPTION... : one that connects to a port of 127.0.0.1 and says "true" when it could
go_build() {
    local name=$1

    shift
    env GO111MODULE=off GOFLAGS=-mod=mod GOTOOLCHAIN=local GOCACHE="$BATS_FILE_TMPDIR/go" \
        go build -o "$BATS_TEST_TMPDIR/$name" "$@" "$BATS_TEST_TMPDIR/main.go"
}

go_source() { # [IMPORT]
    cat > "$BATS_TEST_TMPDIR/main.go" << END
package main

${1:-}
import (
	"os"
	"strconv"
	"syscall"
)

func main() {
	port, _ := strconv.Atoi(os.Args[1])
	fd, _ := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	os.Stdout.WriteString(strconv.FormatBool(err == nil) + "\n")
}
END
}

# --- no loader ---

@test "a program that can be reached is run, and nothing is said" {
    local before

    before=$(tunnels)
    launch "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    succeeds
    equal "$stderr" ''
    equal "$(tunnels)" $((before + 1))
    launch --force "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    succeeds
    equal "$stderr" ''
    equal "$(tunnels)" $((before + 2))
}

@test "a static C program" {
    need gcc
    compile static -static || skip 'needs: libc6-dev with libc.a'
    missed 'statically linked' "$BATS_TEST_TMPDIR/static" "127.0.0.1:$GREETER_PORT"
    contains "$stderr" "$BATS_TEST_TMPDIR/static"
}

@test "a static C program at any address" {
    need gcc
    compile static-pie -static-pie || skip 'needs: a libc that has rcrt1.o'
    missed 'statically linked' "$BATS_TEST_TMPDIR/static-pie" "127.0.0.1:$GREETER_PORT"
}

@test "the static busybox" {
    need busybox-static
    launch busybox true
    refused busybox 'statically linked' 'ptunnel -p'
    launch --force busybox echo true
    forced busybox 'statically linked'
    equal "$output" true
}

@test "a musl program is run and reached" {
    need musl-gcc
    musl-gcc -D_GNU_SOURCE -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
        -o "$BATS_TEST_TMPDIR/musl" "$ROOT/tests/programs/connect.c" 2> "$BATS_TEST_TMPDIR/out" || {
        cat "$BATS_TEST_TMPDIR/out"
        return 1
    }
    local before

    before=$(tunnels)
    launch "$BATS_TEST_TMPDIR/musl" "127.0.0.1:$GREETER_PORT"
    succeeds
    equal "$(tunnels)" $((before + 1))
    missed 'statically linked' "$(static_musl)" "127.0.0.1:$GREETER_PORT"
}

static_musl() {
    musl-gcc -static -D_GNU_SOURCE -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
        -o "$BATS_TEST_TMPDIR/static-musl" "$ROOT/tests/programs/connect.c"
    echo "$BATS_TEST_TMPDIR/static-musl"
}

# --- Go ---

@test "a Go program" {
    need go
    go_source
    CGO_ENABLED=0 go_build plain
    missed 'Go program' "$BATS_TEST_TMPDIR/plain" "$GREETER_PORT"
    contains "$stderr" "$BATS_TEST_TMPDIR/plain"
}

@test "a Go program in any guise" {
    need go
    go_source
    CGO_ENABLED=0 go_build stripped -ldflags '-s -w'
    CGO_ENABLED=0 go_build unnamed -ldflags -buildid=
    CGO_ENABLED=0 go_build pie -buildmode=pie
    strip -o "$BATS_TEST_TMPDIR/strip" "$BATS_TEST_TMPDIR/unnamed"
    for name in stripped unnamed pie strip; do
        missed 'Go program' "$BATS_TEST_TMPDIR/$name" "$GREETER_PORT"
    done
}

@test "a Go program whose section headers are gone" {
    need go
    [ "$(uname -m)" = x86_64 ] || skip 'needs: x86_64'
    go_source
    CGO_ENABLED=0 go_build bare -ldflags '-s -w -buildid='
    # e_shoff; e_shnum and e_shstrndx
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/bare" bs=1 seek=40 count=8 conv=notrunc status=none
    dd if=/dev/zero of="$BATS_TEST_TMPDIR/bare" bs=1 seek=60 count=4 conv=notrunc status=none
    missed 'Go program' "$BATS_TEST_TMPDIR/bare" "$GREETER_PORT"
}

@test "a Go program that is linked with C" {
    need go gcc readelf
    go_source 'import "C"'
    CGO_ENABLED=1 go_build cgo
    CGO_ENABLED=1 go_build cgo-unnamed -ldflags '-s -w -buildid='
    for name in cgo cgo-unnamed; do
        readelf -lW "$BATS_TEST_TMPDIR/$name" | grep -q INTERP
        missed 'Go program' "$BATS_TEST_TMPDIR/$name" "$GREETER_PORT"
    done
}

# --- another machine ---

@test "a 32-bit program" {
    need gcc
    # <asm/...> is where only gcc-multilib, which conflicts with cross compilers, looks for it
    compile narrow -m32 -idirafter "/usr/include/$(gcc -print-multiarch)" || skip 'needs: gcc-12-multilib'
    launch "$BATS_TEST_TMPDIR/narrow" "127.0.0.1:$GREETER_PORT"
    refused 'another machine' 32-bit
    launch --force true
    succeeds
}

@test "a program for another processor" {
    cp "$PROGRAMS/connect" "$BATS_TEST_TMPDIR/other"
    printf '\363' | dd of="$BATS_TEST_TMPDIR/other" bs=1 seek=18 conv=notrunc status=none # RISC-V
    launch "$BATS_TEST_TMPDIR/other"
    refused 'another machine'
}

# --- more rights than the caller ---

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

# --- scripts, env, links ---

script() { # NAME LINE...
    local file=$BATS_TEST_TMPDIR/$1

    shift
    printf '%s\n' "$@" > "$file"
    chmod 755 "$file"
}

@test "a script of the static busybox" {
    need busybox-static
    script one "#!$(command -v busybox) sh" 'echo true'
    launch "$BATS_TEST_TMPDIR/one"
    refused "$BATS_TEST_TMPDIR/one" busybox 'statically linked'
    script two "#!$BATS_TEST_TMPDIR/one"
    launch "$BATS_TEST_TMPDIR/two"
    refused "$BATS_TEST_TMPDIR/two" busybox
    launch --force "$BATS_TEST_TMPDIR/one"
    forced busybox
    equal "$output" true
}

@test "a script that env finds an interpreter for" {
    need busybox-static
    script plain '#! /usr/bin/env busybox'
    script split '#!/usr/bin/env -S busybox sh -e'
    script assign '#!/usr/bin/env -S -u LANG A=b busybox sh'
    for name in plain split assign; do
        launch "$BATS_TEST_TMPDIR/$name"
        refused "$BATS_TEST_TMPDIR/$name" busybox 'statically linked'
    done
}

@test "scripts of programs that can be reached are run" {
    need python3
    script python '#! /usr/bin/env python3' 'print("true")'
    # shellcheck disable=SC2016
    script split '#!/usr/bin/env -S A=true sh -e' 'echo $A'
    script plain '#!/bin/sh' 'echo true'
    script none 'echo true'
    for name in python split plain none; do
        launch "$BATS_TEST_TMPDIR/$name"
        succeeds
        equal "$output$stderr" true
    done
}

@test "env on the command line" {
    need busybox-static
    launch env A=b busybox true
    refused env busybox 'statically linked'
    launch env -i -S 'C=d busybox' true
    succeeds_or_refused
    launch env -u X "$(command -v busybox)" true
    refused env busybox
    # shellcheck disable=SC2016
    launch env A=true sh -c 'echo $A'
    succeeds
    equal "$output$stderr" true
}

# Without a PATH env looks in /bin and /usr/bin alone.
succeeds_or_refused() {
    if [ -x /bin/busybox ] || [ -x /usr/bin/busybox ]; then
        refused busybox
    else
        fails_with 127
    fi
}

@test "symbolic links, and names along PATH" {
    need busybox-static
    ln -s "$(command -v busybox)" "$BATS_TEST_TMPDIR/linked"
    ln -s linked "$BATS_TEST_TMPDIR/again"
    launch "$BATS_TEST_TMPDIR/again" true
    refused "$BATS_TEST_TMPDIR/again" 'statically linked'
    PATH=$BATS_TEST_TMPDIR:$PATH launch linked true
    refused linked "$BATS_TEST_TMPDIR/linked" 'statically linked'
    cd "$BATS_TEST_TMPDIR"
    launch ./linked true
    refused ./linked 'statically linked'
}

@test "the file that execvp() would take is looked at, not another of its name" {
    need busybox-static
    cd "$BATS_TEST_TMPDIR"
    mkdir -p first/thing no yes
    cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/no/thing"
    chmod -x "$BATS_TEST_TMPDIR/no/thing"
    script yes/thing '#!/bin/sh' 'echo true'
    PATH=$BATS_TEST_TMPDIR/first:$BATS_TEST_TMPDIR/no:$BATS_TEST_TMPDIR/yes:$PATH launch thing
    succeeds
    equal "$output$stderr" true
    chmod +x "$BATS_TEST_TMPDIR/no/thing"
    PATH=$BATS_TEST_TMPDIR/first:$BATS_TEST_TMPDIR/no:$BATS_TEST_TMPDIR/yes:$PATH launch thing
    refused "$BATS_TEST_TMPDIR/no/thing"
}

@test "what cannot be run is the kernel's to refuse" {
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" no-such-command-anywhere
    script nobody '#!/no/such/interpreter'
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$BATS_TEST_TMPDIR/nobody"
    launch "$BATS_TEST_TMPDIR"
    fails_with 126
}

# --- --force ---

@test "-q with --force says nothing" {
    need busybox-static
    launch -q --force busybox echo true
    succeeds
    equal "$output$stderr" true
}

@test "a refusal comes before anything is run" {
    need busybox-static
    launch busybox touch "$BATS_TEST_TMPDIR/touched"
    refused busybox
    [ ! -e "$BATS_TEST_TMPDIR/touched" ]
}
