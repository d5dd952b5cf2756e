#!/usr/bin/env bats
# Programs of the desktop, started from the menu entries that --desktop writes, as an ordinary user with a home of his own, on an
# X server of the test's own. Pictures of what they show are left in build/desktop.

load ../system/helpers

PAGE='<!doctype html><title>Through the tunnel</title><h1>Through the tunnel</h1>'

setup_file() {
    has root && has setpriv && has Xvfb && has gio && has dbus-run-session || return 0
    chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    make -s -C "$ROOT" B="$BUILD" install DESTDIR= PREFIX="$BATS_FILE_TMPDIR/usr" > /dev/null 2>&1 || return 1
    spawn page python3 -u -c '
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
print(server.server_port)
server.serve_forever()' "$PAGE"
    wait_until test -s "$(here)/page.out"
    start_scripted --on 'page.example:80' "to 127.0.0.1:$(head -1 "$(here)/page.out")"
    spawn x Xvfb -displayfd 1 -screen 0 1024x768x24 -nolisten tcp
    wait_until test -s "$(here)/x.out"
    export X_DISPLAY
    X_DISPLAY=:$(head -1 "$(here)/x.out")
}

setup() {
    need root setpriv Xvfb gio dbus-run-session xdotool "$BATS_TEST_DESCRIPTION"
    export DISPLAY=$X_DISPLAY
    USER_HOME=$BATS_TEST_TMPDIR/home
    mkdir -p "$USER_HOME/.config/ptunnel" "$USER_HOME/runtime" "$BUILD/desktop"
    printf 'proxy %s\nresolvers answer\n' "$PROXY" > "$USER_HOME/.config/ptunnel/rules"
    chmod 600 "$USER_HOME/.config/ptunnel/rules"
    chmod 700 "$USER_HOME/runtime"
    chmod a+rx "$BATS_TEST_TMPDIR"
    chown -R nobody "$USER_HOME"
    AS_USER=(setpriv --reuid=65534 --regid=65534 --clear-groups env -i HOME="$USER_HOME" PATH=/usr/bin:/bin DISPLAY="$X_DISPLAY"
        LANG=C.UTF-8 XDG_RUNTIME_DIR="$USER_HOME/runtime" NO_AT_BRIDGE=1)
}

# Starts the entry that --desktop writes, and waits for a window whose title has the words.
starts_with_window() { # PROGRAM WORDS [URL]
    local entry found=0

    "${AS_USER[@]}" "$BATS_FILE_TMPDIR/usr/bin/ptunnel-run" --desktop "$1"
    entry=$(find "$USER_HOME/.local/share/applications" -name 'ptunnel-*')
    # In a PID namespace whose init is root's: its end is that of all that the session has started.
    # shellcheck disable=SC2086 # words
    spawn session unshare --pid --fork --kill-child --mount-proc sh -c '"$@"; :' sh "${AS_USER[@]}" dbus-run-session ${BUS:-} -- bash -c 'gio launch "$@" & sleep 200' bash "$entry" "${@:3}"
    timeout 150 xdotool search --sync --onlyvisible --name "$2" > "$BATS_TEST_TMPDIR/window" || found=1
    sleep 3 # what it shows is for people, who look at it
    import -window root "$BUILD/desktop/$1.png"
    [ "$found" -eq 0 ] || {
        cat "$(here)/session.out"
        return 1
    }
}

shows_the_page() {
    starts_with_window "$1" 'Through the tunnel' http://page.example/
    grep -q '^CONNECT page.example:80 200' "$SCRIPTED_LOG"
}

opens_a_window() {
    starts_with_window "$@"
    # shellcheck disable=SC2046 # a word a process
    cat $(pgrep -u 65534 -f "$1" | sed 's|.*|/proc/&/maps|') 2> /dev/null | grep -q "$BATS_FILE_TMPDIR/usr/lib/libptunnel.so"
}

@test "firefox-esr" { shows_the_page firefox-esr; }

# It would ask for the password of a new keyring first, if the session had one.
@test "chromium" {
    cat > "$BATS_TEST_TMPDIR/bus.conf" << 'END'
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
END
    chmod a+r "$BATS_TEST_TMPDIR/bus.conf"
    BUS="--config-file=$BATS_TEST_TMPDIR/bus.conf" shows_the_page chromium
}

@test "thunderbird" { opens_a_window thunderbird Thunderbird; }

@test "evolution" { opens_a_window evolution '^Mail|Evolution'; }
