#!/usr/bin/env bats
# Every command in README.md and in the manual pages' examples is run, with programs that only say hello in place of
# ssh and the like; or it stands in the list below, with the reason why not.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
}

setup() {
    local name

    export HOME=$BATS_TEST_TMPDIR/home STUBS=$BATS_TEST_TMPDIR/stubs PTUNNEL_PROXY=$PROXY
    mkdir "$HOME" "$STUBS"
    (umask 077 && echo secret > "$HOME/.proxy-password")
    # What a program does here: it connects, and says what it heard.
    printf '#!/bin/bash\nexec 3<> /dev/tcp/example.org/22 && head -c 5 <&3 && echo\n' > "$STUBS/hello"
    for name in ssh git thunderbird mutt apt-get mbsync kubectl program; do
        cp "$STUBS/hello" "$STUBS/$name"
    done
    printf '#!/bin/sh\nexec "$@"\n' > "$STUBS/sudo"
    # ssh -o ProxyCommand='...' HOST; git config --global core.sshCommand '...'
    sed -i '1a [ "$1" != -o ] || { command=${2#ProxyCommand=}; command=${command//%h/$3}; exec sh -c "exec ${command//%p/22}" < /dev/null; }' "$STUBS/ssh"
    sed -i '1a [ "$1" != config ] || exec sh -c "exec $4 host"' "$STUBS/git"
    chmod +x "$STUBS"/*
    ln -s "$PTUNNEL_RUN" "$BUILD/ptunnel" "$STUBS"
    cp -p "$LIBRARY" "$STUBS"
    export PATH=$STUBS:$PATH
}

# Why a command is not run here.
reason() { # LINE
    case $1 in
    *--auth*) echo 'wants a Kerberos server or an account: auth.bats has them' ;;
    kinit) echo 'the same' ;;
    *--desktop*) echo 'wants a rule file and a menu: menu.bats' ;;
    'make demo'* | 'make check'*) echo 'demo.bats, and this itself' ;;
    'make && sudo make install'* | 'sudo make uninstall'*) echo 'install.bats' ;;
    'make compile_commands.json' | 'make lint' | make\ I386=*) echo 'build.bats; make lint is a check of its own' ;;
    'make install'* | 'make deb'* | 'make dist'*) echo 'install.bats, packages.bats, and that of tests/zoo' ;;
    'systemctl '*) echo 'wants systemd: install.bats looks at the units' ;;
    'socat TCP-LISTEN'* | 'ptunnel-run -p 127.0.0.1:3128 '*) echo 'in a sandbox with loopback alone: namespaces.bats' ;;
    'docker '*) echo 'wants docker' ;;
    'Host '* | 'ProxyCommand '*) echo 'lines of ~/.ssh/config: ssh.bats' ;;
    PTUNNEL_PROXY=http* | OPTIONS=* | TUNNELS=*) echo 'settings of the unit' ;;
    'ptunnel: ssh['* | 'proxies allow'*) echo 'what a log says' ;;
    *) false ;;
    esac
}

# The indented blocks, and the words in code that begin as commands do. Those that show a tree of files come last.
readme_commands() {
    sed '/^## How it is made/,$d' "$ROOT/README.md" | sed -n 's/^    //p' | sed -E 's/[[:space:]]+# .*//; /^(proxy|direct|tunnel|default) /d'
    grep -oE '`[^`]+`' "$ROOT/README.md" | tr -d '`' |
        grep -E '^((ptunnel(-run)?|git|sudo|make|systemctl|docker|kinit|\*/10) +[^ ]|ExecStart=.)'
}

# What stands in examples of a manual page, but for rule files, which rules.bats reads.
manual_commands() { # FILE
    awk '/^\.\\" example: /{ rules = 1 } /^\.(EX|nf)/ { on = !rules; next } /^\.(EE|fi)/ { on = rules = 0 }
        /^\.SH/ { part = $2 } on && part != "SYNOPSIS" { print }' "$1" |
        sed -E 's/\\-/-/g; s/^ +//; s/[[:space:]]+# .*//' | sed -e ':more' -e '/\\e$/{N;s/\\e\n *//;b more' -e '}' | sed 's/\\e/\\/g'
}

# as_here LINE : with this machine's proxy, files and ports
as_here() {
    # shellcheck disable=SC2001
    sed -E "s/proxy(\.corp\.example)?:(3128|8080)/$PROXY/g; s,/usr/local/bin/,,; s,/usr/bin/,,; s/^ExecStart=//; s/^(\*[^ ]* +){5}//
        s/\<(HOST|PROGRAM|COMMAND)\>/hello/; s/\<(9993|5587):/0:/g; s/172\.17\.0\.1/127.0.0.1/; s/ptunnel +-p/ptunnel -p/" <<< "$1"
}

# A listener says where it listens, and is ended.
listens() { # COMMAND
    local line listener

    exec {said}< <(exec bash -c "exec $1")
    listener=$!
    read -r -t 20 line <&"$said"
    kill "$listener"
    exec {said}<&-
    contains "$line" 'listening 127.0.0.1:'
}

runs() { # LINE
    local here

    here=$(as_here "$1")
    case $here in
    'ptunnel -p '*:0:* | 'ptunnel -p '*' 0:'*)
        listens "$here"
        return
        ;;
    esac
    # what a shell that is started reads
    run timeout -k 5 30 bash -c "$here" <<< 'exec hello'
    [ "$status" -eq 0 ] || {
        printf '%s\nas %s: status %s\n%s\n' "$1" "$here" "$status" "$output"
        return 1
    }
    case $here in
    export* | *--setup* | *--explain* | *--show* | *--check*) ;;
    *) contains "$output" hello ;;
    esac
}

@test "every command of README.md is run, or there is a reason" {
    local line count=0

    while IFS= read -r line; do
        [ -n "$line" ] || continue
        reason "$line" > /dev/null || {
            runs "$line" 3>&-
            count=$((count + 1))
        }
    done < <(readme_commands)
    [ "$count" -ge 15 ]
}

@test "the rules of README.md are rules" {
    local rules=$BATS_TEST_TMPDIR/rules

    sed -nE 's/^    ((proxy|direct|tunnel|default) .*)/\1/p' "$ROOT/README.md" > "$rules"
    [ "$(wc -l < "$rules")" -ge 5 ]
    run "$PTUNNEL_RUN" -r "$rules" --show
    succeeds
}

@test "every command of the manual pages' examples is run, or there is a reason" {
    local line page count=0

    for page in "$ROOT"/helper/*.[1-8]; do
        while IFS= read -r line; do
            [ -n "$line" ] || continue
            reason "$line" > /dev/null || {
                echo "$page:"
                runs "$line" 3>&-
                count=$((count + 1))
            }
        done < <(manual_commands "$page")
    done
    [ "$count" -ge 12 ]
}

@test "manual pages open with examples" {
    local page

    for page in "$ROOT"/helper/*.[1-8]; do
        equal "$(grep '^\.SH' "$page" | head -n 3)" ".SH NAME$NEWLINE.SH SYNOPSIS$NEWLINE.SH EXAMPLES"
    done
}
