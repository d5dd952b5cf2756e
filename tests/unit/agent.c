/* ptunnel-agent as a guest sees it: what an answer means to a dial, and a real socket with nobody, with somebody who is silent, and
 * with somebody who answers. */
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/folder.h"
#include "support/rows.h"

#include <ptunnel/agent.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static struct account account = { .words = "p.test:3128 negotiate - -" };
static struct candidate candidate;
static struct route route = { .count = 1, .candidates = &candidate };
static struct leg leg;
static struct dial dial;

static const struct net net = { .connect = connect, .send = send,       .recv = recv,  .poll = poll, .getsockopt = getsockopt,
                                .close = close };

static void begin(const char *challenges)
{
    static const struct dial_limits limits = { .timeout = 60000, .attempt = 10000 };
    struct endpoint target = target_of("t.test:22");

    candidate.proxy.account = &account;
    dial_start(&dial, &net, -1, AF_INET, &target, &route, &limits);
    dial.candidate = 0;
    leg.size = strlen(challenges);
    memcpy(leg_text(&leg), challenges, leg.size);
}

#define FIELD "Proxy-Authorization: Negotiate abc\r\n"
#define OTHER "the agent and this ptunnel are of different versions"
#define NONE  "the agent's answer is no header field"

/* The result: 0 and the field, milliseconds, or -EACCES with the cause and words. */
static const struct {
    const char *name, *answer;
    int result;
    const char *words;
    enum agent_cause cause;
    bool tell;
} answers[] = {
    { "a field", "field\n" FIELD, 0, FIELD, 0, false },
    { "a field, and it wants to know", "field tell\n" FIELD, 0, FIELD, 0, true },
    { "nothing is to be said", "field\n", 0, "", 0, false },
    { "later", "later 30\n", 30, OTHER, 0, false },
    { "much later", "later 60001\n", -EACCES, OTHER, AGENT_OTHER, false },
    { "a failure", "fail ticket no Kerberos ticket: run kinit\n", -EACCES, "no Kerberos ticket: run kinit", AGENT_TICKET, false },
    { "a cause that is not known", "fail moon it is full\n", -EACCES, "moon it is full", AGENT_OTHER, false },
    { "a cause alone", "fail kdc\n", -EACCES, "kdc", AGENT_OTHER, false },
    { "bytes for a terminal", "fail other \033[2J\n", -EACCES, "\\x1b[2J", AGENT_OTHER, false },
    { "another field", "field\nHost: evil\r\n", -EACCES, NONE, AGENT_OTHER, false },
    { "two fields", "field\n" FIELD "Host: evil\r\n", -EACCES, NONE, AGENT_OTHER, false },
    { "a field without its end", "field\nProxy-Authorization: Negotiate abc", -EACCES, NONE, AGENT_OTHER, false },
    { "a field with an end in it", "field\nProxy-Authorization: a\nb\r\n", -EACCES, NONE, AGENT_OTHER, false },
    { "half a line", "field", -EACCES, OTHER, AGENT_OTHER, false },
    { "another word", "yes\n", -EACCES, OTHER, AGENT_OTHER, false },
    { "the end", "", -EACCES, "the agent is gone: start it with ptunnel-run", AGENT_OTHER, false },
};

static void means_that(void **state)
{
    const typeof(*answers) *row = *state;
    int pair[2];

    begin("Proxy-Authenticate: Negotiate\n");
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(agent_answer(&dial, &leg, pair[0]), -EAGAIN);
    if (row->answer[0])
        assert_int_equal(send(pair[1], row->answer, strlen(row->answer), 0), strlen(row->answer));
    close(pair[1]);
    assert_int_equal(agent_answer(&dial, &leg, pair[0]), row->result);
    assert_int_equal(close(pair[0]), -1);
    assert_int_equal(dial.legs.tell, row->tell);
    if (row->result == 0) {
        assert_int_equal(leg.size, strlen(row->words));
        assert_memory_equal(leg_text(&leg), row->words, leg.size);
    } else if (row->result > 0) { /* they may be asked about again */
        assert_memory_equal(leg_text(&leg), "Proxy-Authenticate: Negotiate\n", leg.size);
    } else {
        assert_string_equal(dial.legs.words, row->words);
        assert_int_equal(dial.legs.cause, row->cause);
    }
}

static void the_largest_field_fits_and_one_more_byte_does_not(void **state)
{
    static char answer[6 + LEG_FIELD_MOST + 1];
    int pair[2];

    (void)state;
    for (size_t size = LEG_FIELD_MOST; size <= LEG_FIELD_MOST + 1; size++) {
        begin("");
        memset(answer, 'x', sizeof answer);
        memcpy(answer, "field\nProxy-Authorization: ", 27);
        memcpy(answer + 6 + size - 2, "\r\n", 2);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        assert_int_equal(send(pair[1], answer, 6 + size, 0), 6 + size);
        assert_int_equal(agent_answer(&dial, &leg, pair[0]), size == LEG_FIELD_MOST ? 0 : -EACCES);
        close(pair[1]);
    }
}

static int listen_in_folder(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    strcpy(address.sun_path, folder_path("agent"));
    account.socket = strdup(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void nobody_is_there(void **state)
{
    (void)state;
    begin("");
    account.socket = "/nonexistent/agent";
    assert_int_equal(agent_authenticate(&dial, &leg), -EACCES);
    assert_string_equal(dial.legs.words, "the agent is gone: start it with ptunnel-run");
    assert_int_equal(agent_gone(&dial, -EACCES), -EACCES);
    assert_string_equal(dial.legs.words, "the agent is another user's, and answers nobody else");
    assert_int_equal(agent_gone(&dial, -EMFILE), AGENT_AGAIN);
}

/* What is asked is one message, also when nobody reads it at once; and then nobody is asked for a second. */
static void a_silent_one_is_asked_and_then_left_alone(void **state)
{
    int fd = listen_in_folder(), client;
    char question[512];
    ssize_t size;

    (void)state;
    clock_stop();
    begin("Proxy-Authenticate: Negotiate\n");
    dial.legs.count = 1;
    dial.legs.another = true;
    assert_int_equal(agent_authenticate(&dial, &leg), AGENT_SILENT);
    client = accept(fd, NULL, NULL);
    size = recv(client, question, sizeof question - 1, 0);
    assert_true(size > 0);
    question[size] = '\0';
    assert_memory_equal(question, "1 ask ", 6);
    assert_string_equal(strchr(question + 6, ' '),
                        " 2 another t.test:22 p.test:3128 negotiate - -\nProxy-Authenticate: Negotiate\n");
    close(client);
    clock_pass(400);
    assert_int_equal(agent_authenticate(&dial, &leg), AGENT_SILENT - 400 + 1);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    clock_pass(600);
    assert_int_equal(agent_authenticate(&dial, &leg), AGENT_SILENT);
    client = accept(fd, NULL, NULL);
    assert_true(client >= 0);
    close(client);
    clock_pass(1000);
    clock_run();
    close(fd);
    unlink(account.socket);
}

static void an_end_is_told_without_waiting(void **state)
{
    int fd = listen_in_folder(), client;
    char words[256];
    ssize_t size;

    (void)state;
    clock_run();
    begin("");
    dial.legs.id = 7;
    dial.legs.count = 2;
    dial.settled = DIAL_OPEN;
    assert_int_equal(agent_authenticate(&dial, NULL), 0);
    client = accept(fd, NULL, NULL);
    size = recv(client, words, sizeof words - 1, 0);
    words[size > 0 ? size : 0] = '\0';
    assert_string_equal(words, "1 ended 7 2 open t.test:22 p.test:3128 negotiate - -\n");
    close(client);
    close(fd);
    unlink(account.socket);
    assert_int_equal(agent_authenticate(&dial, NULL), 0); /* nobody is there, which is no failure of the tunnel */
    assert_string_equal(dial.legs.words, "");
}

static void the_socket_is_in_the_users_own_directory(void **state)
{
    char path[256], wanted[256];
    struct text out = text_in(path, sizeof path), want = text_in(wanted, sizeof wanted);

    (void)state;
    agent_path(&out, folder);
    text_print(&want, "%s/ptunnel/agent", folder);
    assert_string_equal(path, wanted);
    out = text_in(path, sizeof path);
    agent_path(&out, "run"); /* not absolute */
    assert_true(path[0] == '/');
    assert_string_equal(path + strlen(path) - 6, "/agent");
    out = text_in(path, strlen(folder) + 10); /* no room: another place, not half of this one */
    agent_path(&out, folder);
    assert_int_not_equal(strncmp(path, folder, strlen(folder)), 0);
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(answers, means_that);
    STORY(the_largest_field_fits_and_one_more_byte_does_not);
    STORY(nobody_is_there);
    STORY(a_silent_one_is_asked_and_then_left_alone);
    STORY(an_end_is_told_without_waiting);
    STORY(the_socket_is_in_the_users_own_directory);
    failed = rows_run("agent");
    folder_remove();
    return failed;
}
