"""Begin a session and end it."""

from xenon_py import drmaa


def main() -> None:
    with drmaa.Session() as session:
        print("A session was started successfully")
        print(f"Its contact is {session.contact}")


if __name__ == "__main__":
    main()
