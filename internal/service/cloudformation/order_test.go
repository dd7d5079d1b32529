package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/cloudformation"
)

func TestExportsThatDependOnResourcesComeFirst(t *testing.T) {
	w := open(t, t.TempDir())
	load := func(name, text string) *cloudformation.Loaded {
		l, err := w.Load(&cloudformation.DeployInput{StackName: name, Text: text, File: name + ".yaml"})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	const resource = "Resources: {R: {Type: AWS::SNS::Topic, Properties: {P: "
	network := load("network", resource+"x}}}\nOutputs: {O: {Value: 1, Export: {Name: !Sub '${R}-id'}}}")
	app := load("app", resource+"!ImportValue some-id}}}\nOutputs: {O: {Value: 1, Export: {Name: app}}}")
	base := load("base", resource+"!ImportValue app}}}\nOutputs: {O: {Value: 1, Export: {Name: !Sub '${R}-id'}}}")
	tests := []struct {
		name string
		list []*cloudformation.Loaded
		want string
	}{
		{"an import of an unknown name waits for them", []*cloudformation.Loaded{app, network}, "network app"},
		{"but not for one that surely needs it", []*cloudformation.Loaded{app, base}, "app base"},
		{"nor does it change what is right", []*cloudformation.Loaded{network, app, base}, "network app base"},
	}
	for _, tt := range tests {
		ordered, err := cloudformation.Order(slices.Clone(tt.list))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var got []string
		for _, l := range ordered {
			got = append(got, l.Input.StackName)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
