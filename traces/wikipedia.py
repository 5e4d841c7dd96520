"""Plain text of a Wikipedia dump: one article per line, prose only."""

import bz2
import re
from xml.etree import ElementTree

SHORTEST_PARAGRAPH = 200
SHORTEST_ARTICLE = 1000
_REFERENCES = re.compile(r"<ref[^>]*?/>|<ref.*?</ref>|<!--.*?-->", flags=re.DOTALL)


def articles_of(packed):
    """The articles (list of str) of a bz2-compressed XML dump: titles with a colon and redirects left out."""
    root = ElementTree.fromstring(bz2.decompress(packed))
    space = root.tag[: root.tag.index("}") + 1]
    found = []
    for page in root.iter(f"{space}page"):
        title, markup = page.findtext(f"{space}title"), page.findtext(f"{space}revision/{space}text") or ""
        if ":" in title or markup.lower().startswith("#redirect"):
            continue
        article = prose_of(markup)
        if len(article) >= SHORTEST_ARTICLE:
            found.append(article)
    return found


def prose_of(markup):
    """The paragraphs of a page's wiki markup that are sentences, joined by spaces."""
    import mwparserfromhell

    text = mwparserfromhell.parse(_REFERENCES.sub("", markup)).strip_code(normalize=True, collapse=True)
    paragraphs = (" ".join(line.split()) for line in text.split("\n"))
    return " ".join(paragraph for paragraph in paragraphs if _is_prose(paragraph))


def _is_prose(paragraph):
    return (
        len(paragraph) >= SHORTEST_PARAGRAPH
        and paragraph[0].isalnum()
        and paragraph[-1] in '.!?"'
        and "|" not in paragraph
    )
