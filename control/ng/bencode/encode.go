package bencode

import (
	"slices"
	"strconv"
)

// Append writes the value at the end of b. The keys of dictionaries come out sorted, as the format
// wants; those that are equal keep their order. An absent value is written as an empty string.
func Append(b []byte, v Value) []byte {
	switch v.kind {
	case Integer:
		b = append(b, 'i')
		b = strconv.AppendInt(b, v.number, 10)
		return append(b, 'e')
	case List:
		b = append(b, 'l')
		for _, item := range v.items {
			b = Append(b, item)
		}
		return append(b, 'e')
	case Dict:
		b = append(b, 'd')
		if v.isSorted() {
			for _, item := range v.items {
				b = Append(b, item)
			}
			return append(b, 'e')
		}
		for _, i := range v.sorted() {
			b = Append(b, v.items[i])
			b = Append(b, v.items[i+1])
		}
		return append(b, 'e')
	default:
		b = strconv.AppendInt(b, int64(len(v.text)), 10)
		b = append(b, ':')
		return append(b, v.text...)
	}
}

// isSorted reports whether the keys come in order.
func (v Value) isSorted() bool {
	for i := 2; i < len(v.items); i += 2 {
		if v.items[i].text < v.items[i-2].text {
			return false
		}
	}
	return true
}

// sorted returns the indices of the keys in their order.
func (v Value) sorted() []int {
	order := make([]int, 0, len(v.items)/2)
	for i := 0; i+1 < len(v.items); i += 2 {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := v.items[a].text, v.items[b].text; {
		case x < y:
			return -1
		case x > y:
			return 1
		default:
			return 0
		}
	})
	return order
}
