// Command shop sells.
package main

import (
	"example.com/shop/cart"
	"example.com/shop/store/sqlite"
)

type app struct {
	cart *cart.Cart // Cart=cart/cart.go:21
	db   *sqlite.DB // DB=store/sqlite/sqlite.go:7
}

func main() {
	a := app{cart: cart.New(), db: sqlite.Open("y")} // app=cmd/main.go:9 cart=cmd/main.go:10 New=cart/cart.go:29 Open=store/sqlite/sqlite.go:12
	a.cart.Total() // Total=cart/cart.go:34
	a.db.Save(cart.Total()) // Save=store/sqlite/sqlite.go:10 Total=cart/base.go:12
	a.cart.Items[0].Total() // Total=cart/cart.go:18
	run := func(cart *cart.Item) int { return cart.Total() } // Total=cart/cart.go:18
	run(nil)
}
