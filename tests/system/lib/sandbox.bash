# shellcheck shell=bash
# shellcheck disable=SC2034 # for the tests
# The system calls that the library makes, and sandboxes refuse; sandboxes.bats looks whether they are all here.
# mmap and openat stand for "no configuration", before which loopback is direct.

CALLS=(setsockopt getsockopt "setsockopt,getsockopt" getsockname getpeername poll ppoll recvfrom sendto shutdown futex
    rt_sigprocmask rt_sigaction rt_sigpending epoll_ctl gettid getpid tkill madvise munmap openat close fcntl
    "fcntl,openat" "fcntl,setsockopt" dup3 ioctl read pread64 pwrite64 getuid
    "newfstatat,fstat" geteuid getrandom uname mprotect)
