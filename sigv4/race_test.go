//go:build race

package sigv4

// The race detector empties pools at random and slows everything down.
func init() { underRace = true }
