/* uring: io_uring_setup(2) by a system call that no hook of syscall(3) sees, as liburing makes it: "ring", or the error's
 * name. */
#include <dlfcn.h>
#include <errno.h>
#include <gnu/lib-names.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

int main(void)
{
    void *libc = dlopen(LIBC_SO, RTLD_NOW);
    long (*call)(long number, ...) = (long (*)(long, ...))dlsym(libc, "syscall");
    char parameters[120] = { 0 }; /* struct io_uring_params */

    errno = 0;
    if (call(SYS_io_uring_setup, 1L, parameters) >= 0)
        puts("ring");
    else
        puts(strerrorname_np(errno));
    return 0;
}
