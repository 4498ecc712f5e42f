from tempfile import TemporaryFile

from werkzeug.wsgi import wrap_file

from odoo.http import Response, content_disposition, request

XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'


def xlsx_response(name, write):
    """A file of any length, which the server does not hold in memory.

    :param str name: of the file, without its ending
    :param write: function that writes it to a binary stream
    """
    stream = TemporaryFile()  # noqa: SIM115 - the response closes it when it has been sent
    write(stream)
    size = stream.tell()
    stream.seek(0)
    return Response(wrap_file(request.httprequest.environ, stream), direct_passthrough=True, headers=[
        ('Content-Type', XLSX),
        ('Content-Length', size),
        ('Content-Disposition', content_disposition(f'{name}.xlsx')),
        ('Cache-Control', 'no-store'),
    ])
