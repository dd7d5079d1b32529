package cloudformation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
)

// talkers are functions that fail, and put what they were asked into their error.
type talkers struct {
	mu     sync.Mutex
	tokens []string
}

func (f *talkers) Call(_ context.Context, _ string, event []byte) (string, error) {
	var e struct{ ResponseURL string }
	if err := json.Unmarshal(event, &e); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = append(f.tokens, path.Base(e.ResponseURL))
	return "KeyError in " + string(event) + " token " + path.Base(e.ResponseURL), nil
}

// A record is a log that several goroutines write to.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func TestWhatACustomResourcesFunctionSaysIsToldWithoutItsResponseURL(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir())
	functions, log := new(talkers), new(record)
	s := cloudformation.New(cloudformation.Config{
		Store: w.store, Blobs: w.blobs, Account: "123456789012", Region: "eu-central-1", Log: slog.New(slog.NewTextHandler(log, nil)),
		Functions: functions, ResponseURL: func() string { return "http://127.0.0.1:1/_hakone/responses/" },
	})
	_, err := s.Deploy(t.Context(), &cloudformation.DeployInput{
		StackName: "s", Text: "Resources:\n  C: {Type: Custom::Thing, Properties: {ServiceToken: 'arn:aws:lambda:eu-central-1:123456789012:function:f'}}\n",
	})
	if err == nil || !strings.Contains(err.Error(), "KeyError in ") || !strings.Contains(log.String(), "KeyError in ") {
		t.Fatalf("Deploy = %v; the log: %s", err, log)
	}
	if len(functions.tokens) == 0 {
		t.Fatal("no function was called")
	}
	for _, token := range append(functions.tokens, "/_hakone/responses/") {
		if strings.Contains(err.Error(), token) || strings.Contains(log.String(), token) {
			t.Errorf("%s is in the error %v or in the log:\n%s", token, err, log)
		}
	}
}

func TestNestedStacksTakeTheirPropertiesOrRefuseThem(t *testing.T) {
	dir := files(t, map[string]string{"inner.yaml": "Resources: {Inner: {Type: AWS::SNS::Topic}}\n"})
	w := open(t, t.TempDir())
	for properties, want := range map[string]string{
		"TimeoutInMinutes: 5":                   "",
		"TimeoutInMinutes: -1":                  "Value of property TimeoutInMinutes must be at least 1",
		"NotificationARNs: ['arn:aws:sns:::x']": "hakone does not support NotificationARNs: there are no topics to notify",
	} {
		k, err := w.Deploy(t.Context(), &cloudformation.DeployInput{
			StackName: "outer", Dir: dir, File: "t.yaml", Text: "Resources:\n  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml, " + properties + "}}\n",
		})
		if want == "" && (err != nil || k.Status != stack.CreateComplete) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", properties, err, want)
		}
		if err := w.Delete(t.Context(), "outer", nil); err != nil {
			t.Error(err)
		}
	}
}
