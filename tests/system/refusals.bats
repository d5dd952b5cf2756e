#!/usr/bin/env bats
# What preloading cannot reach is refused: no program runs past the proxy without anybody being told. Each kind is
# also run with --force, to see that it would have.

load helpers
load lib/refusals

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
