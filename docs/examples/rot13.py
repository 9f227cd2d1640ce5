"""Reads lines, prints them in rot13: the program of the streaming example."""

import codecs

try:
    while True:
        line = input()
        print(codecs.encode(line, "rot_13"), flush=True)
except EOFError:
    pass
