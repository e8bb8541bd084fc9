"""What a Python statement shows: values, display(), figures, magics."""
import base64
import html
import io
import os
import sys
import warnings

PNG = "image/png"
HTML = "text/html"
TEXT = "text/plain"


def prepare_matplotlib():
    """Draw into memory unless the user chose a backend. plt.show() then needs no warning: the figures that
    are open at the end of the statement are shown."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    for message in (".*is non-interactive, and thus cannot be shown", ".*non-GUI backend, so cannot show"):
        warnings.filterwarnings("ignore", message=message)


class Display:
    """Collects what one statement shows. Main thread; the methods run user code (reprs)."""

    def __init__(self, figures):
        self._figures = figures
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

    def end(self):
        """Take the figures that are open."""
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
            data[PNG] = _as_text(_stacked(self._png))
        if text or not data:
            data[TEXT] = text
        return data


class Figures:
    """The open figures of matplotlib.pyplot, if the user has imported it."""

    def __init__(self):
        self._last = None

    def take(self):
        """The open figures as PNG; they are closed, so that each is shown once."""
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is None:
            return []
        images = []
        for number in plt.get_fignums():
            self._last = plt.figure(number)
            if self._last.get_axes() or self._last.texts or self._last.images:
                images.append(_png_of(self._last))
        plt.close("all")
        return images

    def of_value(self, value):
        """PNG of a figure that pyplot does not hold (those it holds are taken at the end), else None."""
        if not _is_figure(value):
            return None
        plt = sys.modules.get("matplotlib.pyplot")
        held = plt is not None and any(plt.figure(number) is value for number in plt.get_fignums())
        return None if held else _png_of(value)

    def current(self, plt):
        """For `%matplot plt`: the current figure, or the one that was shown last; it is closed."""
        figure = plt.gcf() if plt.get_fignums() or self._last is None else self._last
        image = _png_of(figure)
        plt.close(figure)
        self._last = figure
        return _as_text(image)


def _is_rich(value):
    return any(_method(value, name) for name in ("_repr_html_", "_repr_png_")) or _is_figure(value)


def _is_figure(value):
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


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


def _png_of(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def _as_text(image):
    return base64.b64encode(image).decode("ascii")


def _stacked(images):
    """One image of several, top to bottom (a result holds one; matplotlib brings Pillow)."""
    if len(images) == 1:
        return images[0]
    from PIL import Image
    parts = [Image.open(io.BytesIO(image)).convert("RGBA") for image in images]
    size = max(part.width for part in parts), sum(part.height for part in parts)
    whole = Image.new("RGBA", size, (255, 255, 255, 255))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    buffer = io.BytesIO()
    whole.save(buffer, format="PNG")
    return buffer.getvalue()
