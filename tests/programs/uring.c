/* uring: io_uring_setup(2) by an instruction, which no hook sees, as liburing makes it: "ring", or the error's name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long setup(long entries, void *parameters)
{
#if defined __x86_64__
    long result = SYS_io_uring_setup;

    __asm__ volatile("syscall" : "+a"(result) : "D"(entries), "S"(parameters) : "rcx", "r11", "memory");
    return result;
#elif defined __aarch64__
    register long number __asm__("x8") = SYS_io_uring_setup;
    register long first __asm__("x0") = entries;
    register void *second __asm__("x1") = parameters;

    __asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second) : "memory");
    return first;
#else
    return syscall(SYS_io_uring_setup, entries, parameters) < 0 ? -errno : 0;
#endif
}

int main(void)
{
    char parameters[120] = { 0 }; /* struct io_uring_params */
    long result = setup(1, parameters);

    puts(result >= 0 ? "ring" : strerrorname_np((int)-result));
    return 0;
}
