#!/usr/bin/env bats
# One stray packet fails, of the languages whose compilers and runtimes are large: each looks a name up and connects, by its own
# library and, where there is such a thing, by libc's function that it finds by name.

load ../system/helpers
load ../system/lib/stray
load ../system/lib/supervise

setup_file() {
    has_namespaces && has ip && has setpriv && has nsenter && has python3 || return 0
    hold_namespaces
    connect_namespaces
    furnish
    start_gate
}

setup() {
    has_namespaces || skip 'needs: network namespaces'
    need ip setpriv nsenter python3
    CASES=0
    LIMIT=60
    cd "$BATS_TEST_TMPDIR"
}

@test "Haskell" {
    need ghc
    cat > Main.hs << 'END'
import Network.Socket
main :: IO ()
main = do
  found <- getAddrInfo (Just defaultHints { addrSocketType = Stream }) (Just "haskell.test") (Just "80")
  fd <- openSocket (head found)
  connect fd (addrAddress (head found))
  putStrLn "connected"
END
    ghc -v0 -threaded -o "$STRAY/haskell" Main.hs || skip 'needs: libghc-network-dev'
    row haskell "$STRAY/haskell"
    all_well 1
}

@test "C# of Mono, and its DllImport" {
    need mono mcs
    cat > main.cs << 'END'
using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
class Program {
    [DllImport("libc")] static extern int socket(int domain, int type, int protocol);
    [DllImport("libc")] static extern int connect(int fd, byte[] address, int size);
    static void Main(string[] words) {
        if (words[0] == "client") {
            new TcpClient("client.test", 80);
            return;
        }
        byte[] host = Dns.GetHostAddresses("import.test")[0].GetAddressBytes();
        byte[] address = { 2, 0, 0, 80, host[0], host[1], host[2], host[3], 0, 0, 0, 0, 0, 0, 0, 0 };
        Console.WriteLine(connect(socket(2, 1, 0), address, 16));
    }
}
END
    mcs -out:"$STRAY/program.exe" main.cs
    row client mono "$STRAY/program.exe" client
    row import mono "$STRAY/program.exe" import
    all_well 2
}

@test "Erlang" {
    need erl
    row erlang erl -noshell -eval '{ok, _} = gen_tcp:connect("erlang.test", 80, []), halt().'
    all_well 1
}

@test "Java: sockets, channels, HttpClient" {
    need java javac
    cat > Client.java << 'END'
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.SocketChannel;

public class Client {
    public static void main(String[] words) throws Exception {
        if (words[0].equals("socket"))
            new Socket("socket.test", 80).close();
        else if (words[0].equals("channel"))
            SocketChannel.open(new InetSocketAddress("channel.test", 80)).close();
        else
            System.out.print(HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://client.test/hello")).build(),
                HttpResponse.BodyHandlers.ofString()).body());
    }
}
END
    javac -d "$STRAY" Client.java
    row socket java -cp "$STRAY" Client socket
    row channel java -cp "$STRAY" Client channel
    row client java -cp "$STRAY" Client client
    all_well 3
}

@test "Common Lisp of SBCL" {
    need sbcl
    row sbcl sbcl --non-interactive --no-userinit --eval '(require :sb-bsd-sockets)' --eval '
(let ((fd (make-instance (quote sb-bsd-sockets:inet-socket) :type :stream :protocol :tcp)))
  (sb-bsd-sockets:socket-connect fd (sb-bsd-sockets:host-ent-address (sb-bsd-sockets:get-host-by-name "sbcl.test")) 80))'
    all_well 1
}

@test "OCaml" {
    need ocamlfind ocamlopt
    cat > main.ml << 'END'
let () =
  match Unix.getaddrinfo "ocaml.test" "80" [Unix.AI_SOCKTYPE Unix.SOCK_STREAM] with
  | found :: _ -> Unix.connect (Unix.socket found.ai_family found.ai_socktype 0) found.ai_addr
  | [] -> print_endline "no such name"
END
    ocamlfind ocamlopt -package unix -linkpkg -o "$STRAY/ocaml" main.ml
    row ocaml "$STRAY/ocaml"
    all_well 1
}

@test "Racket, and what it finds in libc" {
    need racket
    row racket racket -e '(tcp-connect "racket.test" 80)'
    row found racket -l racket/base -l ffi/unsafe -e '
(define libc (ffi-lib "libc.so.6"))
(define getaddrinfo (get-ffi-obj "getaddrinfo" libc (_fun _string _string _pointer (found : (_ptr o _pointer)) -> _int -> found)))
(define found (getaddrinfo "found.test" "80" #f))
(define address (ptr-ref found _pointer 3))
((get-ffi-obj "connect" libc (_fun _int _pointer _int -> _int))
 ((get-ffi-obj "socket" libc (_fun _int _int _int -> _int)) 2 1 0) address 16)'
    all_well 2
}

# Supervised, or refused: it makes its own system calls, and has a resolver of its own.
@test "Free Pascal, with threads and without" {
    local units

    need fpc
    need_supervisor || skip 'needs: a supervisor'
    for units in pascal "threads cthreads,"; do
        cat > main.pas << END
program main;
uses ${units#* } ssockets;
var client: TInetSocket;
begin
  client := TInetSocket.Create('${units%% *}.test', 80);
  client.Free;
  writeln('connected');
end.
END
        sed -i 's/^uses pascal /uses /' main.pas
        fpc -v0 -o"$STRAY/${units%% *}" main.pas > fpc.log || { cat fpc.log; return 1; }
        row "${units%% *}" "$STRAY/${units%% *}"
        output=$(tunnelled_user --no-supervise "$STRAY/${units%% *}") || true
        [[ $output =~ 'Free Pascal'|'statically linked' ]]
        none_strayed refused
    done
    all_well 2
}
