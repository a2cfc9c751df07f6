"""Checks the links of a built book: each page, image and place on a page that a link names is there.

    mdbook build && python3 tests/peers/book_links.py target/book

Addresses of others are not asked. A link that leaves the book is a fault, since readers of the book have no clone beside it.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse


class Page(HTMLParser):
    """The names of places on a page, and the links in its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[tuple[int, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.places.add(value)
            elif name in ("href", "src") and tag in ("a", "img", "script", "link"):
                self.links.append((self.getpos()[0], value))


def faults(book: Path) -> list[str]:
    """One line for each link that leads nowhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(book.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        # All pages on one, for printing, and the page for a wrong address: their links are those of the others.
        if path.name in ("print.html", "404.html", "toc.html"):
            continue
        for line, link in page.links:
            address, place = urldefrag(link)
            if urlparse(address).scheme:
                continue
            target = (path.parent / unquote(address)).resolve() if address else path
            where = f"{path.relative_to(book)}:{line}: {link}"
            if not target.is_relative_to(book):
                found.append(f"{where} leaves the book")
            elif not target.is_file():
                found.append(f"{where} is not there")
            elif place and target in pages and unquote(place) not in pages[target].places:
                found.append(f"{where}: the page has no such place")
    if len(pages) < 10:
        found.append(f"{book} has {len(pages)} pages, which is no whole book")
    return found


def main() -> int:
    book = Path(sys.argv[1]).resolve()
    found = faults(book)
    print("\n".join(found) or f"{book.name}: every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
