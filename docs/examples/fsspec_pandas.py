"""pandas writes and reads a CSV and a Parquet file on an SSH server."""

import os

import pandas as pd

# For you: "xenon-sftp://user@host/dir", and {} if "ssh host" needs no password.
where = os.environ.get("XENON_EXAMPLE_URL", "xenon-sftp:///tmp")
options = {
    "location": os.environ["XENON_EXAMPLE_LOCATION"],
    "username": os.environ["XENON_EXAMPLE_USER"],
    "password_env": "XENON_EXAMPLE_PASSWORD",  # the name of the variable: never the password
    "properties": {"sftp.knownHostsFile": os.environ["XENON_EXAMPLE_KNOWN_HOSTS"]},
}

elements = pd.DataFrame(
    {"symbol": ["He", "Ne", "Ar", "Kr", "Xe"], "number": [2, 10, 18, 36, 54]},
)
elements.to_csv(f"{where}/elements.csv", index=False, storage_options=options)
elements.to_parquet(f"{where}/elements.parquet", storage_options=options)

# Of pyarrow's threads some may still be at work when a short program ends, and then crash it
# (apache/arrow#34314), whatever files are read.
read = {
    "csv": pd.read_csv(f"{where}/elements.csv", storage_options=options),
    "parquet": pd.read_parquet(
        f"{where}/elements.parquet", storage_options=options, use_threads=False
    ),
}
for kind, found in read.items():
    print(kind, found.equals(elements), found["number"].sum())
