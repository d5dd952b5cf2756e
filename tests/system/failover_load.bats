#!/usr/bin/env bats
# Proxies that die while programs use them, and a laptop that leaves the proxy's network and comes back: nothing fails but
# what went through the dead proxy just then.

load helpers
load lib/failover
load lib/listener

# --- under load ---

# start_three_squids -> SQUIDS (pids), PORTS, LOGS
start_three_squids() {
    local number

    need squid ab curl
    start_http
    [ -n "${HTTP_PORT:-}" ] || skip 'needs: nginx'
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/*/
    SQUIDS=() PORTS=() LOGS=()
    for number in 0 1 2; do
        another "squid$number" start_squid
        SQUIDS[number]=$SPAWNED PORTS[number]=$SQUID_PORT LOGS[number]=$SQUID_LOG
    done
    ROUTE=(--no-rules --loopback --attempt 2 -p "127.0.0.1:${PORTS[0]}" -p "127.0.0.1:${PORTS[1]}"
        -p "127.0.0.1:${PORTS[2]}")
}

has_served() { # NUMBER COUNT
    [ "$(wc -l 2> /dev/null < "${LOGS[$1]}")" -ge "$2" ]
}

# With the first one stopped for eight seconds at most, of which --attempt takes two, the third has served 300. (Where the stop met only tunnels that were
# open, all of the client waits for them, and nobody connects.)
third_takes_over() {
    local i

    kill -STOP "${SQUIDS[0]}"
    for ((i = 0; i < 200; i++)); do
        ! has_served 2 300 || break
        sleep 0.04
    done
    kill -CONT "${SQUIDS[0]}"
    has_served 2 300
}

# While COMMAND makes its 2000 requests: the second squid is killed, then the first is stopped until the third has taken
# over. -> its exit status
with_dying_squids() { # COMMAND...
    local client served

    timeout -k 5 120 "$PTUNNEL_RUN" "${ROUTE[@]}" "$@" > "$BATS_TEST_TMPDIR/client.out" \
        2> "$BATS_TEST_TMPDIR/client.err" 3>&- 4>&- &
    client=$!
    wait_until has_served 0 200
    kill -9 "${SQUIDS[1]}"
    for served in 300 500 700 900 1100 1300; do
        wait_until has_served 0 "$served"
        ! third_takes_over || break
    done
    wait "$client"
}

@test "ab, 2000 requests, one squid killed and one stopped on the way: none fails" {
    start_three_squids
    run with_dying_squids ab -q -s 60 -n 2000 -c 10 "http://127.0.0.1:$HTTP_PORT/hello"
    succeeds
    run cat "$BATS_TEST_TMPDIR/client.out"
    [[ $output =~ "Complete requests:"\ +2000 ]]
    [[ $output =~ "Failed requests:"\ +0 ]]
    lacks "$output" Non-2xx
    has_served 2 300
}

@test "curl --parallel, 2000 requests, one squid killed and one stopped on the way: none fails" {
    start_three_squids
    run with_dying_squids curl -sS --no-progress-meter --parallel --parallel-max 10 -H 'Connection: close' -o /dev/null \
        -w '%{http_code}\n' "http://127.0.0.1:$HTTP_PORT/hello?[1-2000]"
    succeeds
    equal "$(sort "$BATS_TEST_TMPDIR/client.out" | uniq -c | sed 's/^ *//')" '2000 200'
    has_served 2 300
}

@test "a squid that is killed in use takes no more with it than what went through it just then" {
    local client

    start_three_squids
    timeout -k 5 120 "$PTUNNEL_RUN" "${ROUTE[@]}" curl -sS --no-progress-meter --parallel --parallel-max 10 -H 'Connection: close' \
        -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$HTTP_PORT/hello?[1-2000]" \
        > "$BATS_TEST_TMPDIR/client.out" 2> "$BATS_TEST_TMPDIR/client.err" 3>&- 4>&- &
    client=$!
    wait_until has_served 0 400
    kill -9 "${SQUIDS[0]}"
    wait "$client" || true
    run grep -c '^200$' "$BATS_TEST_TMPDIR/client.out"
    [ "$output" -ge 1990 ]
    has_served 1 1000
}

# --- the laptop that roams ---

# Two networks to the same world: in the office only the proxy can be reached, at home everything but the proxy.
make_networks() {
    LAPTOP=laptop$BASHPID WORLD=world$BASHPID
    NAMESPACES+=("$LAPTOP" "$WORLD")
    ip netns add "$LAPTOP"
    ip netns add "$WORLD"
    ip -n "$LAPTOP" link set lo up
    ip -n "$WORLD" link set lo up
    ip -n "$WORLD" address add 192.0.2.1/32 dev lo
    add_network office 198.51.100
    add_network home 203.0.113
}

add_network() { # NAME PREFIX
    ip -n "$LAPTOP" link add "$1" type veth peer name "$1" netns "$WORLD"
    ip -n "$WORLD" address add "$2.1/24" dev "$1"
    ip -n "$WORLD" link set "$1" up
    ip -n "$LAPTOP" address add "$2.2/24" dev "$1"
}

# At home the way to the office's network is, in turn, unreachable, or one on which nobody answers.
go_home() { # ROUND
    ip -n "$LAPTOP" link set office down
    ip -n "$LAPTOP" link set home up
    ip -n "$LAPTOP" route add default via 203.0.113.1
    if [ "$1" -eq 1 ]; then
        ip -n "$LAPTOP" route add unreachable 198.51.100.0/24
    else
        ip -n "$LAPTOP" route add 198.51.100.0/24 via 203.0.113.99
    fi
}

go_to_office() {
    ip -n "$LAPTOP" route flush 198.51.100.0/24
    ip -n "$LAPTOP" link set home down
    ip -n "$LAPTOP" link set office up
}

# A mail program that keeps one connection, notices when it is dead, and makes another. A line for each login, and a dot a
# second while it is well.
mail_program() {
    cat << 'END'
import imaplib, sys, time
box = None
while True:
    try:
        if box is None:
            box = imaplib.IMAP4(sys.argv[1], int(sys.argv[2]), timeout=2)
            box.login("somebody", "open")
            print("login", flush=True)
        box.noop()
        print("well", flush=True)
    except (OSError, imaplib.IMAP4.error) as error:
        print("lost", error, flush=True)
        box = None
    time.sleep(0.2)
END
}

logins() { # COUNT : so many, and well since the last
    [ "$(grep -c '^login' "$(here)/mail.out")" -ge "$1" ] && [ "$(tail -n 1 "$(here)/mail.out")" = well ]
}

direct_logins() {
    grep -c "192.0.2.1:$IMAP_PORT: no proxy could be reached, going direct as fallback says" "$LOG" || true
}

tunnelled_logins() {
    grep -c "192.0.2.1:$IMAP_PORT via 198.51.100.1:3128: open" "$LOG" || true
}

@test "a mail program goes on when the laptop leaves the proxy's network, and when it comes back" {
    local round

    need root netns ip dovecot python3
    start_dovecot
    [ -n "${IMAP_PORT:-}" ] || skip 'needs: dovecot 2.3'
    make_networks
    LOG=$BATS_TEST_TMPDIR/log
    sed "s/^listen = .*/listen = 192.0.2.1/; s|/run$|/run2|; s|/state$|/state2|" \
        "$BATS_TEST_TMPDIR/dovecot/dovecot.conf" > "$BATS_TEST_TMPDIR/dovecot/world.conf"
    spawn world ip netns exec "$WORLD" "$(command -v dovecot)" -F -c "$BATS_TEST_TMPDIR/dovecot/world.conf"
    spawn gate ip netns exec "$WORLD" "$BUILD/tests/proxy" --listen 198.51.100.1:3128
    go_to_office
    mail_program > "$BATS_TEST_TMPDIR/mail.py"
    spawn mail ip netns exec "$LAPTOP" "$PTUNNEL_RUN" --no-rules -p 198.51.100.1:3128 --fallback direct --attempt 1 \
        -v --log "$LOG" "$(python)" "$BATS_TEST_TMPDIR/mail.py" 192.0.2.1 "$IMAP_PORT"
    wait_until logins 1
    equal "$(direct_logins) $(tunnelled_logins)" '0 1'
    for round in 1 2; do
        go_home "$round"
        wait_until logins $((2 * round))
        [ "$(direct_logins)" -ge "$round" ]
        go_to_office
        wait_until logins $((2 * round + 1))
        [ "$(tunnelled_logins)" -ge $((round + 1)) ]
    done
}
