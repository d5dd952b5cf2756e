/* The rows: what is done, for which outcomes, with which calls. */
#ifndef READINESS_ROWS_H
#define READINESS_ROWS_H

struct outcome {
    const char *name;
    const char *waits;  /* % */
    const char *answer; /* ~ */
};

/* Which calls a row is run with: FEW is poll and epoll_wait, ONE poll. */
enum reach { EVERY, SETS, FEW, ONE };

struct row {
    const char *name, *outcomes, *script;
    enum reach reach;
};

/* Each ends with one without a name. */
extern const struct outcome outcomes[];
extern const struct row crossed[]; /* each is run with the calls that wait, and for each outcome */
extern const struct row single[];  /* each is run with poll, and those of FEW with epoll_wait */

#endif
