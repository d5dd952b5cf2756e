/* What the agent is told and asked: see ptunnel/agent.h. And from ptunnel-run, which knows the user's word:
 *
 *   1 know ACCOUNT\nPASSWORD\nCCACHE\n     answered when it is known whether that will do: `ok\n`,
 *                                          of a ticket `ok SECONDS SERVICE WHO\n`, or `fail CAUSE WORDS\n`
 *
 * PASSWORD and CCACHE ($KRB5CCNAME) are written as in a URL, and may be empty. */
#ifndef PTUNNEL_QUESTION_H
#define PTUNNEL_QUESTION_H

#include <ptunnel/endpoint.h>
#include <ptunnel/proxy.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum question_kind { QUESTION_ASK, QUESTION_ENDED, QUESTION_KNOW };

struct question {
    enum question_kind kind;
    uint64_t id;
    unsigned leg;
    char word[16]; /* on, another; open, refused, lost */
    char target[ENDPOINT_TEXT_SIZE];
    char account[ACCOUNT_WORDS_SIZE];
    char *rest; /* behind the line: challenges, or password and cache */
    size_t rest_size;
};

/* text ends in NUL behind `size` bytes. False: it is none of these, or of another version. */
bool question_parse(struct question *out, char *text, size_t size);

/* The four words of an account. */
struct account_words {
    char proxy[ENDPOINT_TEXT_SIZE], schemes[48], service[ENDPOINT_HOST_MAX + 8];
    char user[PROXY_USER_MAX + 1]; /* decoded; "": there is none */
};
bool question_parse_account(struct account_words *out, const char *words);

/* Decodes what proxy_add_encoded() wrote. False: it is not that, or does not fit. */
bool question_decode(char *out, size_t room, const char *text, size_t size);

#endif
