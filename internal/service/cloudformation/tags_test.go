package cloudformation

import (
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

func TestResourcesHaveTheTagsOfTheirStack(t *testing.T) {
	for _, tt := range []struct{ name, resource, want string }{
		{"a list", "{Type: AWS::IAM::Role, Properties: {Tags: [{Key: own, Value: x}]}}", `{"Tags":[{"Key":"own","Value":"x"},{"Key":"team","Value":"red"}]}`},
		{"its own win", "{Type: AWS::IAM::Role, Properties: {Tags: [{Key: team, Value: x}]}}", `{"Tags":[{"Key":"team","Value":"x"}]}`},
		{"no properties", "{Type: AWS::EC2::VPC}", `{"Tags":[{"Key":"team","Value":"red"}]}`},
		{"a mapping", "{Type: AWS::SSM::Parameter, Properties: {Tags: {own: x}}}", `{"Tags":{"own":"x","team":"red"}}`},
		{"a function", "{Type: AWS::SSM::Parameter, Properties: {Tags: {'Fn::FindInMap': [a, b, c]}}}", `{"Tags":{"Fn::FindInMap":["a","b","c"]}}`},
		{"an API's definition", "{Type: AWS::ApiGatewayV2::Api, Properties: {Body: {}}}", `{"Body":{}}`},
		{"a type without tags", "{Type: AWS::Lambda::Permission, Properties: {}}", `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, _, err := template.Parse("t", []byte("Resources:\n  A: "+tt.resource))
			if err != nil {
				t.Fatal(err)
			}
			before := string(root.JSON(""))
			got := string(withTags(root, map[string]string{"team": "red"}).Get("Resources").Get("A").Get("Properties").JSON(""))
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if string(root.JSON("")) != before {
				t.Error("the template itself changed")
			}
		})
	}
}
