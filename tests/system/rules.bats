#!/usr/bin/env bats
# Rule files: real programs go where they say, the rules reach whatever the command starts, and what is wrong with
# them is said before anything runs.

load helpers

setup_file() {
    start_sshd
    start_http
    start_squid
    start_greeter
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before ${SSH_PORT:-} "$GREETER_PORT"
}

CONNECT=$PROGRAMS/connect

# rules LINE... : writes them to the file $RULES
rules() {
    RULES=$BATS_TEST_TMPDIR/rules
    printf '%s\n' "$@" > "$RULES"
    chmod 600 "$RULES"
}

launch() {
    run --separate-stderr timeout -k 5 30 "$PTUNNEL_RUN" "$@"
}

# explains TARGET TEXT : with the rules in $RULES
explains() {
    launch -r "$RULES" --explain "$1"
    succeeds
    equal "$output" "$1: $2"
}

# Lines of the scripted proxy's log for this target, from now on.
watch_log() {
    LOG=$SCRIPTED_LOG
    LOGGED=$(wc -l < "$LOG")
}

@test "one file, one run: ssh through one proxy, curl through another, a third direct, a fourth refused" {
    need ssh sshd login-shell curl nginx squid
    rules "proxy squid 127.0.0.1:$SQUID_PORT" "proxy scripted $PROXY" \
        "tunnel 203.0.113.7:$SSH_PORT via scripted" "tunnel 127.0.0.1:$HTTP_PORT via squid" \
        "reject 127.0.0.1:$SSH_PORT" "default direct"
    # the fourth is there for everybody else
    run "$CONNECT" -q "127.0.0.1:$SSH_PORT"
    equal "$output" "127.0.0.1:$SSH_PORT connected"

    # shellcheck disable=SC2016
    launch -r "$RULES" bash -c '
        ssh -F "$1" 203.0.113.7 "echo over ssh"
        curl -sS --noproxy "*" "http://127.0.0.1:$2/hello"
        "$3" "127.0.0.1:$4"
        "$3" "127.0.0.1:$5" | cut -d, -f1' - "$SSH_CONFIG" "$HTTP_PORT" "$CONNECT" "$GREETER_PORT" "$SSH_PORT"
    equal "$output" "over ssh
hello from the target
127.0.0.1:$GREETER_PORT connected, heard \"hello\"
127.0.0.1:$SSH_PORT ECONNREFUSED"
    succeeds
    # shellcheck disable=SC2034 # for `logged`
    LOGGED=0 LOG=$SCRIPTED_LOG
    wait_until logged "CONNECT 203.0.113.7:$SSH_PORT"
    LOG=$SQUID_LOG
    wait_until logged "CONNECT 127.0.0.1:$HTTP_PORT"
    run ! grep -h ":$GREETER_PORT " "$SQUID_LOG" "$SCRIPTED_LOG"
    run ! grep -h "127.0.0.1:$SSH_PORT " "$SQUID_LOG" "$SCRIPTED_LOG"
}

@test "the rules reach grandchildren, and are not read again" {
    rules "proxy $PROXY" "tunnel 203.0.113.7:$GREETER_PORT" 'reject 203.0.113.0/24' 'default direct'
    # shellcheck disable=SC2016
    launch -r "$RULES" bash -c 'rm "$1"; (bash -c "\"$2\" 203.0.113.7:$3; :"; :)' - "$RULES" "$CONNECT" "$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
}

@test "the rules reach a program that changes its root before it connects" {
    need root python3
    mkdir "$BATS_TEST_TMPDIR/root"
    rules "proxy $PROXY" "tunnel 203.0.113.7:$GREETER_PORT" 'reject 203.0.113.8' 'default direct'
    launch -r "$RULES" "$(python)" -c 'import os, socket, sys
encodings = "idna".encode("idna")
os.chroot(sys.argv[1])
os.chdir("/")
print(socket.create_connection(("203.0.113.7", int(sys.argv[2]))).makefile().readline().strip())
print(socket.socket().connect_ex(("203.0.113.8", 80)))' "$BATS_TEST_TMPDIR/root" "$GREETER_PORT"
    equal "$stderr" ''
    equal "$output" "hello${NEWLINE}111"
}

@test "the rules reach a program in another directory, from a file that was named relative to the first" {
    rules "include more/rules" 'default direct'
    mkdir "$BATS_TEST_TMPDIR/more"
    printf '%s\n' "proxy $PROXY" "tunnel 203.0.113.7:$GREETER_PORT" > "$BATS_TEST_TMPDIR/more/rules"
    cd "$BATS_TEST_TMPDIR"
    # shellcheck disable=SC2016
    launch -r rules bash -c 'cd /; exec "$1" "203.0.113.7:$2"' - "$CONNECT" "$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
}

@test "what is rejected is said with -v" {
    rules "proxy $PROXY" 'reject 203.0.113.7' "direct 127.0.0.1" 'default reject'
    run --separate-stderr "$PTUNNEL_RUN" -v -r "$RULES" "$CONNECT" 203.0.113.7:7
    contains "$output" ECONNREFUSED
    contains "$stderr" "203.0.113.7:7: rejected by reject 203.0.113.7"
    run --separate-stderr "$PTUNNEL_RUN" -v -r "$RULES" "$CONNECT" 203.0.113.8:7
    contains "$stderr" "203.0.113.8:7: rejected, no rule lets it out"
    run --separate-stderr "$PTUNNEL_RUN" -r "$RULES" "$CONNECT" 203.0.113.8:7
    equal "$stderr" ''
}

@test "a nested ptunnel-run replaces them" {
    rules "proxy $PROXY" 'reject 203.0.113.7' 'default direct'
    # shellcheck disable=SC2016
    launch -r "$RULES" bash -c '"$1" "203.0.113.7:$2" | cut -d, -f1; "$3" -p "$4" --no-rules "$1" "203.0.113.7:$2"' \
        - "$CONNECT" "$GREETER_PORT" "$PTUNNEL_RUN" "$PROXY"
    equal "$output" "203.0.113.7:$GREETER_PORT ECONNREFUSED
203.0.113.7:$GREETER_PORT connected, heard \"hello\""
}

# inner_proxy OUTER-OPTION... -- INNER-OPTION... : of a ptunnel-run in a ptunnel-run
inner_proxy() {
    local outer=()

    while [ "$1" != -- ]; do
        outer+=("$1")
        shift
    done
    shift
    launch "${outer[@]}" "$PTUNNEL_RUN" "$@" --show
    succeeds
    grep ^proxy <<< "$output" | tr -s ' '
}

@test "nested, the proxy of a file that -r names comes before the outer one's, and else that stays" {
    rules 'proxy http://192.0.2.1:1'
    echo 'names local' > "$BATS_TEST_TMPDIR/none"
    equal "$(inner_proxy -p 192.0.2.2:2 -- -r "$RULES")" "proxy http://192.0.2.1:1 # $RULES:1"
    equal "$(inner_proxy -p 192.0.2.2:2 -- -r "$BATS_TEST_TMPDIR/none")" 'proxy http://192.0.2.2:2 # PTUNNEL_PROXY'
    equal "$(https_proxy=192.0.2.4:4 inner_proxy -p 192.0.2.2:2 -- -r "$BATS_TEST_TMPDIR/none")" \
        'proxy http://192.0.2.2:2 # PTUNNEL_PROXY'
    equal "$(inner_proxy -p 192.0.2.2:2 --)" 'proxy http://192.0.2.2:2 # PTUNNEL_PROXY'
    equal "$(inner_proxy -p 192.0.2.2:2 -- -p 192.0.2.3:3 -r "$RULES")" 'proxy http://192.0.2.3:3 # -p'
    PTUNNEL_PROXY=192.0.2.5:5 launch -r "$RULES" --show
    contains "$output" 'proxy http://192.0.2.1:1 '
}

@test "the library alone finds the same file" {
    mkdir -p "$BATS_TEST_TMPDIR/ptunnel"
    rules "proxy $PROXY" "tunnel 203.0.113.7:$GREETER_PORT" 'reject 203.0.113.8' 'default direct'
    mv "$RULES" "$BATS_TEST_TMPDIR/ptunnel/rules"
    run env XDG_CONFIG_HOME="$BATS_TEST_TMPDIR" LD_PRELOAD="$LIBRARY" "$CONNECT" "203.0.113.7:$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    run env XDG_CONFIG_HOME="$BATS_TEST_TMPDIR" LD_PRELOAD="$LIBRARY" "$CONNECT" 203.0.113.8:80
    equal "${output%%,*}" '203.0.113.8:80 ECONNREFUSED'
    XDG_CONFIG_HOME=$BATS_TEST_TMPDIR launch --explain "203.0.113.7:$GREETER_PORT"
    contains "$output" "tunnel via $PROXY, $BATS_TEST_TMPDIR/ptunnel/rules:2: "
}

# The library alone, with the rules in $RULES, lets nothing out but loopback.
is_closed() { # REASON
    run --separate-stderr env PTUNNEL_RULES="$RULES" LD_PRELOAD="$LIBRARY" "$CONNECT" 203.0.113.7:80 203.0.113.8:80 \
        "127.0.0.1:$GREETER_PORT"
    equal "${lines[0]%%,*}" '203.0.113.7:80 EACCES'
    equal "${lines[1]%%,*}" '203.0.113.8:80 EACCES'
    equal "${lines[2]}" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    equal "$(grep -c ^ptunnel: <<< "$stderr")" 1
    contains "$stderr" "$1"
}

@test "with wrong rules the library lets nothing out but loopback, and says why, once" {
    rules "proxy $PROXY" 'tunel 203.0.113.7' 'default direct'
    is_closed "$RULES:2:1: expected tunnel, direct, reject, proxy, default or another directive, not 'tunel'"
}

@test "with rules that others may write to it does so too" {
    rules "proxy $PROXY" 'default direct'
    chmod 666 "$RULES"
    is_closed 'others may write to it: chmod go-w it'
}

@test "with rules that are not there it does so too" {
    rules 'default direct'
    rm "$RULES"
    is_closed 'cannot be read'
}

@test "ptunnel-run names all mistakes, and starts nothing" {
    rules 'proxy p:99999' 'tunel a.test' 'direct 10.0.0.0/99' 'default x'
    launch -r "$RULES" -t a.test:0 --names y touch "$BATS_TEST_TMPDIR/started"
    fails_with 125
    equal "$output" ''
    equal "$stderr" "ptunnel-run: -t: expected a port between 1 and 65535, not '0'
ptunnel-run: --names: expected proxy or local, not 'y'
ptunnel-run: $RULES:1:7: proxy URL: port is not between 1 and 65535
ptunnel-run: $RULES:2:1: expected tunnel, direct, reject, proxy, default or another directive, not 'tunel': did you mean 'tunnel'?
ptunnel-run: $RULES:3:17: expected a prefix length from 0 to 32, not '99'
ptunnel-run: $RULES:4:9: expected direct, tunnel or reject, not 'x'"
    [ ! -e "$BATS_TEST_TMPDIR/started" ]
}

@test "a rule file that is named and not there" {
    launch -p "$PROXY" -r /nonexistent/rules true
    fails_with 125
    equal "$stderr" "ptunnel-run: -r: '/nonexistent/rules': cannot be read: no such file"
}

@test "patterns of the command line: the first counts, and they come before the file" {
    rules "proxy $PROXY" "tunnel 203.0.113.7" 'default direct'
    launch -r "$RULES" -n 203.0.113.7:80 -x 203.0.113.7:80-81 --explain 203.0.113.7:{80,81,82}
    equal "$output" "203.0.113.7:80: direct, -n: direct 203.0.113.7:80
203.0.113.7:81: reject, -x: reject 203.0.113.7:80-81
203.0.113.7:82: tunnel via $PROXY, $RULES:2: tunnel 203.0.113.7"
    launch -r "$RULES" -x "203.0.113.7:$GREETER_PORT" "$CONNECT" "203.0.113.7:$GREETER_PORT"
    equal "${output%%,*}" "203.0.113.7:$GREETER_PORT ECONNREFUSED"
    launch -r "$RULES" --default reject --explain 198.51.100.1:80
    equal "$output" '198.51.100.1:80: reject, --default: default reject'
}

@test "-t alone tunnels nothing else" {
    launch -p "$PROXY" --no-rules -t "203.0.113.7:$GREETER_PORT" "$CONNECT" "203.0.113.7:$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    launch -p "$PROXY" --no-rules -t 203.0.113.7:22 --explain 203.0.113.7
    equal "$output" "203.0.113.7:1-21: direct, default direct
203.0.113.7:22: tunnel via $PROXY, -t: tunnel 203.0.113.7:22
203.0.113.7:23-65535: direct, default direct"
}

@test "targets to explain come from standard input too" {
    rules 'proxy p:1' 'direct a.test' 'default tunnel'
    run bash -c 'printf "a.test:80\n\n[::1]:80\r\np:1\n" | "$1" -r "$2" --explain -' - "$PTUNNEL_RUN" "$RULES"
    succeeds
    equal "$output" "a.test:80: direct, $RULES:2: direct a.test
[::1]:80: direct, it is this machine or link-local, and no rule names it
p:1: direct, it is one of the proxies"
    run bash -c 'printf "a..b:80\na.test:80\n" | "$1" -r "$2" --explain -' - "$PTUNNEL_RUN" "$RULES"
    fails_with 125
    contains "$output" "ptunnel-run: --explain 'a..b:80': host has an empty label" 'a.test:80: direct'
}

@test "--show has every value, where it comes from, and no secret" {
    rules 'proxy http://user:s3cret@p:1' 'proxy n n:2' 'credentials n secret' 'header n "X-Token: s3cret"' 'names local' \
        'tunnel a.test via n' 'default reject'
    printf 'user:s3cret\n' > "$BATS_TEST_TMPDIR/secret"
    chmod 600 "$BATS_TEST_TMPDIR/secret"
    launch -r "$RULES" --timeout 7 -n b.test --show
    succeeds
    equal "$(sed 's/  *#/ #/' <<< "$output")" "proxy http://***@p:1 # $RULES:1
proxy n http://***@n:2 # $RULES:2
credentials n *** # $RULES:3
header n \"X-Token: ***\" # $RULES:4
fallback none # built in
names local # $RULES:5
resolvers allow # built in
loopback direct # built in
timeout 7 # --timeout
attempt 10 # built in
children allow # built in
stand-ins 198.18.0.0/15 [fd70:7475:6e6e:656c::]/96 # built in
direct b.test # -n
tunnel a.test via n # $RULES:6
default reject # $RULES:7"
}

@test "a secret of a file is in no environment" {
    rules "proxy http://user:s3cret@$PROXY" 'direct a.test' 'default tunnel'
    launch -r "$RULES" env
    succeeds
    lacks "$output" s3cret
    contains "$output" "include \"$RULES\""
    watch_log
    launch -r "$RULES" "$CONNECT" "203.0.113.7:$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    # shellcheck disable=SC2312
    wait_until logged "$(printf user:s3cret | base64)"
}

@test "-U is for the proxy of the file as well" {
    rules "proxy $PROXY" 'default tunnel'
    watch_log
    launch -r "$RULES" -U user -P s3cret "$CONNECT" "203.0.113.7:$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    # shellcheck disable=SC2312
    wait_until logged "$(printf user:s3cret | base64)"
}

# example NAME : an example of ptunnel-rules(5), as $RULES
example() {
    RULES=$BATS_TEST_TMPDIR/$1
    awk -v name="$1" '$0 == ".\\\" example: " name { here = 1 } here && /^\.EE/ { exit }
        inside { gsub(/\\-/, "-"); print } here && /^\.EX/ { inside = 1 }' "$ROOT/helper/ptunnel-rules.5" > "$RULES"
    [ -s "$RULES" ]
    chmod 600 "$RULES"
}

@test "the manual's example of a company" {
    local via='tunnel via proxy.corp.example:3128'

    example company
    HOME=$BATS_TEST_TMPDIR
    mkdir -p "$HOME/.config/ptunnel"
    printf 'user:password\n' > "$HOME/.config/ptunnel/credentials"
    chmod 600 "$HOME/.config/ptunnel/credentials"
    explains wiki.corp.example:443 "direct, $RULES:4: direct .corp.example 10.0.0.0/8 172.16.0.0/12"
    explains 172.31.0.1:80 "direct, $RULES:4: direct .corp.example 10.0.0.0/8 172.16.0.0/12"
    explains imap.example.org:993 "$via, $RULES:5: tunnel imap.example.org:993 smtp.example.org:587"
    explains imap.example.org:143 "reject, $RULES:7: default reject"
    explains github.com:22 "$via, $RULES:6: tunnel github.com:22,443 *.gitlab.example:22,443"
    explains www.example.com:443 "reject, $RULES:7: default reject"
}

@test "the manual's example of a developer" {
    local lab='tunnel via lab (gate1.lab.example:8080, gate2.lab.example:8080)'
    local staging='tunnel via staging (192.0.2.10:3128)'

    example developer
    explains build.lab.example:22 "$lab, $RULES:5: tunnel .lab.example 10.20.0.0/16 [2001:db8:20::]/48 via lab"
    explains '[2001:db8:20::7]:80' "$lab, $RULES:5: tunnel .lab.example 10.20.0.0/16 [2001:db8:20::]/48 via lab"
    explains web.staging.example:8080 "$staging, $RULES:6: tunnel *.staging.example:22,443,8000-8999 via staging"
    explains db.staging.example:5432 "reject, $RULES:7: reject db.staging.example"
    explains example.org:443 "direct, $RULES:8: default direct"
    explains gate2.lab.example:8080 'direct, it is one of the proxies'
}

@test "the manual's example of a laptop" {
    example laptop
    explains 192.168.1.20:9100 "direct, $RULES:3: direct 192.168.0.0/16:9100,631 .local"
    explains 192.168.1.1:80 "tunnel via home.example:443, $RULES:6: default tunnel"
    explains captive.example:80 "direct, $RULES:4: direct captive.example:80"
    explains www.example.org:443 "tunnel via home.example:443, $RULES:6: default tunnel"
    explains localhost:8080 'direct, it is this machine or link-local, and no rule names it'
}
