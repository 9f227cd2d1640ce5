"""The conformance kit for authors of adaptors."""
