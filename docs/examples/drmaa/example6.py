"""Ask for the system, the implementation and the version."""

from xenon_py import drmaa


def main() -> None:
    with drmaa.Session() as session:
        print(f"Supported contact strings: {session.contact}")
        print(f"Supported DRM systems: {session.drmsInfo}")
        print(f"Supported DRMAA implementations: {session.drmaaImplementation}")
        print(f"Version {session.version}")


if __name__ == "__main__":
    main()
