package store

import "testing"

// A mirror that was cut off reads a stream in which later messages have replaced
// earlier ones: in between are states that never were.
func TestWhoCatchesUpShowsNoStateThatNeverWas(t *testing.T) {
	m := newMirror()
	m.loaded()
	put := func(rev uint64, key, value string, last bool) {
		m.receive(change{subject: subjectOf("c", key), data: []byte(value), rev: rev}, last)
	}
	put(1, "a", "1", false)
	put(2, "b", "1", true)
	// 3 and 4 changed a and b together; 5 changed a again, so that 3 is gone.
	put(4, "b", "2", false)
	if got := string(m.get("c", "b").data); got != "1" {
		t.Errorf("b is %s before a has followed", got)
	}
	put(5, "a", "3", true)
	if a, b := string(m.get("c", "a").data), string(m.get("c", "b").data); a != "3" || b != "2" {
		t.Errorf("a, b = %s, %s after catching up, want 3, 2", a, b)
	}
	put(5, "a", "4", true)
	if a := string(m.get("c", "a").data); a != "3" {
		t.Errorf("a message that came again changed a to %s", a)
	}
}
