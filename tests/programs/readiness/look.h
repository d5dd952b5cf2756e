/* What is seen, and how it is said. */
#ifndef READINESS_LOOK_H
#define READINESS_LOOK_H

#include "story.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

_Noreturn void fail(const char *what);

/* A piece of the transcript. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

const char *error_name(int error);
const char *result_name(long result); /* "0", "17" or, by errno, "ECONNREFUSED" */
const char *bits_name(uint32_t bits); /* "IN|OUT" */

int64_t now(void); /* ms */
void nap(int ms);

/* A moment, as the thread has it. */
struct moment {
    int64_t time; /* ms */
    int64_t kept; /* ms that the thread could have run, but others did */
    long sleeps;
};

struct moment moment(void);

/* Whether a call kept its time-out. */
const char *kept_time(const struct moment *since, int ms);

/* Whether a call waited; if it has a time that ran out, whether it kept to that. */
const char *how(const struct story *story, const struct moment *since, bool ran_out);

/* The kernel's word: asleep in a call that events and signals end. */
bool sleeps(pid_t process, pid_t thread);

#endif
