#!/usr/bin/env bats
# ptunnel-run --setup: what names a proxy is found and offered, no password of it is shown, and a rule file comes out
# that works. "no proxy is known" tells of the same.

load helpers

setup_file() {
    start_greeter
    start_scripted --on 'fine.test:443' "to 127.0.0.1:$GREETER_PORT" \
        --on 'secret.test:443' "auth me:p:@/%; to 127.0.0.1:$GREETER_PORT" --on '*:22' 'status 403'
}

setup() {
    export HOME=$BATS_TEST_TMPDIR/home RULES=$BATS_TEST_TMPDIR/home/.config/ptunnel/rules
    mkdir -p "$HOME/.config" "$HOME/bin"
    says_gnome "mode 'none'"
    export PATH=$HOME/bin:$PATH
    cd "$HOME"
}

# says_gnome SETTING... : what gsettings lists
says_gnome() {
    printf '#!/bin/sh\ncat << END\n' > "$HOME/bin/gsettings"
    printf 'org.gnome.system.proxy%s\n' "${@/#mode/ mode}" >> "$HOME/bin/gsettings"
    echo END >> "$HOME/bin/gsettings"
    chmod +x "$HOME/bin/gsettings"
}

finds() { # what --setup finds, without the machine's own files
    run --separate-stderr timeout -k 5 30 "$PTUNNEL_RUN" --setup "$@" < /dev/null
    succeeds
    equal "$stderr" ''
    found=$(grep '^  ' <<< "$output" | grep -v '(/etc/' || true)
}

# finds_in FILE LINE... : in a file below the home a proxy is found, and the password in it is not shown
finds_in() {
    local file=$HOME/$1

    mkdir -p "${file%/*}"
    printf '%s\n' "${@:2}" > "$file"
    finds
    contains "$found" "  1  proxy.test:8080, of " "($file)"
    lacks "$output" secret
    rm "$file"
}

@test "the user's own files are read" {
    finds_in .config/ptunnel/rules '# proxy' 'proxy lab 192.0.2.1:1' 'proxy http://me:secret@proxy.test:8080 other:1'
    finds_in .gitconfig '[core]' 'proxy = wrong:1' '[http "https://example.org"]' $'\tproxy = http://me:secret@proxy.test:8080 ; x'
    finds_in .config/git/config '[http]' $'\tproxy=http://proxy.test:8080'
    finds_in .npmrc '; proxy=http://wrong:1' 'https-proxy=http://me:secret@proxy.test:8080/'
    finds_in .curlrc '# proxy' 'proxy = "http://me:secret@proxy.test:8080"'
    finds_in .curlrc '-x proxy.test:8080'
    finds_in .curlrc 'proxy: http://me:secret=@proxy.test:8080'
    finds_in .wgetrc 'HTTPS_PROXY = http://proxy.test:8080/'
    finds_in .config/kioslaverc '[$Version]' 'x=1' '[Proxy Settings][$i]' 'ProxyType=1' 'httpsProxy[$e]=http://proxy.test 8080'
}

@test "the machine's files are read" {
    local etc=$BATS_TEST_TMPDIR/etc

    need root mountns
    mkdir -p "$etc/apt/apt.conf.d"
    echo 'https_proxy="http://me:secret@environment.test:1"' > "$etc/environment"
    echo 'Acquire::https::Proxy "http://me:secret@apt.test:2";' > "$etc/apt/apt.conf.d/50proxy"
    printf '// Acquire::http::Proxy "http://no.test:1";\nAcquire {\n http { Proxy "http://block.test:3"; Timeout "9"; }; };\n' \
        > "$etc/apt/apt.conf.d/60proxy.conf"
    echo 'Acquire::http::Proxy "http://no.test:1";' > "$etc/apt/apt.conf.d/70proxy.bak"
    printf '[http]\nproxy = git.test:4\n' > "$etc/gitconfig"
    # shellcheck disable=SC2016
    run unshare --mount sh -c 'mount --bind "$0" /etc && exec "$@"' "$etc" "$PTUNNEL_RUN" --setup < /dev/null
    succeeds
    equal "$(grep '^  ' <<< "$output")" '  1  environment.test:1, of this machine (/etc/environment)
  2  apt.test:2, of apt (/etc/apt/apt.conf.d/50proxy)
  3  block.test:3, of apt (/etc/apt/apt.conf.d/60proxy.conf)
  4  git.test:4, of git (/etc/gitconfig)'
}

@test "GNOME's proxy, if it is switched on" {
    says_gnome "mode 'manual'" ".https host 'proxy.test'" '.https port 8080' ".http host 'other.test'" '.http port 81'
    finds
    equal "$found" "  1  proxy.test:8080, of your desktop (GNOME)${NEWLINE}  2  other.test:81, of your desktop (GNOME)"
    says_gnome "mode 'none'" ".https host 'proxy.test'" '.https port 8080'
    finds
    equal "$found" ''
}

@test "gsettings that hangs is waited for only a little, and none of the current directory is run" {
    printf '#!/bin/sh\nexec sleep 60\n' > "$HOME/bin/gsettings"
    finds
    equal "$found" ''
    mv "$HOME/bin/gsettings" "$HOME/gsettings"
    printf '#!/bin/sh\ntouch "%s/was-run"\n' "$HOME" > "$HOME/gsettings"
    # shellcheck disable=SC2030,SC2031
    PATH=:.:bin:$PATH finds
    [ ! -e "$HOME/was-run" ]
}

@test "a PAC script is named, with its proxies if the file is at hand" {
    echo 'function FindProxyForURL(u, h) { return "PROXY pac.test:3128; PROXY spare.test:3129; DIRECT"; }' > "$HOME/proxy.pac"
    says_gnome "mode 'auto'" " autoconfig-url 'file://$HOME/proxy.pac'"
    finds
    contains "$found" "1  pac.test:3128, of your desktop ($HOME/proxy.pac)" '2  spare.test:3129, ' \
        "-  a PAC script, file://$HOME/proxy.pac, of your desktop (GNOME)"
    says_gnome "mode 'auto'" " autoconfig-url 'http://me:secret@wpad.test/proxy.pac'"
    finds
    contains "$found" '-  a PAC script, http://wpad.test/proxy.pac, of your desktop (GNOME)'
}

@test "files of the current directory, of others, and what is no file are not read" {
    mkdir "$HOME/here"
    cd "$HOME/here"
    git init -q . 2> /dev/null || true
    printf '[http]\nproxy = wrong.test:1\n' | tee .gitconfig >> .git/config
    echo 'proxy=http://wrong.test:1' | tee .npmrc > .curlrc
    mkfifo "$HOME/.npmrc"
    if has root; then
        echo 'proxy = wrong.test:1' > "$HOME/.curlrc"
        chown 12345 "$HOME/.curlrc"
    fi
    finds
    equal "$found" ''
}

@test "what cannot be used is told, and nothing of it shown" {
    # shellcheck disable=SC2030,SC2031
    https_proxy=https://me:sec/ret@proxy.test:8080 finds
    contains "$output" '-  the environment (https_proxy) names a proxy that cannot be used: a proxy spoken to over TLS'
    lacks "$output" sec ret@
}

@test "without a terminal nothing is asked or written" {
    echo 'proxy=http://proxy.test:8080' > "$HOME/.npmrc"
    finds -p "$PROXY" -U me
    contains "$output" 'This is no terminal: nothing is asked or written.' "then $RULES is written"
    [ ! -e "$RULES" ]
}

@test "no proxy is known: what was found is told, with what to say" {
    printf 'proxy=http://me:secret@proxy.test:8080\n' > "$HOME/.npmrc"
    run --separate-stderr "$PTUNNEL_RUN" true
    fails_with 125
    contains "$stderr" "npm ($HOME/.npmrc) says proxy.test:8080: use -p proxy.test:8080, or ptunnel-run --setup"
    lacks "$stderr" secret
    run --separate-stderr "$PTUNNEL_RUN" --check
    fails_with 10
    contains "$stderr" 'says proxy.test:8080: use -p proxy.test:8080'
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" true
    equal "$stderr" ''
}

# on_terminal PROMPT ANSWER... -- COMMAND...
on_terminal() {
    need python3
    NO_COLOR=1 run timeout -k 5 60 python3 "$ROOT/tests/system/lib/terminal.py" --all "$@"
}

@test "a number and Enter are enough: the file is written, readable by its owner alone, and tried" {
    echo "proxy=http://$PROXY" > "$HOME/.npmrc"
    on_terminal 'Which proxy: a number, or HOST:PORT [1]: ' '' 'User name for the proxy (empty: it wants none): ' '' \
        -- "$PTUNNEL_RUN" --setup fine.test
    succeeds
    contains "$output" "Written: $RULES" "\$ ptunnel-run --check fine.test${NEWLINE}proxy $PROXY" 'fine.test:443: open after' \
        'All is well. Now:' 'ProxyCommand ptunnel -r ~/.config/ptunnel/rules -W %h:%p'
    equal "$(stat -c %a "$RULES")" 600
    equal "$(grep -v '^#' "$RULES")" "proxy http://$PROXY"
    run --separate-stderr "$PTUNNEL_RUN" bash -c 'exec 3<> /dev/tcp/fine.test/443 && head -c 5 <&3'
    equal "$output" hello
}

@test "user and password: asked without echo, written so that they are read back, and shown nowhere" {
    on_terminal 'Which proxy' "$PROXY" 'User name' me 'Password of proxy user me: ' 'p:@/%' -- "$PTUNNEL_RUN" --setup secret.test
    succeeds
    lacks "$output" 'p:@/%' 'p%3A'
    contains "$output" 'secret.test:443: open after'
    equal "$(grep -v '^#' "$RULES")" "proxy http://me:p%3A%40%2F%25@$PROXY"
}

@test "what is wrong is told, and is the status" {
    on_terminal 'User name' '' -- "$PTUNNEL_RUN" -p "$PROXY" --setup fine.test fine.test:22
    fails_with 17
    contains "$output" 'fine.test:443: open after' 'the proxy forbids this target' 'What is wrong is told above'
}

@test "what is no proxy is asked for again" {
    on_terminal 'Which proxy' socks5://x:1 'SOCKS proxies are not supported' '' 'Which proxy' "$PROXY" 'User name' '' \
        -- "$PTUNNEL_RUN" --setup fine.test
    succeeds
    equal "$(grep -v '^#' "$RULES")" "proxy http://$PROXY"
}

@test "options become lines of the file, and are not asked for" {
    on_terminal 'Password' word -- "$PTUNNEL_RUN" -p "$PROXY" -U me -n 10.0.0.0/8 --timeout 30 --setup fine.test
    succeeds
    equal "$(grep -v '^#' "$RULES")" "proxy http://me:word@$PROXY${NEWLINE}direct 10.0.0.0/8${NEWLINE}timeout 30${NEWLINE}default tunnel"
}

@test "a file that is there is left alone, or kept under another name" {
    mkdir -p "${RULES%/*}"
    echo 'proxy http://first.test:1' > "$RULES"
    on_terminal 'User name' '' 'a new one (y/n) [n]: ' '' -- "$PTUNNEL_RUN" -p "$PROXY" --setup fine.test
    fails_with 125
    contains "$output" 'Nothing was changed.'
    equal "$(ls "${RULES%/*}"; cat "$RULES")" "rules${NEWLINE}proxy http://first.test:1"
    on_terminal 'User name' '' '(y/n)' y -- "$PTUNNEL_RUN" -p "$PROXY" --setup fine.test
    succeeds
    equal "$(cat "$RULES.old")" 'proxy http://first.test:1'
    on_terminal 'User name' '' "as $RULES.old.2," y -- "$PTUNNEL_RUN" -p "$PROXY" --setup fine.test
    succeeds
    equal "$(cat "$RULES.old")" 'proxy http://first.test:1'
    equal "$(cat "$RULES.old.2")" "$(cat "$RULES")"
}

@test "who goes away has changed nothing" {
    on_terminal 'Which proxy' "$PROXY" 'User name' $'\x04' -- "$PTUNNEL_RUN" --setup fine.test
    fails_with 125
    [ ! -e "$RULES" ]
}
