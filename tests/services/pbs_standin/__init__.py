"""A stand-in for the commands of TORQUE and OpenPBS, for there is no package of either.

It answers as both were measured to (tests/samples/torque, tests/samples/openpbs): it refuses what
they refuse, in their words and with their exit codes, prints what they print, and really runs the
jobs, as the user who asked. It is strict: what would crash a real server or reach too many jobs is
noted as a violation, and tests look at those.

===============  ===================================================================================
client           the commands themselves: small programs that ask the daemon over a Unix socket
daemon           listens, knows who asks, and hands on to the commands
jobs, cluster    the jobs, and when they start and end
execution        one job's processes: a shell that reads the path of the script, as in real life
qsub             options of qsub, checked
qstat            what qstat prints
control          qdel, qhold, qrls, qsig
flavours         words and numbers that differ between the two
===============  ===================================================================================
"""
