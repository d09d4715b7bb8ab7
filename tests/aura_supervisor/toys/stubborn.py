"""Ignores SIGTERM."""

from toys.good import serve

if __name__ == "__main__":
    serve(obey=False)
