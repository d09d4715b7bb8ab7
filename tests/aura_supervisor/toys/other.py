"""A second well-behaved service."""

from toys.good import serve

if __name__ == "__main__":
    serve()
