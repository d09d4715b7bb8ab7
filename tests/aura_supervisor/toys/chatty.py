"""Prints sixty lines, then behaves."""

from toys.good import serve

if __name__ == "__main__":
    for number in range(60):
        print(f"line {number}", flush=True)
    serve()
