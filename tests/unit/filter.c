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

static unsigned result_of(const struct seccomp_data *data)
{
    struct sock_filter filter[FILTER_MOST];
    size_t size = filter_write(filter);
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
    unsigned result;
} calls[] = {
    { "connect", { .nr = SYS_connect, .args = { 3, 4, 16 } }, ASK },
    { "getpeername", { .nr = SYS_getpeername }, ASK },
    { "epoll_ctl", { .nr = SYS_epoll_ctl }, ASK },
    { "recvmsg", { .nr = SYS_recvmsg }, ASK },
    { "SO_ERROR", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET, SO_ERROR } }, ASK },
    { "SO_ERROR, and more in the upper halves", { .nr = SYS_getsockopt, .args = { 3, HIGH | SOL_SOCKET, HIGH | SO_ERROR } }, ASK },
    { "another option", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET, SO_TYPE } }, LET },
    { "the same number of another level", { .nr = SYS_getsockopt, .args = { 3, SOL_SOCKET + 5, SO_ERROR } }, LET },
    { "send", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, 0, 0 } }, LET },
    { "sendto", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, 4096, 16 } }, ASK },
    { "sendto, an address whose lower half is 0", { .nr = SYS_sendto, .args = { 3, 4, 5, 0, HIGH, 16 } }, ASK },
    { "sendto with MSG_FASTOPEN", { .nr = SYS_sendto, .args = { 3, 4, 5, MSG_FASTOPEN | MSG_DONTWAIT, 4096, 16 } }, NOT_SUPPORTED },
    { "send with MSG_FASTOPEN", { .nr = SYS_sendto, .args = { 3, 4, 5, MSG_FASTOPEN, 0, 0 } }, NOT_SUPPORTED },
    { "sendmsg", { .nr = SYS_sendmsg, .args = { 3, 4, MSG_NOSIGNAL } }, LET },
    { "sendmsg with MSG_FASTOPEN", { .nr = SYS_sendmsg, .args = { 3, 4, MSG_FASTOPEN } }, NOT_SUPPORTED },
    { "sendmmsg with MSG_FASTOPEN", { .nr = SYS_sendmmsg, .args = { 3, 4, 1, MSG_FASTOPEN } }, NOT_SUPPORTED },
    { "recv", { .nr = SYS_recvfrom, .args = { 3, 4, 5, 0, 0, 0 } }, LET },
    { "recvfrom", { .nr = SYS_recvfrom, .args = { 3, 4, 5, 0, 4096, 8192 } }, ASK },
    { "io_uring_setup", { .nr = SYS_io_uring_setup }, NO_SUCH_CALL },
    { "read", { .nr = SYS_read }, LET },
    { "write", { .nr = SYS_write }, LET },
    { "execve", { .nr = SYS_execve }, LET },
    { "seccomp", { .nr = SYS_seccomp }, LET },
    { "the last number", { .nr = 0x3fffffff }, LET },
};

static void call(void **state)
{
    const typeof(*calls) *row = *state;
    struct seccomp_data data = row->call, elsewhere = row->call;

    data.arch = NATIVE;
    assert_int_equal(result_of(&data), row->result);
    elsewhere.arch = NATIVE ^ 1;
    assert_int_equal(result_of(&elsewhere), NO_SUCH_CALL);
#ifdef __x86_64__
    data.nr |= X32_BIT;
    assert_int_equal(result_of(&data), NO_SUCH_CALL);
#endif
}

int main(void)
{
    ROWS(calls, call);
    return rows_run("filter");
}
