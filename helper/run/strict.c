#include "strict.h"

#include "../common/usage.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/* From 424 on system call numbers are the same in every ABI of a kernel, so one comparison serves i386 and
 * x86-64, arm and arm64. x32 and MIPS add an offset. */
#define ANSWER_ENOSYS(number)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ANSWER_ENOSYS(SYS_io_uring_setup),
#ifdef __x86_64__
    ANSWER_ENOSYS(0x40000000 | SYS_io_uring_setup), /* x32 */
#endif
#ifdef __mips__
    ANSWER_ENOSYS(4425), /* o32, n64, n32 */
    ANSWER_ENOSYS(5425),
    ANSWER_ENOSYS(6425),
#endif
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static bool is_strict(const struct config *config)
{
    return config_setting(config, CONFIG_CHILDREN)->value != 0;
}

bool strict_allows(const struct config *config, bool force)
{
    const struct place *said = &config_setting(config, CONFIG_CHILDREN)->at;
    struct place line = { .source = said->source, .line = said->line };
    char words[8192];
    struct text where = text_in(words, sizeof words);

    if (!force || !is_strict(config))
        return true;
    place_print(&where, &line);
    usage_complain("--force runs what %s refuses: say one of them", words);
    return false;
}

bool strict_begin(const struct config *config)
{
    const struct sock_fprog program = { .len = sizeof filter / sizeof *filter, .filter = filter };

    if (!is_strict(config))
        return true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
        return true;
    usage_complain("--strict=filter: io_uring cannot be closed: %s", strerror(errno));
    return false;
}
