#include "decision.h"

#include "dial.h"
#include "reply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void log_field(void *owner, const char *line)
{
    record_line(owner, "HEADER %s", line);
}

static void log_decision(const struct question *question, const struct record *record, const char *word)
{
    if (record->headers)
        request_each_field(question->request, log_field, (void *)record);
    record_line(record, "%s %s %s", question->request->method, question->request->target, word);
}

static enum next after_refusal(const struct behaviour *rule)
{
    return rule->keep ? NEXT_REQUEST : NEXT_END;
}

/* Generates the reply for a status, and says what comes after it. */
static void say(struct decision *out, const struct question *question, const struct record *record,
                const struct answer *answer)
{
    char word[16];

    snprintf(word, sizeof word, "%d", answer->status);
    log_decision(question, record, word);
    reply_head(&out->reply, question->rule, answer);
    out->next = answer->status / 100 == 2 ? NEXT_RELAY : after_refusal(question->rule);
}

static void say_raw(struct decision *out, const struct question *question, const struct record *record)
{
    const struct behaviour *rule = question->rule;

    log_decision(question, record, "raw");
    bytes_add(&out->reply, rule->raw.data, rule->raw.length);
    out->next = rule->relay ? NEXT_RELAY : after_refusal(rule);
}

/* What the rule wants of a request that is in order. */
static void follow_rule(struct decision *out, const struct question *question, const struct record *record)
{
    const struct behaviour *rule = question->rule;
    struct pipe *down = question->down;

    reply_interims(&out->reply, rule);
    out->ending = rule->ending;
    out->endless = rule->endless;
    if (rule->silent) {
        log_decision(question, record, ending_names[rule->ending]);
        out->next = NEXT_END;
    } else if (question->dial_error && !rule->hold) {
        struct dial_failure failure = dial_failure(question->dial_error);

        say(out, question, record,
            &(struct answer){.status = failure.status, .field = rule->plain_errors ? NULL : failure.field});
    } else if (rule->raw.data) {
        say_raw(out, question, record);
    } else {
        say(out, question, record,
            &(struct answer){.status = rule->status ? rule->status : 200, .reason = rule->reason});
    }
    if (out->next == NEXT_RELAY && rule->join) {
        bytes_add(&out->reply, down->data + down->start, down->length);
        pipe_take(down, down->length);
    }
    if (rule->cuts) {
        out->reply.length = rule->cut < out->reply.length ? rule->cut : out->reply.length;
        out->next = NEXT_END;
    }
}

void decision_make(struct decision *out, const struct question *question, const struct record *record)
{
    static const struct answer login = {.status = 407, .field = "Proxy-Authenticate: Basic realm=\"proxy\""};

    out->reply.length = 0;
    out->endless = false;
    out->ending = END_CLOSE;
    if (question->refusal)
        say(out, question, record,
            &(struct answer){.status = question->refusal,
                             .field = question->refusal == 405 ? "Allow: CONNECT" : NULL});
    else if (!question->authorized)
        say(out, question, record, &login);
    else
        follow_rule(out, question, record);
}

bool decision_opens(const struct behaviour *rule)
{
    if (rule->silent || rule->cuts || rule->endless)
        return false;
    if (rule->raw.data)
        return rule->relay;
    return rule->status == 0 || rule->status / 100 == 2;
}

struct search {
    const char *wanted;
    bool found;
};

static void check_authorization(void *owner, const char *line)
{
    static const char name[] = "Proxy-Authorization:", scheme[] = "Basic ";
    struct search *search = owner;

    if (strncasecmp(line, name, strlen(name)) != 0)
        return;
    line += strlen(name);
    line += strspn(line, " \t");
    if (strncasecmp(line, scheme, strlen(scheme)) == 0 && strcmp(line + strlen(scheme), search->wanted) == 0)
        search->found = true;
}

bool decision_authorized(const struct behaviour *rule, const struct request *request)
{
    struct search search = {.wanted = rule->authorization};

    if (rule->authorization)
        request_each_field(request, check_authorization, &search);
    return !rule->authorization || search.found;
}
