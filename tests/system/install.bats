#!/usr/bin/env bats
# make install and uninstall, into a directory of the test, and for real where nobody else can see it.

load helpers
load lib/tree

# In a copy: another place to be installed at is another ptunnel-run.
setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    export STAGE=$BATS_FILE_TMPDIR/stage TREE=$BATS_FILE_TMPDIR/tree
    copy_tree "$TREE"
    made -j2 install DESTDIR="$STAGE" PREFIX=/opt/tunnel
}

made() {
    make -s -C "$TREE" "$@" > /dev/null
}

files_in() {
    (cd "$1" && find . ! -type d | sort)
}

@test "DESTDIR and PREFIX are where everything goes" {
    contains "$NEWLINE$(files_in "$STAGE")$NEWLINE" "$NEWLINE./opt/tunnel/bin/ptunnel-run$NEWLINE" \
        "$NEWLINE./opt/tunnel/lib/libptunnel.so$NEWLINE" \
        "$NEWLINE./opt/tunnel/share/man/man1/ptunnel-run.1"
    run grep -v '^./opt/tunnel/' <<< "$(files_in "$STAGE")"
    fails_with 1
}

@test "what is installed can be read by all and written by its owner" {
    equal "$(find "$STAGE/opt/tunnel/bin/ptunnel-run" "$STAGE/opt/tunnel/lib/libptunnel.so" -printf '%m ')" '755 755 ' ||
        equal "$(find "$STAGE/opt/tunnel/bin/ptunnel-run" "$STAGE/opt/tunnel/lib/libptunnel.so" -printf '%m ')" '755 644 '
}

@test "the unit starts what was installed" {
    equal "$(grep ^ExecStart= "$STAGE/opt/tunnel/lib/systemd/user/ptunnel.service")" \
        'ExecStart=/opt/tunnel/bin/ptunnel $OPTIONS $TUNNELS'
    equal "$(grep ^ExecStart= "$STAGE/opt/tunnel/lib/systemd/user/ptunnel-agent.service")" 'ExecStart=/opt/tunnel/bin/ptunnel-agent'
}

# The date and version that a manual page says.
said_by() { # PAGE
    sed -n 's/^\.TH [^ ]* [157] "\([^"]*\)" "ptunnel \([^"]*\)" .*/\1 \2/p' "$1"
}

@test "-V, the manual pages and the changelog say one version, and the pages its date" {
    local release page pages

    release=$(sed -n 's/^## \[\([0-9][^]]*\)\] - \([0-9-]*\)$/\2 \1/p' "$ROOT/CHANGELOG.md" | head -n 1)
    [[ $release =~ ^20[0-9][0-9]-[01][0-9]-[0-3][0-9]\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    equal "$("$STAGE/opt/tunnel/bin/ptunnel-run" -V)" "ptunnel-run ${release#* }"
    equal "$("$STAGE/opt/tunnel/bin/ptunnel" -V)" "ptunnel ${release#* }"
    mapfile -t pages < <(find "$STAGE/opt/tunnel/share/man" -type f)
    equal "${#pages[@]}" 6
    for page in "${pages[@]}"; do
        equal "$(basename "$page"): $(said_by "$page")" "$(basename "$page"): $release"
    done
}

@test "manual pages are the same whenever they are made, and with a date of the packager's" {
    made install DESTDIR="$BATS_TEST_TMPDIR" PREFIX=/opt/tunnel
    diff -r "$STAGE/opt/tunnel/share/man" "$BATS_TEST_TMPDIR/opt/tunnel/share/man"
    make -s -C "$TREE" B="$BATS_TEST_TMPDIR/build" DATE=2031-02-03 "$BATS_TEST_TMPDIR/build/man/ptunnel.1"
    contains "$(said_by "$BATS_TEST_TMPDIR/build/man/ptunnel.1")" '2031-02-03 '
}

@test "mandoc finds nothing to say about the manual pages" {
    need mandoc
    run find "$STAGE/opt/tunnel/share/man" -type f -exec mandoc -T lint {} +
    succeeds
    equal "$output" ''
}

@test "uninstall leaves nothing" {
    cp -r "$STAGE" "$BATS_TEST_TMPDIR/stage"
    made uninstall DESTDIR="$BATS_TEST_TMPDIR/stage" PREFIX=/opt/tunnel
    equal "$(find "$BATS_TEST_TMPDIR/stage" -mindepth 1)" ''
}

@test "uninstall leaves the files of others" {
    cp -r "$STAGE" "$BATS_TEST_TMPDIR/stage"
    touch "$BATS_TEST_TMPDIR/stage/opt/tunnel/lib/other.so"
    made uninstall DESTDIR="$BATS_TEST_TMPDIR/stage" PREFIX=/opt/tunnel
    equal "$(cd "$BATS_TEST_TMPDIR/stage" && find opt | paste -sd ' ')" 'opt opt/tunnel opt/tunnel/lib opt/tunnel/lib/other.so'
}

@test "what serves 32-bit programs is installed below the library, and uninstalled in any case" {
    local places

    places=$(make -n -C "$TREE" install I386='gcc -m32' PREFIX=/usr LIBDIR=/usr/lib64)
    contains "$places" "gcc -m32 " "-o build/i386/obj/preload/real.o" \
        "-m 644 build/i386/libptunnel.so /usr/lib64/ptunnel/i386/libptunnel.so"
    contains "$(make -n -C "$TREE" uninstall PREFIX=/usr LIBDIR=/usr/lib64)" \
        /usr/lib64/ptunnel/i386/libptunnel.so
}

@test "LIBDIR is the library's place" {
    made install DESTDIR="$BATS_TEST_TMPDIR" PREFIX=/usr LIBDIR=/usr/lib/somewhere
    [ -f "$BATS_TEST_TMPDIR/usr/lib/somewhere/libptunnel.so" ]
    [ -x "$BATS_TEST_TMPDIR/usr/bin/ptunnel-run" ]
    [ ! -e "$BATS_TEST_TMPDIR/usr/lib/libptunnel.so" ]
}

@test "installed with another LIBDIR than it was built with, ptunnel-run finds its library" {
    made
    made install DESTDIR="$BATS_TEST_TMPDIR" BINDIR=/bin LIBDIR="$BATS_TEST_TMPDIR/far/away"
    mkdir -p "$BATS_TEST_TMPDIR/far"
    mv "$BATS_TEST_TMPDIR$BATS_TEST_TMPDIR/far/away" "$BATS_TEST_TMPDIR/far"
    run "$BATS_TEST_TMPDIR/bin/ptunnel-run" -p 192.0.2.1:1 printenv LD_PRELOAD
    equal "$output" "$BATS_TEST_TMPDIR/far/away/libptunnel.so"
}

@test "what is installed elsewhere than it was built for, or moved, finds its library; not one of somebody else" {
    local moved=$BATS_TEST_TMPDIR/moved

    cp -r "$STAGE/opt/tunnel" "$moved"
    run "$moved/bin/ptunnel-run" -p 192.0.2.1:1 printenv LD_PRELOAD
    equal "$output" "$moved/lib/libptunnel.so"
    if has root; then
        chown 65534 "$moved/lib/libptunnel.so"
        run "$moved/bin/ptunnel-run" -p 192.0.2.1:1 printenv LD_PRELOAD
        lacks "$output" "$moved"
    fi
    mv "$moved/bin" "$moved/other"
    run "$moved/other/ptunnel-run" -p 192.0.2.1:1 printenv LD_PRELOAD
    lacks "$output" "$moved"
}

@test "the library by its bare name, with and without a proxy in the environment" {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr env LD_LIBRARY_PATH="$STAGE/opt/tunnel/lib" LD_PRELOAD=libptunnel.so https_proxy="$PROXY" \
        "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output$stderr" '203.0.113.7:7 connected, heard "hello"'
    run --separate-stderr env LD_LIBRARY_PATH="$STAGE/opt/tunnel/lib" LD_PRELOAD=libptunnel.so \
        "$PROGRAMS/connect" 203.0.113.7:7
    contains "$output" ' EACCES, '
    equal "${#stderr_lines[@]}" 1
}

# The commands of stdin in a mount namespace whose /etc and /usr/local are copies, so that ldconfig and all can be
# real.
privately() {
    need root mountns ldconfig
    TREE=$TREE PROGRAMS=$PROGRAMS COPY=$BATS_TEST_TMPDIR/private unshare --mount bash -eu -c '
        mkdir "$COPY"
        mount -t tmpfs none "$COPY"
        cp -a /etc "$COPY/etc"
        mkdir "$COPY/local"
        mount --bind "$COPY/etc" /etc
        mount --bind "$COPY/local" /usr/local
        . /dev/stdin'
}

@test "installed for real, ld.so finds the bare name; uninstalled, nothing is left" {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr privately << 'END'
        find /usr/local > "$COPY/before"
        make -s -C "$TREE" install > /dev/null
        cp "$PROGRAMS/connect" "$COPY"
        LD_PRELOAD=libptunnel.so https_proxy=$PROXY "$COPY/connect" 203.0.113.7:7
        LD_PRELOAD=libptunnel.so "$COPY/connect" 203.0.113.7:7 || echo "status $?"
        ptunnel-run -p "$PROXY" "$COPY/connect" 203.0.113.7:7
        cd /usr/local && find . ! -type d
        make -s -C "$TREE" uninstall > /dev/null
        find /usr/local | diff "$COPY/before" - | grep -vxE '> /usr/local/(bin|lib|share|share/man)|[0-9].*' || true
        ldconfig -p | grep ptunnel || echo gone
END
    succeeds
    equal "${lines[0]}" '203.0.113.7:7 connected, heard "hello"'
    contains "${lines[1]}" '203.0.113.7:7 EACCES, '
    equal "${lines[2]}" 'status 1'
    equal "${lines[3]}" '203.0.113.7:7 connected, heard "hello"'
    contains "$output" ./bin/ptunnel-run ./lib/libptunnel.so
    equal "${lines[-1]}" gone
    equal "$(grep -c ./bin/ptunnel-run <<< "$output")" 1
    equal "${#stderr_lines[@]}" 1
    contains "$stderr" 'ptunnel: connect['
}

@test "the files that are compiled stay out of the source directories" {
    run find "$ROOT/preload" "$ROOT/helper" "$ROOT/include" "$ROOT/tests" -name '*.[oad]' -o -name '*.so'
    equal "$output" ''
}
