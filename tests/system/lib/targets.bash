# shellcheck shell=bash
# Servers to connect to, each on 127.0.0.1 and ::1.

# start_sshd -> SSH_PORT, SSH_CONFIG (ssh -F). Logs in whoever runs the tests, with a key of the test.
start_sshd() {
    local dir

    has sshd && has ssh-keygen || return 0
    dir=$(here)/ssh
    mkdir -m 700 "$dir"
    # sshd insists on this one when it is root
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    SSH_PORT=$(free_port)
    SSH_CONFIG=$dir/config
    export SSH_PORT SSH_CONFIG
    ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
    ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
    cat > "$dir/sshd_config" << END
Port $SSH_PORT
$(both_families | sed 's/^/ListenAddress /')
HostKey $dir/host
AuthorizedKeysFile $dir/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
Subsystem sftp internal-sftp
END
    cat > "$SSH_CONFIG" << END
Host *
    Port $SSH_PORT
    User $(id -un)
    IdentityFile $dir/user
    IdentitiesOnly yes
    BatchMode yes
    StrictHostKeyChecking no
    UserKnownHostsFile $dir/known_hosts
    GlobalKnownHostsFile none
    LogLevel ERROR
END
    spawn sshd "$(command -v sshd)" -D -e -f "$dir/sshd_config"
    wait_listen sshd "$SSH_PORT"
}

# start_http -> HTTP_PORT, WWW (its files; `hello` is one)
start_http() {
    local dir

    has nginx || return 0
    dir=$(here)/nginx
    mkdir -p "$dir/www"
    HTTP_PORT=$(free_port)
    WWW=$dir/www
    export HTTP_PORT WWW
    echo 'hello from the target' > "$WWW/hello"
    cat > "$dir/nginx.conf" << END
daemon off;
master_process off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error.log warn;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $dir/1;
    proxy_temp_path $dir/2;
    fastcgi_temp_path $dir/3;
    uwsgi_temp_path $dir/4;
    scgi_temp_path $dir/5;
    server {
$(both_families | sed "s/.*/listen &:$HTTP_PORT;/")
        root $WWW;
    }
}
END
    spawn nginx nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
    wait_listen nginx "$HTTP_PORT"
}

# make_repository DIR : a bare one, with one file on one branch, that a plain file server can serve
make_repository() {
    local work

    work=$(mktemp -d -p "$(here)")
    git init -q -b main "$work"
    echo 'from the repository' > "$work/file"
    git -C "$work" add file
    git -C "$work" -c user.name=test -c user.email=test@invalid commit -q -m first
    git clone -q --bare "$work" "$1"
    git -C "$1" update-server-info
}

# start_git_daemon DIR -> GIT_PORT
start_git_daemon() {
    GIT_PORT=$(free_port)
    export GIT_PORT
    # shellcheck disable=SC2046 # a word a family
    spawn git-daemon "$(git --exec-path)/git-daemon" --export-all --base-path="$1" --port="$GIT_PORT" \
        $(both_families | tr -d '[]' | sed 's/^/--listen=/')
    wait_listen git-daemon "$GIT_PORT"
}

# start_redis -> REDIS_PORT
start_redis() {
    has redis-server || return 0
    REDIS_PORT=$(free_port)
    export REDIS_PORT
    # shellcheck disable=SC2046 # a word a family
    spawn redis-server redis-server --port "$REDIS_PORT" --save '' --appendonly no --dir "$(here)" \
        --bind $(both_families | tr -d '[]')
    wait_listen redis-server "$REDIS_PORT"
}

# start_targets -> TARGETS: the ports of tests/programs/readiness, each of which does something else. port NAME is one.
start_targets() {
    spawn targets "$PROGRAMS/readiness" -s
    wait_until grep -q 'refuse=[0-9]*,' "$(here)/targets.out"
    TARGETS=$(cat "$(here)/targets.out")
    export TARGETS
}

port() { # NAME
    sed -n "s/.*\<$1=\([0-9]*\),.*/\1/p" <<< "$TARGETS"
}

# start_greeter -> GREETER_PORT. Says "hello" and closes.
start_greeter() {
    local out

    spawn greeter "$PROGRAMS/greeter"
    out=$(here)/greeter.out
    wait_until grep -qs ^listening "$out"
    GREETER_PORT=$(sed -n 's/^listening //p' "$out")
    export GREETER_PORT
}
