package policy_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/policy/casefile"
)

func readCases(tb testing.TB) []casefile.Case {
	tb.Helper()
	return readLines[casefile.Case](tb, "testdata/cases.jsonl")
}

func readLines[T any](tb testing.TB, file string) []T {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var list []T
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func TestCases(t *testing.T) {
	for _, c := range readCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			result, ok := c.Decide()
			if !ok {
				t.Errorf("%s = %s (%s), want %s", c.ID, result.Decision, result.Reason, c.Expected)
			}
		})
	}
}

func TestValidation(t *testing.T) {
	type document struct {
		ID, Kind, Document, Message, Why string
		Valid, MessageKnown              bool
	}
	kinds := map[string]policy.Kind{"identity": policy.Identity, "trust": policy.Trust}
	for _, v := range readLines[document](t, "testdata/validation.jsonl") {
		t.Run(v.ID, func(t *testing.T) {
			d, err := policy.Parse(kinds[v.Kind], []byte(v.Document))
			if err == nil && v.Kind == "trust" {
				_, err = d.Resolve(func(string) (string, bool) { return "", false })
			}
			switch {
			case v.Valid && err != nil:
				t.Errorf("%s is refused: %v", v.Why, err)
			case !v.Valid && err == nil:
				t.Errorf("%s is accepted, want %q", v.Why, v.Message)
			case !v.Valid && v.MessageKnown && err.Error() != v.Message:
				t.Errorf("%s: %q, want %q", v.Why, err, v.Message)
			}
		})
	}
}

func TestManagedPolicies(t *testing.T) {
	type managed struct {
		Name     string
		Document json.RawMessage
	}
	for _, m := range readLines[managed](t, "testdata/managed-policies.jsonl") {
		d, err := policy.Parse(policy.Identity, m.Document)
		if err != nil {
			t.Errorf("%s is refused: %v", m.Name, err)
			continue
		}
		for _, w := range d.Warnings() {
			t.Errorf("%s has a warning: %v", m.Name, w)
		}
	}
}
