#include "jobs.h"
#include "bytes.h"
#include "look.h"
#include "rows.h"
#include "waits.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct job jobs[JOBS_MOST];
int job_count;

/* Adds the waits, of which each "wait" is the verb. */
static size_t add_waits(char *out, const char *waits, const char *verb)
{
    size_t size = 0;

    while (*waits)
        if (strncmp(waits, "wait", 4) == 0) {
            size += (size_t)sprintf(out + size, "%s", verb);
            waits += 4;
        } else {
            out[size++] = *waits++;
        }
    return size;
}

/* "%-copy": the waits, of "wait-copy"; returns what follows. */
static const char *take_waits(const char *script, char *out, size_t *size, const char *waits)
{
    char verb[32] = "wait";
    size_t length = script[1] == '-' ? strcspn(script + 1, ";") : 0;

    sprintf(verb + 4, "%.*s", (int)length, script + 1);
    *size += add_waits(out + *size, waits, verb);
    return script + length;
}

static void add_job(const struct api *api, const char *name, const char *outcome, const char *waits,
                    const char *answer, const char *script)
{
    struct job *job = &jobs[job_count++];
    size_t size = 0;

    if (job_count == JOBS_MOST)
        fail("JOBS_MOST");
    snprintf(job->name, sizeof job->name, "%s: %s%s%s", api->name, name, *outcome ? ", " : "", outcome);
    job->api = api;
    for (; *script && size < SCRIPT_SIZE - 64; script++)
        if (*script == '@')
            size += (size_t)sprintf(job->script + size, "%s", outcome);
        else if (*script == '%')
            script = take_waits(script, job->script, &size, waits);
        else if (*script == '~')
            size += (size_t)sprintf(job->script + size, "%s", answer);
        else
            job->script[size++] = *script;
    job->script[size] = 0;
}

static bool reaches(enum reach reach, const struct api *api)
{
    return reach == EVERY || (reach == SETS && api->kind == KIND_EPOLL) ||
           (reach == FEW && (api == &apis[0] || strcmp(api->name, "epoll_wait") == 0));
}

/* "slow" is a word of "slow slowrefuse", not of "slowrefuse". */
static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += size)
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
            return true;
    return false;
}

static void add_crossed(const struct row *row)
{
    for (const struct outcome *outcome = outcomes; outcome->name; outcome++)
        for (const struct api *api = apis; api->name && has_word(row->outcomes, outcome->name); api++)
            if (reaches(row->reach, api))
                add_job(api, row->name, outcome->name, outcome->waits, outcome->answer, row->script);
}

static void add_uses(const struct use *uses, const char *name, const char *before, const char *after)
{
    for (; uses->name; uses++) {
        char script[SCRIPT_SIZE], full[64];

        snprintf(full, sizeof full, "%s %s", uses->name, name);
        snprintf(script, sizeof script, "%suse %s%s%s", before, uses->name, *after ? "; " : "", after);
        for (char *star = script; (star = strchr(star, '*'));) {
            char rest[SCRIPT_SIZE];

            snprintf(rest, sizeof rest, "%s", star + 1);
            snprintf(star, sizeof script - (size_t)(star - script), "use %s%s", uses->name, rest);
        }
        add_job(&apis[0], full, "", "", "", script);
    }
}

void add_all(void)
{
    for (const struct row *row = crossed; row->name; row++)
        add_crossed(row);
    for (const struct row *row = single; row->name; row++)
        for (const struct api *api = apis; api->name; api++)
            if (api == &apis[0] || (row->reach == FEW && reaches(FEW, api)))
                add_job(api, row->name, "", "", "", row->script);
    add_uses(reading, "while connecting", "connect slowgreet; ",
             "watch out; open; wait 30000; arrived; *");
    add_uses(reading, "waits", "connect slowgreet; blocking; later open; ", "peer");
    add_uses(reading, "waits, refused", "connect slowrefuse; blocking; later open; ", "*; error");
    add_uses(reading, "times out", "connect slow; blocking; option rcvtimeo 200; ",
             "open; wait 30000; exchange");
    add_uses(reading, "interrupted", "connect slow; blocking; signal rescue; ",
             "alarms; open; wait 30000; exchange");
    add_uses(reading, "after a failure", "connect slowrefuse; open; wait 30000; ",
             "*; error; wait 0");
    add_uses(writing, "while connecting", "connect slow; later open; ",
             "wait 30000; *; echo data; error");
    add_uses(writing, "waits", "connect slow; blocking; later open; ", "peer; echo data");
    add_uses(writing, "waits, refused", "connect slowrefuse; blocking; later open; ", "*; error");
    add_uses(writing, "times out", "connect slow; blocking; option sndtimeo 200; rescue; ",
             "open; wait 30000; *; echo data");
    add_uses(writing, "interrupted", "connect slow; blocking; signal rescue; ",
             "alarms; open; wait 30000; exchange");
    add_uses(writing, "after a failure", "connect slowrefuse; open; wait 30000; ",
             "*; error; wait 0");
    add_uses(writing, "after a time-out of connect",
             "blocking; option sndtimeo 100; start slow; option sndtimeo 30000; later open; ", "echo data");
}
