"""Ends at once, with words."""

import sys

if __name__ == "__main__":
    print("about to give up")
    sys.exit("no more tea")
