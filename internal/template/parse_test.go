package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGivesJSON(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"dates, times and numbers keep their text", "a: 2012-10-17\nb: 12:30\nc: 1_000\nd: 0123\ne: 12e5", `{"a":"2012-10-17","b":"12:30","c":"1_000","d":"0123","e":"12e5"}`},
		{"numbers and booleans are themselves", "a: 1\nb: -2.5\nc: true\nd: False\ne: 1.5e3", `{"a":1,"b":-2.5,"c":true,"d":false,"e":1.5e3}`},
		{"quoted is a string", "a: '1'\nb: \"true\"\nc: !!str 7", `{"a":"1","b":"true","c":"7"}`},
		{"yes is a string until a boolean is wanted", "a: yes\nb: off", `{"a":"yes","b":"off"}`},
		{"null in its spellings", "a: ~\nb: null\nc:\nd: 'null'", `{"a":null,"b":null,"c":null,"d":"null"}`},
		{"a block keeps its final newline", "a: |\n  x\n  y\nb: |-\n  z\nc: >\n  p\n  q\n", `{"a":"x\ny\n","b":"z","c":"p q\n"}`},
		{"characters of markup stay", "a: <b> & c", `{"a":"<b> & c"}`},
		{"Ref and Condition have no prefix", "a: !Ref X\nb: !Condition Y", `{"a":{"Ref":"X"},"b":{"Condition":"Y"}}`},
		{"GetAtt splits at the first dot", "a: !GetAtt A.B.C\nb: !GetAtt [A, B]", `{"a":{"Fn::GetAtt":["A","B.C"]},"b":{"Fn::GetAtt":["A","B"]}}`},
		{"other tags", "a: !Sub x\nb: !Sub ['${k}', {k: v}]\nc: !Join [',', [a, b]]", `{"a":{"Fn::Sub":"x"},"b":{"Fn::Sub":["${k}",{"k":"v"}]},"c":{"Fn::Join":[",",["a","b"]]}}`},
		{"an empty tagged value is an empty string", "a: !GetAZs ''\nb: !GetAZs", `{"a":{"Fn::GetAZs":""},"b":{"Fn::GetAZs":""}}`},
		{"a tagged number is a string", "a: !Ref 123", `{"a":{"Ref":"123"}}`},
		{"short inside long", "a:\n  Fn::Base64: !Sub |\n    x", `{"a":{"Fn::Base64":{"Fn::Sub":"x"}}}`},
		{"Transform", "a: !Transform {Name: AWS::Include, Parameters: {Location: x}}", `{"a":{"Fn::Transform":{"Name":"AWS::Include","Parameters":{"Location":"x"}}}}`},
		{"aliases are unrolled", "a: &x [1, 2]\nb: *x", `{"a":[1,2],"b":[1,2]}`},
		{"own keys win over merged ones", "a: &x {p: 1, q: 2}\nb: {<<: *x, p: 3, r: 4}", `{"a":{"p":1,"q":2},"b":{"p":3,"r":4,"q":2}}`},
		{"earlier maps of a merge list win", "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}", `{"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}}`},
		{"the last of duplicate keys wins", "a: 1\nb: 2\na: 3", `{"a":3,"b":2}`},
		{"a byte order mark is no text", "\ufeffa: 1", `{"a":1}`},
		{"JSON", "\n\t{\"a\": [1, true, null, \"\\u00e9\\n\\ud83d\\ude00\\/\"], \"b\": {}}", `{"a":[1,true,null,"é\n😀/"],"b":{}}`},
		{"a lone surrogate is replaced", `{"a": "\ud83d!"}`, "{\"a\":\"\uFFFD!\"}"},
		{"JSON strings that look like numbers stay strings", `{"a": "1", "b": "true", "c": 1E3}`, `{"a":"1","b":"true","c":1E3}`},
		{"the last of duplicate JSON keys wins", `{"a": 1, "a": 2}`, `{"a":2}`},
	}
	for _, tt := range tests {
		root, _, err := Parse("t", []byte(tt.text))
		if err != nil {
			t.Errorf("%s: Parse(%q) = %+v", tt.name, tt.text, err)
			continue
		}
		if got := string(root.JSON("")); got != tt.want {
			t.Errorf("%s: Parse(%q)\n got %s\nwant %s", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("[", 300) + strings.Repeat("]", 300)
	tests := []struct{ name, text, want string }{
		{"a list", "- a", "Template format error: unsupported structure.\nt:1:1\n    - a\n    ^"},
		{"a file's name", "template.yaml", "Template format error: unsupported structure.\nt:1:1\n    template.yaml\n    ^\n" +
			`the text is only "template.yaml": was the file's name passed instead of its contents?`},
		{"nothing", "", "Template format error: unsupported structure.\nt:1:1\nthe file is empty"},
		{"bad YAML", "a: b: c", "Template format error: YAML not well-formed. (line 1, column 5)\nt:1:5: mapping values are not allowed in this context\n    a: b: c\n        ^"},
		{"two tags", "a: !Base64 !Sub x", "Template format error: YAML not well-formed. (line 1, column 12)\n" +
			"t:1:12: while parsing a block mapping: did not find expected key\n    a: !Base64 !Sub x\n               ^"},
		{"a tab", "a:\n\tb: 1", "Template format error: YAML not well-formed. (line 2, column 1)\nt:2:1: while scanning for the next token: " +
			"found character that cannot start any token\n    \tb: 1\n    ^"},
		{"a second document", "a: 1\n---\nb: 2", "Template format error: YAML not well-formed. (line 2, column 1)\nt:2:1: a template is one YAML document, here a second one begins\n    ---\n    ^"},
		{"an unknown tag", "a: !Subb x", "Template format error: YAML not well-formed. (line 1, column 4)\nt:1:4: unknown tag !Subb\n    a: !Subb x\n       ^\ndid you mean !Sub?"},
		{"a tag of YAML's", "a: !!binary aGk=", "Template format error: YAML not well-formed. (line 1, column 4)\nt:1:4: CloudFormation does not support the YAML tag !!binary\n    a: !!binary aGk=\n       ^"},
		{"a key that is a list", "[a]: b", "Template format error: YAML not well-formed. (line 1, column 1)\nt:1:1: a key must be a string\n    [a]: b\n    ^"},
		{"an alias in itself", "a: &x [*x]", "Template format error: YAML not well-formed. (line 1, column 8)\nt:1:8: the alias *x is inside the value that it repeats\n    a: &x [*x]\n           ^"},
		{"a control character", "a: \"\x01\"", "Template format error: YAML not well-formed. (line 1, column 5)\nt:1:5: control characters are not allowed (value: 1)\n    a: \"\uFFFD\"\n        ^"},
		{"bad JSON", `{"a": {"b": 1,}}`, "Template format error: JSON not well-formed. (line 1, column 15)\nt:1:15: a key in double quotes is expected here\n" +
			`    {"a": {"b": 1,}}` + "\n                  ^"},
		{"JSON that ends", "{\n\"a\": [1", "Template format error: JSON not well-formed. (line 2, column 8)\nt:2:8: a comma or ] is expected here\n    \"a\": [1\n           ^"},
		{"JSON with a leading zero", `{"a": 01}`, "Template format error: JSON not well-formed. (line 1, column 7)\nt:1:7: a value is expected here\n    {\"a\": 01}\n          ^"},
		{"an open string", `{"a": "b`, "Template format error: JSON not well-formed. (line 1, column 7)\nt:1:7: the string has no closing quote\n    {\"a\": \"b\n          ^"},
		{"text after JSON", `{} x`, "Template format error: JSON not well-formed. (line 1, column 4)\nt:1:4: unexpected text after the end of the value\n    {} x\n       ^"},
	}
	for _, tt := range tests {
		_, _, err := Parse("t", []byte(tt.text))
		if err == nil {
			t.Errorf("%s: Parse(%q) is accepted", tt.name, tt.text)
			continue
		}
		if diff := cmp.Diff(tt.want, detail(err)); diff != "" {
			t.Errorf("%s: Parse(%q) (-want +got):\n%s", tt.name, tt.text, diff)
		}
	}
	for _, text := range []string{"a: " + deep, `{"a": ` + deep + "}", strings.Repeat("- ", 100000), strings.Repeat("{\"a\":", 100000)} {
		if _, _, err := Parse("t", []byte(text)); err == nil || !strings.Contains(detail(err), "deep") && !strings.Contains(detail(err), "depth") {
			t.Errorf("Parse(%.20q…) = %.200s, want a refusal for its depth", text, detail(err))
		}
	}
}

func TestAliasBombsAreRefused(t *testing.T) {
	var nodes, bytes strings.Builder
	nodes.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 8 {
		list := strings.TrimSuffix(strings.Repeat("*a"+string(rune('0'+i))+", ", 10), ", ")
		nodes.WriteString("a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + list + "]\n")
	}
	bytes.WriteString("a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a, ", 100) + "]\n")
	for name, text := range map[string]string{"values": nodes.String(), "bytes": bytes.String()} {
		_, _, err := Parse("t", []byte(text))
		if err == nil || !strings.Contains(detail(err), "aliases are unrolled") && !strings.Contains(detail(err), "aliasing") {
			t.Errorf("a bomb of %s: %.200s", name, detail(err))
		}
	}
}

func TestParseWarns(t *testing.T) {
	_, warnings, err := Parse("t", []byte("a: &x {p: 1}\nb: *x\nc: {<<: *x}\na: 2"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	want := []string{
		"t:2:4: the alias *x: CloudFormation itself refuses YAML aliases and merge keys; only tools that rewrite the template, as sam deploy does, accept them",
		"t:4:1: duplicate key a: the last one wins, the value at line 1 is ignored",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestPositionsCountCharacters(t *testing.T) {
	for _, text := range []string{"名: {値: !Ref X}", `{"名": {"値": {"Ref": "X"}}}`} {
		root, _, err := Parse("t", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		p := root.Pairs[0].Value.Pair("値")
		runes := []rune(text)
		if got := string(runes[p.KeyPosition.Column-1:]); !strings.HasPrefix(strings.TrimPrefix(got, `"`), "値") {
			t.Errorf("%s: the key's column %d is at %q", text, p.KeyPosition.Column, got)
		}
		if got := string(runes[p.Value.Column-1:]); !strings.HasPrefix(got, "!Ref") && !strings.HasPrefix(got, `{"Ref"`) {
			t.Errorf("%s: the value's column %d is at %q", text, p.Value.Column, got)
		}
	}
}

func TestFindInScalars(t *testing.T) {
	text := "a: '${X} ${X}'\nb: |\n  one\n  two ${X}\nc: \"名 ${X}\"\n"
	root, _, err := Parse("t", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key  string
		nth  int
		want string
	}{
		{"a", 0, "t:1:5"},
		{"a", 1, "t:1:10"},
		{"b", 0, "t:4:7"},
		{"c", 0, "t:5:7"},
		{"a", 9, "t:1:4"},
	}
	for _, tt := range tests {
		if got := root.Get(tt.key).find("${X}", tt.nth).String(); got != tt.want {
			t.Errorf("find ${X} number %d in %s = %s, want %s", tt.nth, tt.key, got, tt.want)
		}
	}
}
