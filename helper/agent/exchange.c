#include "exchange.h"
#include "digest.h"
#include "exchanges.h"

#include <ptunnel/base64.h>
#include <ptunnel/challenge.h>
#include <ptunnel/deadline.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static enum exchange_next answer(struct exchange *exchange, const char *line, const char *rest, size_t size)
{
    size_t start = strlen(line);

    exchanges_drop_answer(exchange);
    exchange->answer = malloc(start + size);
    if (!exchange->answer)
        return EXCHANGE_LATER;
    memcpy(exchange->answer, line, start);
    memcpy(exchange->answer + start, rest, size);
    exchange->answer_size = start + size;
    return EXCHANGE_ANSWER;
}

__attribute__((format(printf, 3, 4))) static enum exchange_next
fail(struct exchange *exchange, enum agent_cause cause, const char *words, ...)
{
    char line[DIAL_WORDS_SIZE + 32];
    struct text out = text_in(line, sizeof line - 1);
    va_list list;

    text_print(&out, "fail %s ", agent_cause_word(cause));
    va_start(list, words);
    text_print_list(&out, words, &list);
    va_end(list);
    out.end++;
    text_add(&out, "\n");
    return answer(exchange, line, "", 0);
}

static bool by_password(const struct exchange *exchange)
{
    return exchange->known->password[0] != '\0';
}

static const char *user_of(const struct exchange *exchange)
{
    return exchange->known->words.user;
}

/* Kerberos servers judge its password, and not the proxy: see gss.c. */
static bool is_kerberos(const struct exchange *exchange)
{
    return exchange->scheme == SCHEME_NEGOTIATE &&
           (!by_password(exchange) || (strchr(user_of(exchange), '@') && !strchr(user_of(exchange), '\\')));
}

static enum exchange_next give(struct exchange *exchange, const char *field, size_t size)
{
    exchange->sent = true;
    return answer(exchange, by_password(exchange) && !exchange->known->proven ? "field tell\n" : "field\n",
                  field, size);
}

static enum exchange_next give_nothing(struct exchange *exchange)
{
    exchange->sent = false;
    return answer(exchange, "field\n", "", 0);
}

/* The challenges of one line after the other. *line is behind what was taken; NULL to begin. */
static bool next_challenge(const struct question *question, const char **line, const char **at,
                           struct challenge *out)
{
    const char *end = question->rest + question->rest_size;

    for (;;) {
        const char *line_end, *colon;

        if (!*line)
            *line = question->rest;
        line_end = *line < end ? memchr(*line, '\n', (size_t)(end - *line)) : NULL;
        if (!line_end)
            return false;
        if (!*at) {
            colon = memchr(*line, ':', (size_t)(line_end - *line));
            *at = colon ? colon + 1 : line_end;
        }
        if (challenge_next(at, line_end, out))
            return true;
        *line = line_end + 1;
        *at = NULL;
    }
}

static bool is_better(enum scheme scheme, const struct challenge *found, const struct challenge *best)
{
    if (scheme != SCHEME_DIGEST)
        return best->scheme_size == 0;
    return digest_can(found) && (best->scheme_size == 0 || digest_strength(found) > digest_strength(best));
}

/* The scheme's challenge; of Digest's the best one that can be answered. */
static bool find_offer(const struct question *question, enum scheme scheme, struct challenge *out)
{
    const char *line = NULL, *at = NULL;
    struct challenge found;

    *out = (struct challenge){ .scheme_size = 0 };
    while (next_challenge(question, &line, &at, &found))
        if (scheme_of(found.scheme, found.scheme_size) == scheme && is_better(scheme, &found, out))
            *out = found;
    return out->scheme_size > 0;
}

static void list_offers(const struct question *question, struct text *out)
{
    const char *line = NULL, *at = NULL;
    struct challenge found;

    while (next_challenge(question, &line, &at, &found)) {
        text_add(out, text_size(out) ? ", " : "");
        text_add_foreign(out, found.scheme, found.scheme_size, 20);
    }
}

static void make_cnonce(char *out)
{
    unsigned char random[(CNONCE_SIZE - 1) / 2];

    if (getrandom(random, sizeof random, 0) != sizeof random)
        memset(random, 0, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        *out++ = "0123456789abcdef"[random[i] >> 4];
        *out++ = "0123456789abcdef"[random[i] & 15];
    }
    *out = '\0';
}

static enum exchange_next work(struct exchange *exchange, enum job_kind kind, const char *data, size_t size,
                               struct job *job)
{
    const struct known *known = exchange->known;

    memset(job, 0, offsetof(struct job, data));
    job->kind = kind;
    job->id = exchange->id;
    job->scheme = exchange->scheme;
    job->count = exchange->count;
    job->wants_who = !known->who[0] || exchange->told;
    strcpy(job->service, known->service);
    strcpy(job->user, known->words.user);
    strcpy(job->password, known->password);
    strcpy(job->uri, exchange->target);
    strcpy(job->ccache, known->ccache);
    if (kind == JOB_DIGEST)
        make_cnonce(job->cnonce);
    job->size = size;
    if (size > 0)
        memcpy(job->data, data, size);
    exchange->working = true;
    return EXCHANGE_WORK;
}

static enum exchange_next say_basic(struct exchange *exchange)
{
    struct proxy proxy = { .has_credentials = false };
    const char *wrong = proxy_set_credentials(&proxy, user_of(exchange), exchange->known->password);
    enum exchange_next next;

    if (wrong)
        return fail(exchange, AGENT_OTHER, "%s", wrong);
    next = give(exchange, proxy.fields, strlen(proxy.fields));
    explicit_bzero(&proxy, sizeof proxy);
    return next;
}

/* Each request counts, in whatever order they reach the proxy. */
static enum exchange_next say_digest(struct exchange *exchange, struct job *job)
{
    struct known *known = exchange->known;

    if (strcmp(known->nonce, exchange->nonce) != 0) {
        strcpy(known->nonce, exchange->nonce);
        known->count = 0;
    }
    exchange->count = ++known->count;
    return work(exchange, JOB_DIGEST, exchange->nonce, strlen(exchange->nonce), job);
}

/* Accounts lock after a few wrong passwords: until one is proven, one request at a time has it. */
static bool may_try(struct exchange *exchange)
{
    struct known *known = exchange->known;
    int64_t now = deadline_now();

    if (!by_password(exchange) || known->proven || known->trial == exchange->id)
        return true;
    if (known->trial && known->trial_ends > now)
        return false;
    known->trial = exchange->id;
    known->trial_ends = now + (int64_t)TRIAL_LASTS * 1000000;
    return true;
}

static enum exchange_next say_token(struct exchange *exchange, struct job *job)
{
    struct pool *pool = &exchange->known->pool;
    enum exchange_next next;
    char *field;
    size_t size;

    if (exchange->scheme != SCHEME_NEGOTIATE || by_password(exchange))
        return work(exchange, JOB_TOKEN, "", 0, job);
    pool_count_question(pool);
    exchange->pooled = pool_take(pool, &field, &size);
    if (!exchange->pooled)
        return work(exchange, JOB_TOKEN, "", 0, job);
    next = give(exchange, field, size);
    explicit_bzero(field, size);
    free(field);
    return next;
}

static enum exchange_next say(struct exchange *exchange, enum scheme scheme, struct job *job)
{
    if (!may_try(exchange))
        return EXCHANGE_LATER;
    if (exchange->scheme != SCHEME_NONE && exchange->scheme != scheme)
        exchanges_forget(exchange); /* what a worker has of it is of the other scheme */
    exchange->scheme = scheme;
    if (scheme == SCHEME_BASIC)
        return say_basic(exchange);
    if (scheme == SCHEME_DIGEST)
        return say_digest(exchange, job);
    return say_token(exchange, job);
}

static bool keep_nonce(struct exchange *exchange, const char *challenge, size_t size)
{
    free(exchange->nonce);
    exchange->nonce = size < NONCE_SIZE ? strndup(challenge, size) : NULL;
    return exchange->nonce != NULL;
}

static bool take_nonce(struct exchange *exchange, const struct challenge *offer)
{
    const char *end = offer->parameters + offer->parameters_size;

    return keep_nonce(exchange, offer->scheme, (size_t)(end - offer->scheme));
}

/* The first request: what is known to be wanted is said at once. */
static enum exchange_next begin(struct exchange *exchange, struct job *job)
{
    struct known *known = exchange->known;
    const struct schemes *schemes = &known->schemes;
    enum scheme scheme = schemes->count == 1 && !schemes->any ? schemes->at[0] : known->worked;

    if (scheme == SCHEME_DIGEST && known->nonce[0] &&
        keep_nonce(exchange, known->nonce, strlen(known->nonce))) {
        exchange->old_nonce = true;
        return say(exchange, scheme, job);
    }
    if (scheme == SCHEME_NONE || scheme == SCHEME_DIGEST || !scheme_is_in(schemes, scheme))
        return give_nothing(exchange);
    return say(exchange, scheme, job);
}

static enum exchange_next choose(struct exchange *exchange, const struct question *question, struct job *job)
{
    const struct schemes *schemes = &exchange->known->schemes;
    struct challenge offer;
    char offers[100];
    struct text out = text_in(offers, sizeof offers);

    for (size_t i = 0; i < schemes->count; i++) {
        enum scheme scheme = schemes->at[i];

        if ((exchange->failed & 1u << scheme) || !find_offer(question, scheme, &offer) ||
            (scheme == SCHEME_DIGEST && !take_nonce(exchange, &offer)))
            continue;
        exchange->known->worked = scheme;
        exchange->old_nonce = false;
        return say(exchange, scheme, job);
    }
    list_offers(question, &out);
    return fail(exchange, AGENT_SCHEME, "407: the proxy offers %s; --auth is %s",
                offers[0] ? offers : "no scheme", exchange->known->words.schemes);
}

static enum exchange_next choose_another(struct exchange *exchange, const struct question *question,
                                         struct job *job)
{
    exchange->failed |= 1u << exchange->scheme;
    exchange->sent = exchange->goes_on = false;
    return choose(exchange, question, job);
}

/* The proxy does not accept what the last request said. A first token, of a ticket or of NTLM, has not shown it
 * the password, and another scheme may follow. Otherwise the password is wrong, and is tried by no other. */
static enum exchange_next be_refused(struct exchange *exchange, const struct question *question,
                                     struct job *job)
{
    const char *scheme = scheme_name(exchange->scheme);
    bool seen = by_password(exchange) && !exchange->goes_on && !is_kerberos(exchange);

    if (seen) {
        known_refuse(exchange->known);
        return fail(exchange, AGENT_PASSWORD,
                    "407: the proxy does not accept the password of %s (%s); not tried again",
                    user_of(exchange), scheme);
    }
    for (size_t i = 0; i < exchange->known->schemes.count; i++)
        if (exchange->known->schemes.at[i] != exchange->scheme &&
            !(exchange->failed & 1u << exchange->known->schemes.at[i]))
            return choose_another(exchange, question, job);
    return fail(exchange, AGENT_TICKET, "407: the proxy does not accept %s (%s)",
                exchange->known->who[0] ? exchange->known->who : "this ticket", scheme);
}

static enum exchange_next go_on(struct exchange *exchange, const struct question *question, struct job *job)
{
    struct challenge offer;
    char stale[8];

    if (!exchange->sent)
        return choose(exchange, question, job);
    if (!find_offer(question, exchange->scheme, &offer))
        return by_password(exchange) && !exchange->goes_on && !is_kerberos(exchange)
                   ? be_refused(exchange, question, job)
                   : choose_another(exchange, question, job);
    if (exchange->goes_on && offer.token_size > 0) {
        if (strcmp(question->word, "another") == 0)
            return fail(exchange, AGENT_OTHER, "the proxy closed the connection in the middle of %s",
                        scheme_name(exchange->scheme));
        return work(exchange, JOB_TOKEN, offer.token, offer.token_size, job);
    }
    if (exchange->scheme == SCHEME_DIGEST && take_nonce(exchange, &offer) &&
        (exchange->old_nonce ||
         (challenge_parameter(&offer, "stale", stale, sizeof stale) && text_same(stale, "true")))) {
        exchange->old_nonce = false;
        return say_digest(exchange, job);
    }
    if (exchange
            ->pooled) { /* perhaps the clock was set, or the proxy has a new key: a new one is worth a try */
        pool_empty(&exchange->known->pool);
        exchange->pooled = false;
        return work(exchange, JOB_TOKEN, "", 0, job);
    }
    return be_refused(exchange, question, job);
}

static enum exchange_next refuse_again(struct exchange *exchange)
{
    return fail(exchange, AGENT_PASSWORD,
                "the proxy did not accept the password of %s before; it is not tried again: give another one",
                user_of(exchange));
}

/* A restarted agent knows nothing of the legs before. */
static enum exchange_next decide(struct exchange *exchange, const struct question *question, struct job *job)
{
    if (by_password(exchange) && exchange->known->refused)
        return refuse_again(exchange);
    if (question->leg == 1)
        return begin(exchange, job);
    if (question->rest_size == 0)
        return fail(exchange, AGENT_SCHEME, "407: the proxy names no scheme");
    return go_on(exchange, question, job);
}

enum exchange_next exchange_ask(struct exchange *exchange, const struct question *question, struct job *job)
{
    enum exchange_next next;

    exchange->used_at = deadline_now();
    if (exchange->working)
        return EXCHANGE_BUSY;
    if (question->leg == exchange->leg && exchange->answer) {
        if (exchange->leg > 1 && exchange->scheme == SCHEME_NTLM && strcmp(question->word, "another") == 0)
            return fail(exchange, AGENT_OTHER, "the proxy closed the connection in the middle of NTLM");
        return EXCHANGE_ANSWER;
    }
    exchanges_drop_answer(exchange);
    strcpy(exchange->target, question->target);
    next = decide(exchange, question, job);
    if (next != EXCHANGE_LATER)
        exchange->leg = question->leg;
    return next;
}

enum exchange_next exchange_try(struct exchange *exchange, struct job *job)
{
    const struct schemes *schemes = &exchange->known->schemes;
    enum scheme scheme = schemes->at[0];

    exchange->told = true;
    if (by_password(exchange) && exchange->known->refused)
        return refuse_again(exchange);
    if (schemes->any && by_password(exchange))
        return answer(exchange, "ok\n", "", 0);
    exchange->scheme = scheme;
    if (scheme == SCHEME_DIGEST)
        return work(exchange, JOB_LOAD, "", 0, job);
    if (scheme == SCHEME_BASIC)
        return answer(exchange, "ok\n", "", 0);
    return work(exchange, JOB_TOKEN, "", 0, job);
}

void exchange_make_ahead(struct exchange *exchange, struct job *job)
{
    exchange->used_at = deadline_now();
    exchange->ahead = true;
    exchange->scheme = SCHEME_NEGOTIATE;
    work(exchange, JOB_AHEAD, "", 0, job);
}

static void take_ahead(struct exchange *exchange, const struct result *result)
{
    struct pool *pool = &exchange->known->pool;

    if (result->failure.words[0])
        pool->rests = true;
    else
        pool_add(pool, result->field, result->size, &result->file);
}

/* What --check tells: whose ticket it is, until when, and what was asked for. */
static void answer_know(struct exchange *exchange, const struct result *result)
{
    char line[64 + sizeof exchange->known->service + sizeof result->who];
    struct text out = text_in(line, sizeof line);

    if (!result->who[0] || by_password(exchange))
        text_add(&out, "ok\n");
    else
        text_print(&out, "ok %u %s %s\n", result->lasts, exchange->known->service, result->who);
    answer(exchange, line, "", 0);
}

void exchange_done(struct exchange *exchange, const struct result *result)
{
    const struct failure *failure = &result->failure;

    exchange->working = false;
    if (exchange->ahead) {
        take_ahead(exchange, result);
        return;
    }
    exchange->goes_on = result->goes_on;
    if (result->who[0])
        strcpy(exchange->known->who, result->who);
    if (failure->words[0]) {
        if (failure->cause == AGENT_PASSWORD)
            known_refuse(exchange->known);
        if (exchange->known->trial == exchange->id)
            exchange->known->trial = 0;
        fail(exchange, failure->cause, "%s", failure->words);
        return;
    }
    exchange->known->proven |= by_password(exchange) && is_kerberos(exchange);
    if (exchange->told) {
        answer_know(exchange, result);
    } else {
        give(exchange, result->field, result->size);
    }
}

void exchange_lose(struct exchange *exchange, const char *why)
{
    exchange->working = false;
    exchange->worker = NULL;
    exchange->known->pool.rests |= exchange->ahead;
    fail(exchange, AGENT_OTHER, "%s", why);
}

void exchange_ended(struct exchange *exchange, const char *word)
{
    struct known *known = exchange->known;

    if (known->trial != exchange->id)
        return;
    known->trial = 0;
    known->proven = strcmp(word, "lost") != 0;
}
