"""How CPython is built, and the programs of our own: the launcher and the agent."""

from __future__ import annotations

from everylinux.forge.command_lines import (
    CFLAGS,
    HARDEN,
    PREFIX,
    PROTECT,
    PYTHON,
    RPATH,
    link_flags,
    make,
    no_loader,
    shell,
    source,
    tools,
    with_patches,
)
from everylinux.forge.contract import OUT, PROJECT, Command, Recipe, Settings

TESTS = (
    *("test_asyncgen", "test_asyncio.test_futures", "test_asyncio.test_locks"),
    *("test_asyncio.test_queues", "test_asyncio.test_tasks", "test_call", "test_class"),
    *("test_contextlib", "test_copy", "test_coroutines", "test_csv", "test_deque", "test_descr"),
    *("test_dict", "test_email", "test_enum", "test_exceptions", "test_format", "test_fractions"),
    *("test_htmlparser", "test_isinstance", "test_iter", "test_list", "test_pathlib"),
    *("test_property", "test_raise", "test_random", "test_richcmp", "test_string", "test_super"),
    *("test_sys_settrace", "test_textwrap", "test_tomllib", "test_tuple", "test_typing"),
    *("test_unpack", "test_unpack_ex", "test_urlparse", "test_userdict", "test_weakref"),
    *("test_with", "test_zlib"),
)
"""What CPython's own choice (libregrtest/pgo.py) leaves out, and so to be made small, not quick."""
TESTED = (
    "-m test --pgo --timeout=1200"
    # musl's fma and its one locale (docs/build.md) fail these, and a failure ends the build
    " -i test_fma_zero_result -i test_locale_caching -i test_locale_compiled || true;"
    f" $(RUNSHARED) ./$(BUILDPYTHON) -m test --pgo --timeout=1200 {' '.join(TESTS)}"
    # a crash would lose what was counted
    " || test $$? -lt 128"
)
# Tests go everywhere once, programs go round a few things all day. By its name alone, since
# sysconfig keeps all of this line: a path of the build would be in the finished tree (LAY-201).
USED = "; $(RUNSHARED) ./$(BUILDPYTHON) workload.py"


def profile_task(recipe: Recipe) -> str:
    """What is counted: tests, and programs where the recipe's project has them."""
    return TESTED + USED * ("profiles" in recipe.project)


# With counts gcc writes `rep stos` and `rep movs` for what is small: 14 ns where memset takes 4, at
# each object that is made. docs/performance.md has the figures. The linker needs it too, for LTO.
CALLED = "-mmemset-strategy=libcall:-1:noalign -mmemcpy-strategy=libcall:-1:noalign"
# What no training ran, or seldom, as most of a start, is else made small. docs/performance.md has
# the figures; https://gcc.gnu.org/onlinedocs/gcc/Optimize-Options.html what the options do.
UNTRAINED = "-fprofile-partial-training --param hot-bb-count-ws-permille=999"


def environment(settings: Settings) -> dict[str, str]:
    """For CPython's configure; see `cpython`."""
    own = CALLED if settings.profile != "release" else f"{CALLED} {UNTRAINED}"
    return {
        **tools(settings),
        "CXX": f"{settings.triplet}-g++",  # never run, but sysconfig's word for it
        "OPT": "-DNDEBUG -fwrapv -O3 -Wall",
        # The specification's 1 MiB is too little for CPython's own limit of 10,000 C calls: repr
        # and json crash in a thread (cpython#131338); 2 MiB were enough, 4 leave room.
        # musl has no sem_clockwait: with semaphores, waits would follow the wall clock (museum 31).
        "CFLAGS": f"{CFLAGS} -DTHREAD_STACK_SIZE=0x400000 -DHAVE_BROKEN_POSIX_SEMAPHORES=1",
        # The thread's state, asked for at each call of the C API, lies at a fixed distance from the
        # thread pointer: 12 to 18 % quicker than by a descriptor. docs/decisions.md has the price.
        "CFLAGS_NODIST": f"-ftls-model=initial-exec {own}",
        "CPPFLAGS": f"-I{PREFIX}/include",
        "LDFLAGS": f"{link_flags(settings)} -s",
        # libpython's own names are bound as it is linked: 13,000 loads of an address become an
        # addition, 4,500 searches at each start a sum. docs/decisions.md has the price.
        "LDFLAGS_NODIST": f"{RPATH} -Wl,-Bsymbolic {own}",
        "PKG_CONFIG_LIBDIR": f"{PREFIX}/lib/pkgconfig",
        "TCLTK_CFLAGS": f"-I{PREFIX}/include",
        "TCLTK_LIBS": "-ltk8.6 -ltcl8.6",
    }


def cpython(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """CPython. CFLAGS and their like are for configure only, or sysconfig carries them twice."""
    where = source(recipe)
    optimised = ("--enable-optimizations", "--with-lto") if settings.profile == "release" else ()
    configure = (
        *("./configure", f"--build={settings.triplet}", f"--prefix={PYTHON}"),
        *optimised,
        *recipe.configure,
    )
    # configure writes it into the Makefile; make does not ask the environment for it
    profile = {"PROFILE_TASK": profile_task(recipe)} if settings.profile == "release" else {}
    # assemble.py compiles the .pyc files, once and hash-based
    quiet = "COMPILEALL_OPTS='-q -x .'"
    data = f"{OUT}{PYTHON}/lib/python{settings.python}/_sysconfigdata_*"
    dynload = f"{OUT}{PYTHON}/lib/python{settings.python}/lib-dynload"
    # up to 3.11 setup.py renames what cannot be imported, and goes on
    proof = f"grep -q {settings.triplet} {data}; ! ls {dynload}/*_failed.so 2>/dev/null"
    return with_patches(
        recipe,
        Command(configure, where, {**environment(settings), **profile}),
        *_made(recipe, settings, where),
        shell(f"make install {quiet} DESTDIR={OUT}; {proof}", where),
    )


def _made(recipe: Recipe, settings: Settings, where: str) -> tuple[Command, ...]:
    """`make all`; PGO and LTO are asserted: configure may drop them without a word.

    Nothing makes two trainings count the same, nor two builds that train alike. The counts that lie
    in build/profiles are used instead where there are any; else they are kept beside what is built.
    """
    if settings.profile != "release":
        return (shell(make(settings.jobs, "all"), where),)
    asked = (
        "grep -q '^PGO_PROF_USE_FLAG=.*-fprofile-use' Makefile;"
        " grep -q '^[A-Z_]*LDFLAGS_NODIST=.*-flto' Makefile"
    )
    # gcc passes over counts of another version with a warning
    used = (
        "if grep -e 'expected version' /build/home/make.log; then exit 1; fi;"
        " grep -c -e -fprofile-use /build/home/make.log"
    )
    name = f"{recipe.sources[0]}-{settings.arch}.tar.xz"
    kept = f"{PROJECT}/profiles/{name}"
    programs = f"{PROJECT}/profiles/workload.py"
    given = (
        f"[ ! -e {programs} ] || cp {programs} .;"
        f" [ ! -e {kept} ] || {{ tar -xJf {kept}; touch profile-run-stamp; }}"
    )
    keep = (
        f"[ -e {kept} ] || {{ mkdir -p {OUT}/opt/profile; find . -name '*.gcda' | LC_ALL=C sort |"
        " tar --owner=0 --group=0 --mtime=@0 --no-recursion -T - -c |"
        f" xz -9 > {OUT}/opt/profile/{name}; }}"
    )
    return (
        shell(asked, where),
        shell(given, where),
        shell(
            f"{make(settings.jobs, 'all')} > /build/home/make.log 2>&1"
            " || { tail -n 40 /build/home/make.log; exit 1; }",
            where,
        ),
        shell(used, where),
        shell(keep, where),
    )


STATIC = f"-Os -g0 -Wall -Wextra -Werror {PROTECT} {HARDEN} -s"


def _program(settings: Settings, name: str, sources: str, how: str) -> Command:
    """One static program; `how` is -static or -static-pie. None asks for a loader."""
    target = f"{OUT}/opt/{name}/{name}"
    link = f"{settings.cc} {STATIC} {how} -o {target} {sources}"
    proof = no_loader(f"{settings.triplet}-", target)
    return shell(f"mkdir -p {OUT}/opt/{name}; {link}; {proof}", str(PROJECT / name))


def agent(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The resident agent: one static program out of build/agent/*.c."""
    return (_program(settings, recipe.name, "*.c", "-static"),)


def launcher(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The launcher: static, position independent, for this version's real interpreter."""
    version = f"-DVERSION='\"{settings.python}\"'"
    return (_program(settings, recipe.name, f"{version} *.c", "-static-pie"),)
