package policy

import "strings"

// spelling returns a hint to append to a message: the candidate that word is a
// misspelling of, if there is one.
func spelling(word string, candidates ...string) string {
	if c := nearest(word, candidates); c != "" {
		return "; did you mean " + c + "?"
	}
	return ""
}

// nearest returns the candidate with the least distance from word, without
// regard to case, if it is near enough to be a misspelling: two edits, or one
// in a short word.
func nearest(word string, candidates []string) string {
	limit := 2
	switch n := len(word); {
	case n <= 2:
		return ""
	case n <= 4:
		limit = 1
	}
	best := ""
	lowerWord := strings.ToLower(word)
	for _, c := range candidates {
		if d := distance(lowerWord, strings.ToLower(c), limit); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// distance returns the number of letters to insert, delete, change or swap with
// their neighbour to turn a into b, or limit+1 when it is more than limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}

func operatorNames() []string {
	names := make([]string, 0, len(baseOperators))
	for _, b := range baseOperators {
		names = append(names, b.name)
	}
	return names
}
