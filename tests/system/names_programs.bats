#!/usr/bin/env bats
# Programs of all kinds: the proxy is asked for the name that they were given, and no resolver here is.

load helpers
load lib/names

# no_resolver_for PORT COMMAND... : the proxy is asked for the name, and nobody else; with `names local` somebody is
no_resolver_for() {
    local port=$1

    shift
    need root mountns ptrace python3 "${1##*/}"
    run traced "$@"
    asked_for "$NAME:$port"
    grep -q connect "$TRACE"
    without "$RESOLVERS" "$TRACE"
    without "$NAME" "$NSCD/asked"
    rules 'default tunnel' 'names local'
    traced "$@" > /dev/null 2>&1 || true
    grep -Eq 'htons\(53\)' "$TRACE"
    grep -aq "$NAME" "$NSCD/asked"
    : > "$NSCD/asked"
}

@test "ssh: no resolver is asked" {
    need ssh sshd
    no_resolver_for "$SSH_PORT" ssh -F "$SSH_CONFIG" "$NAME" echo it is there
    contains "$output" 'it is there'
}

@test "git: no resolver is asked" {
    no_resolver_for "$GIT_PORT" git ls-remote "git://$NAME:$GIT_PORT/repository.git"
    contains "$output" refs/heads/main
}

@test "curl: no resolver is asked" {
    need nginx
    no_resolver_for "$HTTP_PORT" curl -sS "http://$NAME:$HTTP_PORT/hello"
    contains "$output" 'hello from the target'
}

@test "wget: no resolver is asked" {
    need nginx
    no_resolver_for "$HTTP_PORT" wget -T 5 -t 1 -qO- "http://$NAME:$HTTP_PORT/hello"
    contains "$output" 'hello from the target'
}

@test "python: no resolver is asked" {
    need nginx python3
    no_resolver_for "$HTTP_PORT" "$(python)" -c "
import urllib.request
print(urllib.request.urlopen('http://$NAME:$HTTP_PORT/hello').read())"
    contains "$output" 'hello from the target'
}

@test "node: no resolver is asked" {
    need nginx
    no_resolver_for "$HTTP_PORT" node -e "
require('http').get('http://$NAME:$HTTP_PORT/hello', reply => reply.pipe(process.stdout))"
    contains "$output" 'hello from the target'
}

@test "java: no resolver is asked" {
    need nginx java
    cat > "$BATS_TEST_TMPDIR/Get.java" << END
public class Get {
    public static void main(String[] arguments) throws Exception {
        new java.net.URL("http://$NAME:$HTTP_PORT/hello").openStream().transferTo(System.out);
    }
}
END
    no_resolver_for "$HTTP_PORT" java -XX:+UseSerialGC "$BATS_TEST_TMPDIR/Get.java"
    contains "$output" 'hello from the target'
}

@test "socat, which says AI_PASSIVE of what it connects to: no resolver is asked" {
    need socat
    no_resolver_for "$GREETER_PORT" socat -u "TCP:$NAME:$GREETER_PORT" -
    contains "$output" hello
}

@test "psql: no resolver is asked" {
    no_resolver_for "$GREETER_PORT" psql "host=$NAME port=$GREETER_PORT connect_timeout=5" -c 'select 1'
}

@test "lynx: no resolver is asked" {
    need nginx
    no_resolver_for "$HTTP_PORT" lynx -dump "http://$NAME:$HTTP_PORT/hello"
    contains "$output" 'hello from the target'
}

@test "apt-get: no resolver is asked" {
    local dir=$BATS_TEST_TMPDIR/apt

    need nginx apt-get
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/parts" "$WWW/apt"
    : > "$WWW/apt/Packages"
    echo "deb [trusted=yes] http://$NAME:$HTTP_PORT/apt ./" > "$dir/sources.list"
    no_resolver_for "$HTTP_PORT" apt-get -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts="$dir/parts" \
        -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o APT::Sandbox::User=root \
        -o Acquire::Retries=0 -o Acquire::http::Proxy=false update
}
