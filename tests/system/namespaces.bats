#!/usr/bin/env bats
# Machines with loopback alone, as in the sandboxes of coding agents: the only way out is a proxy there.

load helpers

NAME=only-proxy.example
GET='import socket, sys; print(socket.create_connection((sys.argv[1], 4000), 20).recv(9))'

setup_file() {
    cat > "$BATS_FILE_TMPDIR/families.py" << 'END'
import ctypes, socket, sys
for family in 0, socket.AF_INET, socket.AF_INET6:
    for flags in 0, socket.AI_ADDRCONFIG, socket.AI_ADDRCONFIG | socket.AI_V4MAPPED:
        try:
            found = {'6' if one[0] == socket.AF_INET6 else '4' for one in socket.getaddrinfo(sys.argv[1], 80, family, 1, 0, flags)}
            print(family, flags, ''.join(sorted(found)))
        except OSError as error:
            print(family, flags, error)
END
    cat > "$BATS_FILE_TMPDIR/inside" << 'END'
# inside COMMAND... : with a proxy on $LISTEN or 127.0.0.1:3128, which knows everything that there is, for the only way out
set -e
ip link set lo up 2> /dev/null || true
[ -z "$LISTEN" ] || ip address add "$ADDRESS" dev lo
rm -f "$INSIDE/greeter" "$INSIDE/proxy" # what they say now is waited for
"$PROGRAMS/greeter" > "$INSIDE/greeter" 3>&- &
trap 'kill $(jobs -p)' EXIT
until grep -qs listening "$INSIDE/greeter"; do
    sleep 0.02
done
read -r _ port < "$INSIDE/greeter"
"$BUILD/tests/proxy" --listen "${LISTEN:-127.0.0.1:3128}" --log "$INSIDE/log" --on '*' "to 127.0.0.1:$port" > "$INSIDE/proxy" 3>&- &
until grep -qs listening "$INSIDE/proxy"; do
    sleep 0.02
done
"$@"
END
}

setup() {
    need python3
    mkdir -m 700 "$BATS_TEST_TMPDIR/run"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run INSIDE=$BATS_TEST_TMPDIR PROGRAMS BUILD
    : > "$INSIDE/log"
}

# confined HOW COMMAND... : in a namespace of the kind of HOW, in at most 30 seconds
confined() {
    local how=$1

    shift
    case $how in
    unshare) set -- unshare --net bash "$BATS_FILE_TMPDIR/inside" "$@" ;;
    bwrap) set -- bwrap --unshare-net --dev-bind / / bash "$BATS_FILE_TMPDIR/inside" "$@" ;;
    esac
    timeout -k 5 30 "$@"
}

@test "with loopback alone every way of asking gets the families that it asks for" {
    need netns ip
    run --separate-stderr confined unshare "$PTUNNEL_RUN" -p 127.0.0.1:3128 "$(python)" "$BATS_FILE_TMPDIR/families.py" "$NAME"
    succeeds
    equal "$output" "$(for family in 0 2 10; do
        for flags in 0 32 40; do
            case $family in
            0) [ "$flags" = 0 ] && echo '0 0 46' || echo "0 $flags 4" ;;
            2) echo "2 $flags 4" ;;
            10) echo "10 $flags 6" ;;
            esac
        done
    done)"
}

@test "a machine that has IPv4 only, and one that has IPv6 only, get the same, and get there" {
    local address

    need netns ip ipv6
    for address in 192.0.2.1/32 2001:db8::1/128; do
        export ADDRESS=$address LISTEN=${address%/*}:3128
        [[ $address != *::* ]] || LISTEN="[${address%/*}]:3128"
        run --separate-stderr confined unshare "$PTUNNEL_RUN" -p "$LISTEN" "$(python)" \
            "$BATS_FILE_TMPDIR/families.py" "$NAME"
        equal "$(grep -c '[46]$' <<< "$output")" 9
        run --separate-stderr confined unshare "$PTUNNEL_RUN" -p "$LISTEN" "$(python)" -c "$GET" "$NAME"
        contains "$address: $output" hello
    done
}

# connects HOW : python and node get to the name, with the proxy given, and found in the variables
connects() {
    local setting node="require('net').connect(4000, '$NAME', function () { this.on('data', x => process.stdout.write(x)) })"

    for setting in PTUNNEL_PROXY=127.0.0.1:3128 https_proxy=http://127.0.0.1:3128; do
        run --separate-stderr confined "$1" env "$setting" "$PTUNNEL_RUN" "$(python)" -c "$GET" "$NAME"
        contains "$1, $setting: $output $stderr" hello
        ! has node || {
            run --separate-stderr confined "$1" env "$setting" "$PTUNNEL_RUN" node -e "$node"
            contains "$1, $setting, node: $output $stderr" hello
        }
    done
    contains "$(cat "$INSIDE/log")" "CONNECT $NAME:4000 200"
}

@test "unshare --net, and the only way out is a proxy on loopback" {
    need netns ip
    connects unshare
}

@test "bwrap --unshare-net, and the only way out is a proxy on loopback" {
    need bwrap
    bwrap --unshare-net --dev-bind / / true 2> /dev/null || skip 'needs: what bwrap needs'
    connects bwrap
}
