"""End a session and come back to it by its contact string."""

from xenon_py import drmaa


def main() -> None:
    session = drmaa.Session()
    session.initialize()
    print("A session was started successfully")
    contact = session.contact
    print(f"session contact returns: {contact}")
    session.exit()
    print("Exited from session")

    session.initialize(contact)
    print("Session was restarted successfully")
    session.exit()


if __name__ == "__main__":
    main()
