/* The seccomp filter, run by a small interpreter of the instructions that it is made of. */
#include "../../helper/supervise/filter.c"
#include "support/rows.h"

#include <stdlib.h>
#include <string.h>

static unsigned word_at(const struct seccomp_data *data, unsigned offset)
{
    unsigned word;

    assert_true(offset % 4 == 0 && offset < sizeof *data);
    memcpy(&word, (const char *)data + offset, sizeof word);
    return word;
}

static unsigned result_of(const struct seccomp_data *data, bool strict)
{
    struct sock_filter filter[FILTER_MOST];
    size_t size = filter_write(filter, strict);
    unsigned accumulator = 0;

    for (size_t at = 0; at < size; at++) {
        const struct sock_filter *step = &filter[at];
        bool jumps = false;

        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            accumulator = word_at(data, step->k);
            continue;
        case BPF_RET | BPF_K:
            return step->k;
        case BPF_JMP | BPF_JEQ | BPF_K:
            jumps = accumulator == step->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            jumps = accumulator >= step->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            jumps = (accumulator & step->k) != 0;
            break;
        default:
            fail_msg("instruction %x", step->code);
        }
        at += jumps ? step->jt : step->jf;
    }
    fail_msg("it has no end");
    return 0;
}

#define HIGH UINT64_C(0x100000000)
static const struct {
    const char *name;
    struct seccomp_data call;
    unsigned result, strict; /* strict: 0: the same */
} calls[] = {
    { "connect", { .nr = SYS_connect, .args = { 3, 4, 16 } }, ASK, 0 },
    { "getpeername", { .nr = SYS_getpeername }, ASK, 0 },
    { "shutdown", { .nr = SYS_shutdown, .args = { 3, SHUT_WR } }, ASK, 0 },
    { "epoll_ctl", { .nr = SYS_epoll_ctl }, ASK, LET },
    { "recvmsg", { .nr = SYS_recvmsg }, ASK, 0 },
    { "SO_ERROR", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET, SO_ERROR } }, ASK, 0 },
    { "SO_ERROR, and more in the upper halves", { .nr = SYS_getsockopt, .args = { 3, HIGH | SOL_SOCKET, HIGH | SO_ERROR } }, ASK, 0 },
    { "another option", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET, SO_TYPE } }, LET, 0 },
    { "the same number of another level", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET + 5, SO_ERROR } }, LET, 0 },
    { "send", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, 0, 0 } }, LET, 0 },
    { "sendto", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, 4096, 16 } }, ASK, 0 },
    { "sendto, an address whose lower half is 0", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, HIGH, 16 } }, ASK, 0 },
    { "sendto with MSG_FASTOPEN", { .nr = SYS_sendto, .args = { 3, 4, 5, MSG_FASTOPEN | MSG_DONTWAIT, 4096, 16 } }, NOT_SUPPORTED, 0 },
    { "send with MSG_FASTOPEN", { .nr = SYS_sendto, .args = { 3, 4, 5, MSG_FASTOPEN, 0, 0 } }, NOT_SUPPORTED, 0 },
    { "sendmsg", { .nr = SYS_sendmsg, .args = { 3, 4, MSG_NOSIGNAL } }, ASK, 0 },
    { "sendmmsg", { .nr = SYS_sendmmsg, .args = { 3, 4, 1, 0 } }, ASK, 0 },
    { "sendmsg with MSG_FASTOPEN", { .nr = SYS_sendmsg, .args = { 3, 4, MSG_FASTOPEN } }, NOT_SUPPORTED, 0 },
    { "sendmmsg with MSG_FASTOPEN", { .nr = SYS_sendmmsg, .args = { 3, 4, 1, MSG_FASTOPEN } }, NOT_SUPPORTED, 0 },
    { "recv", { .nr = SYS_recvfrom, .args = { 3, 4, 5, 0, 0, 0 } }, LET, 0 },
    { "recvfrom", { .nr = SYS_recvfrom, .args = { 3, 4, 5, 0, 4096, 8192 } }, ASK, 0 },
    { "io_uring_setup", { .nr = SYS_io_uring_setup }, NO_SUCH_CALL, 0 },
    { "a socket of IPv6", { .nr = SYS_socket, .args = { AF_INET6 } }, LET, LET },
    { "a socket of the kernel", { .nr = SYS_socket, .args = { AF_NETLINK } }, LET, LET },
    { "a local socket", { .nr = SYS_socket, .args = { HIGH | AF_UNIX } }, LET, LET },
    { "a socket of cryptography", { .nr = SYS_socket, .args = { AF_ALG } }, LET, LET },
    { "a socket to the virtual machine's host", { .nr = SYS_socket, .args = { AF_VSOCK } }, LET, NO_FAMILY },
    { "a socket of Bluetooth", { .nr = SYS_socket, .args = { AF_BLUETOOTH } }, LET, NO_FAMILY },
    { "a socket of no family", { .nr = SYS_socket, .args = { 0 } }, LET, NO_FAMILY },
    { "a key that is there", { .nr = SYS_request_key, .args = { 1, 2, 0, 4 } }, LET, LET },
    { "a key that somebody has to make", { .nr = SYS_request_key, .args = { 1, 2, 3, 4 } }, LET, NO_KEY },
    { "read", { .nr = SYS_read }, LET, 0 },
    { "write", { .nr = SYS_write }, LET, 0 },
    { "execve", { .nr = SYS_execve }, LET, 0 },
    { "seccomp", { .nr = SYS_seccomp }, LET, 0 },
    { "the last number", { .nr = 0x3fffffff }, LET, 0 },
};

static void call(void **state)
{
    const typeof(*calls) *row = *state;
    struct seccomp_data data = row->call, elsewhere = row->call;

    data.arch = NATIVE;
    assert_int_equal(result_of(&data, false), row->result);
    assert_int_equal(result_of(&data, true), row->strict ? row->strict : row->result);
    elsewhere.arch = NATIVE ^ 1;
    assert_int_equal(result_of(&elsewhere, false), NO_SUCH_CALL);
    assert_int_equal(result_of(&elsewhere, true), NO_SUCH_CALL);
#ifdef __x86_64__
    data.nr |= X32_BIT;
    assert_int_equal(result_of(&data, true), NO_SUCH_CALL);
#endif
}

int main(void)
{
    ROWS(calls, call);
    return rows_run("filter");
}
