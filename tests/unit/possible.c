/* What a machine that does not let a supervisor work is told, for machines that are not at hand. */
#include "../../helper/supervise/filter.c"
#include "../../helper/supervise/look.c"
#include "../../helper/supervise/possible.c"
#include "support/rows.h"

static const struct {
    const char *name;
    struct possible found;
    const char *part; /* of what is said; NULL: nothing is wrong */
} machines[] = {
    { "all is well", { .scope = 0 }, NULL },
    { "all is well, as root with Yama", { .scope = 1 }, NULL },
    { "another processor", { .machine = ENOSYS }, "this processor" },
    { "Linux 5.4", { .kernel = ENOSYS, .take = ENOSYS }, "needs Linux 5.9" },
    { "a sandbox without pidfd_getfd", { .take = ENOSYS }, "pidfd_getfd(2)" },
    { "a kernel without CONFIG_CROSS_MEMORY_ATTACH", { .read = ENOSYS }, "process_vm_readv(2)" },
    { "Ubuntu, and a container in it", { .take = EPERM, .read = EPERM, .scope = 1 }, "--cap-add SYS_PTRACE" },
    { "Yama 2", { .take = EPERM, .read = EPERM, .scope = 2 }, "ptrace_scope is 2" },
    { "Yama 3", { .take = EPERM, .read = EPERM, .scope = 3 }, "ptrace_scope is 3" },
    { "Docker as it comes", { .take = EPERM, .read = EPERM }, "--cap-add SYS_PTRACE" },
    { "only its memory is closed", { .read = EPERM }, "--cap-add SYS_PTRACE" },
    { "under another listener", { .filter = EBUSY }, "another supervisor" },
    { "seccomp is forbidden", { .filter = EPERM }, "seccomp(2)" },
    { "no seccomp", { .filter = ENOSYS }, "seccomp(2)" },
};

static void machine(void **state)
{
    const typeof(*machines) *row = *state;
    const char *wrong = possible_wrong(&row->found);

    assert_int_equal(wrong != NULL, row->part != NULL);
    if (row->part)
        assert_non_null(strstr(wrong, row->part));
}

static const struct {
    const char *name;
    int scope;
    bool may_trace, parent;
} scopes[] = {
    { "no Yama", 0, false, false },
    { "Yama 1, as Ubuntu has it", 1, false, true },
    { "Yama 1, root", 1, true, false },
    { "Yama 2 lets no parent either", 2, false, false },
    { "Yama 2, root", 2, true, false },
    { "Yama 3 lets nobody", 3, true, false },
};

static void scope(void **state)
{
    const typeof(*scopes) *row = *state;

    assert_int_equal(possible_parent_helps(row->scope, row->may_trace), row->parent);
}

int main(void)
{
    ROWS(machines, machine);
    ROWS(scopes, scope);
    return rows_run("possible");
}
