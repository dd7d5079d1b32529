package main

import (
	"fmt"
	"slices"
)

// figures are measurements of one thing.
type figures []float64

func (f figures) median() float64 {
	if len(f) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(f))
	return sorted[len(sorted)/2]
}

// print formats the median with the least and the most.
func (f figures) print(format string) string {
	if len(f) == 0 {
		return "nothing"
	}
	return fmt.Sprintf(format+" ["+format+"–"+format+"]", f.median(), slices.Min(f), slices.Max(f))
}

// ratios returns what ours are of theirs, pair by pair: both of a pair were
// measured one after the other.
func ratios(ours, theirs figures) figures {
	var r figures
	for i := range min(len(ours), len(theirs)) {
		if theirs[i] > 0 {
			r = append(r, ours[i]/theirs[i])
		}
	}
	return r
}

// compare prints a ratio and what it is made of.
func compare(name string, ours, theirs figures, format string) string {
	return fmt.Sprintf("%s**%s ×** (%s beside %s)", name, ratios(ours, theirs).print("%.2f"), ours.print(format), theirs.print(format))
}
