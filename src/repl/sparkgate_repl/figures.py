"""Figures of matplotlib, if the user imports it: as PNG, each shown once."""
import base64
import importlib.abc
import importlib.util
import io
import os
import sys
import warnings


def prepare(show):
    """Draw into memory unless the user chose a backend; plt.show() calls `show()`. Main thread, once."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    # Figure.show() asks for a window; the figure is shown with the statement's result.
    for message in (".*is non-interactive, and thus cannot be shown", ".*non-GUI backend, so cannot show"):
        warnings.filterwarnings("ignore", message=message)
    sys.meta_path.insert(0, _PyplotFinder(show))


class _PyplotFinder(importlib.abc.MetaPathFinder):
    """Replaces pyplot's show() the moment the user's code imports it. A backend of our own would do as well,
    but the user's child processes inherit its name and could not import it."""

    def __init__(self, show):
        self._show = show

    def find_spec(self, name, path, target=None):
        if name != "matplotlib.pyplot":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                _replace_show(module, self._show)
            spec.loader.exec_module = exec_module
        return spec


def _replace_show(plt, show):
    original = plt.show

    def show_figures(*args, **kwargs):
        if plt.get_backend().lower() == "agg":
            show()
        else:
            original(*args, **kwargs)
    plt.show = show_figures


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
        if not is_figure(value):
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
        return base64_text(image)


def is_figure(value):
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def _png_of(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def base64_text(image):
    return base64.b64encode(image).decode("ascii")


def stacked(images):
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
