"""What the commands of all systems have in common: prefixes, flags, patches, licences."""

from __future__ import annotations

from collections.abc import Mapping

from everylinux.forge.contract import OUT, PATCHES, SRC, Command, Recipe, Settings

MUSL = "/opt/musl"
PREFIX = "/opt/shared_libraries"
PYTHON = "/opt/python"
CROSS = "/opt/cross"

FORTIFY = "/opt/fortify"
PROTECT = "-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
CFLAGS = f"-O3 -fPIC {PROTECT}"
HARDEN = "-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code"
# Relative relocations in a tenth of the room (DT_RELR; musl knows it since 1.2.4).
LDFLAGS = f"{HARDEN} -Wl,-z,pack-relative-relocs -Wl,--as-needed -L{PREFIX}/lib"
NOWHERE = "/usr/share/everylinux/nothing"  # only root could make it, and nobody does
RPATH = f"-Wl,-rpath,{PREFIX}/lib"  # for the build only: assemble.py writes $ORIGIN


def tools(settings: Settings) -> dict[str, str]:
    """The tool chain's programs, as configure scripts read them; `toolchain` makes them all."""
    names = {"CC": "gcc", "AR": "gcc-ar", "RANLIB": "gcc-ranlib", "NM": "gcc-nm"}
    return {variable: f"{settings.triplet}-{name}" for variable, name in names.items()}


def link_flags(settings: Settings) -> str:
    """LDFLAGS. A linker with a sysroot looks for other libraries' RPATHs below that."""
    more = f" -Wl,-rpath-link,{PREFIX}/lib" if settings.profile == "release" else ""
    return f"{LDFLAGS}{more}"


def library(settings: Settings, recipe: Recipe | None = None) -> dict[str, str]:
    """The environment in which a library of the distribution is built."""
    return {
        **tools(settings),
        "CFLAGS": CFLAGS,
        "CPPFLAGS": f"-I{PREFIX}/include",
        "LDFLAGS": f"{link_flags(settings)} {RPATH}",
        "PKG_CONFIG_LIBDIR": f"{PREFIX}/lib/pkgconfig:{PREFIX}/share/pkgconfig",
        **(recipe.environment if recipe else {}),
    }


def source(recipe: Recipe, index: int = 0) -> str:
    """Where a source of the recipe is unpacked in the sandbox."""
    return str(SRC / recipe.sources[index])


def shell(script: str, cwd: str, env: Mapping[str, str] | None = None) -> Command:
    """A shell line that stops at the first failure."""
    return Command(("/bin/sh", "-euc", script), cwd, dict(env or {}))


def no_loader(prefix: str, program: str) -> str:
    """Shell words that fail if a program asks for a loader, or readelf for its headers."""
    return f"headers=$({prefix}readelf -lW {program}); case $headers in *INTERP*) exit 1 ;; esac"


def make(jobs: int, *words: str) -> str:
    """A shell word list that runs make."""
    return " ".join(("make", f"-j{jobs}", *words))


def patched(recipe: Recipe, index: int = 0) -> Command:
    """Apply the recipe's patches, in the order of their names; none is no mistake."""
    script = f'for p in {PATCHES}/*.patch; do [ ! -e "$p" ] || patch -p1 -f -i "$p"; done'
    return shell(script, source(recipe, index))


def licence(recipe: Recipe) -> Command:
    """Keep the licence beside what it covers; assemble.py carries it into licenses/."""
    place = OUT / "opt/licenses" / recipe.name
    texts = recipe.licence.get("file", "").split()
    steps = (
        f"mkdir -p {place}",
        f"printf '%s\\n' '{recipe.licence.get('spdx', '')}' > {place}/SPDX",
        *(f"cp {SRC}/{text} {place}/" for text in texts),
    )
    return shell("; ".join(steps), "/build")


def with_patches(recipe: Recipe, *steps: Command) -> tuple[Command, ...]:
    """The steps of a component: patches before them, the licence after."""
    return (patched(recipe), *steps, licence(recipe))


def configure_line(recipe: Recipe, settings: Settings, *more: str) -> tuple[str, ...]:
    """The command line of a GNU ./configure for our prefix, the recipe's arguments last.

    `--build` is what the programs run on, as in the specification: nothing is cross compiled, a
    64-bit kernel runs both.
    """
    return (
        "./configure",
        f"--build={settings.triplet}",
        f"--prefix={PREFIX}",
        *more,
        *recipe.configure,
    )
