/* What the agent says to a proxy, request by request, told as questions and answers; workers are played. */
#include "support/fake_clock.h"
#include "support/rows.h"

#include "../../helper/agent/exchange.h"
#include "../../helper/agent/exchanges.h"

#include <ptunnel/challenge.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PA     "Proxy-Authenticate: "
#define DIGEST PA "Digest realm=\"corp\", nonce=\"1\", qop=\"auth\"\n"
#define STALE  PA "Digest realm=\"corp\", nonce=\"2\", qop=\"auth\", stale=TRUE\n"
#define FRESH  PA "Digest realm=\"corp\", nonce=\"3\", qop=\"auth\", stale=false\n"
#define ALL    PA "Negotiate\n" PA "NTLM\n" DIGEST PA "Basic realm=\"corp\"\n"
#define REFUSED_BY(scheme) "fail password 407: the proxy does not accept the password of alice (" scheme "); not tried again"

/* A line is a question, "LEG CHALLENGES" (or "LEG! ..." if it goes over another connection), and what comes of it: an answer without its
 * line end, or "work KIND DATA", for which a worker then has what stands behind "=" : a field, "+field" if it goes on, "-CAUSE". */
struct turn {
    const char *question, *outcome, *worker;
};
#define TURNS(...) ((const struct turn[]){ __VA_ARGS__, { NULL, NULL, NULL } })

static const struct {
    const char *name, *schemes, *password;
    const struct turn *turns;
} stories[] = {
    { "Negotiate is said at once", "negotiate", "", TURNS({ "1 ", "work Negotiate ", "+field" }, { "1 ", "field\n+field", NULL }) },
    { "a ticket that is refused", "negotiate", "",
      TURNS({ "1 ", "work Negotiate ", "+field" }, { "2 " PA "Negotiate\n", "fail ticket 407: the proxy does not accept who (Negotiate)", NULL }) },
    { "a ticket that nobody offered to take", "negotiate", "",
      TURNS({ "1 ", "work Negotiate ", "+field" }, { "2 " DIGEST, "fail scheme 407: the proxy offers Digest; --auth is negotiate", NULL }) },
    { "a token that is the last one, and is refused", "negotiate", "",
      TURNS({ "1 ", "work Negotiate ", "field" }, { "2 " PA "Negotiate oQ==\n", "fail ticket 407: the proxy does not accept who (Negotiate)", NULL }) },
    { "no ticket", "negotiate", "", TURNS({ "1 ", "work Negotiate ", "-no ticket" }) },
    { "NTLM in three", "ntlm", "pw",
      TURNS({ "1 ", "work NTLM ", "+one" }, { "2 " PA "NTLM dHdv\n", "work NTLM dHdv", "three" }, { "2 ", "field tell\nthree", NULL }) },
    { "NTLM, a wrong password", "ntlm", "pw",
      TURNS({ "1 ", "work NTLM ", "+one" }, { "2 " PA "NTLM dHdv\n", "work NTLM dHdv", "three" }, { "3 " PA "NTLM\n", REFUSED_BY("NTLM"), NULL },
            { "1 ", "fail password the proxy did not accept the password of alice before; it is not tried again: give another one", NULL }) },
    { "NTLM, closed in the middle", "ntlm", "pw",
      TURNS({ "1 ", "work NTLM ", "+one" },
            { "2! " PA "NTLM dHdv\n", "fail other the proxy closed the connection in the middle of NTLM", NULL }) },
    { "NTLM is not for this proxy: no password was seen", "ntlm,digest", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " PA "NTLM\n" DIGEST, "work NTLM ", "+one" }, { "3 " PA "NTLM\n" DIGEST, "work Digest 1 1", "field" }) },
    { "Digest waits for a nonce, then goes on with it", "digest", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " DIGEST, "work Digest 1 1", "field" }, { "ended open", "", NULL }, { "new", "", NULL },
            { "1 ", "work Digest 1 2", "field" }, { "new", "", NULL }, { "1 ", "work Digest 1 3", "field" }) },
    { "Digest, stale", "digest", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " DIGEST, "work Digest 1 1", "field" }, { "3 " STALE, "work Digest 2 1", "field" }) },
    { "Digest, a nonce of before that the proxy does not know any more", "digest", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " DIGEST, "work Digest 1 1", "field" }, { "ended open", "", NULL }, { "new", "", NULL },
            { "1 ", "work Digest 1 2", "field" }, { "2 " FRESH, "work Digest 3 1", "field" }) },
    { "Digest, a wrong password", "digest", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " DIGEST, "work Digest 1 1", "field" }, { "3 " FRESH, REFUSED_BY("Digest"), NULL }) },
    { "Digest: of two the better", "digest", "pw",
      TURNS({ "1 ", "field", NULL },
            { "2 " PA "Digest realm=\"a, b\", nonce=\"5\", qop=auth, algorithm=MD5, Digest realm=\"a, b\", nonce=\"6\", qop=auth, algorithm=SHA-256\n",
              "work Digest 6 1", "field" }) },
    { "Basic is said at once", "basic", "pw", TURNS({ "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }) },
    { "Basic, a wrong password", "basic", "pw",
      TURNS({ "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }, { "2 " PA "Basic realm=x\n", REFUSED_BY("Basic"), NULL }) },
    { "auto without a password: the ticket, when the offer is known", "auto", "",
      TURNS({ "1 ", "field", NULL }, { "2 " ALL, "work Negotiate ", "+field" }, { "new", "", NULL }, { "1 ", "work Negotiate ", "+field" }) },
    { "auto without a password, and nothing for a ticket", "auto", "",
      TURNS({ "1 ", "field", NULL }, { "2 " DIGEST, "fail scheme 407: the proxy offers Digest; --auth is auto", NULL }) },
    { "auto with a password: no Basic before the offer was read", "auto", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " PA "Basic realm=x\n", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }) },
    { "auto with a password: NTLM first, then Negotiate, then Digest", "auto", "pw",
      TURNS({ "1 ", "field", NULL }, { "2 " ALL, "work NTLM ", "+one" }, { "3 " ALL, "work Negotiate ", "+one" }, { "4 " ALL, "work Digest 1 1", "field" },
            { "5 " ALL, REFUSED_BY("Digest"), NULL }) },
    { "the user's order counts", "digest,ntlm", "pw", TURNS({ "1 ", "field", NULL }, { "2 " ALL, "work Digest 1 1", "field" }) },
    { "a 407 without a word", "auto", "", TURNS({ "1 ", "field", NULL }, { "2 ", "fail scheme 407: the proxy names no scheme", NULL }) },
    { "the same question again, on another connection", "basic", "pw",
      TURNS({ "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL },
            { "1! ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }) },
    { "a password that was proven need not be told of", "basic", "pw",
      TURNS({ "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }, { "ended open", "", NULL }, { "new", "", NULL },
            { "1 ", "field\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }) },
    { "while it is tried, others wait", "basic", "pw",
      TURNS({ "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }, { "new", "", NULL }, { "1 ", "later", NULL },
            { "pass 9999", "", NULL }, { "1 ", "later", NULL }, { "pass 2", "", NULL },
            { "1 ", "field tell\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n", NULL }) },
    { "an agent that was started in the middle", "digest", "pw", TURNS({ "2 " DIGEST, "work Digest 1 1", "field" }) },
};

static uint64_t id;
static struct job job;

static void play_worker(struct exchange *exchange, const char *does)
{
    static struct result result;

    memset(&result, 0, sizeof result);
    result.id = exchange->id;
    strcpy(result.who, "who");
    if (does[0] == '-') {
        failure_set(&result.failure, AGENT_TICKET, "%s", does + 1);
    } else {
        result.goes_on = does[0] == '+';
        result.size = strlen(does);
        memcpy(result.field, does, result.size);
    }
    exchange_done(exchange, &result);
}

/* "work SCHEME DATA": of Digest the nonce and its count. */
static void describe_job(char *out)
{
    char nonce[32];
    const char *at = job.data;
    struct challenge challenge;

    if (job.kind == JOB_DIGEST) {
        assert_true(challenge_next(&at, job.data + job.size, &challenge));
        assert_true(challenge_parameter(&challenge, "nonce", nonce, sizeof nonce));
        sprintf(out, "work Digest %s %u", nonce, job.count);
    } else {
        sprintf(out, "work %s %.*s", scheme_name(job.scheme), (int)job.size, job.data);
    }
}

static void ask(struct known *known, const struct turn *turn)
{
    char *behind, text[1024], outcome[1024] = "";
    struct question question = { .kind = QUESTION_ASK, .id = id, .leg = (unsigned)strtoul(turn->question, &behind, 10) };
    struct exchange *exchange = exchanges_find_or_make(id, known);

    strcpy(question.word, *behind == '!' ? "another" : "on");
    strcpy(question.target, "t.test:22");
    strcpy(text, behind + (*behind == '!' ? 2 : 1));
    question.rest = text;
    question.rest_size = strlen(text);
    assert_non_null(exchange);
    switch (exchange_ask(exchange, &question, &job)) {
    case EXCHANGE_ANSWER:
        sprintf(outcome, "%.*s", (int)exchange->answer_size, exchange->answer);
        if (strchr(outcome, '\n') == outcome + strlen(outcome) - 1)
            *strchr(outcome, '\n') = '\0';
        break;
    case EXCHANGE_WORK:
        describe_job(outcome);
        break;
    default:
        strcpy(outcome, "later");
    }
    assert_string_equal(outcome, turn->outcome);
    if (turn->worker)
        play_worker(exchange, turn->worker);
}

static void count_one(struct exchange *exchange, void *count)
{
    (void)exchange;
    ++*(int *)count;
}

static int exchanges(void)
{
    int count = 0;

    exchanges_each(count_one, &count);
    return count;
}

static void goes_as_told(void **state)
{
    const typeof(*stories) *row = *state;
    char account[128];
    struct known *known;

    clock_stop();
    known_forget_all();
    snprintf(account, sizeof account, "proxy.test:3128 %s - alice", row->schemes);
    known = known_tell(account, row->password, "");
    assert_non_null(known);
    id += 1000;
    for (const struct turn *turn = row->turns; turn->question; turn++)
        if (strcmp(turn->question, "new") == 0)
            id++;
        else if (strncmp(turn->question, "pass ", 5) == 0)
            clock_pass(atoi(turn->question + 5));
        else if (strncmp(turn->question, "ended ", 6) == 0)
            exchange_ended(exchanges_find(id), turn->question + 6);
        else
            ask(known, turn);
    clock_pass(EXCHANGE_LASTS + 1);
    exchanges_expire();
    assert_int_equal(exchanges(), 0);
}

static void a_refused_password_stays_refused_until_another_one_comes(void **state)
{
    struct known *known, *other;

    (void)state;
    known_forget_all();
    known = known_tell("p.test:1 digest - alice", "wrong", "");
    known_refuse(known);
    assert_true(known_tell("p.test:1 digest - alice", "wrong", "")->refused);
    other = known_tell("p.test:1 ntlm - alice", "wrong", "");
    assert_true(other->refused);
    assert_false(known_tell("p.test:1 basic - bob", "wrong", "")->refused);
    assert_false(known_tell("p.test:2 digest - alice", "wrong", "")->refused);
    assert_false(known_tell("p.test:1 digest - alice", "right", "")->refused);
    assert_true(other->refused);
    known_forget_all();
}

static void accounts_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = { "",
                                         "p.test:1",
                                         "p.test:1 digest -",
                                         "p.test:1 digest - alice more",
                                         "p.test:1 spnego - alice",
                                         "p.test:1 negotiate, - alice%2",
                                         "p.test:1 negotiate - alice%00",
                                         "p.test:1 auto  alice" };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_null(known_tell(wrong[i], "", ""));
    assert_non_null(known_tell("p.test:1 auto HTTP@x DC%5Cbob", "", ""));
    assert_string_equal(known_find("p.test:1 auto HTTP@x DC%5Cbob")->words.user, "DC\\bob");
    assert_string_equal(known_find("p.test:1 auto HTTP@x DC%5Cbob")->service, "HTTP@x");
    known_tell("[2001:db8::1]:8080 negotiate - -", "", "");
    assert_string_equal(known_find("[2001:db8::1]:8080 negotiate - -")->service, "HTTP@2001:db8::1");
    known_forget_all();
}

/* The oldest makes room. */
static void there_are_so_many_at_most(void **state)
{
    struct known *known = known_tell("p.test:1 negotiate - -", "", "");

    (void)state;
    clock_stop();
    for (uint64_t i = 1; i <= EXCHANGES_MOST + 10; i++) {
        assert_non_null(exchanges_find_or_make(i, known));
        clock_pass(1);
    }
    assert_int_equal(exchanges(), EXCHANGES_MOST);
    assert_null(exchanges_find(10));
    assert_non_null(exchanges_find(11));
    clock_pass(EXCHANGE_LASTS + 1);
    exchanges_expire();
    known_forget_all();
}

static const struct {
    const char *name, *text;
    bool good;
} questions[] = {
    { "a question", "1 ask 18446744073709551615 2 on t.test:22 p.test:1 auto - -\nProxy-Authenticate: NTLM\n", true },
    { "an end", "1 ended 7 2 open t.test:22 p.test:1 auto - -\n", true },
    { "a proxy", "1 know p.test:1 auto - -\npw\n\n", true },
    { "nothing", "", false },
    { "no line", "1 ask 1 1 on t.test:22 p.test:1 auto - -", false },
    { "another version", "2 ask 1 1 on t.test:22 p.test:1 auto - -\n", false },
    { "another word", "1 tell 1 1 on t.test:22 p.test:1 auto - -\n", false },
    { "an ID beyond reason", "1 ask 184467440737095516150 1 on t.test:22 p.test:1 auto - -\n", false },
    { "leg 0", "1 ask 1 0 on t.test:22 p.test:1 auto - -\n", false },
    { "leg 101", "1 ask 1 101 on t.test:22 p.test:1 auto - -\n", false },
    { "a long word", "1 ask 1 1 ooooooooooooooooooon t.test:22 p.test:1 auto - -\n", false },
};

static void is_a_question_or_not(void **state)
{
    const typeof(*questions) *row = *state;
    char text[512];
    struct question question;

    strcpy(text, row->text);
    assert_int_equal(question_parse(&question, text, strlen(text)), row->good);
    if (row->good)
        assert_string_equal(question.account, "p.test:1 auto - -");
}

int main(void)
{
    ROWS(stories, goes_as_told);
    STORY(a_refused_password_stays_refused_until_another_one_comes);
    STORY(accounts_that_are_none_are_refused);
    STORY(there_are_so_many_at_most);
    ROWS(questions, is_a_question_or_not);
    return rows_run("exchange");
}
