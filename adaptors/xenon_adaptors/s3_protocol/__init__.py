"""What the ``s3`` adaptor is made of: addresses, signed requests, streams, copies, errors."""
