#include "story.h"
#include "configs.h"
#include "fake_clock.h"
#include "rows.h"

#include <string.h>

static struct candidate candidates[ROUTE_CANDIDATES_MOST];

struct route story_route(const char *urls)
{
    struct route route = { .candidates = candidates };

    memset(candidates, 0, sizeof candidates);
    for (size_t size; *urls; urls += size + strspn(urls + size, " ")) {
        size = strcspn(urls, " ");
        assert_null(proxy_parse(&candidates[route.count++].proxy, urls, size));
    }
    return route;
}

void story_play(struct dial *dial)
{
    const struct line *line;
    enum dial_want want;

    while (script_next()->kind != LINE_END) {
        line = script_next();
        if (line->kind == LINE_PASS) {
            clock_pass(line->number);
            script_done_with(line);
            continue;
        }
        want = dial_step(dial);
        line = script_next();
        if (line->kind != LINE_STEP)
            fail_msg("dial_step() returned %d before the script's next call", (int)want);
        assert_int_equal(want, line->number);
        script_done_with(line);
    }
}

void story_tell(const struct story *row, dial_replace *replace)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT, .fallback_direct = row->fallback };
    struct route route = story_route(row->proxies);
    struct endpoint target = target_of(row->target ? row->target : "t.test:22");
    char buffer[512];
    struct text said = text_in(buffer, sizeof buffer);
    struct dial dial;

    clock_stop();
    script_start(row->script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, row->family, &target, &route, &limits);
    dial.replace = replace;
    story_play(&dial);
    assert_int_equal(dial.error, row->error);
    assert_int_equal(dial.must_disconnect, row->touched);
    dial_describe(&dial, &said);
    if (row->said)
        assert_string_equal(buffer, row->said);
}

void story(void **state)
{
    story_tell(*state, NULL);
}
