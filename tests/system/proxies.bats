#!/usr/bin/env bats
# Five real proxies are as ptunnel-proxies(7) says, and programs see through ptunnel-run what it says. Many more, and
# what takes longer: tests/zoo/proxies.bats.

load helpers
load lib/real_proxies
load lib/proxies_manual

setup_file() {
    has root && has netns && has mountns && has ip && has setpriv || return 0
    open_network
    start_reals squid tinyproxy apache trafficserver ncat
    start_asking squid tinyproxy apache ncat
    ask_reals quick -- squid tinyproxy apache trafficserver ncat
    ask_reals asks --asks -- squid-asks tinyproxy-asks apache-asks ncat-asks
    ask_reals run --run "$PTUNNEL_RUN" -- squid tinyproxy apache trafficserver ncat
}

setup() {
    need root netns mountns ip setpriv
}

@test "squid" { is_as_known squid; }

@test "tinyproxy" { is_as_known tinyproxy; }

@test "apache" { is_as_known apache; }

@test "trafficserver" { is_as_known trafficserver; }

@test "ncat" { is_as_known ncat; }

@test "squid asks who is there" { asks_as_known squid; }

@test "tinyproxy asks who is there" { asks_as_known tinyproxy; }

@test "apache asks who is there" { asks_as_known apache; }

@test "ncat asks who is there" { asks_as_known ncat; }

@test "a change is told with both values" {
    [ -e "$BATS_FILE_TMPDIR/seen/squid.quick" ] || skip 'needs: squid'
    sed 's/^squid|\([^|]*\)|443|/squid|\1|all|/' "$PROXIES_MANUAL" > "$BATS_TEST_TMPDIR/manual"
    PROXIES_MANUAL=$BATS_TEST_TMPDIR/manual
    run is_as_known squid
    fails_with 1
    contains "$output" 'squid ' '(the manual has ' ', Ports: expected "all", seen "443"'
}

@test "every row of the manual's tables is of a proxy that the tests know" {
    local name

    for name in "${!REAL_PROGRAM[@]}"; do
        for column in Version Ports refused 'silent target' --check; do
            [ -n "$(manual_cell "$name" "$column")" ] || {
                echo "$name: no cell for $column"
                false
            }
        done
    done
    equal "$(proxies_of_manual | grep -vxF "$(printf '%s\n' "${!REAL_PROGRAM[@]}")")" ''
}

@test "what --check and ptunnel -v know of a proxy that names itself is what the manual says" {
    local word idle cuts cell count=0

    while read -r word idle cuts; do
        case $word in
        ATS/ | TrafficServer) word=trafficserver ;;
        *) word=$(proxies_of_manual | grep -ixF "$word") ;;
        esac
        cell=$(manual_cell "$word" Idle)
        equal "$word ${cell% s}" "$word ${idle/#0/-}"
        cell=$(manual_cell "$word" Half-close)
        equal "$word $cell" "$word $([ "$cuts" = true ] && echo lost || echo kept)"
        count=$((count + 1))
    done < <(grep -o '{ "[^}]*}' "$ROOT/preload/core/proxy/brand.c" | tr -d '{},"')
    [ "$count" -gt 8 ]
}
