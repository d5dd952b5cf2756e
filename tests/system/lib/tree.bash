# shellcheck shell=bash
# For the tests of the Makefile: a copy of the sources that they may change.

# copy_tree DIR : with what was compiled from them, so that only what is changed there, or compiled with other flags, is again
copy_tree() {
    mkdir -p "$1/build/obj"
    cp -a "$ROOT/Makefile" "$ROOT/CHANGELOG.md" "$ROOT/include" "$ROOT/preload" "$ROOT/helper" "$1"
    # The lists of what depends on what know the folder by this name.
    [ "$BUILD" = "$ROOT/build" ] || return 0
    cp -a "$BUILD/flags" "$1/build"
    cp -a "$BUILD/obj/preload" "$BUILD/obj/helper" "$1/build/obj"
}
