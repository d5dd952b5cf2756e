#include "known.h"

#include <ptunnel/text.h>

#include <stdlib.h>
#include <string.h>

static struct known *first;

struct known *known_find(const char *account)
{
    struct known *at = first;

    while (at && strcmp(at->account, account) != 0)
        at = at->next;
    return at;
}

static bool is_same_user(const struct known *a, const struct known *b)
{
    return strcmp(a->words.proxy, b->words.proxy) == 0 && strcmp(a->words.user, b->words.user) == 0;
}

static bool was_refused(const struct known *known)
{
    for (const struct known *at = first; at; at = at->next)
        if (at->refused && is_same_user(at, known) && strcmp(at->password, known->password) == 0)
            return true;
    return false;
}

/* What getaddrinfo(3) makes of the name is not asked: Kerberos has rules of its own. */
static void name_service(struct known *known)
{
    struct text out = text_in(known->service, sizeof known->service);
    struct endpoint proxy;
    char host[ENDPOINT_TEXT_SIZE] = "";

    if (strcmp(known->words.service, "-") != 0) {
        text_add(&out, known->words.service);
        return;
    }
    if (!endpoint_parse(&proxy, known->words.proxy, strlen(known->words.proxy), 0))
        endpoint_print_host(&proxy, host);
    text_print(&out, "HTTP@%s", host);
}

static struct known *make(const char *account)
{
    struct known *known = calloc(1, sizeof *known);

    if (!known || !question_parse_account(&known->words, account)) {
        free(known);
        return NULL;
    }
    strcpy(known->account, account);
    name_service(known);
    known->next = first;
    return known;
}

struct known *known_tell(const char *account, const char *password, const char *ccache)
{
    struct known *known = known_find(account);
    struct schemes schemes;
    bool is_new = !known;

    if (is_new)
        known = make(account);
    if (!known)
        return NULL;
    if (!scheme_list(&schemes, known->words.schemes, password[0] != '\0') ||
        strlen(password) >= sizeof known->password || strlen(ccache) >= sizeof known->ccache) {
        if (is_new)
            free(known);
        return NULL;
    }
    if (is_new)
        first = known;
    known->schemes = schemes;
    if (strcmp(known->ccache, ccache) != 0)
        pool_empty(&known->pool);
    strcpy(known->ccache, ccache);
    if (strcmp(known->password, password) == 0 && !is_new)
        return known;
    explicit_bzero(known->password, sizeof known->password);
    strcpy(known->password, password);
    known->refused = known->proven = false;
    known->trial = 0;
    known->nonce[0] = '\0';
    known->refused = password[0] && was_refused(known);
    return known;
}

void known_refuse(struct known *known)
{
    for (struct known *at = first; at; at = at->next)
        if (is_same_user(at, known) && strcmp(at->password, known->password) == 0) {
            at->refused = true;
            at->trial = 0;
        }
}

struct known *known_that_wants_token(void)
{
    struct known *at = first;

    while (at && (at->jobs > 0 || !pool_wants(&at->pool)))
        at = at->next;
    return at;
}

void known_drop_old_tokens(void)
{
    for (struct known *at = first; at; at = at->next)
        pool_drop_old(&at->pool);
}

void known_forget_all(void)
{
    while (first) {
        struct known *next = first->next;

        pool_empty(&first->pool);
        explicit_bzero(first, sizeof *first);
        free(first);
        first = next;
    }
}
