#include "sum.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct sum_row *row_of(struct sum *sum, const char *target)
{
    struct sum_row *rows;

    for (size_t i = 0; i < sum->count; i++)
        if (strcmp(sum->rows[i].target, target) == 0)
            return &sum->rows[i];
    rows = realloc(sum->rows, (sum->count + 1) * sizeof *rows);
    if (!rows)
        return NULL;
    sum->rows = rows;
    rows[sum->count] = (struct sum_row){ .target = strdup(target) };
    return rows[sum->count].target ? &rows[sum->count++] : NULL;
}

static void set(char **words, const char *value)
{
    char *copy = strdup(value);

    if (copy) {
        free(*words);
        *words = copy;
    }
}

static void take_other(struct sum *sum, const char *words)
{
    char **others;

    for (size_t i = 0; i < sum->other_count; i++)
        if (strcmp(sum->others[i], words) == 0)
            return;
    others = realloc(sum->others, (sum->other_count + 1) * sizeof *others);
    if (!others)
        return;
    sum->others = others;
    others[sum->other_count] = strdup(words);
    sum->other_count += others[sum->other_count] != NULL;
}

/* "TIME ptunnel: NAME[PID]: WORDS", or without the name: the supervisor's */
static char *words_of(char *line)
{
    char *words = strstr(line, " ptunnel: "), *end, *pid;

    if (!words)
        return NULL;
    words += strlen(" ptunnel: ");
    end = strstr(words, "]: ");
    for (pid = end; pid && pid > words && pid[-1] >= '0' && pid[-1] <= '9'; pid--)
        continue;
    return pid && pid < end && pid > words && pid[-1] == '[' ? end + strlen("]: ") : words;
}

/* Cuts the target off, "HOST:PORT", whose host may be an address in brackets. Returns what stands behind it; NULL: the words
 * do not begin with one. */
static char *behind_target(char *words)
{
    char *port = words + strcspn(words, " ]");

    if (*port != ']')
        port = words;
    port += strcspn(port, ": ");
    if (*port != ':')
        return NULL;
    port += 1 + strspn(port + 1, "0123456789");
    if (port[-1] == ':' || (*port != ' ' && *port != ':'))
        return NULL;
    if (*port == ':')
        *port++ = '\0';
    while (*port == ' ')
        *port++ = '\0';
    return port;
}

static bool take_closed(struct sum_row *row, const char *words)
{
    unsigned long long sent, received;

    if (sscanf(words, "closed after %*u.%*u s, bytes sent: %llu, received: %llu", &sent, &received) != 2)
        return false;
    row->sent += sent;
    row->received += received;
    return true;
}

static bool take_fallback(struct sum_row *row, const char *words)
{
    bool is_one = strstr(words, "going direct as fallback says") != NULL;

    row->fallbacks += is_one;
    return is_one;
}

/* "via PROXY: open", or why not */
static bool take_answer(struct sum_row *row, char *words)
{
    char *answer = strncmp(words, "via ", 4) == 0 ? strstr(words, ": ") : NULL;

    if (!answer)
        return false;
    *answer = '\0';
    answer += 2;
    set(&row->proxy, words + 4);
    if (strcmp(answer, "open") == 0) {
        row->tunnels++;
    } else {
        row->failed++;
        set(&row->refusal, answer);
    }
    return true;
}

static bool take_rejected(struct sum_row *row, const char *words)
{
    if (strncmp(words, "rejected", 8) != 0)
        return false;
    row->failed++;
    set(&row->refusal, words);
    return true;
}

void sum_take(struct sum *sum, char *line)
{
    char *words = words_of(line), *whole = words ? strdup(words) : NULL;
    char *rest = words && whole ? behind_target(words) : NULL;
    struct sum_row *row = rest ? row_of(sum, words) : NULL;

    if (whole &&
        !(row && (take_closed(row, rest) || take_fallback(row, rest) || strcmp(rest, "direct") == 0 ||
                  take_answer(row, rest) || take_rejected(row, rest))))
        take_other(sum, whole);
    free(whole);
}

static bool is_said(const struct sum_row *row)
{
    return row->tunnels || row->failed || row->fallbacks;
}

static void print_totals(const struct sum *sum, const char *name, FILE *out)
{
    unsigned long tunnels = 0, failed = 0, fallbacks = 0, targets = 0;

    for (size_t i = 0; i < sum->count; i++) {
        targets += is_said(&sum->rows[i]);
        tunnels += sum->rows[i].tunnels;
        failed += sum->rows[i].failed;
        fallbacks += sum->rows[i].fallbacks;
    }
    fprintf(out, "%s: targets: %lu, tunnels: %lu, failed: %lu, direct by fallback: %lu\n", name, targets,
            tunnels, failed, fallbacks);
}

static void print_row(const struct sum_row *row, int width, FILE *out)
{
    fprintf(out, "  %-*s %7lu %7lu %8lu %12llu %12llu  %s", width, row->target, row->tunnels, row->failed,
            row->fallbacks, (unsigned long long)row->sent, (unsigned long long)row->received,
            row->proxy ? row->proxy : "-");
    if (row->refusal)
        fprintf(out, ": %s", row->refusal);
    fputc('\n', out);
}

void sum_print(const struct sum *sum, const char *name, FILE *out)
{
    size_t width = strlen("target");

    print_totals(sum, name, out);
    for (size_t i = 0; i < sum->count; i++)
        if (strlen(sum->rows[i].target) > width)
            width = strlen(sum->rows[i].target);
    if (sum->count > 0)
        fprintf(out, "  %-*s %7s %7s %8s %12s %12s  %s\n", (int)width, "target", "tunnels", "failed",
                "fallback", "bytes sent", "received", "proxy");
    for (size_t i = 0; i < sum->count; i++)
        if (is_said(&sum->rows[i]))
            print_row(&sum->rows[i], (int)width, out);
    for (size_t i = 0; i < sum->other_count; i++)
        fprintf(out, "  %s\n", sum->others[i]);
}

void sum_free(struct sum *sum)
{
    for (size_t i = 0; i < sum->count; i++) {
        free(sum->rows[i].target);
        free(sum->rows[i].proxy);
        free(sum->rows[i].refusal);
    }
    for (size_t i = 0; i < sum->other_count; i++)
        free(sum->others[i]);
    free(sum->rows);
    free(sum->others);
}
