# make            build/libptunnel.so, build/ptunnel-run
# make demo       the main job, shown on this machine, with nothing to install
# make check      install what the tests need, then pass them all
# make install    PREFIX=/usr/local LIBDIR=... DESTDIR=...
# V=1 shows the commands, SANITIZE=address,undefined builds into a folder of its own.

VERSION := 0.1.0
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
comma   := ,
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
PROXY   := $(call objects,tests/proxy/*.c)
SUPPORT := $(call objects,tests/unit/support/*.c)
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
PROGRAM := $(patsubst tests/programs/%.c,$(B)/programs/%,$(wildcard tests/programs/*.c))
SOURCES := $(wildcard include/ptunnel/*.h preload/*.[ch] preload/*/*.[ch] helper/*.[ch] helper/*/*.[ch] tests/*/*.[ch])

# The one list of hooked functions feeds the export map and the tests.
HOOKED  := $(shell sed -n 's/^ *[XA].[^,]*, *\([a-z_0-9A-Z]*\).*/\1/p' preload/real.h)

Q       := $(if $(V),,@)
link     = $(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(ALL) -o $@ $(filter %.o %.a,$^) $(1) $(LDFLAGS)

all: $(B)/libptunnel.so $(B)/ptunnel-run

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

$(B)/ptunnel-run: $(B)/obj/helper/ptunnel-run.o $(COMMON) $(B)/libptunnel-core.a
	$(call link)

tests: all $(B)/tests/proxy $(PROGRAM) $(UNIT)

$(B)/tests/proxy: $(PROXY)
	$(call link)

$(B)/programs/%: $(B)/obj/tests/programs/%.o
	$(call link,-pthread)

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(SUPPORT) $(B)/libptunnel-core.a
	$(call link,-lcmocka -pthread)

demo: all $(B)/tests/proxy $(B)/programs/demo
	@tests/demo $(B)

check:
	@tests/install
	@$(MAKE) --no-print-directory tests
	@STRICT=$(STRICT) B=$(B) HOOKED='$(HOOKED)' tests/check

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(MANDIR)/man1
	install -m 755 $(B)/ptunnel-run $(DESTDIR)$(BINDIR)
	install -m 644 $(B)/libptunnel.so $(DESTDIR)$(LIBDIR)
	install -m 644 helper/ptunnel-run.1 $(DESTDIR)$(MANDIR)/man1
	$(if $(DESTDIR),,-ldconfig)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/ptunnel-run $(DESTDIR)$(LIBDIR)/libptunnel.so $(DESTDIR)$(MANDIR)/man1/ptunnel-run.1
	$(if $(DESTDIR),,-ldconfig)

format:
	clang-format -i $(SOURCES)

clean:
	rm -rf build build-*

.PHONY: all tests demo check install uninstall format clean
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
