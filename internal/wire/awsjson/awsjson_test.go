package awsjson

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
)

type input struct {
	Name   string
	Names  []string
	Size   *int
	On     bool
	At     time.Time
	Nested *input
	Any    map[string]string
}

func TestDecode(t *testing.T) {
	three := 3
	tests := []struct {
		name, body string
		want       input
		refused    bool
	}{
		{"nothing is an empty input", " ", input{}, false},
		{"what is not known is passed over", `{"Name":"a","Other":{"x":1}}`, input{Name: "a"}, false},
		{"lists, numbers and structures", `{"Names":["a","b"],"Size":3,"Nested":{"On":true}}`, input{Names: []string{"a", "b"}, Size: &three, Nested: &input{On: true}}, false},
		{"another type", `{"Name":1}`, input{}, true},
		{"no JSON", `{"Name"`, input{}, true},
		{"text after the end", `{} {}`, input{}, true},
	}
	for _, tt := range tests {
		var got input
		err := Decode([]byte(tt.body), &got)
		var refusal *awserr.Error
		switch {
		case tt.refused && (!errors.As(err, &refusal) || refusal.Code != "SerializationException"):
			t.Errorf("%s: Decode(%s) = %v, want a SerializationException", tt.name, tt.body, err)
		case !tt.refused && err != nil:
			t.Errorf("%s: Decode(%s) = %v", tt.name, tt.body, err)
		case !tt.refused:
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: Decode(%s) (-want +got):\n%s", tt.name, tt.body, diff)
			}
		}
	}
}

// Whatever comes is decoded or refused in AWS's words, and what was decoded can
// be written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{``, `{}`, `null`, `{"Name":"a","Names":[null],"Size":1e9,"On":true,"At":"2031-03-09T12:00:00Z","Nested":{"Any":{"a":"b"}}}`, `{"Size":1.5}`, `[`, `{"Nested":{"Nested":{"Nested":{}}}}`, "{\"Name\":\"\\ud800\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second input
		if err := Decode(body, &first); err != nil {
			var refusal *awserr.Error
			if !errors.As(err, &refusal) || !json.Valid(EncodeError(refusal)) {
				t.Fatalf("Decode = %v, want a refusal", err)
			}
			return
		}
		text, err := Encode(&first)
		if err != nil {
			return // a time that RFC 3339 cannot tell
		}
		if err := Decode(text, &second); err != nil {
			t.Fatalf("Decode(%s) = %v", text, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s is read as another input (-first +second):\n%s", text, diff)
		}
	})
}
