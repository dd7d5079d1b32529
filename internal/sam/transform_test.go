package sam

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/template"
)

func parse(t *testing.T, text string) *template.Node {
	t.Helper()
	root, _, err := template.Parse("template.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestApplies(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"Transform: AWS::Serverless-2016-10-31", true},
		{"Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", true},
		{"Transform: AWS::LanguageExtensions", false},
		{"Resources: {}", false},
	}
	for _, tt := range tests {
		if got := Applies(parse(t, tt.text)); got != tt.want {
			t.Errorf("Applies(%s) = %v, want %v", tt.text, got, tt.want)
		}
	}
}

// The ids are those of the reference translator.
func TestVersionIDFollowsWhatIsPublished(t *testing.T) {
	tests := []struct{ name, properties, want string }{
		{"code alone", "", "FnVersion5168f5ed55"},
		{"environment and memory too", "Environment: {Variables: {A: b}}, MemorySize: 256", "FnVersion03a1fb41bd"},
		{"a given hash instead", "AutoPublishCodeSha256: 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", "FnVersion6b86b273ff"},
	}
	for _, tt := range tests {
		root := parse(t, "Resources: {Fn: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, AutoPublishAlias: live, "+tt.properties+"}}}")
		out, _, err := Transform(root, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !out.Get("Resources").Has(tt.want) {
			t.Errorf("%s: resources %v, want %s", tt.name, out.Get("Resources").Keys(), tt.want)
		}
	}
}

func TestLocalCodeGoesThroughArtifact(t *testing.T) {
	root := parse(t, `
Resources:
  Folder: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: src/, Handler: h, Runtime: r}}
  Own: {Type: 'AWS::Serverless::Function', Properties: {Handler: h, Runtime: r}}
  Remote: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: s3://b/k?versionId=v, Handler: h, Runtime: r}}
  Layer: {Type: 'AWS::Serverless::LayerVersion', Properties: {ContentUri: layer.zip}}
  Api: {Type: 'AWS::Serverless::HttpApi', Properties: {DefinitionUri: api.yaml}}
`)
	var asked []string
	out, _, err := Transform(root, Options{Artifact: func(path string, at template.Position) (string, error) {
		asked = append(asked, fmt.Sprint(path, " ", at.Line))
		return fmt.Sprint("s3://artifacts/", len(asked)), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"src/ 3", ". 4", "api.yaml 7", "layer.zip 6"}, asked); diff != "" {
		t.Errorf("asked for -want +got\n%s", diff)
	}
	for path, want := range map[string]string{
		"Folder.Properties.Code":        `{"S3Bucket":"artifacts","S3Key":"1"}`,
		"Remote.Properties.Code":        `{"S3Bucket":"b","S3Key":"k","S3ObjectVersion":"v"}`,
		"Api.Properties.BodyS3Location": `{"Bucket":"artifacts","Key":"3"}`,
	} {
		if got := string(out.Get("Resources").Path(strings.Split(path, ".")...).JSON("")); got != want {
			t.Errorf("%s = %s, want %s", path, got, want)
		}
	}
}

func TestArtifactFailureNamesTheProperty(t *testing.T) {
	root := parse(t, "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: src, Handler: h, Runtime: r}}}")
	_, _, err := Transform(root, Options{Artifact: func(string, template.Position) (string, error) { return "", errors.New("no such folder") }})
	want := document + "1. Resource with id [F] is invalid. 'CodeUri' cannot be read: no such folder"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestPartitionFollowsRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
		"cn-north-1":    "arn:aws-cn:iam::aws:policy/AWSXRayDaemonWriteAccess",
		"us-gov-east-1": "arn:aws-us-gov:iam::aws:policy/AWSXRayDaemonWriteAccess",
	} {
		root := parse(t, "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Tracing: Active, Handler: h, Runtime: r}}}")
		out, _, err := Transform(root, Options{Region: region})
		if err != nil {
			t.Fatal(err)
		}
		if arns := string(out.Path("Resources", "FRole", "Properties", "ManagedPolicyArns").JSON("")); !strings.Contains(arns, want) {
			t.Errorf("%s: ManagedPolicyArns = %s, want %s among them", region, arns, want)
		}
	}
}

func TestParametersResolveWhereTheTransformNeedsThem(t *testing.T) {
	root := parse(t, `
Parameters: {Alias: {Type: String, Default: beta}, Size: {Type: Number, Default: 5}}
Resources:
  F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, AutoPublishAlias: !Ref Alias, MemorySize: !Ref Size}}
`)
	out, _, err := Transform(root, Options{Parameters: map[string]string{"Alias": "live"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Path("Resources", "FAliaslive", "Properties", "Name").Str(); got != "live" {
		t.Errorf("alias name = %q, want the given parameter's value; resources %v", got, out.Get("Resources").Keys())
	}
	if got := string(out.Path("Resources", "F", "Properties", "MemorySize").JSON("")); got != `{"Ref":"Size"}` {
		t.Errorf("MemorySize = %s, want the reference untouched", got)
	}
}

func TestWarnings(t *testing.T) {
	root := parse(t, `
Resources:
  F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, Role: arn, Policies: [A]}}
  I: {Type: 'AWS::Serverless::Function', Properties: {PackageType: Image, ImageUri: repo:tag}}
  D: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, AutoPublishAlias: a, DeploymentPreference: {Type: Canary10Percent5Minutes}}}
`)
	_, warnings, err := Transform(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	want := []string{
		"template.yaml:3:115: Policies of F have no effect: its Role is given, and the role's own policies decide",
		"template.yaml:4:85: the function I is a container image, which does not run here",
		"template.yaml:5:137: the alias of D moves at once: traffic is not shifted gradually here",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestOrConditionsAreChainedByTen(t *testing.T) {
	var text strings.Builder
	text.WriteString("Conditions: {}\nResources:\n")
	for i := range 25 {
		fmt.Fprintf(&text, "  F%02d: {Type: 'AWS::Serverless::Function', Condition: C%02d, Properties: {InlineCode: x, Handler: h, Runtime: r, Events: {E: {Type: HttpApi, Properties: {Path: /%d, Method: GET}}}}}\n", i, i, i)
	}
	out, _, err := Transform(parse(t, text.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for _, p := range out.Get("Conditions").Pairs {
		sizes[p.Key] = len(p.Value.Get("Fn::Or").Items)
	}
	want := map[string]int{"ServerlessHttpApiCondition": 7, "ServerlessHttpApiCondition1": 10, "ServerlessHttpApiCondition2": 10}
	if diff := cmp.Diff(want, sizes); diff != "" {
		t.Errorf("conditions -want +got\n%s", diff)
	}
}

func TestGlobalsAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("Globals: {Function: {Tags: {")
	for i := range 3000 {
		fmt.Fprintf(&text, "k%d: v, ", i)
	}
	text.WriteString("}}}\nResources:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "  F%d: {Type: 'AWS::Serverless::Function'}\n", i)
	}
	_, _, err := Transform(parse(t, text.String()), Options{})
	if err == nil || !strings.Contains(err.Error(), "too large for the number of resources") {
		t.Errorf("error = %v, want a refusal of what Globals would grow to", err)
	}
}

func TestTransformIsDeterministic(t *testing.T) {
	for n, text := range seeds(t) {
		var first []byte
		for i := range 5 {
			out, _, err := Transform(parse(t, string(text)), Options{})
			got := fmt.Append(nil, err)
			if err == nil {
				got = out.JSON("")
			}
			if i == 0 {
				first = got
			} else if !bytes.Equal(first, got) {
				t.Errorf("seed %d: two runs differ", n)
			}
		}
	}
}

func TestPolicyTemplates(t *testing.T) {
	if n := len(policyTemplates()); n < 80 {
		t.Errorf("%d policy templates, want all that are documented", n)
	}
	for name, p := range policyTemplates() {
		values := template.Map()
		for _, parameter := range p.parameters {
			values.Set(parameter, template.Text("VALUE-"+parameter))
		}
		document, err := p.statementsWith(name, values)
		if err != nil {
			t.Fatal(err)
		}
		text := string(document.JSON(""))
		for _, parameter := range p.parameters {
			if !strings.Contains(text, "VALUE-"+parameter) {
				t.Errorf("%s does not use its parameter %s: %s", name, parameter, text)
			}
		}
		if strings.Contains(text, `"Resource":[]`) || strings.Contains(text, "@") {
			t.Errorf("%s is not whole: %s", name, text)
		}
	}
}

// seeds returns the templates of the test data.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	var all [][]byte
	for _, pattern := range []string{"testdata/pairs/*.input.yaml", "testdata/golden/*.txtar", "testdata/article/template.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			if _, rest, ok := strings.Cut(string(text), "-- template.yaml --\n"); ok {
				rest, _, _ = strings.Cut(rest, "-- want.json --")
				text = []byte(rest)
			}
			all = append(all, text)
		}
	}
	return all
}

func FuzzTransform(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if root, _, err := template.Parse("fuzz", text); err == nil {
			transformAnything(t, root)
		}
	})
}

// FuzzMisshapen puts values of other kinds into good templates: what a text
// fuzzer rarely reaches, since most of its texts are no templates.
func FuzzMisshapen(f *testing.F) {
	texts := seeds(f)
	for i := range texts {
		f.Add(uint16(i), []byte{1, 0, 0, 2, 1, 3})
	}
	values := []func() *template.Node{
		func() *template.Node { return &template.Node{} },
		func() *template.Node { return template.Text("") },
		func() *template.Node { return template.Text("x") },
		func() *template.Node { return template.Number(7) },
		func() *template.Node { return template.Bool(true) },
		func() *template.Node { return template.List() },
		func() *template.Node { return template.List(template.Text("x"), template.Map(), &template.Node{}) },
		func() *template.Node { return template.Map() },
		func() *template.Node {
			return template.Map(template.P("Type", template.Text("SQS")), template.P("x", &template.Node{}))
		},
		func() *template.Node { return template.Ref("X") },
		func() *template.Node { return noValue() },
		func() *template.Node { return template.Map(template.P("Ref", template.List())) },
		func() *template.Node { return template.Map(template.P("Fn::If", template.Text("x"))) },
		func() *template.Node {
			return template.Map(template.P("Fn::If", template.List(template.List(), noValue(), template.Text("x"))))
		},
		func() *template.Node {
			return template.Map(template.P("Fn::Sub", template.List(template.Text("${A.B}"), template.Text("x"))))
		},
		func() *template.Node {
			return template.Map(template.P("Fn::GetAtt", template.List(template.Map(), template.Text("x"))))
		},
	}
	f.Fuzz(func(t *testing.T, which uint16, edits []byte) {
		root, _, err := template.Parse("fuzz", texts[int(which)%len(texts)])
		if err != nil {
			t.Fatal(err)
		}
		for ; len(edits) >= 3; edits = edits[3:] {
			var places []**template.Node
			var walk func(n *template.Node)
			walk = func(n *template.Node) {
				for i := range n.Items {
					places = append(places, &n.Items[i])
					walk(n.Items[i])
				}
				for i := range n.Pairs {
					places = append(places, &n.Pairs[i].Value)
					walk(n.Pairs[i].Value)
				}
			}
			if walk(root); len(places) == 0 {
				break
			}
			*places[(int(edits[0])<<8|int(edits[1]))%len(places)] = values[int(edits[2])%len(values)]()
		}
		transformAnything(t, root)
	})
}

func transformAnything(t *testing.T, root *template.Node) {
	t.Helper()
	before := root.JSON("")
	out, _, err := Transform(root, Options{Artifact: func(string, template.Position) (string, error) { return "s3://b/k", nil }})
	if !bytes.Equal(before, root.JSON("")) {
		t.Error("Transform changed its input")
	}
	if err == nil && len(out.JSON("")) > 1<<20+2000*len(before) {
		t.Errorf("%d bytes became %d", len(before), len(out.JSON("")))
	}
}

// As the reference translator: an HTTP API's SourceArn keeps a greedy variable
// that is not called proxy, a REST API's does not.
func TestSourceARNHasAStarForEachVariable(t *testing.T) {
	tests := []struct{ name, event, path, permission, want string }{
		{"a variable of an HTTP API", "HttpApi", "/a/{id}", "FnEPermission", "/GET/a/*"},
		{"{proxy+} of an HTTP API", "HttpApi", "/a/{proxy+}", "FnEPermission", "/GET/a/*"},
		{"another greedy variable of an HTTP API", "HttpApi", "/a/{rest+}", "FnEPermission", "/GET/a/{rest+}"},
		{"another greedy variable of a REST API", "Api", "/a/{rest+}", "FnEPermissionProd", "/GET/a/*"},
	}
	for _, tt := range tests {
		root := parse(t, "Resources: {Fn: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x, Handler: h, Runtime: r, Events: {E: {Type: "+tt.event+", Properties: {Path: '"+tt.path+"', Method: get}}}}}}")
		out, _, err := Transform(root, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := string(out.Get("Resources").Get(tt.permission).Get("Properties").Get("SourceArn").JSON(""))
		if !strings.Contains(got, tt.want+`"`) {
			t.Errorf("%s: SourceArn %s, want one that ends in %s", tt.name, got, tt.want)
		}
	}
}
