package lambda

import (
	"slices"
	"strconv"
)

// paging are the parameters of lists.
type paging struct {
	Marker   string `rest:"query=Marker"`
	MaxItems int    `rest:"query=MaxItems"`
}

// page returns the items behind the marker, and the marker of the next page. A
// marker is the key of the last item that was told. Items are in the order of
// before.
func page[T any](p paging, most int, items []T, key func(*T) string, before func(a, b string) bool) ([]T, string, error) {
	var v violations
	if p.MaxItems < 0 {
		v.add(strconv.Itoa(p.MaxItems), "maxItems", "have value greater than or equal to 1")
		return nil, "", v.err()
	}
	if p.Marker != "" {
		from := slices.IndexFunc(items, func(item T) bool { return before(p.Marker, key(&item)) })
		if from < 0 {
			return []T{}, "", nil
		}
		items = items[from:]
	}
	limit := p.MaxItems
	if limit == 0 || limit > most {
		limit = most
	}
	if len(items) > limit {
		return items[:limit], key(&items[limit-1]), nil
	}
	if items == nil {
		items = []T{}
	}
	return items, "", nil
}

func byText(a, b string) bool { return a < b }

// byNumber orders versions: $LATEST, then numbers.
func byNumber(a, b string) bool {
	x, _ := strconv.Atoi(a) // $LATEST is 0
	y, _ := strconv.Atoi(b)
	return x < y
}

// byFunction orders functions by name and, within it, by version.
func byFunction(a, b string) bool {
	i, j := slices.Index([]byte(a), ':'), slices.Index([]byte(b), ':')
	if a[:i] != b[:j] {
		return a[:i] < b[:j]
	}
	return byNumber(a[i+1:], b[j+1:])
}
