package ec2_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/ec2"
)

func TestUserDataIsAScript(t *testing.T) {
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	tests := []struct{ name, data, script, refusal string }{
		{"a script", "#!/bin/sh\necho", "#!/bin/sh\necho", ""},
		{"a compressed one", zipped("#!/bin/sh\necho"), "#!/bin/sh\necho", ""},
		{"none", "", "", ""},
		{"configuration", "#cloud-config\npackages: []", "", `begins with "#cloud-config" is no script`},
		{"parts", "Content-Type: multipart/mixed", "", `begins with "Content-Type: multipart/mixed" is no script`},
		{"too much", zipped("#!" + strings.Repeat("x", 2<<20)), "", "more than 1048576 bytes"},
	}
	for _, tt := range tests {
		script, err := ec2.UserDataScript(&ec2.Instance{UserData: base64.StdEncoding.EncodeToString([]byte(tt.data))})
		if string(script) != tt.script || (err == nil) != (tt.refusal == "") || err != nil && !strings.Contains(err.Error(), tt.refusal) {
			t.Errorf("%s: %q, %v", tt.name, script, err)
		}
	}
}

func TestUserDataRunsOncePerInstance(t *testing.T) {
	f, ctx := start(t), t.Context()
	r, one := f.create(t, "Instance", "{ImageId: ami-12345678, UserData: aGk=}")
	for i, want := range []bool{true, false} {
		if got, err := f.StartUserData(ctx, one.PhysicalID); got != want || err != nil {
			t.Errorf("time %d: %v, %v", i+1, got, err)
		}
	}
	if !f.UserDataStarted(one.PhysicalID) {
		t.Error("nobody knows")
	}
	if err := f.types[r.Type].Handler.Delete(ctx, r); err != nil {
		t.Fatal(err)
	}
	if f.UserDataStarted(one.PhysicalID) {
		t.Error("what is known of an instance outlives it")
	}
}
