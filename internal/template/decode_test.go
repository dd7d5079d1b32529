package template

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type properties struct {
	Name     string `required:"true"`
	Enabled  bool
	Optional *bool
	Timeout  int
	Rate     float64
	Names    []string
	Tags     []struct{ Key, Value string }
	Vars     map[string]string `json:"Variables"`
	Nested   *struct{ A, B string }
	Document *Node
	Either   either
	hidden   string //nolint:unused // shows that it is no property
}

// either is a property of two shapes.
type either struct{ Text, Bucket string }

func (e *either) UnmarshalNode(n *Node) error {
	switch {
	case n.IsScalar():
		e.Text = n.Value
	case n.IsMap():
		e.Bucket = n.Get("Bucket").Str()
	default:
		return errors.New("neither text nor map")
	}
	return nil
}

func TestDecode(t *testing.T) {
	const text = `
Name: 0123
Enabled: yes
Optional: "true"
Timeout: "30"
Rate: 1.5
Names: [a, 7, True, 2012-10-17]
Tags: [{Key: k, Value: v}]
Variables: {DEBUG: true, SIZE: 010, EMPTY: ''}
Nested: {A: x}
Document: {Version: 2012-10-17, Statement: [{Effect: Allow, Condition: {Bool: {a: true}}}]}
Either: {Bucket: b}
`
	root, _, err := Parse("t", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var p properties
	if err := root.Decode(&p); err != nil {
		t.Fatalf("Decode = %+v", err)
	}
	if got, want := string(p.Document.JSON("")), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Condition":{"Bool":{"a":true}}}]}`; got != want {
		t.Errorf("Document = %s, want %s", got, want)
	}
	p.Document = nil
	on := true
	want := properties{
		Name: "0123", Enabled: true, Optional: &on, Timeout: 30, Rate: 1.5, Names: []string{"a", "7", "true", "2012-10-17"},
		Tags: []struct{ Key, Value string }{{"k", "v"}}, Vars: map[string]string{"DEBUG": "true", "SIZE": "010", "EMPTY": ""},
		Nested: &struct{ A, B string }{A: "x"}, Either: either{Bucket: "b"},
	}
	if diff := cmp.Diff(want, p, cmp.AllowUnexported(properties{})); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an unknown property", "{Name: x, Timout: 3}", "Encountered unsupported property Timout\nt:1:11\n    {Name: x, Timout: 3}\n              ^\ndid you mean Timeout?"},
		{"an unknown property inside", "Name: x\nNested: {C: 3}", "Encountered unsupported property C\nt:2:10\n    Nested: {C: 3}\n             ^"},
		{"a missing property", "Enabled: true", "Property validation failure: [The property {/Name} is required]\nt:1:1\n    Enabled: true\n    ^"},
		{"text for a number", "Name: x\nTimeout: soon", "Value of property Timeout must be of type Integer\nt:2:10\n    Timeout: soon\n             ^"},
		{"text for a boolean", "Name: x\nEnabled: maybe", "Value of property Enabled must be of type Boolean\nt:2:10\n    Enabled: maybe\n             ^"},
		{"a map for a string", "Name: {a: b}", "Value of property Name must be of type String\nt:1:7\n    Name: {a: b}\n          ^"},
		{"a string for a map", "Name: x\nVariables: y", "Value of property Variables must be an object\nt:2:12\n    Variables: y\n               ^"},
		{"a map for a list", "Name: x\nTags: {a: b}", "Value of property Tags must be of type List\nt:2:7\n    Tags: {a: b}\n          ^"},
		{"too large a number", "Name: x\nTimeout: 99999999999999999999", "Value of property Timeout must be of type Integer\nt:2:10\n    Timeout: 99999999999999999999\n             ^"},
		{"two faults", "Name: x\nP: 1\nQ: 2", "Encountered unsupported property P\nt:2:1\n    P: 1\n    ^\nEncountered unsupported property Q\nt:3:1\n    Q: 2\n    ^"},
		{"a shape that its type refuses", "Name: x\nEither: [a]", "neither text nor map\nt:2:9\n    Either: [a]\n            ^"},
	}
	for _, tt := range tests {
		root, _, err := Parse("t", []byte(tt.text))
		if tt.text[0] == '{' {
			root, _, err = parseYAML(&source{file: "t", text: tt.text})
		}
		if err != nil {
			t.Fatal(err)
		}
		var p properties
		if diff := cmp.Diff(tt.want, detail(root.Decode(&p))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
