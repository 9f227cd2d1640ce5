"""What the ``at`` adaptor sends to its host, and how it reads the answers.

``at`` itself knows pending and running jobs and nothing else: no exit code, no output, no history,
and its job shares the session of the daemon, so that nothing could end it with its children. So
each job runs in a session of its own, and its record (``plugin.scripts``) has three more files:

==========  ======================================================================================
file        content
==========  ======================================================================================
``at``      a line ``id host queue time``, written when ``at`` had answered
``pid``     of the leader of the job's session
``cancel``  empty; it is there if the job was cancelled
==========  ======================================================================================
"""
