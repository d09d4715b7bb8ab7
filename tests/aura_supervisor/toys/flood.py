"""Prints 20 MB before it is ready, a line of 100 kB without an end, and bytes that are not text."""

import os

from toys.good import serve

if __name__ == "__main__":
    block = b"".join(b"line %06d of a flood of output\n" % number for number in range(2000))
    for _ in range(300):
        os.write(1, block)
    os.write(1, b"x" * 100_000 + b"\n")
    os.write(2, b"\xff\xfe the last line\n")
    serve()
