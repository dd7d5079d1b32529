package server

import (
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
)

func TestServedTypesTellTheirProperties(t *testing.T) {
	for name, typ := range ResourceTypes() {
		free := name == "AWS::CloudFormation::CustomResource" || name == "AWS::CDK::Metadata" // these have any
		if typ.Properties == nil && !free && typ.Level == stack.Real {
			t.Errorf("the properties of %s: %v", name, typ.Properties)
		}
	}
}
