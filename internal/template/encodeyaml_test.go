package template

import "testing"

func TestYAML(t *testing.T) {
	n := Map(
		P("text", Text("true")), P("number", Number(3)), P("bool", Bool(true)), P("version", Text("1.0")), P("empty", Text("")), P("map", Map()),
		P("lines", Text("a\nb")), P("list", List(Text("a: b"), Map(P("k", Text("v"))))),
	)
	text, err := n.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := ParseValue("x.yaml", text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if got, want := string(back.JSON("")), string(n.JSON("")); got != want {
		t.Errorf("read back as %s, want %s, from\n%s", got, want, text)
	}
}
