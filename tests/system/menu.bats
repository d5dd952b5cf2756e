#!/usr/bin/env bats
# --desktop and --no-desktop: entries of the desktop's menu. An entry is right if desktop-file-validate says nothing, and if what
# reads entries (gio) starts the program through the proxy.

load helpers

setup_file() {
    start_greeter
    start_scripted --on 'banner.example:*' "to 127.0.0.1:$GREETER_PORT"
    export PROXY="127.0.0.1:$SCRIPTED_PORT"
}

setup() {
    export HOME="$BATS_TEST_TMPDIR/a home" XDG_DATA_DIRS=$BATS_TEST_TMPDIR/share
    unset XDG_DATA_HOME XDG_STATE_HOME
    mkdir -p "$HOME/.config/ptunnel" "$XDG_DATA_DIRS/applications"
    echo "proxy $PROXY" > "$HOME/.config/ptunnel/rules"
    chmod 600 "$HOME/.config/ptunnel/rules"
    cat > "$BATS_TEST_TMPDIR/reader" << 'END'
#!/usr/bin/env python3
import socket, sys
with open(sys.argv[1], "a") as out:
    print(socket.create_connection(("banner.example", 7)).recv(5).decode(), *sys.argv[2:], file=out)
END
    chmod 755 "$BATS_TEST_TMPDIR/reader"
    cat > "$XDG_DATA_DIRS/applications/org.example.Reader.desktop" << END
[Desktop Entry]
# a comment
Type=Application
Version=1.0
Name=Reader
Name[de]=Leser
GenericName=Reader of things
Icon=org.example.Reader
Exec=$BATS_TEST_TMPDIR/reader $BATS_TEST_TMPDIR/out %u
TryExec=$BATS_TEST_TMPDIR/reader
DBusActivatable=true
MimeType=text/plain;
Actions=compose;

[Desktop Action compose]
Name=Compose
Exec=$BATS_TEST_TMPDIR/reader $BATS_TEST_TMPDIR/out --compose
END
    ENTRY="$HOME/.local/share/applications/ptunnel-org.example.Reader.desktop"
}

add() { # ARGUMENT... : as from a shell that has no proxy of its own
    run "$PTUNNEL_RUN" --desktop "$@"
}

@test "an entry: the command behind ptunnel-run, in every action; name, icon and the rest kept" {
    add org.example.Reader
    equal "$status $output" "0 Written: $ENTRY, of $XDG_DATA_DIRS/applications/org.example.Reader.desktop; its log: $HOME/.local/state/ptunnel/org.example.Reader.log"
    contains "$(cat "$ENTRY")" "Name=Reader (proxy)${NEWLINE}Name[de]=Leser (proxy)${NEWLINE}GenericName=Reader of things${NEWLINE}Icon=org.example.Reader${NEWLINE}"
    contains "$(cat "$ENTRY")" "Exec=$PTUNNEL_RUN --log \"$HOME/.local/state/ptunnel/org.example.Reader.log\" -- $BATS_TEST_TMPDIR/reader $BATS_TEST_TMPDIR/out %u${NEWLINE}"
    contains "$(cat "$ENTRY")" " -- $BATS_TEST_TMPDIR/reader $BATS_TEST_TMPDIR/out --compose"
    contains "$(cat "$ENTRY")" "Name=Compose${NEWLINE}"
    contains "$(cat "$ENTRY")" "DBusActivatable=false"
    lacks "$(cat "$ENTRY")" "DBusActivatable=true"
    need desktop-file-validate
    run desktop-file-validate "$ENTRY"
    equal "$output" ''
}

# A folder with a blank, a dollar and a percent sign: what gio hands over must be what was meant.
@test "gio starts the program through the proxy, with a log that is the program's own" {
    need gio
    export XDG_STATE_HOME="$BATS_TEST_TMPDIR/st\$te 100% \"\`\\x"
    mkdir -p "$XDG_STATE_HOME"
    add reader
    [ "$status" -eq 0 ]
    env -u LD_PRELOAD gio launch "$ENTRY" http://a.example/
    wait_until test -s "$BATS_TEST_TMPDIR/out"
    equal "$(cat "$BATS_TEST_TMPDIR/out")" "hello http://a.example/"
    wait_until test -s "$XDG_STATE_HOME/ptunnel/org.example.Reader.log"
    contains "$(cat "$XDG_STATE_HOME/ptunnel/org.example.Reader.log")" "banner.example:7: closed after"
}

@test "a program is found by its entry, by its command, and by a file" {
    local by

    for by in org.example.Reader org.example.Reader.desktop reader "$XDG_DATA_DIRS/applications/org.example.Reader.desktop"; do
        rm -f "$ENTRY"
        add "$by"
        [ "$status" -eq 0 ]
        [ -e "$ENTRY" ]
    done
    add reader # again, in place of the first one; ours is not taken for the program's own
    equal "$(grep -c '(proxy)' "$ENTRY") $(grep -c '(proxy) (proxy)' "$ENTRY")" "2 0"
}

@test "--no-desktop takes it away, and nothing else" {
    local by

    for by in org.example.Reader reader; do
        add reader
        run "$PTUNNEL_RUN" --no-desktop "$by"
        equal "$status $output" "0 Removed: $ENTRY"
        [ ! -e "$ENTRY" ]
    done
    run "$PTUNNEL_RUN" --no-desktop reader
    equal "$status $output" "125 ptunnel-run: --no-desktop 'reader': there is no entry of ours for it"
    mkdir -p "${ENTRY%/*}"
    echo mine > "$ENTRY"
    run "$PTUNNEL_RUN" --no-desktop reader
    [ "$status" -eq 125 ]
    add reader
    equal "$status $output" "125 ptunnel-run: --desktop: '$ENTRY' is there, and not ours: remove it"
    equal "$(cat "$ENTRY")" mine
}

@test "a rule file of -r stands in the entry, by its whole path; a proxy and a password never do" {
    cp "$HOME/.config/ptunnel/rules" "$BATS_TEST_TMPDIR/other rules"
    chmod 600 "$BATS_TEST_TMPDIR/other rules"
    cd "$BATS_TEST_TMPDIR"
    run "$PTUNNEL_RUN" -r 'other rules' --desktop reader
    [ "$status" -eq 0 ]
    contains "$(cat "$ENTRY")" "-r \"$BATS_TEST_TMPDIR/other rules\" -- "
    run "$PTUNNEL_RUN" -p "http://me:secret@$PROXY" --desktop reader
    equal "$status ${lines[0]}" "125 ptunnel-run: --desktop: the entry goes by a rule file: put the proxy and its like there (--setup does), or name one with -r"
}

@test "without a rule file's proxy there is no entry, whatever the shell's variables say" {
    rm "$HOME/.config/ptunnel/rules"
    PTUNNEL_PROXY=$PROXY https_proxy=http://$PROXY run "$PTUNNEL_RUN" --desktop reader
    equal "$status $output" "125 ptunnel-run: --desktop: no rule file names a proxy, and a menu does not know your shell's variables: ptunnel-run --setup writes one"
    [ ! -e "$ENTRY" ]
}

@test "what cannot be an entry is refused with the reason, and nothing is written" {
    add nobody
    equal "$status $output" "125 ptunnel-run: --desktop 'nobody': no menu entry has this name, or starts such a command"
    printf '[Desktop Entry]\nType=Link\nName=x\nURL=http://a.example/\n' > "$XDG_DATA_DIRS/applications/link.desktop"
    add link
    equal "$status $output" "125 ptunnel-run: --desktop '$XDG_DATA_DIRS/applications/link.desktop': it has no Exec=, which says what to start"
    printf '[Desktop Entry]\nType=Application\nName=x\nExec=/usr/bin/flatpak run org.example.X\n' > "$XDG_DATA_DIRS/applications/flat.desktop"
    add flat
    contains "$output" "it is started in a sandbox of its own (flatpak, snap), which ptunnel does not reach"
    [ "$status" -eq 125 ]
    [ -z "$(ls "$HOME/.local/share/applications" 2> /dev/null)" ]
}
