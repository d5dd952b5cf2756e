#include "configs.h"
#include "folder.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VARIABLES_MOST = 16 };

char config_words[WORDS_SIZE];

static struct {
    const char *name, *value;
} variables[VARIABLES_MOST];
static size_t variables_set;

void variables_clear(void)
{
    variables_set = 0;
}

void variable_set(const char *name, const char *value)
{
    assert_true(variables_set < VARIABLES_MOST);
    variables[variables_set].name = name;
    variables[variables_set++].value = value;
}

static const char *variable(const char *name)
{
    for (size_t i = variables_set; i-- > 0;)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

int config_try(const struct config **out, const struct config_options *options)
{
    static const struct net net = { .read = read, .close = close };
    struct text wrong = text_in(config_words, sizeof config_words);

    return config_load(out, options, variable, &net, &wrong);
}

const char *config_plain_words(void)
{
    static char plain[WORDS_SIZE];
    struct text out = text_in(plain, sizeof plain);
    const char *at = config_words, *found;

    while ((found = strstr(at, folder)) != NULL) {
        text_add_bytes(&out, at, (size_t)(found - at));
        at = found + strlen(folder) + 1;
    }
    text_add(&out, at);
    return plain;
}

const struct config *config_of(const char *rules)
{
    static char text[256 * 1024];
    const struct config *config = NULL;

    assert_true((size_t)snprintf(text, sizeof text, "%s%s", CONFIG_HEADER, rules) < sizeof text);
    variable_set("PTUNNEL_CONFIG", text);
    config_try(&config, NULL);
    assert_string_equal(config_words, "");
    assert_non_null(config);
    return config;
}

struct endpoint target_of(const char *text)
{
    struct endpoint target;
    const char *wrong = endpoint_parse(&target, text, strlen(text), 0);

    if (wrong)
        fail_msg("%s: %s", text, wrong);
    return target;
}

const char *decision_words(const struct decision *decision)
{
    static char words[64];
    struct text out = text_in(words, sizeof words);

    text_add(&out, config_verdict_word(decision->verdict));
    if (decision->verdict == VERDICT_TUNNEL && decision->route->name) {
        text_add(&out, " ");
        text_add(&out, decision->route->name);
    }
    return words;
}
