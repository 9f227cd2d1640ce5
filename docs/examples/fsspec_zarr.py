"""zarr stores an array on an SSH server; xarray writes and opens a data set there."""

import os

import numpy as np
import xarray as xr
import zarr

where = os.environ.get("XENON_EXAMPLE_URL", "xenon-sftp:///tmp")
options = {
    "location": os.environ["XENON_EXAMPLE_LOCATION"],
    "username": os.environ["XENON_EXAMPLE_USER"],
    "password_env": "XENON_EXAMPLE_PASSWORD",
    "properties": {"sftp.knownHostsFile": os.environ["XENON_EXAMPLE_KNOWN_HOSTS"]},
}

numbers = np.arange(1_000_000, dtype="i4").reshape(1000, 1000)
array = zarr.create_array(
    f"{where}/numbers.zarr",
    shape=numbers.shape,
    chunks=(500, 500),
    dtype=numbers.dtype,
    storage_options=options,
    overwrite=True,
)
array[:] = numbers
again = zarr.open_array(f"{where}/numbers.zarr", mode="r", storage_options=options)
print("zarr", again.shape, int(again[999, 999]), bool((again[:] == numbers).all()))

data = xr.Dataset({"temperature": (("x", "y"), np.random.default_rng(1).random((20, 30)))})
# xarray itself takes no URLs with a hyphen before "://"; a store of zarr is all it needs.
store = zarr.storage.FsspecStore.from_url(f"{where}/weather.zarr", storage_options=options)
data.to_zarr(store, mode="w", consolidated=False)
opened = xr.open_zarr(store, consolidated=False)
print("xarray", opened.load().equals(data))
