"""Clients of plain HTTP.

A client reads the machine's certificates when it is made, for 0.03 s and more: longer than most
tests take, and none of them speaks TLS.
"""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: a request by HTTPS fails."""
