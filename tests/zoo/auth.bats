#!/usr/bin/env bats
# NTLM as a domain's own code judges it: winbind, of a server that stands alone, behind squid.

# shellcheck disable=SC2030,SC2031,SC2154 # bats: a test is a subshell, and `run` sets variables

load ../system/helpers
. "$ROOT/tests/system/lib/peers.bash"

# Samba's folders are all of this test's own; the user is one that every machine has.
write_smb_conf() {
    local folder

    install -d -m 755 /run/samba/winbindd
    for folder in private state cache lock pid run ncalrpc; do mkdir -p "$samba/$folder"; done
    chmod 755 "$samba/run"
    cat > "$samba/smb.conf" << END
[global]
 workgroup = DC
 netbios name = DC
 server role = standalone server
 security = user
 ntlm auth = ntlmv2-only
 interfaces = lo
 bind interfaces only = yes
 private dir = $samba/private
 state directory = $samba/state
 cache directory = $samba/cache
 lock directory = $samba/lock
 pid directory = $samba/pid
 ncalrpc dir = $samba/ncalrpc
 log file = $samba/log
END
}

setup_file() {
    has root && ! wbinfo -p > /dev/null 2>&1 && has winbindd && has smbpasswd && has ntlm_auth && has squid || return 0
    samba=$(here)/samba
    mkdir -p "$samba"
    chmod a+x "$(here)"
    write_smb_conf
    printf 'pw\npw\n' | smbpasswd -c "$samba/smb.conf" -s -a games > "$samba/made" 2>&1
    # It starts daemons that outlive it: in a PID namespace, whose end is theirs.
    spawn winbindd unshare --pid --fork --kill-child --mount-proc winbindd -F --no-process-group -s "$samba/smb.conf"
    wait_until wbinfo_answers
    start_http
    chmod a+rx "$samba" "$samba/state" "$samba/lock"
    chgrp "$(id -gn nobody)" "$(find "$samba" -name winbindd_privileged)"
    start_peer winbind << END
auth_param ntlm program $(command -v ntlm_auth) --configfile=$samba/smb.conf --helper-protocol=squid-2.5-ntlmssp
auth_param ntlm children 4 startup=1
auth_param negotiate program $(command -v ntlm_auth) --configfile=$samba/smb.conf --helper-protocol=gss-spnego
auth_param negotiate children 4 startup=1
END
    export WINBIND_PORT=$PEER_PORT WINBIND_LOG=$PEER_LOG
}

wbinfo_answers() {
    wbinfo -p > /dev/null 2>&1
}

setup() {
    [ -n "${WINBIND_PORT:-}" ] || skip "needs: no winbindd that runs already"
    need root winbindd smbpasswd ntlm_auth squid ss
    own_agent
}

@test "NTLM, and Negotiate with NTLM inside" {
    for scheme in ntlm negotiate; do
        run fetch "$WINBIND_PORT" --auth $scheme -U 'DC\games' -P pw
        equal "$output" 'hello from the target'
    done
}

@test "a wrong password is tried once" {
    run fetch "$WINBIND_PORT" --auth ntlm -U 'DC\games' -P wrong
    contains "$output" '407: the proxy does not accept the password of DC\games (NTLM); not tried again'
}
