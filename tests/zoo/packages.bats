#!/usr/bin/env bats
# The packages that are made from the tarball: Debian's are installed, used, upgraded and purged where nobody else can see it.

load ../system/helpers

setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
    export SOURCE=$BATS_FILE_TMPDIR/source MADE=$BATS_FILE_TMPDIR/made
    make -s -C "$ROOT" B="$MADE" dist
    mkdir "$SOURCE"
    tar -C "$SOURCE" --strip-components=1 -xf "$MADE"/ptunnel-*.tar.gz
}

VERSION=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")

# apart COMMAND... : where /usr, /etc and /var are written to only in front of what is there
apart() {
    # shellcheck disable=SC2016
    unshare --mount sh -ec 'at=$1; shift
        mount -t tmpfs none "$at"
        for part in usr etc var; do
            mkdir "$at/$part" "$at/$part.work"
            mount -t overlay none -o "lowerdir=/$part,upperdir=$at/$part,workdir=$at/$part.work" "/$part"
        done
        exec "$@"' - "$BATS_TEST_TMPDIR" "$@"
}

packages() { # the packages of make deb, for other tests too
    [ -e "$MADE/deb/built" ] || make -C "$SOURCE" B="$MADE" DEBFLAGS=-d deb > "$MADE/deb.log" 2>&1 || {
        tail -n 30 "$MADE/deb.log"
        return 1
    }
    touch "$MADE/deb/built"
    # shellcheck disable=SC2046
    set -- $(find "$MADE/deb" -maxdepth 1 -name '*.deb' ! -name '*dbgsym*')
    PACKAGES=("$@")
    equal "$#" 2
}

@test "Debian: lintian finds nothing to say" {
    need dh dpkg-buildpackage lintian
    packages
    run lintian --allow-root --fail-on error,warning "${PACKAGES[@]}"
    succeeds
}

@test "Debian: installed, used, upgraded while a program runs, and purged" {
    local newer=$BATS_TEST_TMPDIR/newer deb

    need root mountns dh dpkg-buildpackage
    apart true || skip 'needs: overlay'
    packages
    mkdir "$newer"
    for deb in "${PACKAGES[@]}"; do
        dpkg-deb -R "$deb" "$newer/$(basename "$deb").d"
        sed -i "s/$VERSION/$VERSION+1/" "$newer/$(basename "$deb").d/DEBIAN/control"
        dpkg-deb -b "$newer/$(basename "$deb").d" "$newer" > /dev/null
        rm -r "$newer/$(basename "$deb").d"
    done
    mv "$newer" "$BATS_FILE_TMPDIR/newer"
    cat > "$BATS_FILE_TMPDIR/use" << 'END'
hello='exec 3<> /dev/tcp/example.org/22 && head -c 5 <&3 && echo'
newer=$1 proxy=$2
shift 2
dpkg -i "$@" > /dev/null
ptunnel-run -p "$proxy" bash -c "$hello"
ptunnel-run -p "$proxy" sh -c 'echo "$LD_PRELOAD"'
ptunnel -p "$proxy" -W example.org:22 < /dev/null
# runs while the other version is installed
mkfifo "$newer/go"
ptunnel-run -p "$proxy" bash -c "read -r < '$newer/go'; $hello; bash -c '$hello'" &
dpkg -i "$newer"/*.deb > /dev/null
echo > "$newer/go"
wait "$!"
dpkg -P ptunnel-connect libptunnel > /dev/null
find /usr /etc /var/lib -name '*ptunnel*' -newer "$newer/go" ! -path '*/dpkg/*' ! -type c
END
    run apart timeout -k 5 300 bash -e "$BATS_FILE_TMPDIR/use" "$BATS_FILE_TMPDIR/newer" "$PROXY" "${PACKAGES[@]}"
    succeeds
    equal "$output" "hello
/usr/lib/$(gcc -print-multiarch)/libptunnel.so
hello
hello
hello"
}

@test "rpm: the spec builds, and lists what is installed" {
    need rpmbuild
    run rpmbuild -bb --nodeps --define "_sourcedir $MADE" --define "_topdir $BATS_TEST_TMPDIR/rpm" --define 'optflags -O1' \
        "$ROOT/helper/packaging/ptunnel.spec"
    succeeds
    run rpm -qpl --nodigest "$BATS_TEST_TMPDIR"/rpm/RPMS/*/ptunnel-*.rpm
    contains "$output" /usr/bin/ptunnel-run /libptunnel.so /usr/share/man/man5/ptunnel-rules.5
}
