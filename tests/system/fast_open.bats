#!/usr/bin/env bats
# MSG_FASTOPEN: to a tunnelled target it is what the kernel makes of it without a cookie.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '*:1' 'status 403' --on '*' "to 127.0.0.1:$GREETER_PORT"
    cat > "$BATS_FILE_TMPDIR/fast.py" << 'END'
import ctypes, errno, os, select, socket, sys
port, refused, sort = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
libc = ctypes.CDLL(None, use_errno=True)
def code(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
def several(s, data, flags, to):    # sendmmsg() of two messages
    name = ctypes.create_string_buffer(socket.AF_INET.to_bytes(2, sys.byteorder) + to[1].to_bytes(2, 'big') + socket.inet_aton(to[0]) + bytes(8), 16)
    class part(ctypes.Structure):
        _fields_ = [('base', ctypes.c_char_p), ('size', ctypes.c_size_t)]
    class message(ctypes.Structure):
        _fields_ = [('name', ctypes.c_void_p), ('name_size', ctypes.c_uint), ('parts', ctypes.POINTER(part)), ('count', ctypes.c_size_t),
                    ('control', ctypes.c_void_p), ('control_size', ctypes.c_size_t), ('flags', ctypes.c_int), ('sent', ctypes.c_uint)]
    piece = part(data, len(data))
    messages = (message * 2)(*(message(ctypes.addressof(name), 16, ctypes.pointer(piece), 1, None, 0, 0, 0) for i in range(2)))
    if libc.sendmmsg(s.fileno(), messages, 2, flags) < 0:
        raise OSError(ctypes.get_errno(), '')
    return 'sent', messages[0].sent, messages[1].sent
send = {
    'sendto': lambda s, data, flags, to: s.sendto(data, flags, to),
    'sendmsg': lambda s, data, flags, to: s.sendmsg([data], [], flags, to),
    'sendmmsg': several }[sort]
here = '127.0.0.1', port
for blocking in True, False:
    for more in 0, socket.MSG_DONTWAIT:
        for to in here, ('127.0.0.1', refused):
            s = socket.socket()
            s.setblocking(blocking)
            first = code(send, s, b'data', socket.MSG_FASTOPEN | more, to)
            print(sort, blocking, more, 'first', first, 'blocking', os.get_blocking(s.fileno()))
            select.select([], [s], [], 5)
            if to == here:
                print(' again', code(send, s, b'data', socket.MSG_FASTOPEN | more, to))
                select.select([s], [], [], 5)
                print(' heard', code(s.recv, 5))
            else:
                print(' error', s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0)
print('no address', code(socket.socket().send, b'data', socket.MSG_FASTOPEN))
END
}

@test "sendto, sendmsg and sendmmsg with MSG_FASTOPEN are what they are natively without a cookie" {
    local closed=1 sort

    need python3
    for sort in sendto sendmsg sendmmsg; do
        # Port 1 refuses, also natively. A refusal of the proxy's is EACCES where the kernel's is ECONNREFUSED.
        run --separate-stderr "$(python)" "$BATS_FILE_TMPDIR/fast.py" "$GREETER_PORT" "$closed" "$sort"
        succeeds
        native=$output
        run --separate-stderr tunnelled "$(python)" "$BATS_FILE_TMPDIR/fast.py" "$GREETER_PORT" "$closed" "$sort"
        equal "${output//EACCES/ECONNREFUSED}" "$native"
    done
    contains "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT 200"
}
