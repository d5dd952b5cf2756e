# make            build/libptunnel.so, build/ptunnel-run, build/ptunnel, build/ptunnel-agent
# make demo       the main job, shown on this machine, with nothing to install
# make check      install what the tests need, then pass them all
# make stress     what takes longer: fuzzing, soak, large streams; MINUTES=10
# make zoo        many more real proxies and runtimes, which it installs: each asked anew whether it still is as the manuals say
# make kernels    demo, probe, readiness and a storm on other kernels, each in a guest (qemu); KERNELS='5.10 6.1': those alone
# make install    PREFIX=/usr/local LIBDIR=... DESTDIR=...; make uninstall, with the same
#                 I386='gcc -m32' adds what serves 32-bit programs on x86-64
# make dist       build/ptunnel-VERSION.tar.gz; make deb: packages for Debian, in build/deb
# make lint       cppcheck, clang-tidy, shellcheck, mandoc, codespell
# make compile_commands.json        for editors
# V=1 shows the commands, STRICT=1 makes an error of every warning (and, of the tests, of every skip), SANITIZE=address,undefined
# builds into a folder of its own.

# The one version number: of -V, of the manual pages, and of CHANGELOG.md, which has its date too.
VERSION := 0.1.0
DATE    ?= $(shell sed -n 's/^\#\# \[$(VERSION)\] - //p' CHANGELOG.md)
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
comma   := ,
define newline


endef
B       ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
# One name for one folder: the *.d files know it by this one.
override B := $(patsubst $(CURDIR)/%,%,$(B))

CFLAGS  ?= -O2 -g
# -Wno-psabi: nothing of ours is shared with what another compiler has made.
WARN    := -Wno-psabi $(if $(filter 1,$(STRICT)),-Werror) -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
# The library serves glibc and musl programs alike: no fortified names, no C23 number parsers.
ALL     := -std=gnu11 $(WARN) -Iinclude -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden -ftls-model=initial-exec -MMD -MP \
           $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)

# Three sources know more: what it is called, and where it is installed.
PLACE   := -DPTUNNEL_VERSION='"$(VERSION)"' -DPTUNNEL_LIBDIR='"$(LIBDIR)"'
PLACED  := $(addprefix $(B)/obj/helper/,common/shared_options.o run/library.o ptunnel-agent.o)

objects  = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)))
programs = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/$(1)/*.c))
# What the machine cannot build is skipped by tests/check, which says what it needs.
UNIT    := $(if $(wildcard /usr/include/cmocka.h),$(call programs,unit))
BENCH   := $(filter-out %/empty,$(call programs,bench))
PROGRAM := $(call programs,programs)
FUZZ    := $(call programs,fuzz)
PRODUCT := $(addprefix $(B)/,libptunnel.so ptunnel-run ptunnel ptunnel-agent)
TESTS   := $(B)/tests/proxy $(B)/programs/probe $(B)/programs/readiness $(B)/programs/stress $(PROGRAM) $(UNIT) $(BENCH)
FOLDERS := preload preload/* preload/core/* helper helper/*
SOURCES := $(wildcard $(addsuffix /*.c,$(FOLDERS) tests/* tests/*/*))

# The library's own folders, lowest first: each may use those before it, and the core.
LIBRARY := process names sockets pending ready calls hooks

Q       := $(if $(V),,@)

# $(call remember,FILE,WORDS): the file is written only when it held other words. What depends on it is then made again: compiled
# with other flags, by another compiler, for another place, or from a source more or less. What a source that is gone left goes, too.
remember = $(file > $(1).new,$(2))$(shell cmp -s $(1).new $(1) && rm $(1).new || mv $(1).new $(1))
$(shell mkdir -p $(B)/obj)
$(call remember,$(B)/flags,$(CC) $(CFLAGS) $(ALL) $(LDFLAGS))
$(call remember,$(B)/place,$(PLACE))
$(call remember,$(B)/sources,$(SOURCES))
STALE   := $(filter-out $(SOURCES:%.c=$(B)/obj/%.o),$(shell find $(B)/obj -name '*.o'))
$(if $(STALE),$(shell rm -f $(STALE) $(STALE:.o=.d)))

all: $(PRODUCT)
tests: all $(TESTS)

$(B)/obj/preload/core/%: ALL += -include preload/core/base/offsets.h
$(B)/obj/helper/%: ALL += -include preload/core/base/offsets.h
# A sanitizer asks by our dlsym() before it can watch anything.
ASKED   := $(addprefix $(B)/obj/preload/,core/base/loaded.o hooks/dlsym.o real.o)
$(if $(SANITIZE),$(ASKED): ALL += -fno-sanitize=all)
$(PLACED): ALL += $(PLACE)
$(PLACED): $(B)/place

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) $(ALL) -c $< -o $@

$(B)/libptunnel-core.a: $(call objects,preload/core/*/*.c) $(B)/sources
	$(Q)rm -f $@; $(AR) rcs $@ $(filter %.o,$^)

# The one list of hooked functions feeds the export map and the tests; what is in it depends on the C library.
LISTED   = \#include "preload/real.h"\n\#define X(type, name, parameters) HOOKED name\n\#define A(one, name) HOOKED name\n
$(B)/hooked: preload/real.h preload/libc.h $(B)/flags
	$(Q)printf '$(LISTED)REAL_FUNCTIONS(X) REAL_ALIASES(A)\n' | $(CC) $(CFLAGS) $(filter-out -MMD -MP,$(ALL)) -E -P -x c - | \
	    grep -o 'HOOKED [a-zA-Z_0-9]*' | cut -d ' ' -f 2 | sort > $@

$(B)/exports.map: $(B)/hooked
	$(Q)(echo '{ global:'; sed 's/$$/;/' $<; echo 'local: *; };') > $@

# What is linked, from what and with what; each with the core.
$(B)/libptunnel.so:  $(call objects,preload/*.c $(LIBRARY:%=preload/%/*.c)) $(B)/exports.map
$(B)/ptunnel-run:    $(call objects,helper/ptunnel-run.c helper/run/*.c helper/supervise/*.c helper/relay/*.c helper/common/*.c)
$(B)/ptunnel:        $(call objects,helper/ptunnel.c helper/listener/*.c helper/relay/*.c helper/common/*.c)
$(B)/ptunnel-agent:  $(call objects,helper/ptunnel-agent.c helper/agent/*.c helper/relay/loop.c helper/common/usage.c helper/common/libc_net.c)
$(B)/tests/proxy:    $(call objects,tests/proxy/*.c)
$(B)/programs/probe: $(call objects,tests/programs/probe/*.c)
$(B)/programs/readiness: $(call objects,tests/programs/readiness/*.c)
$(B)/programs/stress: $(call objects,tests/programs/stress/*.c)
$(UNIT):             $(call objects,tests/unit/support/*.c)
$(B)/fuzz/agent:     $(call objects,helper/agent/question.c)
$(B)/unit/relay:     $(call objects,helper/relay/*.c helper/common/libc_net.c)
$(B)/unit/pool:      $(call objects,helper/agent/pool.c helper/agent/ticket_file.c)
$(B)/unit/exchange:  $(call objects,$(foreach part,exchange exchanges known pool ticket_file question scheme digest failure,helper/agent/$(part).c))
$(filter $(addprefix $(B)/unit/,owner slot registration armed event handed tray whole),$(UNIT)): \
    $(call objects,preload/*.c preload/process/*.c preload/sockets/*.c preload/ready/tray.c)
$(PROGRAM) $(UNIT) $(BENCH) $(FUZZ): $(B)/%: $(B)/obj/tests/%.o

$(B)/libptunnel.so: LIBS = -shared -ldl -Wl,--version-script=$(B)/exports.map,-soname=libptunnel.so,-z,now
$(B)/ptunnel-agent: LIBS = -ldl
$(TESTS):           LIBS = -pthread -ldl
$(UNIT):            LIBS = -pthread -lcmocka -Wl,--wrap=clock_now
$(FUZZ):            LIBS = -fsanitize=fuzzer

$(PRODUCT) $(TESTS) $(FUZZ): $(B)/libptunnel-core.a $(B)/sources $(B)/flags
	$(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(ALL) -o $@ $(filter %.o,$^) $(B)/libptunnel-core.a $(LIBS) $(LDFLAGS)

demo: all $(B)/tests/proxy $(B)/programs/demo
	@tests/demo $(B)

prepare:
	@tests/install
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) tests fuzz

check: prepare
	@STRICT=$(STRICT) B=$(B) tests/check

stress: prepare
	@B=$(B) tests/stress/run $(or $(MINUTES),10)

zoo: prepare
	@tests/install zoo/packages
	@STRICT=$(STRICT) B=$(B) FILE_TIMEOUT=3600 tests/check tests/zoo/*.bats

kernels: prepare
	@tests/install kernels/packages
	@B=$(B) tests/kernels/run $(KERNELS)

# Fuzzers have a core of their own, instrumented. From an archive, so that one may bring its own arena.
fuzz:
	@! command -v clang > /dev/null || $(MAKE) --no-print-directory B=$(B)/clang CC=clang fuzzers \
	    CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'

fuzzers: $(FUZZ)

# Manual pages get the date and the version.
MANUALS := $(patsubst helper/%,$(B)/man/%,$(wildcard helper/*.[157]))

$(B)/man/%: helper/% Makefile CHANGELOG.md
	@mkdir -p $(@D)
	$(Q)sed 's|^\(\.TH [^ ]* [157]\) "" ptunnel |\1 "$(DATE)" "ptunnel $(VERSION)" |' $< > $@

# What is installed: FILE=PLACE.
under     = $(foreach file,$(1),$(file)=$(2)/$(notdir $(file)))
OTHER     = $(call under,$(B)/i386/libptunnel.so,$(LIBDIR)/ptunnel/i386)
INSTALLED = $(call under,$(B)/ptunnel-run $(B)/ptunnel $(B)/ptunnel-agent,$(BINDIR)) $(if $(I386),$(OTHER)) $(call under,$(B)/libptunnel.so,$(LIBDIR)) \
            $(call under,$(filter %.1,$(MANUALS)),$(MANDIR)/man1) $(call under,$(filter %.5,$(MANUALS)),$(MANDIR)/man5) \
            $(call under,$(filter %.7,$(MANUALS)),$(MANDIR)/man7) \
            $(patsubst %.bash,%,$(call under,$(wildcard helper/completions/*.bash),$(PREFIX)/share/bash-completion/completions)) \
            $(call under,helper/completions/_ptunnel-run,$(PREFIX)/share/zsh/site-functions) \
            $(foreach name,ptunnel-run ptunnel,helper/completions/ptunnel-run.fish=$(PREFIX)/share/fish/vendor_completions.d/$(name).fish) \
            $(call under,$(wildcard helper/*.service helper/*.socket),$(PREFIX)/lib/systemd/user)

# Programs of 32 bits on x86-64 have a library of their own, which is found below the other: make I386='gcc -m32', and install with the same.
all: $(if $(I386),i386)
i386:
	@$(MAKE) --no-print-directory I386= B=$(B)/i386 CC='$(I386)' LIBDIR=$(LIBDIR)/ptunnel/i386 $(B)/i386/libptunnel.so

install: all $(MANUALS)
	$(foreach file,$(INSTALLED),install -D -m $(if $(filter $(B)/ptunnel%,$(file)),755,644) $(subst =, $(DESTDIR),$(file))$(newline))
	@sed -i 's|^ExecStart=|&$(BINDIR)/|' $(DESTDIR)$(PREFIX)/lib/systemd/user/ptunnel.service $(DESTDIR)$(PREFIX)/lib/systemd/user/ptunnel-agent.service
	$(if $(DESTDIR),,-ldconfig)

# Folders go, too, when they are empty; not those that every system has, nor what lies above PREFIX.
STANDING := /usr /usr/local $(foreach dir,bin lib share share/man,/usr/$(dir) /usr/local/$(dir))

uninstall: I386 = any
uninstall:
	rm -f $(foreach file,$(INSTALLED),$(DESTDIR)$(lastword $(subst =, ,$(file))))
	@for place in $(sort $(foreach file,$(INSTALLED),$(patsubst %/,%,$(dir $(lastword $(subst =, ,$(file))))))); do \
	    while case " $(if $(DESTDIR),,$(STANDING)) " in *" $$place "*) false ;; *) rmdir "$(DESTDIR)$$place" 2> /dev/null ;; esac; \
	    do place=$${place%/*}; [ "$$place" ] || break; done; \
	done
	$(if $(DESTDIR),,-ldconfig)

# The same bytes whoever makes it, and when: the files that git knows (or, where there is no git, all but what was built).
RELEASE   = ptunnel-$(VERSION)
dist: $(B)/$(RELEASE).tar.gz
$(B)/$(RELEASE).tar.gz: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)(git ls-files -z 2> /dev/null | grep -z . || find . -type f ! -path './build*' -printf '%P\0') | LC_ALL=C sort -z | \
	    tar --null --no-recursion -T - -c --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX,a-st --mtime='$(DATE) 00:00Z' --format=ustar \
	    --transform='s|^|$(RELEASE)/|' | gzip -n -9 > $@
	@echo $@
FORCE:

# DEBFLAGS=-ai386, say, are for dpkg-buildpackage. This is no package of the distribution's: it has the version of the release.
deb: dist
	$(Q)rm -rf $(B)/deb/$(RELEASE) && mkdir -p $(B)/deb && tar -C $(B)/deb -xf $(B)/$(RELEASE).tar.gz
	$(Q)cp -r helper/packaging/debian $(B)/deb/$(RELEASE)
	$(Q)printf 'ptunnel-connect ($(VERSION)) unstable; urgency=medium\n\n  * Release $(VERSION): see CHANGELOG.md.\n\n -- %s  %s\n' \
	    "$$(sed -n 's/^Maintainer: //p' helper/packaging/debian/control)" "$$(LC_ALL=C date -u -R -d '$(DATE)')" > $(B)/deb/$(RELEASE)/debian/changelog
	$(Q)cd $(B)/deb/$(RELEASE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc $(DEBFLAGS)
	@ls $(B)/deb/*.deb

# cppcheck: ctuuninitvar takes what a function fills in for what it reads.
# shellcheck: 2016 quotes are single where another shell is to expand them; 2030, 2031, 2034, 2153, 2154, 2164 do not know bats, which
# runs each test by itself, sets variables of its own, and ends a test whose cd fails; 2120 functions with settings that nobody changes.
SCRIPTS := tests/check tests/install tests/demo $(wildcard tests/stress/run tests/kernels/run tests/kernels/fetch tests/kernels/guest tests/*/*.sh tests/system/*.ba* tests/system/lib/*.bash tests/zoo/*.ba*) \
           $(wildcard helper/completions/*.bash) .ci/run
lint: $(MANUALS)
	cppcheck --quiet --suppress='ctuuninitvar:*' --error-exitcode=1 --enable=warning,performance,portability --inline-suppr '-DElfW(type)=Elf64_##type' -Iinclude preload helper
	clang-tidy --quiet $(filter-out tests/%,$(SOURCES)) -- $(filter-out -W% -f%,$(ALL)) $(PLACE) 2> /dev/null
	shellcheck -x -S warning -e SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2164,SC2120 $(SCRIPTS)
	mandoc -Tlint $(MANUALS)
	codespell -L te,bu,fo,nin,hel Makefile *.md preload helper include $(filter-out tests/fuzz,$(wildcard tests/*))

# For editors and tools: how each source is compiled.
quoted = $(subst ",\",$(subst \,\\,$(1)))
compile_commands.json:
	$(file > $@,[)$(foreach source,$(SOURCES),$(file >> $@,$(if $(filter-out $(firstword $(SOURCES)),$(source)),$(comma))\
	    {"directory": "$(CURDIR)"$(comma) "file": "$(source)"$(comma) "output": "$(source:%.c=$(B)/obj/%.o)"$(comma)\
	    "command": "$(call quoted,$(CC) $(CFLAGS) $(ALL) $(PLACE) -c $(source) -o $(source:%.c=$(B)/obj/%.o))"}))$(file >> $@,])

print-hooked: $(B)/hooked
	@paste -sd ' ' $<

# Those of the tests are laid out by hand: they are tables for the most part.
format:
	clang-format -i $(wildcard include/ptunnel/*.h $(addsuffix /*.[ch],$(FOLDERS)))

clean:
	rm -rf build build-* compile_commands.json

.PHONY: all i386 tests demo prepare check stress zoo kernels fuzz fuzzers install uninstall lint compile_commands.json print-hooked format clean
.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
