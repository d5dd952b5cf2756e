#!/usr/bin/env bats
# The tarball, and what the packages that are made from it say. Those of Debian and Fedora are built by tests/zoo/packages.bats.

load helpers

setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    export SOURCE=$BATS_FILE_TMPDIR/source MADE=$BATS_FILE_TMPDIR/made
    make -s -C "$ROOT" B="$MADE" dist
    mkdir "$SOURCE"
    tar -C "$SOURCE" --strip-components=1 -xf "$MADE"/ptunnel-*.tar.gz
}

VERSION=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")

@test "the tarball is the same from a copy without git, of another owner, at another time" {
    local copy=$BATS_TEST_TMPDIR/copy

    cp -r "$SOURCE" "$copy"
    find "$copy" -exec touch -d 2001-02-03 {} +
    chmod -R g+w,o-r "$copy"
    ! has root || chown -R 12345:12345 "$copy"
    # shellcheck disable=SC2030
    (umask 077 && GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR TZ=Asia/Tokyo make -s -C "$copy" B="$BATS_TEST_TMPDIR/built" dist)
    cmp "$MADE/ptunnel-$VERSION.tar.gz" "$BATS_TEST_TMPDIR/built/ptunnel-$VERSION.tar.gz"
    [ -x "$SOURCE/tests/check" ]
    equal "$(tar -tvf "$MADE/ptunnel-$VERSION.tar.gz" | awk '{ print $2 }' | sort -u)" 0/0
}

@test "all package files are of this version" {
    local packaging=$ROOT/helper/packaging

    equal "$(sed -nE 's/^(Version: +|pkgver=| *version = ")([0-9.]+)"?;?$/\2/p' "$packaging"/{ptunnel.spec,PKGBUILD,APKBUILD,default.nix} | uniq -c)" \
        "      4 $VERSION"
}

@test "Arch, Nix and Alpine: what they are can be parsed" {
    local packaging=$ROOT/helper/packaging

    bash -n "$packaging/PKGBUILD"
    sh -n "$packaging/APKBUILD"
    need nix-instantiate
    run nix-instantiate --parse "$packaging/default.nix"
    succeeds
}
