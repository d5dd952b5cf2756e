#!/usr/bin/env bats
# Languages and tools, each with the way of connecting and waiting that its own library has: what a program in them says
# of a banner, a refusal and a time-out is what it says natively. The table is ptunnel-runtimes(7).

load helpers
load lib/runtimes

RUNTIMES=(python3 perl ruby php node guile lua5.4 tclsh gawk curl socat)

setup_file() {
    local here=$BATS_FILE_TMPDIR

    has python3 || return 0
    start_cases
    cat > "$here/python3" << 'END'
import socket, sys
try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), int(sys.argv[3])).recv(5))
except OSError as error:
    print(error)
END
    cat > "$here/perl" << 'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => $ARGV[2]);
print $s ? scalar <$s> : "$@\n";
END
    cat > "$here/ruby" << 'END'
require 'socket'
begin
  Socket.tcp(ARGV[0], ARGV[1].to_i, connect_timeout: ARGV[2].to_i) { |s| puts s.read(5) }
rescue SystemCallError => error
  puts error.class
end
END
    cat > "$here/php" << 'END'
<?php
$s = @fsockopen($argv[1], (int)$argv[2], $number, $words, (float)$argv[3]);
echo $s ? fgets($s) : "$number $words\n";
END
    cat > "$here/node" << 'END'
const [host, port, seconds] = process.argv.slice(2)
const s = require('net').connect({ host, port })
s.setTimeout(seconds * 1000, () => { console.log('timed out'); s.destroy() })
s.on('error', error => console.log(error.code)).on('data', data => { process.stdout.write(data); s.destroy() })
END
    cat > "$here/guile" << 'END'
(use-modules (ice-9 rdelim))
(define arguments (cdr (command-line)))
(define found (car (getaddrinfo (car arguments) (cadr arguments) AI_NUMERICSERV AF_INET SOCK_STREAM)))
(define s (socket PF_INET SOCK_STREAM 0))
(fcntl s F_SETFL O_NONBLOCK)
(catch 'system-error
  (lambda () (connect s (addrinfo:addr found)))
  (lambda arguments (display (strerror (system-error-errno arguments)))))
(if (null? (cadr (select '() (list s) '() (string->number (caddr arguments)))))
  (display "timed out\n")
  (let ((error (getsockopt s SOL_SOCKET SO_ERROR)))
    (fcntl s F_SETFL 0)
    (display (if (zero? error) (read-line s) (strerror error)))
    (newline)))
END
    cat > "$here/lua5.4" << 'END'
local s = require('socket').tcp()
s:settimeout(tonumber(arg[3]))
local connected, wrong = s:connect(arg[1], arg[2])
print(connected and s:receive(5) or wrong)
END
    cat > "$here/tclsh" << 'END'
lassign $argv host port seconds
set s [socket -async $host $port]
fileevent $s writable { set said [fconfigure $s -error]; if {$said eq ""} { fconfigure $s -blocking 1; set said [gets $s] } }
after [expr {$seconds * 1000}] { set said "timed out" }
vwait said
puts $said
END
    cat > "$here/gawk" << 'END'
BEGIN {
    there = "/inet/tcp/0/" ARGV[1] "/" ARGV[2]
    if ((there |& getline line) > 0)
        print line
    else
        print "no answer"
}
END
}

# said RUNTIME HOST PORT SECONDS : what it prints, and how it ended
said() {
    local script=$BATS_FILE_TMPDIR/$1 status=0

    case $1 in
    python3) "$(python)" "$script" "${@:2}" ;;
    guile) guile --no-auto-compile "$script" "${@:2}" ;;
    gawk) GAWK_SOCK_RETRIES=1 timeout "$4" gawk -f "$script" "${@:2}" ;;
    curl) curl -s --http0.9 --connect-timeout "$4" "http://$2:$3/" ;;
    socat) socat -u "TCP4:$2:$3,connect-timeout=$4" - ;;
    *) "$1" "$script" "${@:2}" ;;
    esac || status=$?
    echo "status $status"
}

said_native() {
    said "$@"
}

said_tunnelled() {
    LD_PRELOAD=$LIBRARY PTUNNEL_PROXY=$PROXY PTUNNEL_RULES='' said "$@"
}

@test "a banner, a refusal and a time-out are to eleven runtimes what they are natively" {
    local runtime here=() wrong=0

    need python3
    OUT=$BATS_TEST_TMPDIR
    for runtime in "${RUNTIMES[@]}"; do
        ! has "$runtime" || here+=("$runtime")
    done
    run_cases "${here[@]}"
    for runtime in "${here[@]}"; do
        behaves "$runtime" || wrong=1
    done
    [ $wrong -eq 0 ]
}

@test "all eleven are here" {
    need "${RUNTIMES[@]}"
}
