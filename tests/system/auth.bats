#!/usr/bin/env bats
# Proxies that want Kerberos, NTLM or Digest: real ones, and ptunnel-agent, which knows what to say to them.

# shellcheck disable=SC2030,SC2031,SC2154 # bats: a test is a subshell, and `run` sets variables

load helpers
. "$ROOT/tests/system/lib/peers.bash"

@test "Kerberos: one request, with the ticket that the user has" {
    need krb5kdc squid
    mark "$KERBEROS_LOG"
    run fetch "$KERBEROS_PORT" --auth negotiate
    equal "$output" 'hello from the target'
    requests 200
}

@test "Kerberos: no library is loaded into the program, no descriptor stays open, nothing is left on the agent's socket" {
    need krb5kdc squid ptrace python3
    through_peer "$KERBEROS_PORT" --auth negotiate -- strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,socket,connect,close \
        python3 -c 'import socket, sys; print(socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(9))' "$GREETER_PORT"
    run cat "$BATS_TEST_TMPDIR/trace"
    lacks "$output" libgssapi libkrb5 "$TICKET"
    contains "$output" 'AF_UNIX' "$AGENT_SOCKET"
    run awk '/socket\(AF_UNIX, SOCK_SEQPACKET/ { fd = $NF; open++ } open && $0 ~ "close\\(" fd "\\)" { open-- } END { print open + 0 }' \
        "$BATS_TEST_TMPDIR/trace"
    equal "$output" 0
}

@test "Kerberos: without a ticket nothing is started, and the line says what to do" {
    need krb5kdc squid
    KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/none run fetch "$KERBEROS_PORT" --auth negotiate
    fails_with 125
    contains "$output" "proxy localhost:$KERBEROS_PORT: no Kerberos ticket: run kinit"
}

@test "Kerberos: a proxy that is not called what it is called there" {
    need krb5kdc squid
    run timeout 20 "$PTUNNEL_RUN" --loopback -p "127.0.0.1:$KERBEROS_PORT" --auth negotiate -- true
    fails_with 125
    contains "$output" 'Kerberos knows no service HTTP@127.0.0.1: give the proxy'"'"'s full name, or --service'
    run timeout 20 "$PTUNNEL_RUN" --loopback -p "127.0.0.1:$KERBEROS_PORT" --auth negotiate --service HTTP/localhost@TEST -- \
        curl -s "http://127.0.0.1:$HTTP_PORT/hello"
    equal "$output" 'hello from the target'
}

@test "Kerberos: a ticket that goes and comes back while a program runs" {
    need krb5kdc squid
    cp "$TICKET" "$BATS_TEST_TMPDIR/cache"
    export KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/cache
    run through_peer "$KERBEROS_PORT" --auth negotiate -- bash -c '
        url=http://127.0.0.1:$HTTP_PORT/hello
        curl -s "$url"
        kdestroy -q
        curl -s "$url" || echo "curl: $?"
        echo pw | kinit alice > /dev/null
        curl -s "$url"'
    contains "$output" 'no Kerberos ticket: run kinit' 'curl: 7'
    equal "$(grep -c '^hello' <<< "$output")" 2
}

nothing_starts() {
    ! fetch "$KERBEROS_PORT" --auth negotiate > /dev/null 2>&1
}

@test "Kerberos: an expired ticket" {
    need krb5kdc squid
    get_ticket "$BATS_TEST_TMPDIR/short" -l 1s
    export KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/short
    wait_until nothing_starts
    run fetch "$KERBEROS_PORT" --auth negotiate
    fails_with 125
    contains "$output" 'the Kerberos ticket has expired: run kinit'
}

@test "Kerberos: a server that refuses connections, and a ticket without the service's" {
    need krb5kdc squid
    get_ticket "$BATS_TEST_TMPDIR/fresh"
    write_krb5_conf "$BATS_TEST_TMPDIR/dead.conf" "$(free_port)"
    KRB5_CONFIG=$BATS_TEST_TMPDIR/dead.conf KRB5CCNAME=FILE:$BATS_TEST_TMPDIR/fresh run fetch "$KERBEROS_PORT" --auth negotiate
    fails_with 125
    contains "$output" 'no Kerberos server answers'
}

@test "Kerberos: a clock that is an hour behind" {
    need krb5kdc squid faketime systemd-socket-activate
    mkdir -m 700 "$XDG_RUNTIME_DIR/ptunnel"
    spawn activate systemd-socket-activate --seqpacket -l "$AGENT_SOCKET" -E KRB5_CONFIG -E FAKETIME=-1h \
        -E LD_PRELOAD="$(faketime -f -1h printenv LD_PRELOAD)" "$BUILD/ptunnel-agent"
    wait_until [ -S "$AGENT_SOCKET" ]
    run fetch "$KERBEROS_PORT" --auth negotiate
    fails_with 125
    contains "$output" "the clock differs from the Kerberos server's"
}

@test "Digest: the second request of the first connection, then one each" {
    need squid krb5kdc
    mark "$DIGEST_LOG"
    run through_peer "${ALICE[@]}" pw -- bash -c 'for i in 1 2 3; do curl -s "http://127.0.0.1:$HTTP_PORT/hello"; done'
    equal "$(grep -c '^hello' <<< "$output")" 3
    requests 407 200 200 200
}

@test "Digest: forty at once, though a nonce is good for five" {
    need squid krb5kdc
    run through_peer "${ALICE[@]}" pw -- bash -c '
        for i in {1..40}; do curl -s "http://127.0.0.1:$HTTP_PORT/hello" & done
        wait'
    equal "$(grep -c '^hello' <<< "$output")" 40
}

@test "Digest: a wrong password is tried once, by however many at a time, and not again" {
    need squid krb5kdc
    mark "$DIGEST_LOG"
    run through_peer "${ALICE[@]}" wrong -- bash -c '
        for i in {1..8}; do curl -s "http://127.0.0.1:$HTTP_PORT/hello" & done
        wait'
    contains "$output" '407: the proxy does not accept the password of alice (Digest); not tried again'
    lacks "$output" hello
    run grep -c ' alice$' <(tail -n "+$((LOGGED + 1))" "$DIGEST_LOG")
    equal "$output" 1
    run fetch "${ALICE[@]}" wrong
    fails_with 125
    contains "$output" 'did not accept the password of alice before'
    run fetch "${ALICE[@]}" pw
    equal "$output" 'hello from the target'
}

@test "NTLM, and Negotiate with NTLM inside" {
    need apache2
    for scheme in ntlm negotiate; do
        run fetch "$NTLM_PORT" --auth $scheme -U 'DC\bob' -P pw
        equal "$output" 'hello from the target'
    done
}

@test "NTLM: a wrong password is tried once" {
    need apache2
    mark "${KRB5_CONFIG%/*/*}/apache/access.log"
    run fetch "$NTLM_PORT" --auth ntlm -U 'DC\bob' -P wrong
    contains "$output" '407: the proxy does not accept the password of DC\bob (NTLM); not tried again'
    run fetch "$NTLM_PORT" --auth ntlm -U 'DC\bob' -P wrong
    fails_with 125
    requests 407 407
}

@test "auto: the ticket, over a second connection where the first 407 closes" {
    need squid krb5kdc
    mark "$CLOSING_LOG"
    run fetch "$CLOSING_PORT" --auth auto
    equal "$output" 'hello from the target'
    requests 407 200
}

@test "auto with a password: what does not send it, whatever the proxy offers first" {
    need squid krb5kdc
    mark "$CLOSING_LOG"
    run fetch "$CLOSING_PORT" --auth auto -U alice -P pw
    equal "$output" 'hello from the target'
    requests 407 407 200
}

@test "a proxy that offers none of them is named with what it offers" {
    need squid krb5kdc
    run fetch "$KERBEROS_PORT" --auth digest -U alice -P pw
    contains "$output" '407: the proxy offers Negotiate; --auth is digest'
}

@test "a child that was forked while its parent connects, and threads" {
    need squid krb5kdc python3
    run through_peer "$KERBEROS_PORT" --auth negotiate -- python3 -c '
import os, select, socket, sys, threading
where = ("127.0.0.1", int(sys.argv[1]))
def read(s):
    select.select([], [s], [], 20)
    s.setblocking(True)
    data = b""
    while len(data) < 5:
        data += s.recv(5 - len(data))
    return data
s = socket.socket()
s.setblocking(False)
s.connect_ex(where)
if os.fork() == 0:
    print("child:", socket.create_connection(where).recv(5), flush=True)
    os._exit(0)
print("parent:", read(s), flush=True)
os.wait()
got = []
threads = [threading.Thread(target=lambda: got.append(socket.create_connection(where).recv(5))) for i in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("threads:", got.count(b"hello"))' "$GREETER_PORT"
    contains "$output" "child: b'hello'" "parent: b'hello'" 'threads: 20'
}

@test "two hundred asyncio connections at once" {
    need squid krb5kdc python3
    run through_peer "$KERBEROS_PORT" --auth negotiate -- python3 -c '
import asyncio, sys
async def one():
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    data = await reader.read()
    writer.close()
    return data
async def main():
    print(sum(data.startswith(b"hello") for data in await asyncio.gather(*(one() for i in range(200)))))
asyncio.run(main())' "$GREETER_PORT"
    equal "$output" 200
}

@test "ssh" {
    need squid krb5kdc ssh sshd login-shell
    start_sshd
    run through_peer "$KERBEROS_PORT" --auth negotiate -- ssh -F "$SSH_CONFIG" 127.0.0.1 'echo "the target heard: $(cat)"; exit 7' <<< hello
    fails_with 7
    equal "$output" 'the target heard: hello'
}

@test "node" {
    need squid krb5kdc node
    run through_peer "$KERBEROS_PORT" --auth negotiate -- node -e '
        require("http").get("http://127.0.0.1:" + process.env.HTTP_PORT + "/hello", r => r.pipe(process.stdout))'
    equal "$output" 'hello from the target'
}

@test "--check says what was done, and what is amiss" {
    need squid krb5kdc
    run through_peer "$KERBEROS_PORT" --auth negotiate --check "127.0.0.1:$HTTP_PORT"
    succeeds
    contains "$output" 'auth negotiate: 1 request' 'asked without --auth it offers Negotiate'
    ends=$(date -d "$(klist | sed -n 's/^[^ ]* [^ ]*  \(.*[0-9]\)  krbtgt.*/\1/p')" '+%F %H:%M')
    contains "$output" "ticket of alice@TEST, until $ends, for the service HTTP@localhost"
    KRB5CCNAME=FILE:/nonexistent run through_peer "$KERBEROS_PORT" --auth negotiate --check "127.0.0.1:$HTTP_PORT"
    fails_with 24
    contains "$output" 'no Kerberos ticket: run kinit'
    run through_peer "$DIGEST_PORT" --auth digest -U alice -P wrong --check "127.0.0.1:$HTTP_PORT"
    fails_with 23
    run through_peer "$DIGEST_PORT" --auth negotiate --check "127.0.0.1:$HTTP_PORT"
    contains "$output" 'the proxy offers Digest; --auth is negotiate'
}

# The table: a peer, our options, curl's own, and how many fetches succeed, ours and its. Ours is better at NTLM: gss-ntlmssp answers
# the first message of curl 7.88's own code with a new 407 and no challenge.
@test "beside curl's own authentication: the same on each peer, or better" {
    need squid krb5kdc apache2 curl
    local name port options own wanted ours

    while IFS='|' read -r name port options own wanted; do
        # shellcheck disable=SC2086 # words
        run fetch "$port" $options
        ours=$(grep -c '^hello' <<< "$output" || true)
        # shellcheck disable=SC2086
        run timeout 20 curl -s -p -x "localhost:$port" $own "http://127.0.0.1:$HTTP_PORT/hello"
        equal "$name: $ours $(grep -c '^hello' <<< "$output" || true)" "$name: $wanted"
    done << END
Kerberos|$KERBEROS_PORT|--auth negotiate|--proxy-negotiate -U :|1 1
Kerberos, whatever it offers|$KERBEROS_PORT|--auth auto|--proxy-anyauth -U :|1 1
Kerberos, which the first 407 closes|$CLOSING_PORT|--auth negotiate|--proxy-negotiate -U :|1 1
Digest|$DIGEST_PORT|--auth digest -U alice -P pw|--proxy-digest -U alice:pw|1 1
Digest, a wrong password|$DIGEST_PORT|--auth digest -U alice -P wrong|--proxy-digest -U alice:wrong|0 0
Digest, where Negotiate is offered first|$CLOSING_PORT|--auth digest -U alice -P pw|--proxy-digest -U alice:pw|1 1
NTLM|$NTLM_PORT|--auth ntlm -U DC\\bob -P pw|--proxy-ntlm -U DC\\bob:pw|1 0
NTLM, a wrong password|$NTLM_PORT|--auth ntlm -U DC\\bob -P wrong|--proxy-ntlm -U DC\\bob:wrong|0 0
END
}
