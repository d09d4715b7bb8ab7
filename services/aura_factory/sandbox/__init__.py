"""The sandbox: code of others runs without network, with its own files only, and within bounds."""
