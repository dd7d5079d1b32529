package template

import (
	"encoding/json"
	"testing"
	"time"
)

// seeds adds texts that exercise every function. They are short: the fuzzer
// spends its time on shrinking long ones.
func seeds(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		`{"Resources": {"R": {"Type": "T", "Properties": {"A": [1, true, null, "\u00e9\ud83d\ude00"]}}}}`,
		"a: &x {p: 1, l: [1, 2]}\nb: {<<: *x, q: *x}\nc: !GetAtt A.B.C\nd: |\n  x\n",
		"Transform: AWS::LanguageExtensions\nResources: {'Fn::ForEach::T': [N, [A, B], {'Topic${N}': {Type: T, Properties: {Name: !Ref N}}}]}",
		"Parameters: {P: {Type: Number, Default: 1, AllowedPattern: '(?=.*\\d).+'}}\nConditions: {A: !And [!Condition B, !Equals [!Ref P, 1]], B: !Not [!Equals [a, b]]}\n" +
			"Mappings: {M: {a: {b: [c]}}}\nResources: {R: {Type: T, Condition: A, Properties: {X: !If [B, !FindInMap [M, a, b], !Cidr [10.0.0.0/8, 2, 8]]}}}\n" +
			"Rules: {X: {Assertions: [{Assert: !Contains [[a], !Ref P]}]}}\nOutputs: {O: {Value: !Sub ['${X}${!Y}', {X: !Select [0, !Split [',', 'a,b']]}], Export: {Name: e}}}",
		"Resources: {A: {Type: T, DependsOn: [B], Properties: {P: {'Fn::ToJsonString': {a: !Length [a]}}}}, B: {Type: T, Properties: {P: !Sub '${A.Arn}'}}}",
	} {
		f.Add(text)
	}
}

// within fails when a step takes longer than anyone would wait.
func within(t *testing.T, what string, step func()) {
	t.Helper()
	begin := time.Now()
	step()
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("%s took %s", what, took)
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		within(t, "Parse", func() {
			root, _, err := Parse("t", []byte(text))
			if err != nil {
				_ = detail(err)
				return
			}
			b := root.JSON("")
			if !json.Valid(b) {
				t.Fatalf("Parse(%q) gives invalid JSON %s", text, b)
			}
			again, err := FromJSON(b)
			if err != nil {
				t.Fatalf("FromJSON(%s) = %+v", b, err)
			}
			if got := again.JSON(""); string(got) != string(b) {
				t.Fatalf("%s is read as %s", b, got)
			}
		})
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, text := range []string{`{"a": [1, -2.5e3, true, null, "\u00e9\ud83d\ude00\n"]}`, `{"a":{"b":{}},"a":[[]]}`, "{\"a\"\r\n:\t1}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := FromJSON([]byte(text))
		if valid := json.Valid([]byte(text)); valid != (err == nil) && (valid || err == nil) {
			// Deep nesting is valid JSON and refused here; nothing else is.
			if valid && err != nil && len(text) > 2*maxDepth {
				return
			}
			t.Fatalf("FromJSON(%q) = %v, but encoding/json says valid=%t", text, err, valid)
		}
		if err == nil && !json.Valid(n.JSON("")) {
			t.Fatalf("%q becomes %s", text, n.JSON(""))
		}
	})
}

func FuzzTemplate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		within(t, "a template", func() {
			env := testEnv
			env.Assume = len(text)%2 == 0
			env.Include = func(Position, string) (string, []byte, error) { return "inc", []byte(text), nil }
			root, _, err := Parse("t", []byte(text))
			if err != nil {
				return
			}
			_ = Lint(root)
			_ = NewEarly(root, nil, env).Resolve(root)
			before := string(root.JSON(""))
			expanded, _, err := Macros(root, nil, env)
			if after := string(root.JSON("")); after != before {
				t.Fatalf("Macros changed its argument from %s to %s", before, after)
			}
			if err != nil {
				_ = detail(err)
				return
			}
			tmpl, err := Load(expanded)
			if err != nil {
				_ = detail(err)
				return
			}
			b, err := tmpl.Bind(nil, env)
			if err != nil {
				_ = detail(err)
				return
			}
			if err := b.Check(); err != nil {
				_ = detail(err)
			}
			_ = b.Dependencies().Order()
			_, _ = b.Outputs(NothingCreated)
			_, _ = b.Exports()
			_ = b.Imports()
			for _, res := range b.Resources() {
				v, err := b.Resolve(res.Properties, NothingCreated)
				if err == nil {
					_, _ = b.ResolveDynamic(v)
					var p properties
					_ = v.Decode(&p)
				}
			}
		})
	})
}

func FuzzSub(f *testing.F) {
	for _, s := range []string{"a ${P} ${R.Arn}", "${!Lit} $${P} ${", "${AWS::Region}${a-b}", "${}}{${P}"} {
		f.Add(s)
	}
	b, err := bind("Parameters: {P: {Type: String, Default: pv}}\nResources: {R: {Type: T}}", nil, testEnv)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, bad := parseSub(s)
		if bad == "" {
			whole := ""
			for _, p := range parts {
				whole += p.text
			}
			if len(whole) > len(s) {
				t.Fatalf("parseSub(%q) grew to %q", s, whole)
			}
		}
		v, err := b.Resolve(Sub(s), made{"R": "r", "R.Arn": "arn"})
		if err == nil && v.Kind != Scalar && v.Kind != Unknown {
			t.Fatalf("Sub(%q) is a %s", s, v.Kind)
		}
	})
}

func FuzzConditions(f *testing.F) {
	for _, s := range []string{
		"!And [!Condition B, !Equals [!Ref P, x]]", "!Not [!Condition C]", "!Or [!Equals [a, !Join ['', [a, b]]], !Condition B]",
		"{'Fn::Equals': [!If [B, a, b], !FindInMap [M, a, b]]}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		within(t, "conditions", func() {
			n, _, err := ParseValue("t", []byte(s))
			if err != nil {
				return
			}
			root := Map(
				P("Parameters", Map(P("P", Map(P("Type", Text("String")), P("Default", Text("x")))))),
				P("Mappings", Map(P("M", Map(P("a", Map(P("b", Text("c")))))))),
				P("Conditions", Map(P("C", n), P("B", Map(P("Fn::Not", List(Map(P("Condition", Text("D"))))))), P("D", Map(P("Fn::Equals", Texts("a", "a")))))),
				P("Resources", Map(P("R", Map(P("Type", Text("T")), P("Condition", Text("C")))))),
			)
			tmpl, err := Load(root)
			if err != nil {
				return
			}
			if b, err := tmpl.Bind(nil, testEnv); err == nil {
				_ = b.Check()
			}
		})
	})
}
