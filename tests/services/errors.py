"""The two ways in which a test service can fail."""


class ServiceUnavailable(Exception):
    """This machine cannot run the service; the text says why and is the reason of the skip."""


class ServiceError(Exception):
    """The service should have started here and did not; always a failure, never a skip."""
