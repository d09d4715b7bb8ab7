// Package sqlite is one way to keep things.
package sqlite

import "example.com/shop/store"

// DB is a file.
type DB struct{ path string }

// Save keeps one.
func (d *DB) Save(n int) error { return store.Open().Save(n) } // Open=store/store.go:11 Save=store/store.go:7

func Open(path string) *DB { return &DB{path: path} } // DB=store/sqlite/sqlite.go:7 path=store/sqlite/sqlite.go:7
