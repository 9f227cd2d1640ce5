"""What the author of an adaptor implements or reuses. See ``docs/write-an-adaptor.md``.

To implement: one of ``filesystem.FileSystemAdaptor``, ``process.ProcessAdaptor``,
``batch.BatchAdaptor`` and ``scheduler.SchedulerAdaptor``.

To read with them: ``target`` (what an adaptor is created with), ``runner`` (the contract of running
commands).

To reuse: ``os_errors`` (errno to our exceptions), ``temporary`` (names of files in the making),
``runners.open_runner`` (commands here or over SSH), ``ssh`` (shared connections), ``local_runner``
and ``local_process`` (processes of this machine), ``ending.GroupProcess`` (how a process ends),
``scripts`` (the job script of batch systems).
"""
