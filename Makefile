# make            build/libptunnel.so, build/ptunnel-run, build/ptunnel
# make demo       the main job, shown on this machine, with nothing to install
# make check      install what the tests need, then pass them all
# make stress     what takes longer: fuzzing, soak, large streams; MINUTES=10
# make install    PREFIX=/usr/local LIBDIR=... DESTDIR=...
# V=1 shows the commands, SANITIZE=address,undefined builds into a folder of its own.

VERSION := 0.1.0
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
comma   := ,
define newline


endef
B       ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
# The library serves glibc and musl programs alike: no fortified names, no C23 number parsers.
ALL     := -std=gnu11 $(WARN) -Iinclude -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden -ftls-model=initial-exec -MMD -MP \
           -DPTUNNEL_VERSION='"$(VERSION)"' -DPTUNNEL_LIBDIR='"$(LIBDIR)"' \
           $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)

objects  = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)))
CORE    := $(call objects,preload/core/*.c)
LIBRARY := $(call objects,preload/*.c preload/pending/*.c preload/hooks/*.c)
COMMON  := $(call objects,helper/common/*.c)
RUN     := $(call objects,helper/run/*.c)
LISTEN  := $(call objects,helper/listener/*.c)
PROXY   := $(call objects,tests/proxy/*.c)
SUPPORT := $(call objects,tests/unit/support/*.c)
# What the machine cannot build is skipped by tests/check, which says what it needs.
UNIT    := $(if $(wildcard /usr/include/cmocka.h),$(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c)))
BENCH   := $(patsubst tests/bench/%.c,$(B)/bench/%,$(filter-out %/empty.c,$(wildcard tests/bench/*.c)))
FUZZ    := $(if $(shell command -v clang),$(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*.c)))
PROGRAM := $(patsubst tests/programs/%.c,$(B)/programs/%,$(wildcard tests/programs/*.c)) $(B)/programs/probe
PROBE   := $(call objects,tests/programs/probe/*.c)
COMPLETE     := $(wildcard helper/completions/*.bash)
BINS_DIR     := $(DESTDIR)$(BINDIR)
COMPLETE_DIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNITS_DIR    := $(DESTDIR)$(PREFIX)/lib/systemd/user
SOURCES := $(wildcard include/ptunnel/*.h preload/*.[ch] preload/*/*.[ch] helper/*.[ch] helper/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])

# The one list of hooked functions feeds the export map and the tests.
HOOKED  := $(shell sed -n 's/^ *[XA].[^,]*, *\([a-z_0-9A-Z]*\).*/\1/p' preload/real.h)

Q       := $(if $(V),,@)
link     = $(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(ALL) -o $@ $(filter %.o %.a,$^) $(1) $(LDFLAGS)

all: $(B)/libptunnel.so $(B)/ptunnel-run $(B)/ptunnel

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) $(ALL) -c $< -o $@

$(B)/libptunnel-core.a: $(CORE)
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/exports.map: preload/real.h Makefile
	@mkdir -p $(@D)
	$(Q)printf '{ global: %s local: *; };\n' '$(HOOKED:%=%;)' > $@

$(B)/libptunnel.so: $(LIBRARY) $(B)/libptunnel-core.a $(B)/exports.map
	$(call link,-shared -ldl -Wl$(comma)--version-script=$(B)/exports.map$(comma)-soname=libptunnel.so$(comma)-z$(comma)now)

$(B)/ptunnel-run: $(B)/obj/helper/ptunnel-run.o $(RUN) $(COMMON) $(B)/libptunnel-core.a
	$(call link)

$(B)/ptunnel: $(B)/obj/helper/ptunnel.o $(LISTEN) $(COMMON) $(B)/libptunnel-core.a
	$(call link)

tests: all $(B)/tests/proxy $(PROGRAM) $(UNIT) $(BENCH)

$(B)/tests/proxy: $(PROXY)
	$(call link)

$(B)/programs/probe: $(PROBE)
	$(call link,-pthread)

$(B)/programs/%: $(B)/obj/tests/programs/%.o
	$(call link,-pthread -ldl)

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(SUPPORT) $(B)/libptunnel-core.a
	$(call link,-lcmocka -pthread -Wl$(comma)--wrap=clock_gettime)

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/libptunnel-core.a
	$(call link,-pthread)

demo: all $(B)/tests/proxy $(B)/programs/demo
	@tests/demo $(B)

check:
	@tests/install
	@$(MAKE) --no-print-directory tests fuzz
	@STRICT=$(STRICT) B=$(B) HOOKED='$(HOOKED)' tests/check

# Fuzzers have a core of their own, instrumented. From an archive, so that one may bring its own arena.
FUZZ_CC  = clang -O1 -g -std=gnu11 -Iinclude -D_GNU_SOURCE -U_FORTIFY_SOURCE -fno-sanitize-recover=undefined -MMD -MP

$(B)/obj/fuzz/%.o: preload/core/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(B)/obj/fuzz/core.a: $(patsubst preload/core/%.c,$(B)/obj/fuzz/%.o,$(wildcard preload/core/*.c))
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/fuzz/%: tests/fuzz/%.c $(B)/obj/fuzz/core.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FUZZ  $<")
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -MF $(B)/obj/fuzz/$*.d -o $@ $< $(B)/obj/fuzz/core.a

fuzz: $(FUZZ)

stress:
	@tests/install
	@$(MAKE) --no-print-directory tests fuzz
	@B=$(B) tests/stress/run $(or $(MINUTES),10)

install: all
	install -d $(BINS_DIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(COMPLETE_DIR) $(UNITS_DIR)
	install -m 755 $(B)/ptunnel-run $(B)/ptunnel $(BINS_DIR)
	install -m 644 $(B)/libptunnel.so $(DESTDIR)$(LIBDIR)
	install -m 644 $(wildcard helper/*.1) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(wildcard helper/*.5) $(DESTDIR)$(MANDIR)/man5
	$(foreach file,$(COMPLETE),install -m 644 $(file) $(COMPLETE_DIR)/$(basename $(notdir $(file)))$(newline))
	install -m 644 helper/ptunnel.service $(UNITS_DIR)
	$(if $(DESTDIR),,-ldconfig)

uninstall:
	rm -f $(addprefix $(BINS_DIR)/,ptunnel-run ptunnel) $(DESTDIR)$(LIBDIR)/libptunnel.so \
	    $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(wildcard helper/*.1))) \
	    $(addprefix $(DESTDIR)$(MANDIR)/man5/,$(notdir $(wildcard helper/*.5))) \
	    $(addprefix $(COMPLETE_DIR)/,$(basename $(notdir $(COMPLETE)))) $(UNITS_DIR)/ptunnel.service
	$(if $(DESTDIR),,-ldconfig)

format:
	clang-format -i $(SOURCES)

clean:
	rm -rf build build-*

.PHONY: all tests demo check fuzz stress install uninstall format clean
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
