/* Processes that make the calls which can take long, or load libraries: Kerberos servers may be silent for half
 * a minute, and nobody else's question must wait for them. A worker does one job after the other; contexts of
 * GSS-API stay in the worker that made them. */
#ifndef PTUNNEL_WORKER_H
#define PTUNNEL_WORKER_H

#include "failure.h"
#include "known.h"

#include <sys/types.h>

enum job_kind {
    JOB_TOKEN,  /* .data is the proxy's token in Base64, or nothing */
    JOB_AHEAD,  /* a first token of a ticket that nobody has asked for yet */
    JOB_DIGEST, /* .data is the challenge */
    JOB_LOAD,   /* nothing but to see whether Digest's library is there */
    JOB_FORGET, /* of a context; there is no result */
};

enum { JOB_DATA_MOST = LEG_FIELD_MOST, CNONCE_SIZE = 33 };

/* As it is sent; behind it .size bytes of .data. */
struct job {
    enum job_kind kind;
    uint64_t id;
    enum scheme scheme;
    uint32_t count; /* of Digest's nonce */
    bool wants_who; /* which takes time: .who of the result */
    char cnonce[CNONCE_SIZE];
    char service[ENDPOINT_HOST_MAX + 8];
    char user[PROXY_USER_MAX + 1], password[PROXY_USER_MAX + 1];
    char uri[ENDPOINT_TEXT_SIZE];
    char ccache[CCACHE_SIZE];
    size_t size;
    char data[JOB_DATA_MOST];
};

struct result {
    uint64_t id;
    bool goes_on; /* the context expects a token of the proxy */
    struct failure failure;
    char who[128];
    uint32_t lasts;          /* seconds that the ticket of `who` is still good for; 0: nobody knows */
    struct ticket_file file; /* of JOB_AHEAD: as it was before */
    size_t size;
    char field[LEG_FIELD_MOST]; /* the header field, CRLF included */
};

size_t job_size(const struct job *job);
size_t result_size(const struct result *result);

/* A new worker: its socket, or -errno. It ends when that is closed. */
int worker_start(pid_t *pid);

#endif
