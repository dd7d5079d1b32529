package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBindingTexts(t *testing.T) {
	env := testEnv
	env.SSM = func(name string) (SSMParameter, bool) {
		p, ok := map[string]SSMParameter{
			"/s": {Type: "String", Value: "v"}, "/l": {Type: "StringList", Value: "a,b"}, "/secret": {Type: "SecureString", Value: "x"},
		}[name]
		return p, ok
	}
	env.Exists = func(typ, id string) bool { return typ != "AWS::EC2::KeyPair::KeyName" || id == "mine" }
	give := func(v string) map[string]string { return map[string]string{"P": v} }
	tests := []struct {
		name, parameter string
		params          map[string]string
		want            string
	}{
		{"no value", "{Type: String}", nil, "Parameters: [P] must have values"},
		{"a default is a value", "{Type: String, Default: ''}", nil, ""},
		{"a value for nothing", "{Type: String, Default: x}", map[string]string{"Pp": "x"}, "Parameters: [Pp] do not exist in the template\n did you mean P?"},
		{"no name of an SSM parameter", "{Type: 'AWS::SSM::Parameter::Value<String>'}", nil, "Parameter P should either have input value or default value"},
		{"a missing SSM parameter", "{Type: 'AWS::SSM::Parameter::Value<String>'}", give("/none"), "Unable to fetch parameters [/none] from parameter store for this account."},
		{"a secret SSM parameter", "{Type: 'AWS::SSM::Parameter::Value<String>'}", give("/secret"), "Parameters [/secret] referenced by template have types not supported by CloudFormation.\n a SecureString cannot be a parameter's value; use {{resolve:ssm-secure:/secret}}"},
		{"not one of AllowedValues", "{Type: String, AllowedValues: [dev, prod]}", give("pro"), "Parameter 'P' must be one of AllowedValues\n did you mean prod?"},
		{"not AllowedPattern", "{Type: String, AllowedPattern: '[a-z]+'}", give("ab1"), "Parameter 'P' must match pattern [a-z]+"},
		{"AllowedPattern means the whole value", "{Type: String, AllowedPattern: 'a|b'}", give("ab"), "Parameter 'P' must match pattern a|b"},
		{"ConstraintDescription", "{Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: letters only}", give("1"), "Parameter P failed to satisfy constraint: letters only"},
		{"too short", "{Type: String, MinLength: 3}", give("ab"), "Parameter 'P' must contain at least 3 characters"},
		{"too long", "{Type: String, MaxLength: '3'}", give("abcd"), "Parameter 'P' must contain at most 3 characters"},
		{"characters, not bytes", "{Type: String, MaxLength: 3}", give("あいう"), ""},
		{"no number", "{Type: Number}", give("x"), "Parameter 'P' must be a number."},
		{"too small", "{Type: Number, MinValue: 1}", give("0"), "Parameter 'P' must be a number not less than 1"},
		{"too large", "{Type: Number, MaxValue: 1.5}", give("2"), "Parameter 'P' must be a number not greater than 1.5"},
		{"a bad number in a list", "{Type: List<Number>}", give("1, x"), "Parameter 'P' must be a number."},
		{"a list is checked member by member", "{Type: CommaDelimitedList, AllowedPattern: '[a-z]'}", give("a,bb"), "Parameter 'P' must match pattern [a-z]"},
		{"a default is constrained, too", "{Type: Number, Default: 7, MaxValue: 5}", nil, "Parameter 'P' must be a number not greater than 5"},
		{"a key pair that is not there", "{Type: 'AWS::EC2::KeyPair::KeyName'}", give("yours"), "Parameter validation failed: parameter value yours for parameter name P does not exist"},
		{"a key pair that is", "{Type: 'AWS::EC2::KeyPair::KeyName'}", give("mine"), ""},
		{"a list of ids", "{Type: 'List<AWS::EC2::Subnet::Id>'}", give("subnet-1,subnet-2"), ""},
		{"too long for any parameter", "{Type: String}", give(strings.Repeat("x", 4097)), "Parameter 'P' must contain at most 4096 bytes"},
	}
	for _, tt := range tests {
		_, err := bind("Parameters: {P: "+tt.parameter+"}"+oneResource, tt.params, env)
		if got := short1(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	_, err := bind("Parameters: {A: {Type: String}, B: {Type: Number}}"+oneResource, nil, env)
	if got, want := short1(err), "Parameters: [A, B] must have values"; got != want {
		t.Errorf("two without values: %s, want %s", got, want)
	}
}

func TestRefOfParameters(t *testing.T) {
	env := testEnv
	env.SSM = func(name string) (SSMParameter, bool) {
		return SSMParameter{Type: "StringList", Value: "value-of-" + name + ", b"}, true
	}
	tests := []struct{ typ, value, want string }{
		{"String", "007", `"007"`},
		{"Number", "1.50", `"1.50"`},
		{"List<Number>", "1, 2", `["1","2"]`},
		{"CommaDelimitedList", " a ,b,", `["a","b",""]`},
		{"CommaDelimitedList", "", `[]`},
		{"AWS::EC2::VPC::Id", "vpc-1", `"vpc-1"`},
		{"List<AWS::EC2::Subnet::Id>", "a,b", `["a","b"]`},
		{"AWS::SSM::Parameter::Name", "/n", `"/n"`},
		{"AWS::SSM::Parameter::Value<String>", "/n", `"value-of-/n, b"`},
		{"AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/n", `"value-of-/n, b"`},
		{"AWS::SSM::Parameter::Value<List<String>>", "/n", `["value-of-/n","b"]`},
		{"AWS::SSM::Parameter::Value<CommaDelimitedList>", "/n", `["value-of-/n","b"]`},
		{"AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>", "/n", `["value-of-/n","b"]`},
	}
	for _, tt := range tests {
		b, err := bind("Parameters: {P: {Type: '"+tt.typ+"'}}"+oneResource, map[string]string{"P": tt.value}, env)
		if err != nil {
			t.Errorf("%s: %+v", tt.typ, err)
			continue
		}
		v, err := b.Resolve(Ref("P"), nil)
		if got := string(v.JSON("")); err != nil || got != tt.want {
			t.Errorf("Ref of a %s with %q = %s, %v; want %s", tt.typ, tt.value, got, err, tt.want)
		}
	}
}

func TestParameterValuesForDescribe(t *testing.T) {
	b, err := bind(`
Parameters:
  Ami: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /aws/service/ami-amazon-linux-latest/x}
  Secret: {Type: String, NoEcho: true}
  Flag: {Type: String, Default: True}
`+oneResource, map[string]string{"Secret": "s"}, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	type value struct {
		Name, Given, Resolved string
		IsDefault, NoEcho     bool
	}
	var got []value
	for _, p := range b.Parameters {
		got = append(got, value{p.Name, p.Given, p.Resolved, p.IsDefault, p.NoEcho})
	}
	want := []value{
		{"Ami", "/aws/service/ami-amazon-linux-latest/x", "ami-0123456789abcdef0", true, false},
		{"Secret", "s", "", false, true},
		{"Flag", "true", "", true, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJavaPatterns(t *testing.T) {
	tests := []struct {
		pattern, value string
		want           bool
	}{
		{`^[a-z]+$`, "abc", true},
		{`^(?!aws:)[a-z:]+$`, "aws:x", false},
		{`^(?!aws:)[a-z:]+$`, "own:x", true},
		{`(?=.*\d)(?=.*[a-z]).{3,}`, "ab1", true},
		{`(?=.*\d)(?=.*[a-z]).{3,}`, "abc", false},
		{`(?=[)(]).`, "(", true},
		{`\p{Alnum}+`, "a1", true},
		{`\p{Alnum}+`, "a-1", false},
		{`\d{1,3}\.\d{1,3}`, "10.2", true},
	}
	for _, tt := range tests {
		got, err := matchJava(tt.pattern, tt.value)
		if err != nil || got != tt.want {
			t.Errorf("matchJava(%s, %s) = %t, %v; want %t", tt.pattern, tt.value, got, err, tt.want)
		}
	}
	b, err := bind(`Parameters: {P: {Type: String, Default: x, AllowedPattern: 'a(?<=b)'}}`+oneResource, nil, testEnv)
	if err != nil || len(b.Warnings) != 1 {
		t.Errorf("a pattern that Go cannot match: %v, %d warnings; want one warning", err, len(b.Warnings))
	}
}

func TestAssumeValidatesWithoutValues(t *testing.T) {
	env := testEnv
	env.Assume, env.SSM = true, nil
	const text = `
Parameters:
  Stage: {Type: String}
  Ami: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /x}
Conditions: {Prod: !Equals [!Ref Stage, prod], Never: !Equals [a, b]}
Mappings: {M: {prod: {a: b}}}
Resources:
  A: {Type: T, Condition: Prod, Properties: {I: !Ref Ami, M: !FindInMap [M, !Ref Stage, a], L: !Select [0, !Split ['-', !Ref Stage]]}}
  B: {Type: T, Properties: {P: !Ref A, Q: !If [Prod, x, !Sub '${Stage}'], E: !ImportValue {'Fn::Sub': '${Stage}-vpc'}}}
`
	if err := check(text, env); err != nil {
		t.Errorf("check = %+v", err)
	}
	if got := short1(check(text+"  C: {Type: T, Properties: {P: !Ref Stag}}", env)); !strings.Contains(got, "[Stag]") {
		t.Errorf("a wrong name under Assume: %s", got)
	}
	if got := short1(check(text+"  C: {Type: T, Properties: {P: !ImportValue {'Fn::Sub': '${B}-vpc'}}}", env)); !strings.HasPrefix(got, importedNameText) {
		t.Errorf("an import of a resource's name under Assume: %s", got)
	}
}
