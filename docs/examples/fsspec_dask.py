"""dask reads a directory of CSV files on an SSH server, in threads and in another process."""

import os

import dask
import dask.dataframe as dd
import fsspec

where = os.environ.get("XENON_EXAMPLE_URL", "xenon-sftp:///tmp")
options = {
    "location": os.environ["XENON_EXAMPLE_LOCATION"],
    "username": os.environ["XENON_EXAMPLE_USER"],
    "password_env": "XENON_EXAMPLE_PASSWORD",  # each process reads its own environment
    "properties": {"sftp.knownHostsFile": os.environ["XENON_EXAMPLE_KNOWN_HOSTS"]},
}


def main() -> None:
    """Write a directory, then sum it up, once in threads and once in processes."""
    fs, directory = fsspec.url_to_fs(where, **options)
    fs.pipe(
        {f"{directory}/many/{n}.csv": f"n,square\n{n},{n * n}\n".encode() for n in range(1, 11)}
    )
    table = dd.read_csv(f"{where}/many/*.csv", storage_options=options)
    for scheduler, workers in (("threads", 4), ("processes", 1)):
        with dask.config.set(scheduler=scheduler, num_workers=workers):
            print(scheduler, table["square"].sum().compute())


if __name__ == "__main__":
    main()
