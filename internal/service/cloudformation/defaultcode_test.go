package cloudformation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

func TestFunctionsWithoutCodeHaveTheTemplatesFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, resources string
		packed          bool
	}{
		{"no code", "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: h}}}", true},
		{"inline code", "Resources: {F: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}}", false},
		{"an image", "Resources: {F: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}}", false},
		{"images everywhere", "Globals: {Function: {PackageType: Image}}\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: h}}}", false},
		{"not SAM's", "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Handler: h}}}", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, _, err := template.Parse("t", []byte(tt.resources))
			if err != nil {
				t.Fatal(err)
			}
			packed, err := pack(root, dir, hashOnly, 0)
			if err != nil {
				t.Fatal(err)
			}
			uri := packed.Get("Resources").Get("F").Get("Properties").Get("CodeUri").Str()
			if strings.HasPrefix(uri, "s3://") != tt.packed {
				t.Errorf("CodeUri is %q", uri)
			}
		})
	}
}
