"""FTP (RFC 959, 3659, 4217) over ftplib: connections, listings, replies, streams."""
