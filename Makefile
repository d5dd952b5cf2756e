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
programs = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/$(1)/*.c))
# What the machine cannot build is skipped by tests/check, which says what it needs.
UNIT    := $(if $(wildcard /usr/include/cmocka.h),$(call programs,unit))
BENCH   := $(filter-out %/empty,$(call programs,bench))
PROGRAM := $(call programs,programs)
FUZZ    := $(call programs,fuzz)
PRODUCT := $(addprefix $(B)/,libptunnel.so ptunnel-run ptunnel)
TESTS   := $(B)/tests/proxy $(B)/programs/probe $(B)/programs/readiness $(PROGRAM) $(UNIT) $(BENCH)
# Those of the tests are laid out by hand: they are tables for the most part.
SOURCES := $(wildcard include/ptunnel/*.h preload/*.[ch] preload/*/*.[ch] preload/core/*/*.[ch] helper/*.[ch] helper/*/*.[ch])

# The one list of hooked functions feeds the export map and the tests.
HOOKED  := $(shell sed -n 's/^ *[XA].[^,]*, *\([a-z_0-9A-Z]*\).*/\1/p' preload/real.h)

# The library's own folders, lowest first: each may use those before it, and the core.
LIBRARY := process names sockets pending ready calls hooks

Q       := $(if $(V),,@)

all: $(PRODUCT)
tests: all $(TESTS)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) $(ALL) -c $< -o $@

$(B)/libptunnel-core.a: $(call objects,preload/core/*/*.c)
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/exports.map: preload/real.h Makefile
	@mkdir -p $(@D)
	$(Q)printf '{ global: %s local: *; };\n' '$(HOOKED:%=%;)' > $@

# What is linked, from what and with what; each with the core.
$(B)/libptunnel.so:  $(call objects,preload/*.c $(LIBRARY:%=preload/%/*.c)) $(B)/exports.map
$(B)/ptunnel-run:    $(call objects,helper/ptunnel-run.c helper/run/*.c helper/common/*.c)
$(B)/ptunnel:        $(call objects,helper/ptunnel.c helper/listener/*.c helper/common/*.c)
$(B)/tests/proxy:    $(call objects,tests/proxy/*.c)
$(B)/programs/probe: $(call objects,tests/programs/probe/*.c)
$(B)/programs/readiness: $(call objects,tests/programs/readiness/*.c)
$(UNIT):             $(call objects,tests/unit/support/*.c)
$(PROGRAM) $(UNIT) $(BENCH) $(FUZZ): $(B)/%: $(B)/obj/tests/%.o

$(B)/libptunnel.so: LIBS = -shared -ldl -Wl,--version-script=$(B)/exports.map,-soname=libptunnel.so,-z,now
$(TESTS):           LIBS = -pthread -ldl
$(UNIT):            LIBS = -pthread -lcmocka -Wl,--wrap=clock_gettime
$(FUZZ):            LIBS = -fsanitize=fuzzer

$(PRODUCT) $(TESTS) $(FUZZ): $(B)/libptunnel-core.a
	$(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(ALL) -o $@ $(filter %.o,$^) $(B)/libptunnel-core.a $(LIBS) $(LDFLAGS)

demo: all $(B)/tests/proxy $(B)/programs/demo
	@tests/demo $(B)

prepare:
	@tests/install
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) tests fuzz

check: prepare
	@STRICT=$(STRICT) B=$(B) HOOKED='$(HOOKED)' tests/check

stress: prepare
	@B=$(B) tests/stress/run $(or $(MINUTES),10)

# Fuzzers have a core of their own, instrumented. From an archive, so that one may bring its own arena.
fuzz:
	@! command -v clang > /dev/null || $(MAKE) --no-print-directory B=$(B)/clang CC=clang fuzzers \
	    CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'

fuzzers: $(FUZZ)

# What is installed: FILE=PLACE.
under     = $(foreach file,$(1),$(file)=$(2)/$(notdir $(file)))
INSTALLED = $(call under,$(B)/ptunnel-run $(B)/ptunnel,$(BINDIR)) $(call under,$(B)/libptunnel.so,$(LIBDIR)) \
            $(call under,$(wildcard helper/*.1),$(MANDIR)/man1) $(call under,$(wildcard helper/*.5),$(MANDIR)/man5) \
            $(patsubst %.bash,%,$(call under,$(wildcard helper/completions/*.bash),$(PREFIX)/share/bash-completion/completions)) \
            $(call under,helper/ptunnel.service,$(PREFIX)/lib/systemd/user)

install: all
	$(foreach file,$(INSTALLED),install -D -m $(if $(filter $(B)/ptunnel%,$(file)),755,644) $(subst =, $(DESTDIR),$(file))$(newline))
	@sed -i 's|^ExecStart=|&$(BINDIR)/|' $(DESTDIR)$(PREFIX)/lib/systemd/user/ptunnel.service
	$(if $(DESTDIR),,-ldconfig)

uninstall:
	rm -f $(foreach file,$(INSTALLED),$(DESTDIR)$(lastword $(subst =, ,$(file))))
	$(if $(DESTDIR),,-ldconfig)

format:
	clang-format -i $(SOURCES)

clean:
	rm -rf build build-*

.PHONY: all tests demo prepare check stress fuzz fuzzers install uninstall format clean
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
