/* rules FILE TARGETS : what a rule file costs. Loads it, decides for the targets of the other file (HOST:PORT
 * a line) over and over, and prints a line: rules, load time, memory, nanoseconds a decision, and what a
 * matcher would take that looks at each rule in turn.
 *
 *     100000 rules   load 21.3 ms   memory 9.8 MB   decision 118 ns   linear 1.1 ms */
#include <ptunnel/config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS_MOST = 10000, ROUNDS = 5, DECISIONS = 200000, LINEAR_WORK = 50 * 1000 * 1000 };

struct row { /* of the linear matcher: a name and what is below it, or a prefix */
    bool name;
    unsigned bits;
    size_t size;
    struct in6_addr address;
    const char *words;
};

static const char *rules_path;
static struct endpoint targets[TARGETS_MOST];
static size_t target_count;

static const char *variable(const char *name)
{
    return strcmp(name, "PTUNNEL_RULES") == 0 ? rules_path : NULL;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static long resident(void) /* kB */
{
    long pages = 0, whole = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file && fscanf(file, "%ld %ld", &whole, &pages) != 2)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static const struct config *load(double *best)
{
    static const struct net net = { .read = read, .close = close };
    static char words[4096];
    const struct config *config = NULL;
    struct text wrong = text_in(words, sizeof words);
    double start = now();

    if (config_load(&config, NULL, variable, &net, &wrong) != 0) {
        fprintf(stderr, "%s", words);
        exit(2);
    }
    if (now() - start < *best)
        *best = now() - start;
    return config;
}

static void read_targets(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[512];

    while (file && target_count < TARGETS_MOST && fgets(line, sizeof line, file)) {
        const char *wrong = endpoint_parse(&targets[target_count], line, strcspn(line, "\n"), 0);

        if (wrong) {
            fprintf(stderr, "%s: %s", wrong, line);
            exit(2);
        }
        target_count++;
    }
    if (target_count == 0) {
        fprintf(stderr, "%s: no targets\n", path);
        exit(2);
    }
    fclose(file);
}

static double decision_time(const struct config *config, unsigned *direct)
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now();

        *direct = 0;
        for (size_t i = 0; i < DECISIONS; i++)
            *direct += config_decide(config, &targets[i % target_count]).verdict == VERDICT_DIRECT;
        if ((now() - start) / DECISIONS < best)
            best = (now() - start) / DECISIONS;
    }
    return best;
}

/* The bench's own rules have one pattern a line, without ports. */
static struct row row_of(const struct rule *rule)
{
    const char *pattern = memchr(rule->words, ' ', rule->size) + 1;
    size_t size = rule->size - (size_t)(pattern - rule->words);
    const char *slash = memchr(pattern, '/', size);
    struct row row = { .name = !slash, .words = pattern, .size = size };
    struct endpoint literal;
    size_t bracket = *pattern == '[';

    if (!slash)
        return row;
    row.bits = (unsigned)strtoul(slash + 1, NULL, 10) + (bracket ? 0 : 96);
    if (endpoint_set_host(&literal, pattern + bracket, (size_t)(slash - pattern) - 2 * bracket) ||
        !literal.literal)
        exit(2);
    row.address = literal.address;
    return row;
}

static bool row_matches(const struct row *row, const struct endpoint *target)
{
    if (row->name == target->literal)
        return false;
    if (row->name) {
        size_t size = strlen(target->host);

        if (size < row->size - 1)
            return false;
        return (size == row->size - 1 || target->host[size - row->size] == '.') &&
               strncasecmp(target->host + size - row->size + 1, row->words + 1, row->size - 1) == 0;
    }
    for (unsigned i = 0; i < row->bits / 8; i++)
        if (row->address.s6_addr[i] != target->address.s6_addr[i])
            return false;
    return row->bits % 8 == 0 ||
           !((row->address.s6_addr[row->bits / 8] ^ target->address.s6_addr[row->bits / 8]) >>
             (8 - row->bits % 8));
}

static double linear_time(const struct config *config, unsigned *differ)
{
    size_t count = rules_count(config_rules(config)), turns = 1 + LINEAR_WORK / (count + 1);
    struct row *rows = malloc((count + 1) * sizeof *rows);
    double start;

    if (!rows)
        exit(2);
    for (size_t i = 0; i < count; i++)
        rows[i] = row_of(rules_at(config_rules(config), (uint32_t)i));
    start = now();
    for (size_t i = 0; i < turns; i++) {
        const struct endpoint *target = &targets[i % target_count];
        struct decision decision = config_decide(config, target);
        size_t at = 0;

        while (at < count && !row_matches(&rows[at], target))
            at++;
        *differ += decision.rule != rules_at(config_rules(config), (uint32_t)at);
    }
    free(rows);
    return (now() - start) / (double)turns;
}

int main(int argc, char **argv)
{
    double load_time = 1e18, decision;
    const struct config *config;
    unsigned direct, differ = 0;
    long before = resident(), memory;

    if (argc != 3) {
        fprintf(stderr, "Usage: rules FILE TARGETS\n");
        return 2;
    }
    rules_path = argv[1];
    config = load(&load_time);
    memory = resident() - before;
    read_targets(argv[2]);
    for (int round = 1; round < ROUNDS; round++)
        config = load(&load_time);
    decision = decision_time(config, &direct);
    printf("%7zu rules   load %7.2f ms   memory %6.2f MB   decision %4.0f ns (%2.0f %% direct)   ",
           rules_count(config_rules(config)), load_time / 1e6, (double)memory / 1024, decision,
           100.0 * direct / DECISIONS);
    printf("linear %10.0f ns\n", linear_time(config, &differ));
    return differ ? 1 : 0;
}
