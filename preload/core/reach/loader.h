/* The loader called by hand on the way to a program: ld-linux-x86-64.so.2 [OPTION]... PROGRAM [ARGUMENT]... It obeys
 * LD_PRELOAD as it does when the kernel calls it. */
#ifndef PTUNNEL_LOADER_H
#define PTUNNEL_LOADER_H

#include "env.h"

/* The words are those of a loader, glibc's or musl's: makes them those of the program that it loads. */
enum reach_env reach_through_loader(struct reach_walk *walk);

#endif
