"""Opening the way to a department's Label Studio."""

from annotations.labelstudio.gateway import connect
from annotations.labelstudio.ports import LabelStudio
from annotations.models import LabelStudioConnection
from builder.common.remote_addresses import guard_from_settings
from builder.common.secret_text import reveal


def open_gateway(connection: LabelStudioConnection) -> LabelStudio:
    """Return the department's Label Studio, to be used in a `with`.

    Raises NotReady when the stored token can't be read any more; whether the server answers shows at the first call.
    """
    return connect(connection.url, reveal(connection.token), guard=guard_from_settings())
