"""How each kind of component is built: recipe and settings in, commands of the sandbox out.

A recipe's `system` names one of these functions. Behaviour is Python, recipes are data: wanting an
`if` in a recipe means a new function here. A function returns plain values and touches nothing, so
that the driver can hash what it returns.

Prefixes: everything that ends in the distribution's shared_libraries/ is built for
/opt/shared_libraries, CPython for /opt/python, as the specification has it. Nothing of these
paths may be left in the finished tree: see assemble.py.
"""

from __future__ import annotations

from everylinux.forge.assemble import distribution
from everylinux.forge.command_lines import (
    CC,
    CFLAGS,
    HARDEN,
    LDFLAGS,
    LIBRARY,
    MUSL,
    NOWHERE,
    PREFIX,
    PROTECT,
    PYTHON,
    RPATH,
    TOOLS,
    configure_line,
    licence,
    make,
    patched,
    shell,
    source,
    with_patches,
)
from everylinux.forge.contract import (
    OUT,
    PROJECT,
    SRC,
    Command,
    HostStep,
    Recipe,
    Settings,
    System,
)


def autotools(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """./configure, make, make install, as most of them do it; shared libraries only."""
    where = source(recipe)
    env = {**LIBRARY, **recipe.environment}
    # libtool's archives name the prefix and help nobody
    clean = f"find {OUT} -name '*.la' -delete"
    return with_patches(
        recipe,
        Command(configure_line(recipe, "--disable-static"), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}; {clean}", where, env),
    )


def zlib(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The configure script of zlib's own: no --disable-static, and it reads CFLAGS only."""
    where = source(recipe)
    env = {**LIBRARY, **recipe.environment}
    return with_patches(
        recipe,
        Command(configure_line(recipe), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}; rm -f {OUT}{PREFIX}/lib/*.a", where, env),
    )


def bzip2(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """bzip2's second makefile, patched so that it takes LDFLAGS; it has no install rule."""
    where = source(recipe)
    flags = f'CC={CC} CFLAGS="{CFLAGS} -D_FILE_OFFSET_BITS=64" LDFLAGS="{LDFLAGS}"'
    lib, include = f"{OUT}{PREFIX}/lib", f"{OUT}{PREFIX}/include"
    install = (
        f"mkdir -p {lib} {include}; cp libbz2.so.1.0.8 {lib}/; cp bzlib.h {include}/;"
        f" ln -s libbz2.so.1.0.8 {lib}/libbz2.so.1.0; ln -s libbz2.so.1.0 {lib}/libbz2.so"
    )
    build = f"{make(settings.jobs)} -f Makefile-libbz2_so {flags}"
    return with_patches(recipe, shell(build, where), shell(install, where))


def cmake(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """CMake and ninja; the recipe says where in its source the project is (-S)."""
    where = source(recipe)
    env = {**LIBRARY, **recipe.environment, "DESTDIR": str(OUT)}
    configure = (
        *("cmake", "-G", "Ninja", "-B", "everylinux-build"),
        *("-DCMAKE_BUILD_TYPE=None", "-DCMAKE_SYSTEM_NAME=Linux"),
        *(f"-DCMAKE_INSTALL_PREFIX={PREFIX}", "-DCMAKE_INSTALL_LIBDIR=lib"),
        *recipe.configure,
    )
    return with_patches(
        recipe,
        Command(configure, where, env),
        shell(f"ninja -C everylinux-build -j{settings.jobs}", where, env),
        shell("ninja -C everylinux-build install", where, env),
    )


def linux_headers(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """The kernel's headers for programs, out of Debian's package of them."""
    usr = f"{source(recipe)}/usr"
    script = (
        f"mkdir -p {OUT}{MUSL}/include;"
        f" for d in linux asm-generic mtd rdma sound video xen misc drm; do"
        f" [ ! -d {usr}/include/$d ] || cp -RL {usr}/include/$d {OUT}{MUSL}/include/; done;"
        f" cp -RL {usr}/lib/linux/uapi/x86/asm {OUT}{MUSL}/include/"
    )
    return (shell(script, "/build"), licence(recipe))


def musl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The C library and its loader, by the host's gcc."""
    where = source(recipe)
    env = {"CC": "gcc", "CFLAGS": f"-O2 -g0 {PROTECT}", "LDFLAGS": HARDEN}
    configure = ("./configure", f"--prefix={MUSL}", f"--syslibdir={MUSL}/lib", *recipe.configure)
    return with_patches(
        recipe,
        Command(configure, where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}", where, env),
    )


WRAPPER = f"""#!/bin/sh
# The host's gcc with musl's headers and libraries. The name must contain "gcc": CPython chooses
# LTO and PGO flags by it, silently. File names in assertions are kept free of the build's place.
case "$*" in
    --print-multiarch|-print-multiarch|-dumpmachine) echo x86_64-linux-musl; exit 0 ;;
esac
exec gcc -specs {MUSL}/lib/musl-gcc.specs -ffile-prefix-map=/build/src/= "$@"
"""


def toolchain(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """A compiler wrapper; and a program, linked by it in each way, must run."""
    place = OUT / "opt/toolchain/bin"
    write = f"mkdir -p {place}; printf '%s' \"$WRAPPER\" > {place}/{CC}; chmod 755 {place}/{CC}"
    proof = (
        "echo '#include <stdio.h>\nint main(void){return puts(\"linked\") < 0;}' > t.c;"
        f" for how in '' -static -static-pie; do {place}/{CC} $how {HARDEN} -o t t.c; ./t; done"
    )
    return (shell(write, "/build", {"WRAPPER": WRAPPER}), shell(proof, "/tmp"))  # noqa: S108 - the sandbox's own


def xheaders(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """X's protocol headers and descriptions, which are text, out of Debian's packages."""
    place = f"{OUT}{PREFIX}"
    parts = "include share/pkgconfig share/xcb lib/python3"
    copies = [
        f"for d in {parts}; do [ ! -d {SRC}/{name}/usr/$d ] || "
        f"{{ mkdir -p {place}/$d; cp -R {SRC}/{name}/usr/$d/. {place}/$d/; }}; done"
        for name in recipe.sources
    ]
    mend = (
        f"sed -i -e 's,^prefix=.*,prefix={PREFIX},'"
        f" -e 's,^pythondir=.*,pythondir={PREFIX}/lib/python3/dist-packages,'"
        f" {place}/share/pkgconfig/*.pc"
    )
    return (shell("; ".join([*copies, mend]), "/build"), licence(recipe))


def ncurses(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The wide library under both names; terminal descriptions are the host's, with fallbacks."""
    where = source(recipe)
    lib = f"{OUT}{PREFIX}/lib"
    links = "".join(
        f" ln -s lib{name}w.so.6 {lib}/lib{name}.so.6; ln -s lib{name}w.so {lib}/lib{name}.so;"
        for name in ("ncurses", "panel", "form", "menu")
    )
    pc = f"--with-pkg-config-libdir={PREFIX}/lib/pkgconfig"
    return with_patches(
        recipe,
        Command(configure_line(recipe, pc), where, LIBRARY),
        shell(make(settings.jobs), where, LIBRARY),
        shell(f"make install.libs install.includes DESTDIR={OUT};{links}", where, LIBRARY),
    )


def readline(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """readline, linked with ncurses so that whoever loads it need not know."""
    where = source(recipe)
    shlib = "SHLIB_LIBS=-lncursesw"
    lib = f"{OUT}{PREFIX}/lib"
    return with_patches(
        recipe,
        Command(configure_line(recipe, "--disable-static"), where, LIBRARY),
        shell(make(settings.jobs, shlib), where, LIBRARY),
        shell(f"make install {shlib} DESTDIR={OUT}; rm -f {lib}/*.old", where, LIBRARY),
    )


def gettext(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Gettext's libintl alone, in a prefix of its own: nothing must link with it, musl has it."""
    where = f"{source(recipe)}/gettext-runtime"
    configure = ("./configure", "--prefix=/opt/gettext", "--disable-static", *recipe.configure)
    env = {**LIBRARY, "CPPFLAGS": ""}
    clean = f"find {OUT} -name '*.la' -delete"
    return (
        patched(recipe),
        Command(configure, where, env),
        shell(make(settings.jobs, "-C intl"), where, env),
        shell(f"make -C intl install DESTDIR={OUT}; {clean}", where, env),
        licence(recipe),
    )


def openssl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The two libraries; the openssl program is the host's business."""
    where = source(recipe)
    flags = (CFLAGS, *HARDEN.split(), RPATH)
    words = (word for flag in flags for word in flag.split())
    configure = (
        "perl",
        "./Configure",
        "linux-x86_64",
        f"--prefix={PREFIX}",
        *recipe.configure,
        *words,
    )
    # Where it would look for providers of others; OPENSSL_MODULES still says another place.
    nowhere = f"ENGINESDIR={NOWHERE} MODULESDIR={NOWHERE}"
    install = f"make install_dev {nowhere} DESTDIR={OUT}; rm -f {OUT}{PREFIX}/lib/*.a"
    return with_patches(
        recipe,
        Command(configure, where, TOOLS),
        shell(make(settings.jobs, nowhere, "build_libs"), where, TOOLS),
        shell(install, where, TOOLS),
    )


def tcl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Tcl's unix/ folder; its scripts go with it."""
    where = f"{source(recipe)}/unix"
    targets = "install-binaries install-libraries install-headers install-private-headers"
    return with_patches(
        recipe,
        Command(configure_line(recipe, "--enable-shared"), where, LIBRARY),
        shell(make(settings.jobs), where, LIBRARY),
        shell(f"make {targets} INSTALL_ROOT={OUT}", where, LIBRARY),
    )


def tk(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Tk's unix/ folder, against the X libraries of the forge."""
    where = f"{source(recipe)}/unix"
    x = (
        f"--x-includes={PREFIX}/include",
        f"--x-libraries={PREFIX}/lib",
        f"--with-tcl={PREFIX}/lib",
    )
    targets = "install-binaries install-libraries install-headers"
    return with_patches(
        recipe,
        Command(configure_line(recipe, "--enable-shared", *x), where, LIBRARY),
        shell(make(settings.jobs), where, LIBRARY),
        shell(f"make {targets} INSTALL_ROOT={OUT}", where, LIBRARY),
    )


def sqlite(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """SQLite's full source: made into one file by Tcl, then a library."""
    where = source(recipe)
    options = recipe.environment.get("SQLITE_OPTIONS", "")
    tclsh = f"{PREFIX}/bin/tclsh8.6"  # ours: the host may have none, or another one
    env = {**LIBRARY, "CFLAGS": f"{CFLAGS} {options}", "TCLSH_CMD": tclsh}
    place = f"{OUT}{PREFIX}"
    install = (
        f"make lib_install DESTDIR={OUT}; mkdir -p {place}/include {place}/lib/pkgconfig;"
        f" cp sqlite3.h src/sqlite3ext.h {place}/include/;"
        f" cp sqlite3.pc {place}/lib/pkgconfig/; find {OUT} -name '*.la' -delete"
    )
    return with_patches(
        recipe,
        Command(configure_line(recipe, "--disable-static", "BUILD_CC=gcc"), where, env),
        shell(make(settings.jobs, "libsqlite3.la sqlite3.h sqlite3.pc"), where, env),
        shell(install, where, env),
    )


def _python_environment() -> dict[str, str]:
    return {
        **TOOLS,
        "OPT": "-DNDEBUG -fwrapv -O3 -Wall",
        # The specification's 1 MiB is too little for CPython's own limit of 10,000 C calls: repr
        # and json crash in a thread (cpython#131338); 2 MiB were enough, 4 leave room.
        # musl has no sem_clockwait: with semaphores, waits would follow the wall clock (museum 31).
        "CFLAGS": f"{CFLAGS} -DTHREAD_STACK_SIZE=0x400000 -DHAVE_BROKEN_POSIX_SEMAPHORES=1",
        "CPPFLAGS": f"-I{PREFIX}/include",
        "LDFLAGS": f"{LDFLAGS} -s",
        "LDFLAGS_NODIST": RPATH,
        "PKG_CONFIG_LIBDIR": f"{PREFIX}/lib/pkgconfig",
        "TCLTK_CFLAGS": f"-I{PREFIX}/include",
        "TCLTK_LIBS": "-ltk8.6 -ltcl8.6",
    }


def cpython(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """CPython. CFLAGS and their like are for configure only, or sysconfig carries them twice."""
    where = source(recipe)
    configure = ("./configure", f"--prefix={PYTHON}", *recipe.configure)
    # assemble.py compiles the .pyc files, once and hash-based
    quiet = "COMPILEALL_OPTS='-q -x .'"
    proof = f"grep -q x86_64-linux-musl {OUT}{PYTHON}/lib/python{settings.python}/_sysconfigdata_*"
    return with_patches(
        recipe,
        Command(configure, where, _python_environment()),
        shell(make(settings.jobs, "all"), where),
        shell(f"make install {quiet} DESTDIR={OUT}; {proof}", where),
    )


STATIC = f"-Os -g0 -Wall -Wextra -Werror {PROTECT} {HARDEN} -s"


def _program(name: str, sources: str, how: str) -> Command:
    """One static program; `how` is -static or -static-pie."""
    target = f"{OUT}/opt/{name}/{name}"
    link = f"{CC} {STATIC} {how} -o {target} {sources}"
    return shell(f"mkdir -p {OUT}/opt/{name}; {link}", str(PROJECT / name))


def agent(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:  # noqa: ARG001
    """The resident agent: one static program out of build/agent/*.c."""
    return (_program(recipe.name, "*.c", "-static"),)


def launcher(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The launcher: static, position independent, for this version's real interpreter."""
    version = f"-DVERSION='\"{settings.python}\"'"
    return (_program(recipe.name, f"{version} *.c", "-static-pie"),)


SYSTEMS: dict[str, System] = {
    system.__name__.replace("_", "-"): system
    for system in (
        *(agent, autotools, bzip2, cmake, cpython, gettext, launcher, linux_headers, musl, ncurses),
        *(openssl, readline, sqlite, tcl, tk, toolchain, xheaders, zlib),
    )
}
"""Systems that run in the sandbox, by the name that recipes use."""

HOST_STEPS: dict[str, HostStep] = {"distribution": distribution}
"""Steps that are Python on the host."""
