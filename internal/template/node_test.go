package template

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNodeEdits(t *testing.T) {
	n := Map(P("a", Text("1")), P("b", List(Number(2), Bool(true))))
	c := n.Clone()
	c.Set("a", Text("changed"))
	c.Set("z", Ref("X"))
	c.Get("b").Append(GetAtt("A", "Arn"))
	c.Delete("q")
	for want, got := range map[string]*Node{
		`{"a":"1","b":[2,true]}`: n,
		`{"a":"changed","b":[2,true,{"Fn::GetAtt":["A","Arn"]}],"z":{"Ref":"X"}}`: c,
	} {
		if s := string(got.JSON("")); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
	if !c.Delete("a") || c.Has("a") {
		t.Error("Delete(a) left it")
	}
	if got := (*Node)(nil).Path("a", "b").Str(); got != "" {
		t.Errorf("an absent path is %q", got)
	}
}

func TestNodeRoundTripsJSON(t *testing.T) {
	const text = `{"z":1.50,"a":[true,null,"x"],"m":{}}`
	var n Node
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(struct {
		P *Node
		V Node
		N *Node
	}{P: &n, V: n})
	if want := `{"P":` + text + `,"V":` + text + `,"N":null}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestFunctionsAreOneKeyMaps(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{"Ref": "X"}`, "Ref"},
		{`{"Fn::Sub": "X"}`, "Fn::Sub"},
		{`{"Fn::Sub": "X", "a": 1}`, ""},
		{`{"Condition": {"StringEquals": {}}}`, ""},
		{`{"Fn::": 1}`, ""},
		{`["Ref"]`, ""},
	}
	for _, tt := range tests {
		n, err := FromJSON([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := n.Function(); got != tt.want {
			t.Errorf("Function of %s = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"AllowedSSHCidr1", "HelloHttpApi", "Bucket", "BucketPolicy"}
	tests := []struct{ name, want string }{
		{"AllowedSSHCidr", "AllowedSSHCidr1"},
		{"HelloHtpApi", "HelloHttpApi"},
		{"HelloHttpAip", "HelloHttpApi"},
		{"Hello", "HelloHttpApi"},
		{"BucketPolicyForLogs", "Bucket"},
		{"hellohttpapi", "HelloHttpApi"},
		{"Something", ""},
		{"X", ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.name, names); got != tt.want {
			t.Errorf("nearest(%s) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMadeNodesTakeAPosition(t *testing.T) {
	at := Position{File: "f", Line: 3, Column: 4}
	n := Map(P("a", List(Text("x")))).At(at)
	if got := n.Get("a").Items[0].Position; !got.Equal(at) {
		t.Errorf("position of the item = %v, want %v", got, at)
	}
	if diff := cmp.Diff(Map(P("a", List(Text("x")))).At(at), n); diff != "" {
		t.Errorf("nodes compare by go-cmp:\n%s", diff)
	}
}
