/* Messages to and from ptunnel-agent: the first byte says which. An answer, as a guest takes it: whatever it says, a field is one
 * header line of printable bytes, and words are printable. A question, as the agent takes it: nothing is read behind it. */
#include "../../helper/agent/question.h"

#include <ptunnel/agent.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *answer;
static size_t answer_size;

static void require(bool claim)
{
    if (!claim)
        abort();
}

static ssize_t play_recv(int fd, void *buffer, size_t room, int flags)
{
    (void)fd, (void)flags;
    if (room > answer_size)
        room = answer_size;
    memcpy(buffer, answer, room);
    return (ssize_t)room;
}

static int play_close(int fd)
{
    (void)fd;
    return 0;
}

static void require_printable(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        require(bytes[i] >= 0x20 && bytes[i] <= 0x7e);
}

static void take_answer(void)
{
    static const struct net net = { .recv = play_recv, .close = play_close };
    static struct leg leg;
    struct dial dial = { .net = &net, .fd = -1 };
    int result;

    leg.size = 0;
    result = agent_answer(&dial, &leg, 0);
    require(result == 0 || (result > 0 && result <= 60000) || result == -EACCES);
    require_printable(dial.legs.words, strlen(dial.legs.words));
    require(result != -EACCES || dial.legs.words[0] || answer_size > 0);
    if (result == 0 && leg.size > 0) {
        require(leg.size <= LEG_FIELD_MOST && memcmp(leg_text(&leg) + leg.size - 2, "\r\n", 2) == 0);
        require(memcmp(leg_text(&leg), "Proxy-Authorization: ", 21) == 0);
        require_printable(leg_text(&leg), leg.size - 2);
    }
}

static void take_question(void)
{
    char *copy = malloc(answer_size + 1);
    struct account_words words;
    struct question question;

    memcpy(copy, answer, answer_size);
    copy[answer_size] = '\0';
    if (question_parse(&question, copy, answer_size)) {
        require(question.rest >= copy && question.rest + question.rest_size == copy + answer_size);
        if (question_parse_account(&words, question.account))
            require(words.proxy[0] && words.schemes[0] && words.service[0]);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    answer = data + 1;
    answer_size = size - 1;
    if (data[0] & 1)
        take_answer();
    else
        take_question();
    return 0;
}
