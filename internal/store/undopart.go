package store

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An undoPart is what a change made of one part of a record. Several logs may be
// about one record at the same time, each about parts of its own: to take one back
// leaves the others.
type undoPart struct {
	Path   []string
	Before json.RawMessage `json:",omitempty"` // nil: it was not there
	After  json.RawMessage `json:",omitempty"` // nil: it is not there
	Filled bool            `json:",omitempty"` // it was null and became an object, whose members follow: empty again, it is null again
}

// differences returns the parts in which two records differ; false if they are not
// two objects.
func differences(before, after []byte) ([]undoPart, bool) {
	b, a := object(before), object(after)
	if b == nil || a == nil {
		return nil, false
	}
	return appendDifferences(nil, nil, b, a), true
}

func appendDifferences(parts []undoPart, path []string, before, after map[string]json.RawMessage) []undoPart {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for name := range names {
		b, a := before[name], after[name]
		if bytes.Equal(b, a) {
			continue
		}
		at := append(slices.Clone(path), name)
		was, is := object(b), object(a)
		switch {
		case was != nil && is != nil:
			parts = appendDifferences(parts, at, was, is)
		case is != nil && string(b) == "null":
			parts = append(parts, undoPart{Path: at, Before: b, Filled: true})
			parts = appendDifferences(parts, at, nil, is)
		default:
			parts = append(parts, undoPart{Path: at, Before: b, After: a})
		}
	}
	return parts
}

// object returns the members of a JSON object; nil if it is none.
func object(text []byte) (members map[string]json.RawMessage) {
	if len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}

// takeBack makes the parts of a record what they were. Parts that changed since
// stay; all reports whether there are none.
func takeBack(record []byte, parts []undoPart) (out []byte, all bool) {
	all = true
	for _, p := range slices.Backward(parts) {
		next, ok := p.takeBack(record, p.Path)
		if !ok {
			all = false
			continue
		}
		record = next
	}
	return record, all
}

// takeBack makes the part at path within text what it was.
func (p *undoPart) takeBack(text []byte, path []string) ([]byte, bool) {
	members := object(text)
	if members == nil {
		return nil, false
	}
	name := path[0]
	now := members[name]
	switch {
	case len(path) > 1:
		next, ok := p.takeBack(now, path[1:])
		if !ok {
			return nil, false
		}
		members[name] = next
	case p.Filled && len(object(now)) > 0: // by somebody else
		return text, true
	case !p.Filled && !sameJSON(now, p.After):
		return nil, false
	case p.Before == nil:
		delete(members, name)
	default:
		members[name] = p.Before
	}
	out, err := json.Marshal(members)
	return out, err == nil
}

// sameJSON reports whether two texts say the same, whatever the order of members.
func sameJSON(a, b []byte) bool {
	return len(a) == 0 && len(b) == 0 || len(a) > 0 && len(b) > 0 && bytes.Equal(canonical(a), canonical(b))
}

// canonical returns JSON with the members of objects in order.
func canonical(text []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return out
}
