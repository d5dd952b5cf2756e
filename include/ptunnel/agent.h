/* ptunnel-agent, the process that knows how to answer proxies: one question and one answer over a socket that
 * nobody else of the user's machine can open, and that is open only as long as that takes.
 *
 *   1 ask ID LEG on|another TARGET ACCOUNT\n   and the Proxy-Authenticate lines of the last 407
 *   1 ended ID LEG open|refused|lost TARGET ACCOUNT\n
 *
 *   field [tell]\n  and the header field, or nothing: the request is sent without one; with `tell` the agent
 *                   wants to hear how it ended
 *   later MS\n      ask again, with the same ID and LEG
 *   fail CAUSE WORDS\n
 *
 * ACCOUNT is what the configuration says of a proxy: "PROXY SCHEMES SERVICE USER", SCHEMES parted by commas,
 * USER as in a URL, "-" for none. LEG counts requests; a question that was asked before gets the same answer.
 * `another`: the request goes over another connection than the one before. */
#ifndef PTUNNEL_AGENT_H
#define PTUNNEL_AGENT_H

#include <ptunnel/leg.h>

enum {
    AGENT_WAIT = 15,     /* ms that an answer may take; then the same is asked again later */
    AGENT_AGAIN = 50,    /* ms after which to try again what there was no room for */
    AGENT_SILENT = 1000, /* ms in which a process asks nobody, after a question without an answer */
    AGENT_FRONT = 2048,  /* bytes of a question's first line at most, and NUL */
};

/* Words for what is amiss, for --check; the agent writes them in `fail`. */
enum agent_cause {
    AGENT_OTHER,
    AGENT_TICKET,   /* no ticket, or an expired one */
    AGENT_SERVICE,  /* Kerberos knows no such service */
    AGENT_KDC,      /* no Kerberos server answers */
    AGENT_CLOCK,    /* the clock differs from the Kerberos server's */
    AGENT_LIBRARY,  /* a library is missing */
    AGENT_PASSWORD, /* the password was refused */
    AGENT_SCHEME,   /* the proxy offers none of the schemes */
    AGENT_CAUSES
};

const char *agent_cause_word(enum agent_cause cause);

/* Where the agent's socket is: in `directory`/ptunnel ($XDG_RUNTIME_DIR, may be NULL), else below
 * /run/user/UID, else in /dev/shm/ptunnel-UID. Makes no call but getuid(2) and stat(2). */
void agent_path(struct text *out, const char *directory);

/* A connection to whoever listens there, if that is this user; -errno. It does not block. */
int agent_open(const struct net *net, const char *path);

/* Sends the question of a dial, for the next leg, or with leg NULL that one has ended. A descriptor from
 * which the answer can be read; -errno. */
int agent_ask(struct dial *dial, struct leg *leg);

/* Reads the answer if it is there, and closes the descriptor: as dial_authenticate. -EAGAIN: not there, and
 * the descriptor is still open. */
int agent_answer(struct dial *dial, struct leg *leg, int fd);

/* What it means to a dial that nobody could be asked, for this negative errno: -EACCES, with words, or a time
 * after which to try again, if it is only short of something. */
int agent_gone(struct dial *dial, int error);

/* For a guest in somebody else's process: dial_authenticate. No descriptor of it is open when it returns. */
int agent_authenticate(struct dial *dial, struct leg *leg);

#endif
