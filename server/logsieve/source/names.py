"""What names of files look like: the extensions of text, names without one, and what only looks like a file's name."""

from __future__ import annotations

import re

__all__ = ["is_product", "is_text", "may_be_text"]

# Extensions of files that people read. Others are files only where a line number stands with them.
_TEXTS = """
ada adb ads agda al asm asn astro awk bas bash bat bats bazel bib bicep bzl c c++ cabal cbl cc cfg cfm cjs clj cljc
cljs cls cmake cmd cob coffee conf config cpp cppm cr cs csh cshtml csproj css csv cts cu cuh cxx cypher d dart def
desktop dhall dockerfile dpr dts edn ejs el elm eml env erb erl ex exs f f03 f08 f77 f90 f95 fish fnl for fs fsi
fsproj fsx gd gemspec glsl gml go gql gradle graphql groovy gyp h h++ haml handlebars hbs hcl hh hjson hpp hrl hs htm
html hx hxx i iml inc ini inl ino ipp ipynb iss jade janet java jbuilder jl js json json5 jsonc jsonl jsonnet jsp jsx
kt kts lagda ld less lhs lidr liquid lisp list lock log lp lpr ls lsp lua mak makefile markdown md mdx mjs mk ml mli
mll mly mm mod mojo mts mustache mxml nasm ndjson nim nimble nims nix njk nqp nu nut odin opam out_test pas patch php
phpt phtml pl plist plx pm po pod podspec pom pp pri pro profile properties proto ps1 psd1 psm1 pug purs py pyi pyw
pyx qml r rake raku rakumod rakutest rb rbi rbs rbw re rego res rkt robot rs rst ru s sass sbt sc scala scm scss sed
sh shtml sln sml sol sos spec sql sty sum sv svelte svh swift sxx t tac tcl templ tex tf tfvars thrift tmpl toml tpl
ts tsx twig txt ui v vala vb vbproj vbs vcxproj vert vhd vhdl vim vue wat xaml xhtml xml xq xsd xsl xslt y yaml yang
yml zig zsh
"""
# Extensions of one letter stand in too many words of prose and code: alone they make a file of no word but these.
_SHORT = frozenset("ch")
# Not to be opened as text, whatever stands with them.
_BINARIES = """
7z a apk bin bmp bz2 class crx dat db deb dll dmg doc docx dylib ear eot exe fasl gif git gz ico img iso jar jpeg jpg
la lib lo lz4 mo mp3 mp4 msi o obj otf pack pdb pdf pid png pyc pyd pyo rlib rmeta rpm so sock socket sqlite svgz tar
tgz tif ttf war wasm webp whl woff woff2 xls xlsx xz zip zst
"""
_SPECIAL = re.compile(
    r"(?:GNU|BSD)?[Mm]akefile(?:[.-]\w+)?|(?:Docker|Container)file(?:[.-]\w+)?|(?:Rake|Gem|Vagrant|Jenkins|Proc|Pod|Brew|Fast|App|"
    r"Cap|Just|Snake|Cheese|Guard|Thor|Danger|Tilt|Pip|Berks|Puppet|Steep|Ear|just|rake)file|BUILD|WORKSPACE|SConstruct|SConscript|wscript|"
    r"Kconfig|Kbuild|\.(?:eslintrc|babelrc|npmrc|env|gitignore|gitattributes|gitmodules|dockerignore|prettierrc|stylelintrc|"
    r"rubocop|editorconfig|pylintrc|flake8|coveragerc|bazelrc|yarnrc|nvmrc|jshintrc|htmlhintrc|swcrc|mocharc|nycrc)"
)
# Products and hosts whose names end like a file's.
_NAMES = """
adonis.js alpine.js angular.js asp.net backbone.js brew.sh bun.sh chart.js d3.js discord.js docs.rs ember.js
express.js knockout.js moment.js nest.js next.js node.js nuxt.js react.js three.js video.js vue.js webpack.js.org
"""
_KNOWN = frozenset(_TEXTS.split())
_BINARY = frozenset(_BINARIES.split())
_PRODUCTS = frozenset(_NAMES.split())


def is_text(name: str, *, alone: bool) -> bool:
    """Whether a file's name, without folders, is that of a text; `alone` where no folder stands before it."""
    stem, _, extension = name.rpartition(".")
    if not alone and _SPECIAL.fullmatch(name):
        return True
    if not stem or ".." in name or stem.endswith(".o") or extension.lower() not in _KNOWN:
        return False
    if not alone:
        return True
    if len(extension) == 1:
        return extension in _SHORT and len(stem) > 2
    return stem[0] != "." and any(c.isalpha() for c in stem)


def is_product(name: str) -> bool:
    """Whether a name that looks like a file's is rather that of a product or of a host."""
    return name.lower() in _PRODUCTS


def may_be_text(name: str) -> bool:
    """Whether a name has an extension that could be a text's, though an unknown one."""
    stem, _, extension = name.rpartition(".")
    return (
        bool(stem)
        and extension[:1].isalpha()
        and extension.isalnum()
        and len(extension) <= 12
        and extension.lower() not in _BINARY
    )
