package stack_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

type shape struct {
	Name  string `required:"true"`
	Mode  string `oneof:"ON,OFF"`
	Size  int
	Alarm []string `refuse:"there are no alarms"`
	Parts []struct {
		ID string `required:"true"`
	}
}

func TestPropertiesAreVerifiedBeforeAnythingIsCreated(t *testing.T) {
	types := stack.Types{
		"AWS::SNS::Topic":     {Name: "AWS::SNS::Topic", Required: []string{"Name"}, Properties: shape{}},
		"AWS::SSM::Parameter": {Name: "AWS::SSM::Parameter", Attributes: []string{"Arn"}},
		"AWS::SQS::Queue":     {Name: "AWS::SQS::Queue", Properties: stack.PropertyNames{"Delay"}},
	}
	tests := []struct {
		name, resource string
		want           []string // position, message, hint
	}{
		{"what is right", "{Type: AWS::SNS::Topic, Properties: {Name: a, Mode: ON, Size: '3', Parts: [{ID: x}]}}", nil},
		{"values that are not known yet", "{Type: AWS::SNS::Topic, Properties: {Name: !Ref Other, Mode: !GetAtt Other.Arn, Size: !GetAtt Other.Arn, Parts: !GetAtt Other.Arn}}", nil},
		{"types that are not served", "{Type: AWS::Logs::LogGroup, Properties: {Nope: 1}}", nil},
		{"a required property, once", "{Type: AWS::SNS::Topic, Properties: {Size: 3}}", []string{"3:42 Property validation failure: [The property {/Name} is required] "}},
		{"no properties at all", "{Type: AWS::SNS::Topic}", []string{"3:3 Property validation failure: [The property {/Name} is required] "}},
		{"a property of a property", "{Type: AWS::SNS::Topic, Properties: {Name: a, Parts: [{}]}}", []string{"3:60 Property validation failure: [The property {/Parts/0/ID} is required] "}},
		{"an unknown property", "{Type: AWS::SNS::Topic, Properties: {Name: a, Sice: 3}}", []string{"3:52 Encountered unsupported property Sice did you mean Size?"}},
		{"a value of another kind", "{Type: AWS::SNS::Topic, Properties: {Name: a, Size: big}}", []string{"3:58 Value of property Size must be of type Integer "}},
		{"a value that is none of the enumeration", "{Type: AWS::SNS::Topic, Properties: {Name: a, Mode: ONN}}", []string{"3:58 #/Mode: ONN is not a valid enum value did you mean ON?"}},
		{"where only names are known", "{Type: AWS::SQS::Queue, Properties: {Delai: 3}}", []string{"3:43 Encountered unsupported property Delai did you mean Delay?"}},
		{"what nothing here acts on", "{Type: AWS::SNS::Topic, Properties: {Name: a, Alarm: [x]}}", []string{"3:59 hakone does not support Alarm: there are no alarms "}},
		{"such a property that says nothing", "{Type: AWS::SNS::Topic, Properties: {Name: a, Alarm: []}}", nil},
		{"an attribute that the type does not have", "{Type: AWS::SNS::Topic, Properties: {Name: !GetAtt Other.Arm}}", []string{"3:49 Requested attribute Arm does not exist in schema for AWS::SSM::Parameter "}},
		{"everything at once", "{Type: AWS::SNS::Topic, Properties: {Nome: a, Size: big}}", []string{
			"3:42 Property validation failure: [The property {/Name} is required] ", "3:43 Encountered unsupported property Nome did you mean Name?",
			"3:58 Value of property Size must be of type Integer ",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, _, err := template.Parse("", []byte("Resources:\n  Other: {Type: AWS::SSM::Parameter}\n  R: "+tt.resource+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			tmpl, err := template.Load(root)
			if err != nil {
				t.Fatal(err)
			}
			b, err := tmpl.Bind(nil, template.Env{Region: "eu-central-1"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if e, ok := errors.AsType[*template.Error](types.Verify(b)); ok {
				for _, f := range append([]*template.Error{e}, e.More...) {
					got = append(got, f.Notes[0].Position.String()+" "+f.Message+" "+f.Hint)
					if f.Notes[0].Text == "" && !strings.HasPrefix(f.Message, "Requested") {
						t.Errorf("%s does not name the resource", f.Message)
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
