package template

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expand returns what the macros make of a template, as JSON.
func expand(text string, env Env) (string, error) {
	root, _, err := Parse("t", []byte(text))
	if err != nil {
		return "", err
	}
	if root, _, err = Macros(root, nil, env); err != nil {
		return "", err
	}
	return string(root.JSON("")), nil
}

func TestLanguageExtensions(t *testing.T) {
	const given = `Transform: AWS::LanguageExtensions
Parameters: {P: {Type: String, Default: pv}, L: {Type: CommaDelimitedList, Default: 'a-1,b'}, S: {Type: String, NoEcho: true, Default: s}}
Mappings: {M: {ap-northeast-1: {names: [x, y]}}}
`
	tests := []struct{ name, resources, want string }{
		{
			"a loop", "{'Fn::ForEach::T': [N, [A, B], {'Topic${N}': {Type: T, Properties: {Name: !Ref N, Full: '${N}.fifo'}}}]}",
			`{"TopicA":{"Type":"T","Properties":{"Name":"A","Full":"A.fifo"}},"TopicB":{"Type":"T","Properties":{"Name":"B","Full":"B.fifo"}}}`,
		},
		{"in its place", "{A: {Type: T}, 'Fn::ForEach::T': [N, [B], {'${N}': {Type: T}}], C: {Type: T}}", `{"A":{"Type":"T"},"B":{"Type":"T"},"C":{"Type":"T"}}`},
		{"over a parameter, letters and digits only", "{'Fn::ForEach::T': [N, !Ref L, {'T&{N}': {Type: '${N}'}}]}", `{"Ta1":{"Type":"a-1"},"Tb":{"Type":"b"}}`},
		{"over a mapping of the region", "{'Fn::ForEach::T': [N, !FindInMap [M, !Ref 'AWS::Region', names], {'T${N}': {Type: T}}]}", `{"Tx":{"Type":"T"},"Ty":{"Type":"T"}}`},
		{"nested", "{'Fn::ForEach::X': [I, [A, B], {'Fn::ForEach::Y': [J, [C, D], {'${I}${J}': {Type: T}}]}]}", `{"AC":{"Type":"T"},"AD":{"Type":"T"},"BC":{"Type":"T"},"BD":{"Type":"T"}}`},
		{"in properties", "{R: {Type: T, Properties: {'Fn::ForEach::X': [I, [A, B], {'${I}': {'Fn::GetAtt': ['R${I}', Arn]}}]}}}", `{"R":{"Type":"T","Properties":{"A":{"Fn::GetAtt":["RA","Arn"]},"B":{"Fn::GetAtt":["RB","Arn"]}}}}`},
		{"in Sub", "{'Fn::ForEach::X': [I, [A], {'${I}': {Type: T, Properties: {P: !Sub '${I}-${AWS::Region}-${!I}'}}}]}", `{"A":{"Type":"T","Properties":{"P":{"Fn::Sub":"A-${AWS::Region}-${!I}"}}}}`},
		{
			"parameters become values", "{R: {Type: T, Properties: {A: !Ref P, B: !Sub '${P}-x', C: !Sub '${P}-${AWS::Region}', D: !Join ['', [!Ref P, !Ref R]], E: !Select [1, !Ref L], F: !Ref S}}}",
			`{"R":{"Type":"T","Properties":{"A":"pv","B":"pv-x","C":{"Fn::Sub":"${P}-${AWS::Region}"},"D":{"Fn::Join":["",["pv",{"Ref":"R"}]]},"E":"b","F":{"Ref":"S"}}}}`,
		},
		{"Length and ToJsonString", "{R: {Type: T, DeletionPolicy: !Ref P, Properties: {A: !Length {Ref: L}, B: !ToJsonString {x: [!Ref P]}}}}", `{"R":{"Type":"T","DeletionPolicy":"pv","Properties":{"A":2,"B":"{\"x\":[\"pv\"]}"}}}`},
		{"If stays for later", "{R: {Type: T, Properties: {A: !If [C, !Ref P, b]}}}", `{"R":{"Type":"T","Properties":{"A":{"Fn::If":["C","pv","b"]}}}}`},
		{"no map", "{'Fn::ForEach::T': [N, [A], x]}", forEachShape + "\n it is a list of an identifier, a collection, and a map {key: body}"},
		{"an unknown collection", "{'Fn::ForEach::T': [N, !GetAtt R.X, {'${N}': {Type: T}}], R: {Type: T}}", "Transform AWS::LanguageExtensions failed with: Fn::ForEach could not resolve the collection of Fn::ForEach::T\n a collection is a list of strings, or a function of parameters and mappings that gives one"},
		{"the same key twice", "{'Fn::ForEach::T': [N, [A, B], {X: {Type: T}}]}", "Transform AWS::LanguageExtensions failed with: Fn::ForEach makes the key X twice\n every round of a loop must make other keys: put ${Identifier} into them"},
		{"the name of a resource", "{'Fn::ForEach::R': [N, [A], {'${N}': {Type: T}}], R: {Type: T}}", forEachShape + "\n the loop name R is also a resource's logical id"},
		{"a name twice", "{'Fn::ForEach::T': [N, [A], {'${N}': {Type: T, Properties: {'Fn::ForEach::T': [M, [A], {'${M}': 1}]}}}]}", forEachShape + "\n the loop name T is already used at line 4"},
	}
	for _, tt := range tests {
		root, _, err := Parse("t", []byte(given+"Resources: "+tt.resources))
		if err != nil {
			t.Fatalf("%s: %+v", tt.name, err)
		}
		out, _, err := Macros(root, nil, testEnv)
		got := short1(err)
		if err == nil {
			got = string(out.Get("Resources").JSON(""))
			if out.Has("Transform") {
				t.Errorf("%s: the Transform section is still there", tt.name)
			}
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestLoopProductsAreBounded(t *testing.T) {
	items := make([]string, 100)
	for i := range items {
		items[i] = fmt.Sprintf("k%d", i)
	}
	list := strings.Join(items, ", ")
	body := "{'${A}${B}${C}${D}': {Type: T}}"
	for _, id := range []string{"D", "C", "B", "A"} {
		body = fmt.Sprintf("{'Fn::ForEach::%s': [%s, [%s], %s]}", id, id, list, body)
	}
	_, err := expand("Transform: AWS::LanguageExtensions\nResources: "+body, testEnv)
	if got := short1(err); !strings.Contains(got, "Fn::ForEach makes more than") {
		t.Errorf("100⁴ resources: %.200s", got)
	}
	deep := "{'${A}': {Type: T}}"
	for i := range 6 {
		deep = fmt.Sprintf("{'Fn::ForEach::L%d': [A%d, [x], %s]}", i, i, deep)
	}
	_, err = expand("Transform: AWS::LanguageExtensions\nResources: "+deep, testEnv)
	if got := short1(err); !strings.Contains(got, "nested more than 5 deep") {
		t.Errorf("six loops: %.200s", got)
	}
}

func TestInclude(t *testing.T) {
	files := map[string]string{
		"api.yaml":         "openapi: 3.0.1\npaths:\n  /x: {get: {uri: !Sub '${F.Arn}'}}",
		"list.json":        `["a", "b"]`,
		"top.yaml":         "Mappings: {M: {a: {b: c}}}\nResources: {Extra: {Type: T}}",
		"loop.yaml":        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: loop.yaml}}",
		"s3://bucket/obj":  "x: 1",
		"not-a-map.yaml":   "- a",
		"param-prod.yaml":  "stage: prod",
		"bad.yaml":         "a: b: c",
		"nested/root.yaml": "a: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: list.json}}}",
	}
	env := testEnv
	env.Include = func(from Position, location string) (string, []byte, error) {
		text, ok := files[location]
		if !ok {
			return "", nil, errors.New("no such file: " + location)
		}
		if from.File == "" {
			return "", nil, errors.New("no position")
		}
		return location, []byte(text), nil
	}
	include := func(location string) string {
		return "{'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: " + location + "}}}"
	}
	tests := []struct{ name, value, want string }{
		{"as a value", include("api.yaml"), `{"openapi":"3.0.1","paths":{"/x":{"get":{"uri":{"Fn::Sub":"${F.Arn}"}}}}}`},
		{"a list", include("list.json"), `["a","b"]`},
		{"beside other keys, which win", "{'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: api.yaml}}, openapi: mine}", `{"openapi":"mine","paths":{"/x":{"get":{"uri":{"Fn::Sub":"${F.Arn}"}}}}}`},
		{"a computed location", include("!Sub 'param-${Stage}.yaml'"), `{"stage":"prod"}`},
		{"in an included file", include("nested/root.yaml"), `{"a":["a","b"]}`},
		{"from a bucket, if there is one", include("'s3://bucket/obj'"), `{"x":1}`},
		{"from a missing bucket", include("'s3://b/o'"), "Transform AWS::Include failed with: S3 bucket [b] does not exist.\n no such file: s3://b/o"},
		{"a missing file", include("none.yaml"), "Transform AWS::Include failed with: no such file: none.yaml"},
		{"itself", include("loop.yaml"), "Transform AWS::Include failed with: included files include each other more than 5 deep"},
		{"a macro of the user", "{'Fn::Transform': {Name: Count}}", "No transform named 111122223333::Count found.\n macros run in an AWS account; here are AWS::Serverless-2016-10-31, AWS::LanguageExtensions, AWS::Include"},
		{"a bad file", include("bad.yaml"), "include bad.yaml: Template format error: YAML not well-formed. (line 1, column 5)"},
	}
	for _, tt := range tests {
		root, _, err := Parse("t", []byte("Parameters: {Stage: {Type: String, Default: prod}}\nResources: {R: {Type: T, Properties: {P: "+tt.value+"}}}"))
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := Macros(root, nil, env)
		got := short1(err)
		if err == nil {
			got = string(out.Path("Resources", "R", "Properties", "P").JSON(""))
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	got, err := expand("Transform: [{Name: AWS::Include, Parameters: {Location: top.yaml}}, AWS::Serverless-2016-10-31]\nResources: {R: {Type: T}}", env)
	want := `{"Transform":["AWS::Serverless-2016-10-31"],"Resources":{"R":{"Type":"T"},"Extra":{"Type":"T"}},"Mappings":{"M":{"a":{"b":"c"}}}}`
	if err != nil || got != want {
		t.Errorf("in the Transform section:\n got %s, %v\nwant %s", got, err, want)
	}
	env.Include = nil
	if _, err := expand("Resources: {R: {Type: T, Properties: "+include("'s3://b/o'")+"}}", env); short1(err) != "Transform AWS::Include failed with: S3 bucket [b] does not exist." {
		t.Errorf("without files: %v", err)
	}
}

func TestEarlyValues(t *testing.T) {
	root, _, err := Parse("t", []byte(`
Parameters: {P: {Type: String, Default: d}, Q: {Type: String}, A: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /n}}
Mappings: {M: {d: {k: v}, ap-northeast-1: {k: r}}}
Resources: {R: {Type: T}}
`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, value   string
		pseudo, names bool
		want          string
	}{
		{"a default", "!Ref P", false, false, `"d"`},
		{"a given value", "!Ref Q", false, false, `"given"`},
		{"Sub of parameters", "!Sub '${P}/${Q}'", false, false, `"d/given"`},
		{"Sub of more", "!Sub '${P}/${AWS::Region}'", false, false, `{"Fn::Sub":"${P}/${AWS::Region}"}`},
		{"Sub of pseudo parameters", "!Sub '${P}/${AWS::Region}'", true, false, `"d/ap-northeast-1"`},
		{"a mapping", "!FindInMap [M, !Ref P, k]", false, false, `"v"`},
		{"a mapping by region", "!FindInMap [M, !Ref 'AWS::Region', k]", false, false, `"r"`},
		{"a resource", "!Ref R", true, false, `{"Ref":"R"}`},
		{"an SSM parameter", "!Ref A", false, false, `{"Ref":"A"}`},
		{"an SSM parameter's name", "!Ref A", false, true, `"/n"`},
		{"NoValue", "[!Ref 'AWS::NoValue']", false, false, `[{"Ref":"AWS::NoValue"}]`},
		{"a faulty function", "!Select [9, [a]]", false, false, `{"Fn::Select":[9,["a"]]}`},
		{"below other values", "{a: [{b: !Ref P}]}", false, false, `{"a":[{"b":"d"}]}`},
	}
	for _, tt := range tests {
		n, _, err := parseYAML(&source{text: tt.value})
		if err != nil {
			t.Fatal(err)
		}
		e := NewEarly(root, map[string]string{"Q": "given"}, testEnv)
		e.Pseudo, e.Names = tt.pseudo, tt.names
		if got := string(e.Resolve(n).JSON("")); got != tt.want {
			t.Errorf("%s: %s = %s, want %s", tt.name, tt.value, got, tt.want)
		}
	}
	e := NewEarly(root, nil, testEnv)
	if s, ok := e.Text(Ref("P")); !ok || s != "d" {
		t.Errorf("Text(Ref P) = %q, %t", s, ok)
	}
	if s, ok := e.Text(Ref("R")); ok {
		t.Errorf("Text(Ref R) = %q, want none", s)
	}
}

func TestDynamicReferences(t *testing.T) {
	env := testEnv
	env.SSM = func(name string) (SSMParameter, bool) {
		p, ok := map[string]SSMParameter{
			"/a": {Type: "String", Value: "va"}, "/a:2": {Type: "String", Value: "va2"}, "/s": {Type: "SecureString", Value: "secret"},
		}[name]
		return p, ok
	}
	env.Secret = func(id, stage, version string) (string, bool) {
		return `{"user": "u", "stage": "` + stage + version + `"}`, strings.HasSuffix(id, "db")
	}
	b, err := bind("Resources: {R: {Type: T}}", nil, env)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ value, want string }{
		{"{{resolve:ssm:/a}}", "va"},
		{"x-{{resolve:ssm:/a:2}}-{{resolve:ssm:/a}}", "x-va2-va"},
		{"{{resolve:ssm-secure:/s}}", "secret"},
		{"{{resolve:ssm:/s}}", "Template error: the SSM parameter /s is a SecureString\n write {{resolve:ssm-secure:/s}}"},
		{"{{resolve:ssm:/none}}", "Parameters: [ssm:/none] cannot be found."},
		{"{{resolve:secretsmanager:db}}", `{"user": "u", "stage": ""}`},
		{"{{resolve:secretsmanager:db:SecretString:user}}", "u"},
		{"{{resolve:secretsmanager:db:SecretString:stage:AWSPREVIOUS}}", "AWSPREVIOUS"},
		{"{{resolve:secretsmanager:arn:aws:secretsmanager:r:1:secret:db:SecretString:user::}}", "u"},
		{"{{resolve:secretsmanager:db:SecretString:none}}", "Could not find a value associated with JSONKey in SecretString\n the key none of the secret db"},
		{"{{resolve:secretsmanager:other}}", "Secrets Manager can't find the specified secret.\n the secret is other"},
		{"{{resolve:other:x}}", "{{resolve:other:x}}"},
	}
	for _, tt := range tests {
		n := Map(P("a", List(Text(tt.value))))
		v, err := b.ResolveDynamic(n)
		got := short1(err)
		if err == nil {
			got = v.Get("a").Items[0].Str()
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.value, got, tt.want)
		}
		if n.Get("a").Items[0].Value != tt.value {
			t.Errorf("%s: the original changed", tt.value)
		}
	}
	v, err := b.Resolve(Map(P("Fn::Sub", Text("{{resolve:ssm:/a}} ${AWS::Region}"))), nil)
	if got, want := v.Str(), "{{resolve:ssm:/a}} ap-northeast-1"; err != nil || got != want {
		t.Errorf("Resolve leaves references: got %s, %v; want %s", got, err, want)
	}
}

func TestLint(t *testing.T) {
	root, _, err := Parse("t", []byte(`
Parameters:
  Unused: {Type: String}
  Used: {Type: String}
  Secret: {Type: String, NoEcho: true}
  ByRule: {Type: String}
Rules: {A: {Assertions: [{Assert: !Contains [[a], !Ref ByRule]}]}}
Resources:
  Key: {Type: AWS::EC2::KeyPair}
  R:
    Type: T
    Properties:
      Account: 012345678901
      Name: '${AWS::StackName}-x'
      Fine: ['${stageVariables.x}', !Sub '${Used}']
      Mixed: {'Fn::Sub': x, Other: y}
Outputs:
  S: {Value: !Sub 'x ${Secret}'}
  K: {Value: !Join ['', [/ec2/keypair/, !Ref Key]]}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range Lint(root) {
		got = append(got, w.String())
	}
	want := []string{
		"t:3:3: the parameter Unused is not used",
		"t:13:16: 012345678901 is not in quotes: it is kept as written, but YAML readers take a leading zero for an octal number",
		"t:14:14: ${AWS::StackName} stays as it is: there is no Fn::Sub around it",
		"t:16:15: Fn::Sub is not a function here, because its map has other keys too",
		"t:18:22: this output shows the value of Secret in clear, though the parameter has NoEcho",
		"t:19:41: no such parameter: Ref gives the name of a key pair, and the private key is stored under its id; write /ec2/keypair/${Key.KeyPairId}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOutputs(t *testing.T) {
	b, err := bind(`
Parameters: {S: {Type: String, NoEcho: true, Default: s}}
Conditions: {No: !Equals [a, b]}
Resources: {R: {Type: T, DeletionPolicy: Retain}}
Outputs:
  A: {Value: !Sub '${R}', Description: d, Export: {Name: !Sub '${AWS::StackName}-a'}}
  B: {Value: true}
  C: {Value: 007}
  D: {Value: !Ref S}
  E: {Value: x, Condition: No}
`, nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Outputs(made{"R": "r-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []OutputValue{
		{Name: "A", Value: "r-1", Description: "d", ExportName: "article-a"}, {Name: "B", Value: "true"}, {Name: "C", Value: "007"}, {Name: "D", Value: "s", NoEcho: true},
	}
	for i := range got {
		got[i].Position = Position{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := b.Outputs(NothingCreated); err == nil {
		t.Error("an output that is not known is given out")
	}
	res := b.Resources()[0]
	if got := b.Policy(res, "DeletionPolicy") + b.Policy(res, "UpdateReplacePolicy"); got != "RetainDelete" {
		t.Errorf("policies = %s", got)
	}
}
