"""Holds Terraform files to the names that the AWS provider knows, without the provider.

    python terraform.py FOLDER

`terraform validate` would need the provider, which comes from a registry of its own; aws-provider.json beside this
file has its names (generate.mjs wrote it). Checked are the type of every resource and data source, every argument and
nested block, what is required, and that each reference to a variable, local, resource or data source leads somewhere.
Values are not checked: Terraform itself does that, at `plan`. Prints a line for each mistake; exits 1 if there is any.
"""

import difflib
import json
import sys
from pathlib import Path

from hcl2.query.body import DocumentView
from hcl2.rules.abstract import LarkRule
from hcl2.rules.expressions import ExprTermRule
from hcl2.rules.indexing import GetAttrExprTermRule, IndexExprTermRule
from hcl2.rules.literal_rules import IdentifierRule
from hcl2.walk import walk_semantic

SCHEMA = json.loads(Path(__file__).with_name("aws-provider.json").read_text(encoding="utf-8"))

# Terraform's own, which every resource and data source may have.
META_ARGUMENTS = {"count", "depends_on", "for_each", "provider"}
META_BLOCKS = {"lifecycle"}


def main(folder):
    mistakes = []  # (path, line, text)
    documents = {}
    for path in sorted(Path(folder).glob("*.tf")):
        try:
            documents[path] = DocumentView.parse_file(str(path))
        except Exception as error:  # the parser has no exception of its own
            mistakes.append((path, getattr(error, "line", 1), f"not HCL: {str(error).strip().splitlines()[0]}"))
    blocks = [(path, block) for path, document in documents.items() for block in document.blocks()]
    if not any(block.block_type == "resource" for _, block in blocks):
        mistakes.append((Path(folder), 0, "no resource in any .tf file"))

    for path, block in blocks:
        mistakes += [(path, *mistake) for mistake in check_block(block)]
    known = declared(block for _, block in blocks)
    for path, document in documents.items():
        mistakes += [(path, *mistake) for mistake in check_references(document.raw, known)]

    source = SCHEMA["source"]
    if mistakes:
        for path, line, text in sorted(mistakes):
            print(f"{path}:{line}: {text}", file=sys.stderr)
        print(
            f"{len(mistakes)} mistake(s), by the names of {source['provider']} {source['provider_version']}",
            file=sys.stderr,
        )
        return 1
    print(f"{len(documents)} files agree with {source['provider']} {source['provider_version']}")
    return 0


def check_block(block):
    """Mistakes in one top-level block, as (line, text)."""
    kind = block.block_type
    if kind not in ("resource", "data", "provider"):
        return
    type_ = block.name_labels[0]
    schema = SCHEMA[kind].get(type_)
    if schema is None:
        yield (
            line_of(block.raw),
            (
                f"{kind} type {type_} is not in aws-provider.json{suggestion(type_, SCHEMA[kind])} "
                "(if the provider has it, add it in generate.mjs and run that)"
            ),
        )
        return
    yield from check_body(block.body, schema, type_, top=kind != "provider", line=line_of(block.raw))


def check_body(body, schema, where, top, line):
    """Mistakes in a body, and in the blocks within it; `top` allows what Terraform adds to every resource."""
    arguments = {*schema["required"], *schema["optional"], *(META_ARGUMENTS if top else ())}
    nested = {*schema["blocks"], *(META_BLOCKS if top else ())}
    seen = set()

    for attribute in body.attributes():
        seen.add(attribute.name)
        if attribute.name in nested:
            yield line_of(attribute.raw), f'"{attribute.name}" of {where} is a block: write it without "="'
        elif attribute.name not in arguments:
            yield (
                line_of(attribute.raw),
                f'{where} has no argument "{attribute.name}"{suggestion(attribute.name, arguments)}',
            )

    for block in body.blocks():
        name, inner = block.block_type, block.body
        if name == "dynamic":
            # The arguments of dynamic itself (for_each, iterator, labels) are Terraform's; content is the block.
            name = block.name_labels[0]
            content = block.blocks("content")
            if not content:
                yield line_of(block.raw), f'dynamic "{name}" of {where} has no content block'
                continue
            inner = content[0].body
        seen.add(name)
        if name in schema["blocks"]:
            yield from check_body(inner, schema["blocks"][name], f"{where}.{name}", top=False, line=line_of(block.raw))
        elif name in arguments:
            yield line_of(block.raw), f'"{name}" of {where} is an argument: write it with "="'
        elif name not in nested:
            yield line_of(block.raw), f'{where} has no block "{name}"{suggestion(name, nested)}'

    needed = {*schema["required"], *(name for name, block in schema["blocks"].items() if block["needed"])}
    for name in sorted(needed - seen):
        yield line, f'{where} needs "{name}"'


def declared(blocks):
    """What may be referred to: `var.x`, `local.x`, `TYPE.NAME` and `data.TYPE.NAME`, as tuples."""
    known = set()
    for block in blocks:
        if block.block_type == "variable":
            known.add(("var", block.name_labels[0]))
        elif block.block_type == "locals":
            known.update(("local", attribute.name) for attribute in block.attributes())
        elif block.block_type == "resource":
            known.add(tuple(block.name_labels))
        elif block.block_type == "data":
            known.add(("data", *block.name_labels))
    return known


def check_references(node, known):
    """References that lead nowhere, as (line, text)."""
    for path, line in references(node):
        kind = path[0]
        if kind in ("var", "local"):
            length = 2
        elif kind == "data":
            length = 3
        elif kind.startswith("aws_"):
            length = 2
        else:
            continue  # self, each, count, path, a dynamic block's iterator: Terraform's own
        head, rest = path[:length], path[length:]
        if head not in known:
            names = {".".join(one) for one in known}
            yield line, f'nothing is declared as "{".".join(head)}"{suggestion(".".join(head), names)}'
        elif kind not in ("var", "local") and rest:
            schema = SCHEMA["data" if kind == "data" else "resource"].get(head[-2])
            attributes = schema and {*schema["required"], *schema["optional"], *schema["attributes"], *schema["blocks"]}
            if attributes and rest[0] not in attributes:
                yield line, f'{head[-2]} has no attribute "{rest[0]}"{suggestion(rest[0], attributes)}'


def references(node):
    """The longest dotted paths below a node, without indexes, as (tuple of names, line)."""
    parts = set()
    for rule in walk_semantic(node):
        if isinstance(rule, GetAttrExprTermRule) and id(rule) not in parts:
            parts.update(id(part) for part in spine(rule))
            path = path_of(rule)
            if path:
                yield path, line_of(rule)


def spine(rule):
    """What a path begins with, from the longest beginning to the shortest."""
    while rule is not None:
        yield rule
        if isinstance(rule, GetAttrExprTermRule):
            rule = rule.expr_term
        elif isinstance(rule, (ExprTermRule, IndexExprTermRule)):
            rule = next((child for child in rule.children if isinstance(child, LarkRule)), None)
        else:
            rule = None


def path_of(rule):
    """("aws_lb", "public", "dns_name") of `aws_lb.public[0].dns_name`; () of what does not begin with a name."""
    names = []
    for part in spine(rule):
        if isinstance(part, GetAttrExprTermRule):
            names.insert(0, part.get_attr.identifier.serialize())
        elif isinstance(part, IdentifierRule):
            return (part.serialize(), *names)
    return ()


def line_of(rule):
    return rule._meta.line


def suggestion(name, names):
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f'; the closest name is "{close[0]}"' if close else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
