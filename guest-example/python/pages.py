"""The pages, as text."""


def home() -> str:
    return page(
        "Home",
        "<p>This page was made by a WebAssembly component.</p>\n"
        '<p>See also <a href="/headers">what it saw of your request</a>.</p>\n',
    )


def products() -> str:
    return page("Products", items("Kettle", "Teapot", "Cup"))


def articles() -> str:
    return page("Articles", items("How to boil water", "How long tea should steep", "Milk first?"))


def page(title: str, content: str) -> str:
    return f"""\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<nav><a href="/">Home</a> <a href="/products">Products</a> <a href="/articles">Articles</a></nav>
<h1>{title}</h1>
{content}</body>
</html>
"""


def items(*names: str) -> str:
    return "<ul>\n" + "".join(f"<li>{name}</li>\n" for name in names) + "</ul>\n"
