// Package cart holds what a customer is about to buy.
package cart

import (
	"fmt"

	"example.com/shop/store"
	lite "example.com/shop/store/sqlite"
)

// Item is one thing.
type Item struct {
	Name  string
	Price int
}

// Total adds up.
func (i *Item) Total() int { return i.Price } // Item=cart/cart.go:12 Price=cart/cart.go:14

// Cart holds items.
type Cart struct {
	Base  // Base=cart/base.go:4
	Items []*Item
	db    store.Store // Store=store/store.go:5
	last  map[string]Item
}

// New makes a cart.
func New() *Cart { // Cart=cart/cart.go:21
	return &Cart{db: lite.Open("x")} // Open=store/sqlite/sqlite.go:12 db=cart/cart.go:24
}

// Total adds up.
func (c *Cart) Total() int {
	sum := 0
	for _, item := range c.Items { // Items=cart/cart.go:23
		sum += item.Total() // Total=cart/cart.go:18
	}
	for _, each := range c.last {
		sum += each.Price // Price=cart/cart.go:14
	}
	c.Log("total") // Log=cart/base.go:9
	c.db.Save(sum) // Save=store/store.go:7
	fmt.Println(c.id, c.Base.id) // Println=-
	return sum
}

func helper(c Cart, Total int) int {
	Total++
	local := c
	return local.Total() + Total // Total=cart/cart.go:34
}
