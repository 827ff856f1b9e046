"""Red samples of the area packages."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
ONE_OF = {
    "PKG-001": ("numbers", "numpy"),
    "PKG-002": ("secrets", "cryptography"),
    "PKG-003": ("text", "lxml"),
    "PKG-004": ("serialising", "orjson"),
    "PKG-005": ("network", "grpcio"),
    "PKG-006": ("packing", "pillow"),
    "PKG-007": ("system", "psutil"),
    "PKG-008": ("databases", "psycopg2-binary"),
}


def _missing_symbol(claim: str, family: str, name: str) -> None:
    """Declare that one package of a family asks for a symbol that the tree's musl lacks."""

    def apply(sections: Sections) -> None:
        why = "status 1: ImportError | Error relocating: preadv2: symbol not found"
        sections["packages_pip"][family]["uses"][name] = {"failed": why, "strangers": []}

    apply.__doc__ = f"The wheel of {name} asks for a symbol that the tree's musl lacks."
    title = f"a_symbol_that_{name.replace('-', '_')}_needs_is_missing"
    fault(kills={claim}, kind="facts", name=title)(apply)


for _claim, (_family, _name) in ONE_OF.items():
    _missing_symbol(_claim, _family, _name)


@fault(kills={"PKG-001"}, kind="facts")
def a_wrong_sum(sections: Sections) -> None:
    """The library of linear algebra computes something else."""
    sections["packages_pip"]["numbers"]["uses"]["numpy"]["told"] = "[2.0, 3.5]"


@fault(kills={"PKG-009"}, kind="facts")
def pip_took_an_older_version(sections: Sections) -> None:
    """The newest wheel is not for this platform in pip's eyes."""
    sections["packages_pip"]["text"]["versions"]["lxml"] = "5.0.0"


@fault(kills={"PKG-009"}, kind="facts")
def a_dependency_that_is_not_there(sections: Sections) -> None:
    """Pip check finds a package without what it requires."""
    broken = {"status": 1, "out": "aiohttp requires yarl, which is not installed.", "said": ""}
    sections["packages_pip"]["network"]["checked"] = broken


@fault(kills={"PKG-010"}, kind="facts")
def a_wheel_that_loads_the_hosts_libc(sections: Sections) -> None:
    """The loader finds libc.so.6 of the userland for a library of a wheel."""
    use = sections["packages_pip"]["numbers"]["uses"]["scipy"]
    use["strangers"] = ["/lib/x86_64-linux-gnu/libc.so.6"]


@fault(kills={"PKG-011"}, kind="facts")
def uv_takes_the_tree_for_glibc(sections: Sections) -> None:
    """Uv finds no wheel for the platform that it thinks this is."""
    sections["packages_uv"]["system"]["installed"] = {"status": 1, "out": "", "said": "no wheels"}


@fault(kills={"PKG-011"}, kind="facts")
def what_uv_installed_does_not_load(sections: Sections) -> None:
    """A package that uv installed cannot be imported."""
    sections["packages_uv"]["packing"]["uses"]["brotli"] = {"failed": "x", "strangers": []}


@fault(kills={"PKG-012"}, kind="facts")
def uv_makes_an_environment_of_another_python(sections: Sections) -> None:
    """Uv takes the userland's Python for the base."""
    sections["packages_ways"]["uv venv"]["report"]["base_prefix"] = "/usr"


@fault(kills={"PKG-013"}, kind="facts")
def virtualenv_seeds_no_pip(sections: Sections) -> None:
    """The environment of virtualenv imports the pip of the tree."""
    found = sections["packages_ways"]["virtualenv"]
    found["pip"] = "/everylinux/subject/lib/python3.13/site-packages/pip/__init__.py"


@fault(kills={"PKG-014"}, kind="facts")
def ensurepip_is_missing(sections: Sections) -> None:
    """The distribution carries no ensurepip."""
    failed = {"status": 1, "out": "", "said": "No module named ensurepip"}
    sections["packages_ways"]["venv with pip"]["venv"] = failed


@fault(kills={"PKG-015"}, kind="facts")
def a_script_cut_at_a_space(sections: Sections) -> None:
    """The first line of a console script is split at a space."""
    failed = {"status": "ENOENT", "out": "", "said": ""}
    sections["packages_ways"]["script in a path with spaces"]["started"] = failed


@fault(kills={"PKG-016"}, kind="facts")
def a_script_cut_at_127_bytes(sections: Sections) -> None:
    """The kernel cuts the first line of a console script."""
    failed = {"status": "ENOENT", "out": "", "said": ""}
    sections["packages_ways"]["script in a long path"]["started"] = failed


@fault(kills={"PKG-017"}, kind="facts")
def the_trees_own_folder_comes_first(sections: Sections) -> None:
    """PYTHONPATH is behind the tree's site-packages."""
    found = sections["packages_ways"]["target"]["found"]
    found[0] = "/everylinux/subject/lib/python3.13/site-packages/xxhash/__init__.py"


@fault(kills={"PKG-018"}, kind="facts")
def a_zipapp_without_its_package(sections: Sections) -> None:
    """The program in the zip file does not find what lies beside it."""
    failed = {"status": 1, "out": "", "said": "ModuleNotFoundError: No module named 'idna'"}
    sections["packages_ways"]["zipapp"]["started"] = failed


@fault(kills={"PKG-019"}, kind="facts")
def pip_leaves_a_folder(sections: Sections) -> None:
    """Bytecode that pip did not note stays behind."""
    sections["packages_ways"]["uninstalled"]["left"] = ["xxhash"]


@fault(kills={"PKG-020"}, kind="facts")
def pip_takes_a_wheel_for_glibc(sections: Sections) -> None:
    """The tree says that it has manylinux."""
    sections["packages_ways"]["foreign"]["pip"] = {"status": 0, "out": "", "said": ""}


@fault(kills={"PKG-020"}, kind="facts")
def uv_has_no_other_reason(sections: Sections) -> None:
    """Uv would take the wheel, and fails by something else."""
    sections["packages_ways"]["foreign"]["uv"]["said"] = "No space left on device"
