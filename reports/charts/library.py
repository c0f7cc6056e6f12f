"""The text of plotly.js, to be put into a site once."""

import re
from functools import cache

from plotly.offline import get_plotlyjs

STYLE_ID = re.compile(r'getElementById\("([0-9a-f]{40,})"\)')


@cache
def library() -> str:
    """The library's text, so that it draws under a strict Content-Security-Policy.

    It would add a style sheet of its map library to every page, which such a policy refuses with a complaint; where an
    element has that sheet's id it doesn't.
    """
    text = str(get_plotlyjs())
    ids = sorted(set(STYLE_ID.findall(text)))
    mark = 'document.head.append(Object.assign(document.createElement("meta"),{{id:"{}"}}));\n'
    return "".join(mark.format(one) for one in ids) + text
