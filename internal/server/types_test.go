package server

import "testing"

func TestServedTypesTellTheirProperties(t *testing.T) {
	for name, typ := range ResourceTypes() {
		free := name == "AWS::CloudFormation::CustomResource" || name == "AWS::CDK::Metadata" // these have any
		if (typ.Properties == nil) != free {
			t.Errorf("the properties of %s: %v", name, typ.Properties)
		}
	}
}
