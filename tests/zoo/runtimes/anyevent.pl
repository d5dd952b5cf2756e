use AnyEvent;
use AnyEvent::Socket;
my $done = AnyEvent->condvar;
tcp_connect $ARGV[0], $ARGV[1], sub {
    my ($s) = @_;
    if (!$s) { print "no connection\n"; return $done->send; }
    my $watch; $watch = AnyEvent->io(fh => $s, poll => 'r', cb => sub { sysread $s, my $said, 5; print "$said\n"; undef $watch; $done->send; });
}, sub { $ARGV[2] };
$done->recv;
