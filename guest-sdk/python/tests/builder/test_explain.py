from pathlib import Path
from typing import Any

import pytest

from funcserver.build import pydantic
from funcserver.build.environment import Distribution, PackageFile
from funcserver.build.explain import Explainer
from funcserver.build.project import App


class Installed:
    """An environment with these distributions."""

    def __init__(self, *distributions: Distribution) -> None:
        self.distributions = distributions

    def owner(self, module: str) -> Distribution | None:
        return next((found for found in self.distributions if module.partition(".")[0] in found.tops), None)

    def version(self, name: str) -> str | None:
        return next((found.version for found in self.distributions if found.name == name), None)


def installed(name: str, version: str, *files: str) -> Distribution:
    return Distribution(name, version, "", [PackageFile(file, Path(file)) for file in files], set())


def explainer(*distributions: Distribution, granted: tuple[str, ...] = ()) -> Explainer:
    return Explainer(App.parse("shop:app"), Installed(*distributions), list(distributions), list(granted))


def failed(kind: str, message: str = "", **facts: Any) -> dict[str, Any]:
    event = {"type": kind, "message": message, "name": None, "key": None, "explanation": None, "last": None}
    own = [("/app/shop.py", 3, "<module>", "import thing")]
    return event | {"own": own, "standard": False} | facts


def read(kind: str, name: str = "", library: str = "", named: bool = True) -> dict[str, Any]:
    return {"kind": kind, "name": name, "file": "/app/shop.py", "line": 7, "library": library, "named": named}


def test_a_module_that_is_missing_is_named_with_its_distribution() -> None:
    error = explainer().failure(failed("ModuleNotFoundError", name="yaml"), [])
    assert "(shop.py:3)" in str(error) and "pip install PyYAML" in str(error)
    assert error.details == "shop.py:3\n    import thing\nModuleNotFoundError: "


def test_too_much_memory_names_the_largest_packages(tmp_path: Path) -> None:
    packages = []
    for name, size in (("small", 1_000), ("large", 3_000_000), ("middle", 1_600_000), ("least", 10)):
        file = tmp_path / f"{name}.py"
        file.write_bytes(b"#" * size)
        packages.append(Distribution(name, "1.0", "", [PackageFile(file.name, file)], set()))
    text = str(explainer(*packages).too_large())
    assert "128 MiB" in text and text.endswith("large 1.0 (3 MB), middle 1.0 (2 MB), small 1.0 (0 MB)")


def test_a_module_that_components_lack_is_not_to_be_installed() -> None:
    event = failed("ModuleNotFoundError", name="_interpreters", standard=True, last=["/packages/thing/a.py", 1, "", ""])
    text = str(explainer(installed("thing", "2.0", "thing/a.py")).failure(event, []))
    assert "does not exist in a component" in text and "thing 2.0 imports it" in text and "pip" not in text


def test_a_module_that_python_no_longer_has_is_named_with_its_successor() -> None:
    text = str(explainer().failure(failed("ModuleNotFoundError", name="cgi"), []))
    assert "Python 3.14" in text and "pip install legacy-cgi" in text


def test_an_extension_of_the_machine_is_named_with_what_to_use() -> None:
    found = installed(
        "psycopg2-binary", "2.9", "psycopg2/__init__.py", "psycopg2/_psycopg.cpython-311-x86_64-linux-gnu.so"
    )
    text = str(explainer(found).failure(failed("ModuleNotFoundError", name="psycopg2._psycopg"), []))
    assert "psycopg2-binary 2.9 has parts in C or Rust" in text and "PostgreSQL cannot be reached" in text
    event = failed("ImportError", "cannot load", last=["/packages/psycopg2/__init__.py", 1, "", ""])
    assert "parts in C or Rust" in str(explainer(found).failure(event, []))


def test_a_variable_that_is_missing_is_to_be_granted() -> None:
    text = str(explainer().failure(failed("KeyError", "'KEY'", key="KEY"), [read("variable", "KEY")]))
    assert 'guest.inherit-env = ["KEY"]' in text and 'component.import = "start"' in text


def test_only_errors_that_may_come_of_missing_values_mention_variables() -> None:
    reads = [read("variable", "KEY")]
    assert "it reads variables" in str(explainer().failure(failed("ValidationError", "key is missing"), reads))
    assert "it reads variables" in str(explainer().failure(failed("RuntimeError", "SECRET_KEY is not set"), reads))
    sockets = failed("URLError", "<urlopen error [Errno -4] sockets cannot be used in a component>")
    assert "it reads variables" not in str(explainer().failure(sockets, reads))
    by_library = [read("variable", "KEY", library="flask"), read("variable", "OTHER", named=False)]
    assert "it reads variables" not in str(explainer().failure(failed("ValueError", "no"), by_library))


def test_reads_of_granted_variables_are_refused_and_others_told() -> None:
    events = [read("variable", "KEY"), read("variable", "MODE"), read("clock", "time.time()"), read("environment")]
    refusal, warnings = explainer(granted=("KEY",)).reads(events)
    assert refusal is not None
    assert "shop.py:7 reads the variable KEY" in str(refusal) and "on_start" in str(refusal)
    assert "all variables, and so KEY" in refusal.details
    assert [warning.split(" while")[0] for warning in warnings] == [
        "shop.py:7 reads the variable MODE",
        "shop.py:7 reads the clock (time.time())",
    ]


def test_reads_of_libraries_count_for_granted_variables_only() -> None:
    events = [read("variable", "KEY", library="boto"), read("randomness", "os.urandom()", library="boto")]
    refusal, warnings = explainer(granted=("KEY",)).reads(events)
    assert "(in the import of boto)" in str(refusal) and not warnings
    assert explainer().reads(events) == (None, [])


def test_a_wrong_name_is_an_error_with_the_apps_that_exist() -> None:
    event = failed("AttributeError", found=["site"], names=["site", "ap", "other"], attribute=True)
    assert "did you mean shop:site or shop:ap?" in str(explainer().failure(event, []))


def test_a_factory_that_fails_is_not_a_wrong_name() -> None:
    event = failed("AttributeError", "no attribute 'x'", found=[], names=[], attribute=False)
    assert "shop:app cannot be called: AttributeError: no attribute 'x'" in str(explainer().failure(event, []))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "pip finds no component build"),
        ([installed(pydantic.WHEEL, "2.50.5")], "is for pydantic-core 2.50.5"),
    ],
)
def test_a_pydantic_with_another_core_is_told_with_both_versions(others: list[Distribution], said: str) -> None:
    error = str(pydantic.unavailable("2.33.2", Installed(installed("pydantic", "2.11.7"), *others)))
    assert "pydantic 2.11.7 needs pydantic-core 2.33.2" in error and said in error
