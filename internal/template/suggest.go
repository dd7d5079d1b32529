package template

import (
	"fmt"
	"slices"
	"strings"
)

// nearest returns the one of names that the writer of name surely meant: the
// nearest within edit distance 2, else one that name begins or that begins
// name. It returns "" when there is none.
func nearest(name string, names []string) string {
	if name == "" || len(name) > 256 || len(names) > 5000 {
		return ""
	}
	names = slices.Clone(names)
	slices.Sort(names)
	best, distance := "", 3
	for _, n := range names {
		if d := editDistance(name, n, 2); d < distance && d < max(len(name), len(n)) && n != name {
			best, distance = n, d
		}
	}
	if best != "" {
		return best
	}
	for _, n := range names {
		if n != name && min(len(n), len(name)) >= 3 && (strings.HasPrefix(n, name) || strings.HasPrefix(name, n)) {
			return n
		}
	}
	for _, n := range names {
		if n != name && strings.EqualFold(n, name) {
			return n
		}
	}
	return ""
}

// didYouMean returns the hint for name, or "".
func didYouMean(name string, names []string) string {
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}

// editDistance returns the number of inserted, deleted, replaced or swapped
// bytes between a and b, or limit+1 when it is larger than limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		smallest := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			smallest = min(smallest, row[j])
		}
		if smallest > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
