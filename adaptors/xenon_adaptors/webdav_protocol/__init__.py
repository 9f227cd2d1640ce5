"""WebDAV (RFC 4918) over requests: addresses, authentication, transport, answers, streams."""
