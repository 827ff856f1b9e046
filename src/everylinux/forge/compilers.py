"""How the tool chains are made: Linux' headers, musl, and two compilers.

The quick one (`toolchain`) is a wrapper of the host's gcc with musl's specs. The real one
(`binutils`, `gcc`, `cross-musl`, `toolchain-gcc`) is the specification's *Musl Build
Configuration*: a cross compiler of our own, whose libgcc and libstdc++ saw no other C library.
"""

from __future__ import annotations

from everylinux.forge.command_lines import (
    CROSS,
    FORTIFY,
    HARDEN,
    MUSL,
    PREFIX,
    PROTECT,
    licence,
    make,
    no_loader,
    patched,
    shell,
    source,
    with_patches,
)
from everylinux.forge.contract import HOME, OUT, PROJECT, X86, X86_64, Command, Recipe, Settings

WORD = {X86_64: "-m64", X86: "-m32 -march=i686"}
"""The host's gcc for each architecture; i686 is the least that Debian's and musl's i386 ask for."""
STRAY = {X86_64: "", X86: " -lssp_nonshared"}
"""i386's position independent code calls __stack_chk_fail_local, which must be in each object:
musl leaves it to the compiler (https://www.openwall.com/lists/musl/2018/09/11/2)."""
LOADER = "ld-musl-{machine}.so.1"


def linux_headers(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """The kernel's headers for programs, out of Debian's package of them; one asm/ for both."""
    usr, place = f"{source(recipe)}/usr", f"{OUT}{MUSL}/include"
    script = (
        f"mkdir -p {place};"
        f" for d in linux asm-generic mtd rdma sound video xen misc drm; do"
        f" [ ! -d {usr}/include/$d ] || cp -RL {usr}/include/$d {place}/; done;"
        # its place since linux-libc-dev 6.8, and before
        f" for d in {usr}/lib/linux/uapi/x86/asm {usr}/include/x86_64-linux-gnu/asm; do"
        f" [ ! -d $d ] || cp -RL $d {place}/; done"
    )
    return (shell(script, "/build"), licence(recipe))


def linux_source(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The same out of the kernel's source; its own install rule would need rsync."""
    where, place = source(recipe), f"{OUT}{MUSL}/include"
    script = (
        f"{make(settings.jobs, 'headers', 'ARCH=x86', 'HOSTCC=gcc')}; mkdir -p {place};"
        f" find usr/include ! -name '*.h' -type f -delete; cp -R usr/include/. {place}/"
    )
    return with_patches(recipe, shell(script, where))


def _stack_check(cc: str, ar: str) -> str:
    """A shell line that adds libssp_nonshared.a to musl's libraries; see STRAY."""
    body = 'extern void __stack_chk_fail(void); __attribute__((visibility("hidden")))'
    name = f"{OUT}{MUSL}/lib/libssp_nonshared"
    return (
        f"echo '{body} void __stack_chk_fail_local(void) {{ __stack_chk_fail(); }}' > ssp.c;"
        f" {cc} -O2 -fPIC -c -o ssp.o ssp.c; {ar} Drcs {name}.a ssp.o"
    )


def musl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The C library and its loader, by the host's gcc."""
    cc = f"gcc {WORD[settings.arch]}"
    return _musl(recipe, settings, cc, "ar")


def cross_musl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The C library and its loader, by our own gcc."""
    tool = f"{CROSS}/bin/{settings.triplet}-"
    return _musl(recipe, settings, f"{tool}gcc", f"{tool}ar")


def _musl(recipe: Recipe, settings: Settings, cc: str, ar: str) -> tuple[Command, ...]:
    where = source(recipe)
    env = {"CC": cc, "AR": ar, "CFLAGS": f"-O2 -g0 {PROTECT}", "LDFLAGS": HARDEN}
    configure = (
        *("./configure", f"--build={settings.triplet}", f"--target={settings.triplet}"),
        *(f"--prefix={MUSL}", f"--syslibdir={MUSL}/lib", *recipe.configure),
    )
    return with_patches(
        recipe,
        *_fast(recipe, where),
        Command(configure, where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}; {_stack_check(cc, ar)}", where, env),
    )


def _fast(recipe: Recipe, where: str) -> tuple[Command, ...]:
    """An allocator and string functions of its own, if the recipe brings build/musl-fast."""
    if "musl-fast" not in recipe.project:
        return ()
    ours, upstream = f"{PROJECT}/musl-fast", "src/malloc/mimalloc/upstream"
    script = (
        f"cp -R {ours}/src/. src/; mkdir -p {upstream};"
        f" cp -R {source(recipe, 1)}/include {source(recipe, 1)}/src {upstream}/;"
        f' for p in {ours}/patches/*.patch; do patch -p1 -f -i "$p"; done'
    )
    return (shell(script, where),)


WRAPPER = """#!/bin/sh
# {what}, with musl's headers and libraries. The name must contain "gcc": CPython chooses
# LTO and PGO flags by it, silently. File names in assertions are kept free of the build's place.
case "$*" in
    --print-multiarch|-print-multiarch|-dumpmachine) echo {triplet}; exit 0 ;;
esac
{more}exec {command} -ffile-prefix-map=/build/src/= "$@"{stray}
"""


# What a static program does not have: ld takes the last word on it, also after gcc's own.
LOADED = """case " $* " in
    *" -static "*|*" -static-pie "*) ;;
    *) set -- {option} "$@" ;;
esac
"""


def toolchain(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """The host's gcc under a wrapper; and a program, linked by it in each way, must run."""
    word = WORD[settings.arch]
    emulation = " -Wl,-m,elf_i386" if settings.arch == X86 else ""  # the specs drop gcc's own
    command = f"gcc {word} -specs {MUSL}/lib/musl-gcc.specs{emulation} -I{FORTIFY}"
    return _wrapped(settings, "The host's gcc", command, "/usr/bin/")


def toolchain_gcc(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """Our own gcc under a wrapper that names musl's place; its programs must run, too."""
    tool = f"{CROSS}/bin/{settings.triplet}-"
    loader = f"{MUSL}/lib/{LOADER.format(machine=settings.machine)}"
    more = LOADED.format(option=f"-Wl,--dynamic-linker={loader}")
    return (
        *_wrapped(settings, "Our own gcc", f"{tool}gcc -I{FORTIFY}", tool, more),
        shell(no_loader(tool, "t"), "/tmp"),  # noqa: S108 - the last proof's
    )


def _wrapped(
    settings: Settings, what: str, command: str, tool: str, more: str = ""
) -> tuple[Command, ...]:
    place, cc = OUT / "opt/toolchain/bin", settings.cc
    text = WRAPPER.format(
        what=what,
        command=command,
        triplet=settings.triplet,
        more=more,
        stray=STRAY[settings.arch],
    )
    links = "".join(
        f" ln -s {tool}{name} {place}/{settings.triplet}-{name};"
        for name in ("gcc-ar", "gcc-ranlib", "gcc-nm", "strip", "readelf")
    )
    write = f"mkdir -p {place}; printf '%s' \"$WRAPPER\" > {place}/{cc}; chmod 755 {place}/{cc};"
    proof = (
        "echo '#include <stdio.h>\nint main(void){return puts(\"linked\") < 0;}' > t.c;"
        f" for how in '' -static -static-pie; do {place}/{cc} $how {HARDEN} -o t t.c; ./t; done"
    )
    return (
        shell(write + links, "/build", {"WRAPPER": text}),
        shell(proof, "/tmp"),  # noqa: S108 - the sandbox's own
    )


def binutils(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Assembler, linker and the like for the target, run on the build's root."""
    where = source(recipe)
    configure = (
        *("./configure", f"--target={settings.triplet}", f"--prefix={CROSS}"),
        *(f"--with-sysroot={MUSL}", *recipe.configure),
    )
    return with_patches(
        recipe,
        Command(configure, where, {"CFLAGS": "-O2 -g0", "CXXFLAGS": "-O2 -g0"}),
        shell(make(settings.jobs, "MAKEINFO=true"), where),
        shell(f"make install MAKEINFO=true DESTDIR={OUT}", where),
    )


SYSROOT = f"{HOME}/sysroot"
OBJECTS = f"{HOME}/gcc"


UNPACKED = (
    # Debian's archive has the source in an archive of its own
    "[ -e configure ] || { tar -xf gcc-*.tar.xz --strip-components=1; rm gcc-*.tar.xz; };"
    # ... and its manual without the parts that this rule would compare with the source
    r" sed -i 's,^s-tm-texi: build/genhooks.*,s-tm-texi:\n\t$(STAMP) $@\n\nunused-tm-texi:,'"
    " gcc/Makefile.in"
)


def _for_target(settings: Settings) -> str:
    """How libgcc and libstdc++ are compiled, which are shipped: as all else.

    32 bit has no stack protector there: it asks for a library that only a finished musl has.
    """
    protect = PROTECT if settings.arch != X86 else PROTECT.partition(" ")[2]
    return f"-O2 -g0 -fPIC {protect} -I{FORTIFY} -ffile-prefix-map=/build/src/="


def gcc(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The compiler in the order that a new C library asks for.

    Compiler, static libgcc, musl (a throw-away one, for its headers and to link with), then the
    shared libgcc and libstdc++.
    """
    where, c_library = source(recipe), source(recipe, 1)
    triplet, jobs = settings.triplet, settings.jobs
    march = ("--with-arch=i686",) if settings.arch == X86 else ()
    configure = (
        *(f"{where}/configure", f"--target={triplet}", f"--prefix={CROSS}"),
        *(f"--with-sysroot={MUSL}", f"--with-build-sysroot={SYSROOT}"),
        *("--with-native-system-header-dir=/include", *march, *recipe.configure),
    )
    env = {"CFLAGS": "-O2 -g0", "CXXFLAGS": "-O2 -g0", "LDFLAGS_FOR_TARGET": HARDEN}
    env["CFLAGS_FOR_TARGET"] = env["CXXFLAGS_FOR_TARGET"] = _for_target(settings)
    c_env = {
        "CC": f"{OBJECTS}/gcc/xgcc -B {OBJECTS}/gcc/ --sysroot={SYSROOT}",
        "LIBCC": f"{OBJECTS}/{triplet}/libgcc/libgcc.a",
        "AR": f"{CROSS}/bin/{triplet}-ar",
        "RANLIB": f"{CROSS}/bin/{triplet}-ranlib",
    }
    c_configure = f"./configure --prefix=/ --build={triplet} --target={triplet}"
    libraries = f"{OUT}{PREFIX}/lib"
    keep = (
        f"mkdir -p {libraries}; for l in libgcc_s.so.1 libstdc++.so.6; do"
        f" cp -L {OUT}{CROSS}/{triplet}/lib*/$l {libraries}/; done; find {OUT} -name '*.la' -delete"
    )
    return (
        shell(UNPACKED, where),
        patched(recipe),
        shell(f"mkdir -p {SYSROOT} {OBJECTS}; cp -R {MUSL}/include {SYSROOT}/", "/build"),
        shell(f"{c_configure}; make install-headers DESTDIR={SYSROOT}", c_library, {"CC": "true"}),
        Command(configure, OBJECTS, env),
        shell(f"{make(jobs, 'MAKEINFO=true')} all-gcc", OBJECTS),
        shell(f"{make(jobs, 'MAKEINFO=true')} enable_shared=no all-target-libgcc", OBJECTS),
        shell(f"{c_configure}; {make(jobs)}; make install DESTDIR={SYSROOT}", c_library, c_env),
        shell(f"make -C {triplet}/libgcc distclean", OBJECTS),
        shell(f"{make(jobs, 'MAKEINFO=true')} all", OBJECTS),
        shell(f"make install MAKEINFO=true DESTDIR={OUT}; {keep}", OBJECTS),
        licence(recipe),
    )
