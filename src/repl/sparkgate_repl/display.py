"""What a Python statement shows: values, display(), figures, magics."""
import base64
import html

from . import figures

PNG = "image/png"
HTML = "text/html"
TEXT = "text/plain"


class Display:
    """Collects what one statement shows. Main thread; the methods run user code (reprs)."""

    def __init__(self, open_figures):
        self._figures = open_figures
        self._texts = []
        self._html = []
        self._png = []
        self._magic = None

    def value(self, value):
        """The statement's last value: its repr, and the richer forms that Livy's clients know."""
        page, image = _rich(value, "_repr_html_"), _rich(value, "_repr_png_")
        if image is None:
            image = self._figures.of_value(value)
        if page is not None:
            self._html.append(page)
        if image is not None:
            self._png.append(image)
        if image is None or page is not None:
            self._texts.append(repr(value))

    def show(self, *values):
        """The user's display(): plain values are printed in their place among other text."""
        for value in values:
            if value is None or isinstance(value, str) or not _is_rich(value):
                print(value if isinstance(value, str) else repr(value))
            else:
                self.value(value)

    def magic(self, data):
        """A magic's result, which is the statement's unless code follows."""
        self._magic = data

    def code_follows(self):
        self._magic = None

    def show_figures(self):
        """Take the figures that are open: plt.show(), and the statement's end."""
        self._png.extend(self._figures.take())

    def data(self, output):
        """Livy's `data` for all this and the statement's text."""
        values = "".join(text + "\n" for text in self._texts)
        if self._magic is not None or (self._png and not self._html):
            values = ""
        stdout, stderr = output.text("stdout"), output.text("stderr")
        text = (stdout + output.take(values) + stderr).rstrip()
        mark = output.cut_mark()
        if mark:
            text += "\n" + mark
        data = dict(self._magic or {})
        if not data and self._html:
            # Clients show the page and not the text: what was printed must not vanish.
            printed = (stdout + stderr).rstrip()
            data[HTML] = "\n".join(["<pre>%s</pre>" % html.escape(printed)] * bool(printed) + self._html)
        if PNG not in data and self._magic is None and self._png:
            data[PNG] = figures.base64_text(figures.stacked(self._png))
        if text or not data:
            data[TEXT] = text
        return data


def _is_rich(value):
    return any(_method(value, name) for name in ("_repr_html_", "_repr_png_")) or figures.is_figure(value)


def _method(value, name):
    # Looked up in the class: objects that answer to any name (Spark's Column) have no such method.
    return None if isinstance(value, type) else getattr(type(value), name, None)


def _rich(value, name):
    method = _method(value, name)
    if method is None:
        return None
    try:
        form = method(value)
    except Exception:
        return None    # the plain form is shown
    if name == "_repr_png_":
        if isinstance(form, str):
            form = base64.b64decode(form)
        return form if isinstance(form, bytes) else None
    return form if isinstance(form, str) else None
