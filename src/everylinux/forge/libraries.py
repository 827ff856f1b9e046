"""How each library is built: recipe and settings in, commands of the sandbox out.

A recipe's `system` names one of these functions. Behaviour is Python, recipes are data: wanting an
`if` in a recipe means a new function here. A function returns plain values and touches nothing, so
that the driver can hash what it returns.

Prefixes: everything that ends in the distribution's shared_libraries/ is built for
/opt/shared_libraries, CPython for /opt/python, as the specification has it. Nothing of these
paths may be left in the finished tree: see assemble.py.
"""

from __future__ import annotations

from everylinux.forge.command_lines import (
    CFLAGS,
    HARDEN,
    LDFLAGS,
    NOWHERE,
    PREFIX,
    RPATH,
    configure_line,
    library,
    licence,
    make,
    patched,
    shell,
    source,
    tools,
    with_patches,
)
from everylinux.forge.contract import OUT, SRC, X86, X86_64, Command, Recipe, Settings


def autotools(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """./configure, make, make install, as most of them do it; shared libraries only."""
    where = source(recipe)
    env = library(settings, recipe)
    # libtool's archives name the prefix and help nobody
    clean = f"find {OUT} -name '*.la' -delete"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--disable-static"), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}; {clean}", where, env),
    )


def zlib(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The configure script of zlib's own: no --disable-static, and it reads CFLAGS only."""
    where = source(recipe)
    env = library(settings, recipe)
    return with_patches(
        recipe,
        Command(("./configure", f"--prefix={PREFIX}", *recipe.configure), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install DESTDIR={OUT}; rm -f {OUT}{PREFIX}/lib/*.a", where, env),
    )


def bzip2(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """bzip2's second makefile, patched so that it takes LDFLAGS; it has no install rule."""
    where = source(recipe)
    flags = f'CC={settings.cc} CFLAGS="{CFLAGS} -D_FILE_OFFSET_BITS=64" LDFLAGS="{LDFLAGS}"'
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
    env = {**library(settings, recipe), "DESTDIR": str(OUT)}
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
    where, env = source(recipe), library(settings)
    lib = f"{OUT}{PREFIX}/lib"
    links = "".join(
        f" ln -s lib{name}w.so.6 {lib}/lib{name}.so.6; ln -s lib{name}w.so {lib}/lib{name}.so;"
        for name in ("ncurses", "panel", "form", "menu")
    )
    pc = f"--with-pkg-config-libdir={PREFIX}/lib/pkgconfig"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, pc), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make install.libs install.includes DESTDIR={OUT};{links}", where, env),
    )


def readline(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """readline, linked with ncurses so that whoever loads it need not know."""
    where, env = source(recipe), library(settings)
    shlib = "SHLIB_LIBS=-lncursesw"
    lib = f"{OUT}{PREFIX}/lib"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--disable-static"), where, env),
        shell(make(settings.jobs, shlib), where, env),
        shell(f"make install {shlib} DESTDIR={OUT}; rm -f {lib}/*.old", where, env),
    )


def gettext(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Gettext's libintl alone, in a prefix of its own: nothing must link with it, musl has it."""
    where = f"{source(recipe)}/gettext-runtime"
    build = f"--build={settings.triplet}"
    prefix = "--prefix=/opt/gettext"
    configure = ("./configure", build, prefix, "--disable-static", *recipe.configure)
    env = {**library(settings), "CPPFLAGS": ""}
    clean = f"find {OUT} -name '*.la' -delete"
    return (
        patched(recipe),
        Command(configure, where, env),
        shell(make(settings.jobs, "-C intl"), where, env),
        shell(f"make -C intl install DESTDIR={OUT}; {clean}", where, env),
        licence(recipe),
    )


OPENSSL_TARGETS = {X86_64: "linux-x86_64", X86: "linux-x86"}


def openssl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The two libraries; the openssl program is the host's business."""
    where = source(recipe)
    flags = (CFLAGS, *HARDEN.split(), RPATH)
    words = (word for flag in flags for word in flag.split())
    configure = (
        "perl",
        "./Configure",
        OPENSSL_TARGETS[settings.arch],
        f"--prefix={PREFIX}",
        *recipe.configure,
        *words,
    )
    # Where it would look for providers of others; OPENSSL_MODULES still says another place.
    # Without static libraries, for which OpenSSL 3 compiles nearly every file a second time.
    given = f"ENGINESDIR={NOWHERE} MODULESDIR={NOWHERE} LIBS= INSTALL_LIBS="
    install = f"make install_dev {given} DESTDIR={OUT}"
    return with_patches(
        recipe,
        Command(configure, where, tools(settings)),
        shell(make(settings.jobs, given, "build_libs"), where, tools(settings)),
        shell(install, where, tools(settings)),
    )


def tcl(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Tcl's unix/ folder; its scripts go with it."""
    where, env = f"{source(recipe)}/unix", library(settings)
    targets = "install-binaries install-libraries install-headers install-private-headers"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--enable-shared"), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make {targets} INSTALL_ROOT={OUT}", where, env),
    )


def tk(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """Tk's unix/ folder, against the X libraries of the forge."""
    where, env = f"{source(recipe)}/unix", library(settings)
    x = (
        f"--x-includes={PREFIX}/include",
        f"--x-libraries={PREFIX}/lib",
        f"--with-tcl={PREFIX}/lib",
    )
    targets = "install-binaries install-libraries install-headers"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--enable-shared", *x), where, env),
        shell(make(settings.jobs), where, env),
        shell(f"make {targets} INSTALL_ROOT={OUT}", where, env),
    )


def sqlite(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """SQLite's full source: made into one file by Tcl, then a library."""
    where = source(recipe)
    options = recipe.environment.get("SQLITE_OPTIONS", "")
    tclsh = f"{PREFIX}/bin/tclsh8.6"  # ours: the host may have none, or another one
    env = {**library(settings), "CFLAGS": f"{CFLAGS} {options}", "TCLSH_CMD": tclsh}
    place = f"{OUT}{PREFIX}"
    install = (
        f"make lib_install DESTDIR={OUT}; mkdir -p {place}/include {place}/lib/pkgconfig;"
        f" cp sqlite3.h src/sqlite3ext.h {place}/include/;"
        f" cp sqlite3.pc {place}/lib/pkgconfig/; find {OUT} -name '*.la' -delete"
    )
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--disable-static", "BUILD_CC=gcc"), where, env),
        shell(make(settings.jobs, "libsqlite3.la sqlite3.h sqlite3.pc"), where, env),
        shell(install, where, env),
    )


def sqlite_autoconf(recipe: Recipe, settings: Settings) -> tuple[Command, ...]:
    """SQLite out of its `autoconf` archive, where it is one file already."""
    where = source(recipe)
    options = recipe.environment.get("SQLITE_OPTIONS", "")
    env = {**library(settings), "CFLAGS": f"{CFLAGS} {options}"}
    clean = f"find {OUT} -name '*.la' -delete"
    targets = "install-libLTLIBRARIES install-includeHEADERS install-pkgconfigDATA"
    return with_patches(
        recipe,
        Command(configure_line(recipe, settings, "--disable-static"), where, env),
        shell(make(settings.jobs, "libsqlite3.la"), where, env),
        shell(f"make {targets} DESTDIR={OUT}; {clean}", where, env),
    )
