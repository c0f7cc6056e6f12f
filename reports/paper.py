"""Our own Markdown as a document to be printed: no script, no picture, and nothing that a ticket's text could add."""

from markdown_it import MarkdownIt

from reports.render import render


def paper(markdown: str, title: str) -> str:
    """An HTML document. The Markdown comes from our templates, where ticket text can be nothing but text."""
    body = MarkdownIt("commonmark", {"html": False}).disable("image").render(markdown)
    return render("paper.html.j2", title=title, body=body)
