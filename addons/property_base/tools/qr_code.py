"""The code on a printed form that leads back to its record."""
from base64 import b64encode

from reportlab.graphics.barcode.qr import QrCodeWidget


def qr_code(text):
    """A QR code as the address of an image, printed without asking a server for it.

    Drawn as SVG, since a bitmap would need a library that not every installation has.

    :param str text: what it says, such as the URL of a record
    :return: str, a ``data:`` URL
    """
    widget = QrCodeWidget(text)
    widget.qr.make()
    rows = widget.qr.modules
    dark = ''.join(
        f'M{column} {number}h1v1h-1z' for number, row in enumerate(rows) for column, is_dark in enumerate(row) if is_dark)
    image = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}"><path d="{dark}"/></svg>'
    return f'data:image/svg+xml;base64,{b64encode(image.encode()).decode()}'
