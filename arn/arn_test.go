package arn

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text     string
		want     ARN
		kind, id string
	}{
		{"arn:aws:iam::123456789012:role/app/reader", ARN{"aws", "iam", "", "123456789012", "role/app/reader"}, "role", "app/reader"},
		{"arn:aws:lambda:eu-central-1:123456789012:function:f:live", ARN{"aws", "lambda", "eu-central-1", "123456789012", "function:f:live"}, "function", "f:live"},
		{"arn:aws:s3:::bucket", ARN{"aws", "s3", "", "", "bucket"}, "", "bucket"},
		{"arn:aws:s3:::bucket/a:b/c", ARN{"aws", "s3", "", "", "bucket/a:b/c"}, "bucket", "a:b/c"},
		{"arn:aws-cn:execute-api:cn-north-1:123456789012:a1b2/prod/GET/pets/*", ARN{"aws-cn", "execute-api", "cn-north-1", "123456789012", "a1b2/prod/GET/pets/*"}, "a1b2", "prod/GET/pets/*"},
		{"arn:aws:iam::123456789012:root", ARN{"aws", "iam", "", "123456789012", "root"}, "", "root"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got)\n%s", tt.text, diff)
		}
		if got.String() != tt.text {
			t.Errorf("Parse(%q).String() = %q", tt.text, got)
		}
		if kind, id := got.ResourceType(); kind != tt.kind || id != tt.id {
			t.Errorf("%q: resource type %q, ID %q; want %q, %q", tt.text, kind, id, tt.kind, tt.id)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "*", "arn", "arn:", "arn:aws", "arn:aws:s3", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "arn:aws::::b", "ARN:aws:s3:::b", " arn:aws:s3:::b", "arn:aws:s3:::b\n",
	} {
		if got, err := Parse(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("Parse(%q) = %v, %v", text, got, err)
		}
	}
}

func TestTextForms(t *testing.T) {
	if s := (ARN{}).String(); s != "" {
		t.Errorf("zero ARN is %q", s)
	}
	type record struct{ A, B ARN }
	var got record
	text := `{"A":"arn:aws:s3:::b","B":""}`
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.A != (ARN{Partition: "aws", Service: "s3", Resource: "b"}) || got.B != (ARN{}) {
		t.Errorf("%+v", got)
	}
	back, err := json.Marshal(got)
	if err != nil || string(back) != text {
		t.Errorf("%s, %v; want %s", back, err, text)
	}
	if err := json.Unmarshal([]byte(`{"A":"nonsense"}`), &got); !errors.Is(err, ErrInvalid) {
		t.Errorf("nonsense: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("arn:aws:iam::123456789012:role/app/reader")
	f.Add("arn:aws:s3:::b")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := Parse(s); err == nil && a.String() != s {
			t.Errorf("Parse(%q).String() = %q", s, a)
		}
	})
}
