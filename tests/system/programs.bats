#!/usr/bin/env bats
# Programs that people run, through real proxies: each fetches from a server and the proxy's log has the CONNECT.

load helpers

setup_file() {
    start_http
    start_sshd
    start_redis
    start_squid
    start_tinyproxy
    if has git; then
        mkdir "$BATS_FILE_TMPDIR/git"
        make_repository "$BATS_FILE_TMPDIR/git/repo.git"
        start_git_daemon "$BATS_FILE_TMPDIR/git"
        [ -z "${WWW:-}" ] || cp -r "$BATS_FILE_TMPDIR/git/repo.git" "$WWW"
    fi
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before ${HTTP_PORT:-} ${SSH_PORT:-} ${GIT_PORT:-} ${REDIS_PORT:-}
}

HELLO='hello from the target'

# fetches PORT COMMAND... : its output is, or ends with, the greeting
fetches() {
    local port=$1

    shift
    run tunnelled "$@"
    succeeds
    equal "${output##*"$NEWLINE"}" "$HELLO"
    went_through "$port"
}

curl_fetches() { # PROXY FAMILY
    need curl nginx
    through "$@"
    fetches "$HTTP_PORT" curl -sS --noproxy '*' "http://$URLHOST:$HTTP_PORT/hello"
}

@test "curl through squid" { curl_fetches squid 4; }
@test "curl through squid, IPv6" { curl_fetches squid 6; }
@test "curl through the scripted proxy" { curl_fetches scripted 4; }
@test "curl through the scripted proxy, IPv6" { curl_fetches scripted 6; }
@test "curl through tinyproxy" { curl_fetches tinyproxy 4; }

@test "curl to IPv6 through a proxy that has IPv4 only" {
    need curl nginx ipv6
    through scripted 6
    PROXY=127.0.0.1:$SCRIPTED_PORT
    fetches "$HTTP_PORT" curl -sS --noproxy '*' "http://$URLHOST:$HTTP_PORT/hello"
}

@test "curl with fifty connections at a time through squid" {
    need curl nginx
    through squid 4
    run tunnelled curl -sS --noproxy '*' --parallel --parallel-max 50 --parallel-immediate \
        "http://$URLHOST:$HTTP_PORT/hello?[1-50]"
    succeeds
    equal "$(grep -c "$HELLO" <<< "$output")" 50
}

@test "curl fetches 100 MB intact through squid" {
    need curl nginx
    head -c 104857600 /dev/urandom > "$WWW/100M"
    through squid 4
    tunnelled curl -sS --noproxy '*' -o "$BATS_TEST_TMPDIR/100M" "http://$URLHOST:$HTTP_PORT/100M"
    cmp "$WWW/100M" "$BATS_TEST_TMPDIR/100M"
    rm "$WWW/100M"
}

git_clones() { # PROXY FAMILY URL PORT
    run tunnelled git -c http.proxy= clone -q "$1" "$BATS_TEST_TMPDIR/clone"
    succeeds
    equal "$output" ''
    equal "$(cat "$BATS_TEST_TMPDIR/clone/file")" 'from the repository'
    went_through "$2"
}

git_over_ssh() { # PROXY FAMILY
    need git ssh sshd login-shell
    through "$@"
    export GIT_SSH_COMMAND="ssh -F $SSH_CONFIG"
    git_clones "ssh://$URLHOST:$SSH_PORT$BATS_FILE_TMPDIR/git/repo.git" "$SSH_PORT"
}

git_over_git() { # PROXY FAMILY
    need git
    through "$@"
    git_clones "git://$URLHOST:$GIT_PORT/repo.git" "$GIT_PORT"
}

git_over_http() { # PROXY FAMILY
    need git nginx
    through "$@"
    git_clones "http://$URLHOST:$HTTP_PORT/repo.git" "$HTTP_PORT"
}

@test "git over ssh through squid" { git_over_ssh squid 4; }
@test "git over ssh through squid, IPv6" { git_over_ssh squid 6; }
@test "git over ssh through the scripted proxy" { git_over_ssh scripted 4; }
@test "git over ssh through the scripted proxy, IPv6" { git_over_ssh scripted 6; }
@test "git's own protocol through squid" { git_over_git squid 4; }
@test "git's own protocol through squid, IPv6" { git_over_git squid 6; }
@test "git's own protocol through the scripted proxy" { git_over_git scripted 4; }
@test "git's own protocol through the scripted proxy, IPv6" { git_over_git scripted 6; }
@test "git over http through squid" { git_over_http squid 4; }
@test "git over http through squid, IPv6" { git_over_http squid 6; }
@test "git over http through the scripted proxy" { git_over_http scripted 4; }
@test "git over http through the scripted proxy, IPv6" { git_over_http scripted 6; }

# Blocking, with a time limit (non-blocking underneath), and an event loop.
python_fetches() { # PROXY FAMILY
    need python3 nginx
    through "$@"
    run tunnelled "$(python)" - "$HOST" "$HTTP_PORT" << 'END'
import asyncio, socket, sys

where = sys.argv[1], int(sys.argv[2])
request = b"GET /hello HTTP/1.0\r\n\r\n"

def fetch(timeout):
    with socket.create_connection(where, timeout) as s:
        s.sendall(request)
        return s.makefile("rb").read()

async def fetch_async():
    reader, writer = await asyncio.open_connection(*where)
    writer.write(request)
    return await reader.read()

async def fetch_many():
    return await asyncio.gather(*(fetch_async() for _ in range(20)))

for reply in fetch(None), fetch(20), *asyncio.run(fetch_many()):
    print(reply.splitlines()[-1].decode())
END
    succeeds
    equal "$(uniq -c <<< "$output" | tr -s ' ')" " 22 $HELLO"
    went_through "$HTTP_PORT"
}

@test "python3 through squid" { python_fetches squid 4; }
@test "python3 through squid, IPv6" { python_fetches squid 6; }
@test "python3 through the scripted proxy" { python_fetches scripted 4; }
@test "python3 through the scripted proxy, IPv6" { python_fetches scripted 6; }

@test "wget through squid" {
    need wget nginx
    through squid 4
    fetches "$HTTP_PORT" wget -q --no-proxy --tries=1 -O - "http://$URLHOST:$HTTP_PORT/hello"
}

@test "nc through squid" {
    need nc nginx
    through squid 4
    fetches "$HTTP_PORT" nc "$HOST" "$HTTP_PORT" <<< $'GET /hello HTTP/1.0\r\n\r'
}

@test "perl through squid" {
    need perl nginx
    through squid 4
    fetches "$HTTP_PORT" perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die "$@";
        print $s "GET /hello HTTP/1.0\r\n\r\n";
        print while <$s>;' "$HOST" "$HTTP_PORT"
}

@test "node through squid" {
    need node nginx
    through squid 4
    fetches "$HTTP_PORT" node -e '
        const [host, port] = process.argv.slice(1);
        require("http").get({ host, port, path: "/hello" }, reply => reply.pipe(process.stdout));' \
        "$HOST" "$HTTP_PORT"
}

@test "java through squid" {
    need java javac nginx
    through squid 4
    cat > "$BATS_TEST_TMPDIR/Fetch.java" << 'END'
import java.net.*;
import java.net.http.*;

class Fetch {
    public static void main(String[] where) throws Exception {
        try (Socket socket = new Socket(where[0], Integer.parseInt(where[1]))) {
            socket.getOutputStream().write("GET /hello HTTP/1.0\r\n\r\n".getBytes());
            System.out.println(new String(socket.getInputStream().readAllBytes()).strip().endsWith("target"));
        }
        URI uri = URI.create("http://" + where[0] + ":" + where[1] + "/hello");
        System.out.print(HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(),
            HttpResponse.BodyHandlers.ofString()).body());
    }
}
END
    fetches "$HTTP_PORT" java -XX:TieredStopAtLevel=1 "$BATS_TEST_TMPDIR/Fetch.java" "$HOST" "$HTTP_PORT"
    equal "${lines[0]}" true
}

@test "redis-cli through squid" {
    need redis-cli redis-server
    through squid 4
    run tunnelled redis-cli -h "$HOST" -p "$REDIS_PORT" set key value
    equal "$output" OK
    run tunnelled redis-cli -h "$HOST" -p "$REDIS_PORT" get key
    equal "$output" value
    went_through "$REDIS_PORT"
}

@test "bash's /dev/tcp through squid" {
    need nginx
    through squid 4
    # shellcheck disable=SC2016 # for the other bash
    fetches "$HTTP_PORT" bash -c '
        exec 3<> "/dev/tcp/$0/$1"
        printf "GET /hello HTTP/1.0\r\n\r\n" >&3
        cat <&3' "$HOST" "$HTTP_PORT"
}
