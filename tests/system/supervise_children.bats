#!/usr/bin/env bats
# Children that nothing can be preloaded into, of programs that are preloaded: a supervisor of their own has them. And
# a ptunnel-run below a supervisor, whose rules hold for what it runs.

load helpers
load lib/supervise

setup_file() {
    start_greeter
    start_scripted --on '*:99' 'status 403' --on '*' "to 127.0.0.1:$GREETER_PORT"
    static_programs
}

CONNECTED='203.0.113.8:7 connected, heard "hello", another socket'

# reached COMMAND... : the child's connection went through the proxy, and nothing was said
reached() {
    : > "$SCRIPTED_LOG"
    supervised "$@"
    equal "$stderr" ''
    equal "$output" "$CONNECTED"
    equal "$(grep ^CONNECT "$SCRIPTED_LOG")" 'CONNECT 203.0.113.8:7 200'
}

by_shell() { # WAY : by a shell that libc starts
    case $1 in system | popen | wordexp) return 0 ;; esac
    return 1
}

@test "each call that starts a program, with a clean environment, in a child of vfork(), too" {
    local way libc

    need_supervised gcc
    for libc in $(libcs); do
        for way in $("$PROGRAMS/children"); do
            reached "$PROGRAMS/children" "$way" "$STATIC/connect-$libc" 203.0.113.8:7
            by_shell "$way" || reached "$PROGRAMS/children" "vfork-$way" "$STATIC/connect-$libc" 203.0.113.8:7
        done
    done
}

@test "name, arguments, environment, process, exit status and signals are those of the child" {
    need_supervised busybox-static
    # shellcheck disable=SC2016 # the command's
    supervised bash -c 'exec -a sh busybox -c "echo \$0 \$1 \$PPID; exit 7" zero one'
    fails_with 7
    contains "$output" 'zero one '
    # shellcheck disable=SC2016
    supervised bash -c 'echo $$; exec busybox sh -c "echo \$\$"'
    equal "${lines[0]}" "${lines[1]}"
    # shellcheck disable=SC2016
    supervised bash -c 'busybox sh -c "kill -9 \$\$"; echo $?'
    equal "$output" 137
    supervised env -i FOO=bar busybox env
    contains "$output" FOO=bar
    lacks "$output" PTUNNEL_LD_PRELOAD
    supervised sh -c 'busybox env'
    contains "$output" LD_PRELOAD=
    lacks "$output" PTUNNEL_LD_PRELOAD
}

@test "along the PATH of who starts it, and what that starts" {
    need_supervised gcc busybox-static
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$STATIC/connect-glibc" "$BATS_TEST_TMPDIR/bin/connects"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH supervised "$PROGRAMS/children" execvpe connects 203.0.113.8:7
    equal "$output" "$CONNECTED"
    reached sh -c "busybox sh -c '$STATIC/connect-glibc 203.0.113.8:7'"
    supervised sh -c "busybox sh -c '$PROGRAMS/connect 203.0.113.8:7'"
    contains "$output" '203.0.113.8:7 connected'
    printf '#!/bin/busybox sh\nexec "%s" 203.0.113.8:7\n' "$STATIC/connect-glibc" > "$BATS_TEST_TMPDIR/script"
    sed -i "1s|/bin/busybox|$(command -v busybox)|" "$BATS_TEST_TMPDIR/script"
    chmod +x "$BATS_TEST_TMPDIR/script"
    reached sh -c "'$BATS_TEST_TMPDIR/script'"
}

@test "Go's children" {
    need_supervised go
    go_program
    supervised sh -c "'$GO' dial only.example:7"
    contains "$output" 'hello'
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT only.example:7 200'
}

@test "a child that cannot be supervised is named, and runs as ever" {
    need_supervised busybox-static
    supervised "$PROGRAMS/sandbox" pidfd_getfd 38 exec busybox echo ran
    succeeds
    equal "$output" ran
    contains "$stderr" 'statically linked' 'cannot be supervised (this kernel has no pidfd_getfd(2)' \
        'its own connections do not go through the proxy, those of what it starts do'
    supervised -q "$PROGRAMS/sandbox" pidfd_getfd 38 exec busybox echo ran
    equal "$output$stderr" ran
}

@test "--no-supervise: it is named" {
    need_supervised busybox-static
    supervised --no-supervise sh -c 'busybox echo ran'
    equal "$output" ran
    contains "$stderr" 'statically linked' 'its own connections do not go through the proxy'
    lacks "$stderr" supervised
}

# --- ptunnel-run below a supervisor ---

@test "what is supervised already needs no second supervisor" {
    need_supervised busybox-static gcc
    reached env "$STATIC/connect-glibc" 203.0.113.8:7
    reached --supervise sh -c "'$STATIC/connect-glibc' 203.0.113.8:7"
    reached busybox sh -c "'$PTUNNEL_RUN' --no-rules -p '$PROXY' '$STATIC/connect-glibc' 203.0.113.8:7"
    reached sh -c "'$PTUNNEL_RUN' --no-rules -p '$PROXY' '$STATIC/connect-glibc' 203.0.113.8:7"
}

@test "an inner ptunnel-run has its own rules, also for names, and the outer keeps its own" {
    local inner="'$PTUNNEL_RUN' --no-rules -p '$PROXY'"

    need_supervised busybox-static gcc
    supervised busybox sh -c "$inner -x 203.0.113.9 busybox sh -c \"'$STATIC/connect-glibc' 203.0.113.9:7 203.0.113.8:7\"
        '$STATIC/connect-glibc' 203.0.113.9:7"
    contains "${lines[0]}" '203.0.113.9:7 ECONNREFUSED'
    contains "${lines[1]}" '203.0.113.8:7 connected'
    contains "${lines[2]}" '203.0.113.9:7 connected'
    supervised busybox sh -c "$inner -n .direct.example --resolvers refuse busybox nslookup www.direct.example 192.0.2.53
        busybox nslookup www.direct.example 192.0.2.53"
    contains "$output" 'REFUSED' 'Address: 198.1'
}

@test "--strict inside and outside" {
    need_supervised busybox-static
    run "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict true
    [ "$status" -eq 0 ] || skip 'needs: a user namespace'
    supervised busybox sh -c "'$PTUNNEL_RUN' --no-rules -p '$PROXY' --strict true"
    fails_with 125
    contains "$stderr" '--strict cannot be kept: an outer ptunnel-run supervises the command already'
    supervised --strict sh -c "'$PTUNNEL_RUN' --no-rules -p '$PROXY' -n 0.0.0.0/0 busybox true"
    fails_with 125
    contains "$stderr" 'an outer ptunnel-run says --strict, and its rules hold'
    supervised --strict sh -c "'$PTUNNEL_RUN' --no-rules -p '$PROXY' '$PROGRAMS/connect' 203.0.113.8:7"
    contains "$output" '203.0.113.8:7 connected'
}

@test "--explain TARGET -- COMMAND says which way the command would go" {
    need_supervised busybox-static
    supervised --explain a.example:22 -- busybox sh
    equal "${lines[0]%:*}" 'busybox is tunnelled by a supervisor'
    contains "${lines[1]}" 'a.example:22: tunnel via'
    equal "${#lines[@]}" 2
    supervised --explain a.example:22 b.example:22 -- cat
    equal "${lines[0]}" 'cat is tunnelled by preloading'
    equal "${#lines[@]}" 3
    supervised --no-supervise --explain a.example:22 -- busybox
    contains "${lines[0]}" 'is not run: '
}

@test "a static program of 32 bits is refused, and as a child named: the supervisor does not know its calls" {
    local here=$BATS_TEST_TMPDIR/here

    need_supervised gcc
    echo 'int main(void) { return __builtin_puts("ran") < 0; }' > "$BATS_TEST_TMPDIR/narrow.c"
    gcc -m32 -static -o "$BATS_TEST_TMPDIR/narrow" "$BATS_TEST_TMPDIR/narrow.c" 2> /dev/null || skip 'needs: gcc -m32'
    mkdir -p "$here/ptunnel/i386"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$here"
    : > "$here/ptunnel/i386/libptunnel.so" # as if it were installed
    run --separate-stderr "$here/ptunnel-run" --no-rules -p "$PROXY" "$BATS_TEST_TMPDIR/narrow"
    fails_with 125
    contains "$stderr" 'another machine'
    run --separate-stderr "$here/ptunnel-run" --no-rules -p "$PROXY" sh -c "'$BATS_TEST_TMPDIR/narrow'"
    equal "$output" ran
    contains "$stderr" 'another machine' 'its own connections do not go through the proxy'
    run --separate-stderr env PTUNNEL_PROXY="$PROXY" "$here/ptunnel-run" --child '' "$BATS_TEST_TMPDIR/narrow" narrow
    equal "$output" ran
    contains "$stderr" 'no supervisor for programs of 32 bits'
}
