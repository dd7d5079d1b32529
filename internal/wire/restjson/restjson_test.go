package restjson

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

type input struct {
	Name      string
	Other     string
	Size      int      `rest:"query=size"`
	On        *bool    `rest:"query=on"`
	Keys      []string `rest:"query=key"`
	Qualifier string   `rest:"header=X-Qualifier"`
}

func table() []wire.Operation {
	run := func(context.Context, *input) (*wire.Nothing, error) { return nil, nil }
	rows := [][3]string{
		{"GetThing", "GET", "/v2/things/{Name}"},
		{"ListThings", "GET", "/v2/things"},
		{"GetOwn", "GET", "/v2/things/own"},
		{"DeleteThing", "DELETE", "/v2/things/{Name}"},
		{"GetPart", "GET", "/v2/things/{Name}/parts/{Other}"},
		{"GetTags", "GET", "/v2/tags/{Name+}"},
	}
	var operations []wire.Operation
	for _, r := range rows {
		operations = append(operations, wire.Op(r[0], run, nil).At(r[1], r[2], http.StatusOK))
	}
	return operations
}

func TestFind(t *testing.T) {
	r := NewRouter(table())
	tests := []struct {
		name, method, path string
		want               string
		labels             map[string]string
	}{
		{"a label is decoded", "GET", "/v2/things/a%2Fb%3Ac", "GetThing", map[string]string{"Name": "a/b:c"}},
		{"a literal goes before a label", "GET", "/v2/things/own", "GetOwn", map[string]string{}},
		{"the method decides", "DELETE", "/v2/things/own", "DeleteThing", map[string]string{"Name": "own"}},
		{"a slash at the end says nothing", "GET", "/v2/things/", "ListThings", map[string]string{}},
		{"two labels", "GET", "/v2/things/a/parts/b", "GetPart", map[string]string{"Name": "a", "Other": "b"}},
		{"a greedy label, encoded", "GET", "/v2/tags/arn%3Aaws%3A%2Fapis%2Fx", "GetTags", map[string]string{"Name": "arn:aws:/apis/x"}},
		{"a greedy label, as it is", "GET", "/v2/tags/arn:aws:/apis/x", "GetTags", map[string]string{"Name": "arn:aws:/apis/x"}},
		{"an empty label is none", "GET", "/v2/things//parts/b", "", nil},
		{"a longer path is another", "GET", "/v2/things/a/b", "", nil},
		{"another method", "PUT", "/v2/things", "", nil},
		{"no path", "GET", "/", "", nil},
		{"a bad escape", "GET", "/v2/things/%zz", "", nil},
	}
	for _, tt := range tests {
		got, labels, ok := r.Find(tt.method, tt.path)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: Find(%s, %s) = %q, %v, want %q", tt.name, tt.method, tt.path, got, ok, tt.want)
		}
		if diff := cmp.Diff(tt.labels, labels); diff != "" {
			t.Errorf("%s: labels (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestDecode(t *testing.T) {
	on := true
	r := Request{
		Labels: map[string]string{"Name": "label"},
		Query:  url.Values{"size": {"3"}, "on": {"TRUE"}, "key": {"a", "b"}},
		Header: http.Header{},
		Body:   []byte(`{"name":"body","other":"o","Size":9,"Qualifier":"body","Unknown":1}`),
	}
	var got input
	if err := r.Decode(&got); err != nil {
		t.Fatal(err)
	}
	// The body says neither the label nor what belongs to query and headers.
	want := input{Name: "label", Other: "o", Size: 3, On: &on, Keys: []string{"a", "b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

type pageOf struct {
	Marker string `rest:"query=Marker"`
}

func TestDecodeFillsEmbeddedStructs(t *testing.T) {
	var in struct {
		Name string
		pageOf
	}
	r := Request{Query: url.Values{"Marker": {"m"}}, Body: []byte(`{"Name":"n","Marker":"of the body"}`)}
	if err := r.Decode(&in); err != nil {
		t.Fatal(err)
	}
	if in.Name != "n" || in.Marker != "m" {
		t.Errorf("decoded %+v", in)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, r := range map[string]Request{
		"a body that is no JSON":        {Body: []byte(`{`)},
		"another type":                  {Body: []byte(`{"Other":1}`)},
		"a parameter that is no number": {Query: url.Values{"size": {"x"}}},
		"a number that is too large":    {Query: url.Values{"size": {"99999999999"}}},
		"a parameter that is no truth":  {Query: url.Values{"on": {"maybe"}}},
	} {
		var got input
		var refusal *awserr.Error
		if err := r.Decode(&got); !errors.As(err, &refusal) || refusal.Code != "SerializationException" {
			t.Errorf("%s: Decode = %v, want a SerializationException", name, err)
		}
	}
}

type part struct {
	PartId string
	Size   *int `json:",omitempty"`
}

type output struct {
	ThingName string
	Made      time.Time
	Parts     []part
	Tags      map[string]string
	Note      string `json:",omitempty"`
	Kept      bool
	Status    int    `rest:"status"`
	Version   string `rest:"header=X-Version"`
	part
}

func TestEncode(t *testing.T) {
	out := &output{ThingName: "a", Made: time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC), Parts: []part{{PartId: "p"}}, Status: 202, Version: "7", part: part{PartId: "q"}}
	for lower, want := range map[bool]string{
		false: `{"Kept":false,"Made":"2031-03-09T12:00:00Z","PartId":"q","Parts":[{"PartId":"p"}],"Tags":{},"ThingName":"a"}`,
		true:  `{"kept":false,"made":"2031-03-09T12:00:00Z","partId":"q","parts":[{"partId":"p"}],"tags":{},"thingName":"a"}`,
	} {
		a, err := Encode(out, lower)
		if err != nil {
			t.Fatal(err)
		}
		if string(a.Body) != want || a.Status != 202 || a.Header.Get("X-Version") != "7" {
			t.Errorf("Encode(lower %v) = %d %v %s, want %s", lower, a.Status, a.Header, a.Body, want)
		}
	}
}

func TestPayloadIsTheBodyAsItIs(t *testing.T) {
	type call struct {
		Name    string
		Payload []byte `rest:"payload"`
	}
	r := Request{Labels: map[string]string{"Name": "fn"}, Body: []byte(`not JSON`)}
	var in call
	if err := r.Decode(&in); err != nil || string(in.Payload) != "not JSON" || in.Name != "fn" {
		t.Errorf("Decode = %v, %+v", err, in)
	}
	a, err := Encode(&in, false)
	if err != nil || string(a.Body) != "not JSON" {
		t.Errorf("Encode = %v, %s", err, a.Body)
	}
}

// Whatever comes is decoded or refused in AWS's words.
func FuzzDecode(f *testing.F) {
	f.Add("GET", "/v2/things/a%2Fb", "size=1&on=true", `{"Other":"x"}`)
	f.Add("GET", "/v2/tags/a/b//c", "key=a&key=b", `null`)
	f.Add("DELETE", "/v2/things/%", "size=", ``)
	router := NewRouter(table())
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		_, labels, ok := router.Find(method, path)
		if !ok {
			return
		}
		q, _ := url.ParseQuery(query) // what is well-formed of it
		r := Request{Labels: labels, Query: q, Body: []byte(body)}
		var in input
		var refusal *awserr.Error
		if err := r.Decode(&in); err != nil && !errors.As(err, &refusal) {
			t.Fatalf("Decode = %v, want a refusal", err)
		}
	})
}
