package ssm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/service/ssm"
)

// values gives a parameter one version after the other.
func values(t *testing.T, s *ssm.Service, name string, list ...string) {
	t.Helper()
	for _, value := range list {
		if _, err := s.PutParameter(t.Context(), &ssm.PutParameterInput{Name: name, Type: "String", Value: value, Overwrite: true}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLabelsNameVersions(t *testing.T) {
	s := start(t)
	values(t, s, "/a", "one", "two", "three")
	label := func(version int64, labels ...string) *ssm.LabelOutput {
		t.Helper()
		out, err := s.LabelParameterVersion(t.Context(), &ssm.LabelInput{Name: "/a", ParameterVersion: version, Labels: labels})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff(&ssm.LabelOutput{InvalidLabels: []string{"1st", "awsome"}, ParameterVersion: 1}, label(1, "prod", "1st", "awsome")); diff != "" {
		t.Error(diff)
	}
	if value, _, _ := s.Lookup("/a:prod"); value != "one" {
		t.Errorf("/a:prod is %q", value)
	}
	label(0, "prod") // the newest; the label moves
	if value, _, _ := s.Lookup("/a:prod"); value != "three" {
		t.Errorf("/a:prod is %q", value)
	}
	found, err := s.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: "/", ParameterFilters: []ssm.Filter{{Key: "Label", Values: []string{"prod"}}}})
	if err != nil || len(found.Parameters) != 1 || found.Parameters[0].Value != "three" || found.Parameters[0].Selector != ":prod" {
		t.Errorf("by label: %+v, %v", found, err)
	}
	out, err := s.UnlabelParameterVersion(t.Context(), &ssm.LabelInput{Name: "/a", ParameterVersion: 3, Labels: []string{"prod", "no"}})
	if diff := cmp.Diff(&ssm.UnlabelOutput{RemovedLabels: []string{"prod"}, InvalidLabels: []string{"no"}}, out); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, _, ok := s.Lookup("/a:prod"); ok {
		t.Error("a label that was taken away is still there")
	}
	if _, err := s.LabelParameterVersion(t.Context(), &ssm.LabelInput{Name: "/a", ParameterVersion: 9, Labels: []string{"x"}}); err == nil || !strings.HasPrefix(err.Error(), "ParameterVersionNotFound") {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestHistoryComesInPages(t *testing.T) {
	s := start(t)
	values(t, s, "/a", "1", "2", "3", "4", "5")
	var got []string
	in := &ssm.GetParameterHistoryInput{Name: "/a", Page: ssm.Page{MaxResults: 2}}
	for {
		out, err := s.GetParameterHistory(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out.Parameters {
			got = append(got, v.Value)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestALabelledOldestVersionStays(t *testing.T) {
	s := start(t)
	for range 100 {
		values(t, s, "/a", "x")
	}
	if _, err := s.LabelParameterVersion(t.Context(), &ssm.LabelInput{Name: "/a", ParameterVersion: 1, Labels: []string{"first"}}); err != nil {
		t.Fatal(err)
	}
	_, err := s.PutParameter(t.Context(), &ssm.PutParameterInput{Name: "/a", Value: "y", Overwrite: true})
	if err == nil || !strings.HasPrefix(err.Error(), "ParameterMaxVersionLimitExceeded") {
		t.Errorf("the 101st version: %v", err)
	}
}

func TestFiltersOfDescribe(t *testing.T) {
	s := start(t)
	for name, kind := range map[string]string{"/app/db/url": "String", "/app/db/password": "SecureString", "/app/names": "StringList", "plain": "String"} {
		put(t, s, name, kind, "v")
	}
	tests := []struct {
		filter  ssm.Filter
		want    string
		refusal string
	}{
		{ssm.Filter{Key: "Path", Values: []string{"/app"}}, "/app/names", ""},
		{ssm.Filter{Key: "Path", Option: "Recursive", Values: []string{"/app"}}, "/app/db/password /app/db/url /app/names", ""},
		{ssm.Filter{Key: "Path", Values: []string{"/"}}, "plain", ""},
		{ssm.Filter{Key: "Name", Option: "Contains", Values: []string{"db"}}, "/app/db/password /app/db/url", ""},
		{ssm.Filter{Key: "Type", Values: []string{"StringList"}}, "/app/names", ""},
		{ssm.Filter{Key: "Colour", Values: []string{"red"}}, "", "InvalidFilterKey"},
		{ssm.Filter{Key: "Name", Option: "Recursive", Values: []string{"x"}}, "", "InvalidFilterOption"},
		{ssm.Filter{Key: "Name"}, "", "InvalidFilterValue"},
	}
	for _, tt := range tests {
		out, err := s.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{ParameterFilters: []ssm.Filter{tt.filter}})
		if tt.refusal != "" {
			if err == nil || !strings.HasPrefix(err.Error(), tt.refusal) {
				t.Errorf("%+v: %v, want %s", tt.filter, err, tt.refusal)
			}
			continue
		}
		var names []string
		if err == nil {
			for _, p := range out.Parameters {
				names = append(names, p.Name)
			}
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%+v: %s, %v, want %s", tt.filter, got, err, tt.want)
		}
	}
}

func TestPublicImagesAreListed(t *testing.T) {
	s := start(t)
	out, err := s.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: "/aws/service/ami-amazon-linux-latest"})
	if err != nil || len(out.Parameters) == 0 {
		t.Fatal(out, err)
	}
	for _, p := range out.Parameters {
		value, _, _ := s.Lookup(p.Name)
		if p.Value != value || p.ARN != "arn:aws:ssm:ap-northeast-1::parameter"+p.Name {
			t.Errorf("%+v, alone %s", p, value)
		}
	}
}
