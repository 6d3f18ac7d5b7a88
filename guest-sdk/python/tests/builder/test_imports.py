from funcserver.build import imports
from funcserver.build.imports import Import, is_test


def found(source: str, module: str = "shop.views", package: bool = False) -> dict[str, Import]:
    return {each.name: each for each in imports.of(source.encode(), module, package).found}


def test_imports_of_all_kinds_are_found() -> None:
    names = found("""
import a, b.c as d
from e import f
from . import g
from ..h import i
def function():
    import j
""")
    assert set(names) == {"a", "b.c", "e", "e.f", "shop", "shop.g", "h", "h.i", "j"}
    assert names["e"].module and not names["e.f"].module
    assert names["a"].certain and names["b.c"].line == 2 and not names["j"].certain


def test_a_package_is_the_base_of_its_own_relative_imports() -> None:
    assert set(found("from .a import b", "shop", True)) == {"shop.a", "shop.a.b"}


def test_what_may_fail_is_not_certain() -> None:
    names = found("""
try:
    import fast
except ImportError:
    import slow
if True:
    import perhaps
class Body:
    import inside
""")
    assert {name for name, each in names.items() if each.certain} == {"inside"}
    assert set(names) == {"fast", "slow", "perhaps", "inside"}


def test_what_only_type_checkers_and_programs_import_is_left_out() -> None:
    assert not found("""
from_nowhere = 1
if TYPE_CHECKING:
    import a
if typing.TYPE_CHECKING:
    import b
if __name__ == "__main__":
    import c
""")


def test_texts_that_may_name_modules_are_found() -> None:
    source = b'APPS = ["django.contrib.auth", "shop", "two words.x", "a.b"]'
    assert imports.of(source, "m", False).strings == ["django.contrib.auth", "a.b"]


def test_syntax_of_a_newer_python_is_read_by_line() -> None:
    names = found("import a\nfrom b.c import d\n  import e\nsyntax of tomorrow\n")
    assert set(names) == {"a", "b.c", "e"} and not names["a"].certain


def test_names_at_the_top_are_found_or_unknown() -> None:
    assert imports.assigned(b"import a.b\nfrom c import d as e\nf, g = 1, 2\ndef h(): ...\nclass I: ...") is not None
    assert {"a", "e", "f", "g", "h", "I"} <= set(
        imports.assigned(b"import a.b\nfrom c import d as e\nf, g = 1, 2\ndef h(): ...\nclass I: ...") or ()
    )
    assert imports.assigned(b"from x import *") is None
    assert imports.assigned(b"def __getattr__(name): ...") is None
    assert imports.assigned(b"syntax of tomorrow") is None


def test_tests_are_told_by_their_names() -> None:
    assert [
        path
        for path in ("tests/a.py", "a/test_b.py", "conftest.py", "shop/tests.py", "b_test.py", "shop/testing.py")
        if not is_test(path)
    ] == ["shop/testing.py"]
