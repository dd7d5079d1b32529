package lambda

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/template"
)

func TestPagesFollowEachOther(t *testing.T) {
	versions := []string{"$LATEST", "1", "2", "10"}
	var got [][]string
	p := paging{MaxItems: 3}
	for {
		list, next, err := page(p, 50, versions, func(v *string) string { return *v }, byNumber)
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, list); next == "" {
			break
		}
		p.Marker = next
	}
	if diff := cmp.Diff([][]string{{"$LATEST", "1", "2"}, {"10"}}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if !byFunction("a:2", "a:10") || byFunction("b:$LATEST", "a:1") {
		t.Error("functions are not ordered by name and version")
	}
}

func TestFramesOfEventStreams(t *testing.T) {
	// As botocore.eventstream reads it.
	got := appendFrame(nil, "PayloadChunk", "application/octet-stream", []byte("hi"))
	want, err := base64.StdEncoding.DecodeString("AAAAbAAAAFqyXv3PCzpldmVudC10eXBlBwAMUGF5bG9hZENodW5rDTpjb250ZW50LXR5cGUHABhhcHBsaWNhdGlvbi9vY3RldC1zdHJlYW0NOm1lc3NhZ2UtdHlwZQcABWV2ZW50aGkRYuRp")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("frame %s", base64.StdEncoding.EncodeToString(got))
	}
}

func TestPropertiesOfTemplatesThatCannotBeHonouredAreNamed(t *testing.T) {
	nodes, _, err := template.ParseValue("t.yaml", []byte("Code: {}\nRecursiveLoop: Terminate\nRuntimeManagementConfig: {UpdateRuntimeOn: Manual}\nFileSystemConfigs: [{Arn: a}]\nSnapStart: {ApplyOn: None}\nImageConfig: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var p functionProperties
	if err := nodes.Decode(&p); err != nil {
		t.Fatal(err)
	}
	want := "InvalidParameterValueException: hakone does not have what these members ask for: FileSystemConfigs, RecursiveLoop: Terminate, RuntimeManagementConfig: Manual"
	if err := p.refused(); err == nil || err.Error() != want {
		t.Errorf("refused = %v, want %s", err, want)
	}
	if err := new(functionProperties).refused(); err != nil {
		t.Errorf("no properties: %v", err)
	}
}

func TestMembersThatCannotBeHonouredAreNamed(t *testing.T) {
	in := unsupported{FileSystemConfigs: []any{map[string]any{"Arn": "a"}}, ImageConfig: map[string]any{}, TenancyConfig: map[string]any{"TenantIsolationMode": "PER_TENANT"}}
	in.SnapStart.ApplyOn = "PublishedVersions"
	err := in.check()
	want := "InvalidParameterValueException: hakone does not have what these members ask for: FileSystemConfigs, TenancyConfig, SnapStart"
	if err == nil || err.Error() != want {
		t.Errorf("check = %v, want %s", err, want)
	}
	if err := (&unsupported{FileSystemConfigs: []any{}}).check(); err != nil {
		t.Errorf("an empty list: %v", err)
	}
}

func TestPropertiesThatNothingActsOnAreRefusedBeforeADeployment(t *testing.T) {
	for _, tt := range []struct {
		properties string
		shape      any
		want       string
	}{
		{"RuntimeManagementConfig: {UpdateRuntimeOn: Auto, RuntimeVersionArn: a}", functionProperties{}, "hakone does not support RuntimeManagementConfig/RuntimeVersionArn: runtimes are those of this machine"},
		{"SourceKMSKeyArn: k", codeProperties{}, "hakone does not support SourceKMSKeyArn: there are no keys that decrypt archives"},
		{"FunctionScalingConfig: {MinExecutionEnvironments: 1}", versionProperties{}, "hakone does not support FunctionScalingConfig: there are no capacity providers"},
		{"RuntimePolicy: {UpdateRuntimeOn: Auto}", versionProperties{}, "hakone does not support RuntimePolicy: runtimes are those of this machine"},
		{"Content: {S3Bucket: b, S3Key: k, ZipFile: x}", layerProperties{}, "Encountered unsupported property ZipFile"},
		{"Content: {ImageUri: x}", layerProperties{}, "Encountered unsupported property ImageUri"},
	} {
		n, _, err := template.ParseValue("t.yaml", []byte(tt.properties))
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Verify(tt.shape); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.properties, err, tt.want)
		}
	}
}

func TestCodeThatNothingDecryptsIsRefused(t *testing.T) {
	n, _, err := template.ParseValue("t.yaml", []byte("Code: {S3Bucket: b, S3Key: k, SourceKMSKeyArn: a}\nRuntime: python3.11\nHandler: index.handler\n"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "hakone does not support SourceKMSKeyArn: there are no keys that decrypt archives"
	if _, _, err := decodeFunction(n); err == nil || err.Error() != want {
		t.Errorf("decodeFunction = %v", err)
	}
	if err := (functions{&Service{}}).check(n); err == nil || err.Error() != want {
		t.Errorf("check = %v", err)
	}
}

func TestEveryPropertyOfAVersionReplacesIt(t *testing.T) {
	for _, typ := range new(Service).Types() {
		if typ.Name == "AWS::Lambda::Version" && !slices.Contains(typ.Replace, "FunctionScalingConfig") {
			t.Errorf("Replace = %v", typ.Replace)
		}
	}
}
