package template

import "testing"

func TestConditions(t *testing.T) {
	const given = `
Parameters: {Stage: {Type: String, Default: prod}, Empty: {Type: String, Default: ''}, List: {Type: CommaDelimitedList, Default: 'a,b'}}
Mappings: {M: {prod: {on: true, size: 010}}}
`
	tests := []struct {
		name, condition, want string
	}{
		{"equal", "!Equals [!Ref Stage, prod]", "true"},
		{"case counts", "!Equals [!Ref Stage, Prod]", "false"},
		{"booleans compare as text", "!Equals [!FindInMap [M, !Ref Stage, on], 'true']", "true"},
		{"numbers compare as text", "!Equals [!FindInMap [M, prod, size], '10']", "false"},
		{"pseudo parameters", "!Equals [!Ref 'AWS::Region', ap-northeast-1]", "true"},
		{"string functions", "!Equals [!Join ['', [!Ref Stage, !Select [0, !Ref List]]], !Sub '${Stage}a']", "true"},
		{"not", "!Not [!Equals [!Ref Empty, '']]", "false"},
		{"and", "!And [!Equals [a, a], !Condition Other]", "true"},
		{"or", "!Or [!Equals [a, b], {Condition: Other}]", "true"},
		{"neither", "!Or [!Equals [a, b], !Not [!Condition Other]]", "false"},
		{"a resource", "!Equals [!Ref R, x]", "Template error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template"},
		{"an attribute", "!Equals [!GetAtt R.Arn, x]", "Template error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template"},
		{"one operand of Equals", "!Equals [a]", "Template error: every Fn::Equals object requires a list of 2 string parameters."},
		{"a list in Equals", "!Equals [!Ref List, a]", "Template error: every Fn::Equals object requires a list of 2 string parameters."},
		{"one operand of And", "!And [!Equals [a, a]]", "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."},
		{"two operands of Not", "!Not [!Equals [a, a], !Equals [a, a]]", "Template error: every Fn::Not object requires a list of one boolean parameter."},
		{"a name alone", "Other", "Template format error: Conditions can only be boolean operations on parameters and other conditions\n to use the condition Other write !Condition Other"},
		{"an unknown condition", "!Not [!Condition Othr]", "Template format error: Unresolved condition dependency Othr in the Conditions block of the template\n did you mean Other?"},
		{"itself", "!Not [!Condition C]", "Template format error: Found circular condition dependency between conditions: [C]"},
	}
	for _, tt := range tests {
		b, err := bind(given+"Conditions: {C: "+tt.condition+", Other: !Equals [x, x]}"+oneResource, nil, testEnv)
		got := short1(err)
		if err == nil {
			got = map[bool]string{true: "true", false: "false"}[b.Condition("C")]
		}
		if got != tt.want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.name, tt.condition, got, tt.want)
		}
	}
}

func TestConditionsMayComeInAnyOrder(t *testing.T) {
	b, err := bind("Conditions: {A: !Not [!Condition B], B: !And [!Condition C, !Condition D], C: !Equals [x, x], D: !Equals [!If [C, p, q], q]}"+oneResource, nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"A": true, "B": false, "C": true, "D": false} {
		if got := b.Condition(name); got != want {
			t.Errorf("condition %s = %t, want %t", name, got, want)
		}
	}
}

func TestRules(t *testing.T) {
	const given = `
Parameters: {Stage: {Type: String, Default: prod}, Size: {Type: String, Default: large}, V: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /cdk-bootstrap/hnb659fds/version}}
`
	env := testEnv
	env.SSM = func(string) (SSMParameter, bool) { return SSMParameter{Type: "String", Value: "21"}, true }
	const cdk = "CDK bootstrap stack version 6 required. Please run 'cdk bootstrap' with a recent version of the CDK CLI."
	tests := []struct{ name, rule, want string }{
		{"holds", "{Assertions: [{Assert: !Contains [[small, large], !Ref Size]}]}", ""},
		{"does not hold", "{Assertions: [{Assert: !Contains [[small], !Ref Size], AssertDescription: only small}]}", "only small"},
		{"its condition is false", "{RuleCondition: !Equals [!Ref Stage, test], Assertions: [{Assert: !Contains [[small], !Ref Size]}]}", ""},
		{"its condition is true", "{RuleCondition: !Equals [!Ref Stage, prod], Assertions: [{Assert: !Contains [[small], !Ref Size], AssertDescription: small}]}", "small"},
		{"the one that CDK writes", "{Assertions: [{Assert: !Not [!Contains [['1', '2', '3', '4', '5'], !Ref V]], AssertDescription: \"" + cdk + "\"}]}", ""},
		{"members equal", "{Assertions: [{Assert: !EachMemberEquals [[a, a], a]}]}", ""},
		{"members in", "{Assertions: [{Assert: !EachMemberIn [[a, c], [a, b]], AssertDescription: no}]}", "no"},
		{"logic", "{Assertions: [{Assert: !And [!Or [!Equals [a, b], !Equals [a, a]], !Not [!Equals [a, b]]]}]}", ""},
		{"a resource", "{Assertions: [{Assert: !Equals [!Ref R, b]}]}", "Template error: Unresolved dependencies [R]. Cannot reference resources in the Rules block of the template"},
		{"no function", "{Assertions: [{Assert: maybe}]}", "Template error: a rule needs one of Fn::And, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::Equals, Fn::Not, Fn::Or"},
		{"no assertions", "{RuleCondition: !Equals [a, b]}", "Template format error: Every Rules member must contain a list of Assertions."},
	}
	for _, tt := range tests {
		_, err := bind(given+"Rules: {X: "+tt.rule+"}"+oneResource, nil, env)
		if got := short1(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	env.SSM = func(string) (SSMParameter, bool) { return SSMParameter{Type: "String", Value: "3"}, true }
	_, err := bind(given+"Rules: {X: "+tests[4].rule+"}"+oneResource, nil, env)
	if got := short1(err); got != cdk {
		t.Errorf("an old bootstrap stack: %s", got)
	}
}
