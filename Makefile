# make            libpacs.a, the programs and the module for Debian's nginx
# make units      the unit tests, build/t/*
# make SAN=1 ...  the same in build/asan, under ASan and UBSan
# make NGX_SRC=D  the module against a plain nginx source tree D
# make install DESTDIR=

ifdef SAN
B       ?= build/asan
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
           -fno-omit-frame-pointer -DPACS_ASAN
OPT     ?= -O1 -g
else
B       ?= build
OPT     ?= -O2 -g
endif

# make V=1 shows the commands
Q = $(if $(V),,@)
WARN   = -Wall -Wextra -Werror -Wno-unused-parameter
WARNC  = $(WARN) -Wmissing-prototypes -Wstrict-prototypes -Wvla
HIDE   = -fPIC -fvisibility=hidden -MMD -MP -Isrc -D_GNU_SOURCE \
         -D_FILE_OFFSET_BITS=64 -isystem /usr/include/freetype2 \
         -isystem /usr/include/fribidi
HARD   = $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
ALLC   = -std=c11 $(WARNC) $(HIDE) $(HARD) $(OPT) $(SANFLAGS) $(CFLAGS)
ALLCXX = -std=gnu++17 $(WARN) $(HIDE) $(HARD) $(OPT) $(SANFLAGS) $(CXXFLAGS)

LIBS          = -lsqlite3 -ljpeg -lpng16 -lwebp -lgif -llcms2 -lraqm -lexpat \
                -lfribidi -lfreetype -lhiredis -lcrypto -lz -lm -lpthread
CODEC_LIBS    = -lopenjp2 -lcharls -lopenjph -ldcmjpeg -lijg8 -lijg12 -lijg16 \
                -ldcmimgle -ldcmdata -loflog -lofstd -lseccomp -lstdc++
LISTENER_LIBS = -ldcmnet -ldcmdata -loflog -lofstd -lstdc++

ROOMS    = core dicom render index blob cache auth audit web service
src       = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*.cc)))
objs      = $(patsubst %,$(B)/%.o,$(basename $(call src,$(1))))
CORE     := $(call objs,$(addprefix src/,$(ROOMS)))
CODEC    := $(call objs,src/codec)
LISTENER := $(call objs,src/listener)
CLI      := $(call objs,tools/pacs)
UNITS    := $(patsubst t/unit/%.c,$(B)/t/%,$(wildcard t/unit/*.c))
TOOLS    := $(patsubst %.c,$(B)/%,$(wildcard t/tools/*.c))
MODULE   := $(B)/ngx_http_pacs_module.so

all: lib programs module
lib: $(B)/libpacs.a
programs: $(B)/pacs-codec $(B)/pacs-listener $(B)/pacs
units: $(UNITS) $(TOOLS) $(B)/tools/fill $(B)/faults/pacs-codec
module: $(MODULE)

$(B)/libpacs.a: $(CORE)
	@echo "  AR   $@"
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(ALLC) -c -o $@ $<

$(B)/%.o: %.cc
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	$(Q)$(CXX) $(ALLCXX) -c -o $@ $<

$(B)/pacs-codec: $(CODEC) $(B)/libpacs.a
	@echo "  LD   $@"
	$(Q)$(CXX) $(SANFLAGS) -o $@ $^ $(CODEC_LIBS) $(LIBS)

# the same, but a test can make it crash, spin and eat memory
$(B)/faults/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $< (faults)"
	$(Q)$(CC) $(ALLC) -DPACS_CODEC_FAULTS -c -o $@ $<

FAULTY := $(B)/src/codec/child.o $(B)/src/codec/job.o
$(B)/faults/pacs-codec: $(filter-out $(FAULTY),$(CODEC)) \
                        $(FAULTY:$(B)/%=$(B)/faults/%) $(B)/libpacs.a
	@echo "  LD   $@"
	$(Q)$(CXX) $(SANFLAGS) -o $@ $^ $(CODEC_LIBS) $(LIBS)

$(B)/pacs-listener: $(LISTENER) $(B)/libpacs.a
	@echo "  LD   $@"
	$(Q)$(CXX) $(SANFLAGS) -o $@ $^ $(LISTENER_LIBS) $(LIBS)

$(B)/pacs: $(CLI) $(B)/libpacs.a
	@echo "  LD   $@"
	$(Q)$(CC) $(SANFLAGS) -o $@ $^ $(LIBS)

# what a unit test needs beyond libpacs.a is named in its own first line:
# /* link: src/codec/rle.c */
$(B)/t/%: t/unit/%.c $(B)/libpacs.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(ALLC) -It -o $@ $< $(shell sed -n '1s,^/\* link: \(.*\) \*/$$,\1,p' $<) $(B)/libpacs.a $(LIBS)

# what a test runs that is no TAP program itself
$(B)/t/tools/%: t/tools/%.c $(B)/libpacs.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(ALLC) -It -o $@ $< $(B)/libpacs.a $(LIBS)

# invents an archive
$(B)/tools/fill: tools/bench.d/fill.c tools/bench.d/bulk.c \
                 tools/bench.d/bulk.h $(B)/libpacs.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(ALLC) -o $@ $(filter %.c,$^) $(B)/libpacs.a $(LIBS)

# decodes what pacs-codec does, without its processes
DECODERS := $(filter-out $(patsubst %,$(B)/src/codec/%.o,main child client \
              evict job pool receive result sandbox),$(CODEC))
$(B)/t/tools/render_file: $(B)/t/tools/render_file.o \
                          $(DECODERS) $(B)/libpacs.a
	@echo "  LD   $@"
	$(Q)$(CXX) $(SANFLAGS) -o $@ $(filter %.o %.a,$^) $(CODEC_LIBS) $(LIBS)

# libFuzzer with all of core, dicom and web, whatever the rest is built with
FUZZ    = clang -std=c11 $(WARNC) -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -O1 -g -fno-sanitize-recover=undefined
FUZZED := $(patsubst %.c,$(B)/t/fuzz/%.o,$(call src,src/core src/dicom src/web))

$(FUZZED): $(B)/t/fuzz/%.o: %.c $(wildcard src/*/*.h)
	@mkdir -p $(@D)
	$(Q)$(FUZZ) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(B)/t/fuzz/fuzzed.a: $(FUZZED)
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/t/fuzz/%: t/fuzz/%.c $(B)/t/fuzz/fuzzed.a
	@echo "  LD   $@"
	$(Q)$(FUZZ) -fsanitize=fuzzer,address,undefined -o $@ $< \
	    $(shell sed -n '1s,^/\* link: \(.*\) \*/$$,\1,p' $<) \
	    $(B)/t/fuzz/fuzzed.a -lexpat -lcrypto -lz -lm -lpthread

# --- the module: nginx's own build compiles the glue, see config ---

GLUE = $(wildcard ngx_pacs_module/*.c ngx_pacs_module/*.h) config

$(MODULE): $(B)/libpacs.a $(GLUE)
	$(Q)B=$(B) NGX_SRC='$(NGX_SRC)' SANFLAGS='$(SANFLAGS)' LIBS='$(LIBS)' \
	    tools/build-module

DEST  = $(DESTDIR)
SHARE = $(DEST)/usr/share
install: all
	install -d "$(DEST)/usr/lib/nginx/modules" "$(DEST)/usr/sbin" \
	    "$(DEST)/usr/bin" "$(DEST)/usr/libexec/ngx_pacs" \
	    "$(SHARE)/nginx/modules-available" "$(SHARE)/doc/ngx_pacs" \
	    "$(SHARE)/ngx_pacs"
	install -m 644 $(MODULE) "$(DEST)/usr/lib/nginx/modules/"
	install -m 755 $(B)/pacs-listener "$(DEST)/usr/sbin/"
	install -m 755 $(B)/pacs-codec "$(DEST)/usr/libexec/ngx_pacs/"
	install -m 755 $(B)/pacs "$(DEST)/usr/bin/"
	rm -rf "$(SHARE)/ngx_pacs/html"
	cp -R html "$(SHARE)/ngx_pacs/"
	chmod -R u=rwX,go=rX "$(SHARE)/ngx_pacs/html"
	tools/program html | install -m 644 /dev/stdin \
	    "$(SHARE)/ngx_pacs/program.conf"
	echo 'load_module modules/ngx_http_pacs_module.so;' \
	    | install -m 644 /dev/stdin \
	    "$(SHARE)/nginx/modules-available/mod-http-pacs.conf"
	install -m 644 README.md conf/* "$(SHARE)/doc/ngx_pacs/"

clean:
	rm -rf $(B)

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)


.PHONY: all lib programs units module install clean
.SECONDARY:
