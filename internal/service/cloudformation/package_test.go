package cloudformation_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// files writes files below a new folder.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// unzip returns the files of the blob that a function's properties name.
func (w *world) unzip(properties string) map[string]string {
	w.t.Helper()
	n, err := template.FromJSON([]byte(properties))
	if err != nil {
		w.t.Fatal(err)
	}
	code := n.Get("Code")
	if code.Get("S3Bucket").Str() != blob.ArtifactBucket {
		w.t.Fatalf("code is %s", code.JSON(""))
	}
	content, err := w.blobs.Get(w.t.Context(), code.Get("S3Key").Str())
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			w.t.Fatal(err)
		}
		out[f.Name] = f.Mode().String() + " " + string(text)
	}
	return out
}

func TestLocalCodeIsStoredByItsContent(t *testing.T) {
	w := open(t, t.TempDir())
	dir := files(t, map[string]string{"src/index.py": "print(1)", "src/lib/x.py": "x", "src/.git/HEAD": "no", "other": "y"})
	if err := os.Chmod(filepath.Join(dir, "src/lib/x.py"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("index.py", filepath.Join(dir, "src/link.py")); err != nil {
		t.Fatal(err)
	}
	in := &cloudformation.DeployInput{StackName: "code", Dir: dir, GrantAll: true, File: "t.yaml", Text: `
Transform: AWS::Serverless-2016-10-31
Resources:
  Plain: {Type: AWS::Lambda::Function, Properties: {Code: src}}
  Sam: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./src, Handler: index.handler, Runtime: python3.13}}
`}
	if _, err := w.Load(in); err != nil {
		t.Fatalf("%+v", err)
	}
	k, err := w.Deploy(t.Context(), in)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	want := map[string]string{"index.py": "-rw-r--r-- print(1)", "lib/x.py": "-rwxr-xr-x x", "link.py": "-rw-r--r-- print(1)"}
	for _, id := range []string{"Plain", "Sam"} {
		if diff := cmp.Diff(want, w.unzip(w.things.left()[id])); diff != "" {
			t.Errorf("code of %s (-want +got):\n%s", id, diff)
		}
	}
	original, processed, err := w.GetTemplate("code")
	if err != nil || original != in.Text || !strings.Contains(processed, "AWS::IAM::Role") || !k.Transformed() {
		t.Errorf("GetTemplate = %q, %q, %v", original, processed, err)
	}

	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "src/index.py"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Deploy(t.Context(), in); !errors.Is(err, cloudformation.ErrNoChanges) {
		t.Errorf("the same code, written later: %v, want ErrNoChanges", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "src/index.py"), []byte("print(2)"), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := w.Deploy(t.Context(), in); err != nil || k.Status != stack.UpdateComplete {
		t.Errorf("changed code: %+v, %v", k, err)
	}
}

func TestLocalCodeIsRefused(t *testing.T) {
	dir := files(t, map[string]string{"src/index.py": "print(1)", "empty/.git/HEAD": ""})
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "src/escape")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, dir, code, want string }{
		{"missing", dir, "nope", "Parameter Code of resource F refers to a file or folder that does not exist " + dir + "/nope"},
		{"leads out", dir, "src", "path escapes"},
		{"empty", dir, "empty", "is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, t.TempDir())
			_, err := w.Load(&cloudformation.DeployInput{
				StackName: "code", Dir: tt.dir, File: "t.yaml", Text: "Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: " + tt.code + "}}\n",
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "Unable to upload artifact "+tt.code) {
				t.Errorf("Load = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestNestedStack(t *testing.T) {
	dir := files(t, map[string]string{"nested/inner.yaml": `
Parameters: {Size: {Type: String}}
Resources:
  Inner: {Type: AWS::Lambda::Function, Properties: {Code: code, Size: !Ref Size}}
Outputs: {Arn: {Value: !GetAtt Inner.Arn}}
`, "nested/code/index.py": "x"})
	text := `
Resources:
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/inner.yaml, Parameters: {Size: 1}}}
  Outer: {Type: AWS::SNS::Topic, Properties: {From: !GetAtt Nested.Outputs.Arn}}
`
	w := open(t, t.TempDir())
	in := &cloudformation.DeployInput{StackName: "outer", Dir: dir, File: "t.yaml", Text: text}
	if _, err := w.Deploy(t.Context(), in); err != nil {
		t.Fatalf("%+v", err)
	}
	if len(w.Stacks()) != 2 || !strings.Contains(w.things.left()["Outer"], "arn:outer-Nested-") {
		t.Errorf("stacks %d, things %v", len(w.Stacks()), w.things.left())
	}
	in.Text = strings.Replace(text, "Size: 1", "Size: 2", 1)
	if _, err := w.Deploy(t.Context(), in); err != nil || !strings.Contains(w.things.left()["Inner"], `"Size":"2"`) {
		t.Errorf("update: %v; %v", err, w.things.left())
	}
	w.things.fail["update Outer"] = errors.New("no")
	in.Text = strings.NewReplacer("Size: 1", "Size: 3", "From:", "New: x, From:").Replace(text)
	if _, err := w.Deploy(t.Context(), in); err == nil || !strings.Contains(w.things.left()["Inner"], `"Size":"2"`) {
		t.Errorf("a failed update: %v; %v", err, w.things.left())
	}
	if err := w.Delete(t.Context(), "outer", nil); err != nil || len(w.things.left()) != 0 || len(w.Stacks()) != 0 {
		t.Errorf("delete: %v; %v", err, w.things.left())
	}

	w.things.fail["create Inner"] = errors.New("no room")
	_, err := w.Deploy(t.Context(), in)
	if err == nil || !strings.Contains(err.Error(), "Embedded stack arn:") || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a nested stack that fails: %v", err)
	}
	if stacks := w.Stacks(); len(stacks) != 1 || stacks[0].Status != stack.RollbackComplete {
		t.Errorf("stacks that are left: %v", stacks)
	}
}

func TestChangeSets(t *testing.T) {
	w := open(t, t.TempDir())
	ctx := t.Context()
	in := &cloudformation.DeployInput{StackName: "s", Text: first, File: "t.yaml"}
	_, err := w.CreateChangeSet(ctx, "c1", "UPDATE", "", in)
	w.refused(err, "Stack [s] does not exist")
	c, err := w.CreateChangeSet(ctx, "c1", "CREATE", "", in)
	if err != nil || c.Status != "CREATE_COMPLETE" || len(c.Changes) != 3 || c.Changes[0].Operation != stack.Create {
		t.Fatalf("CreateChangeSet = %+v, %v", c, err)
	}
	if k, err := w.Describe("s"); err != nil || k.Status != stack.ReviewInProgress || len(w.things.left()) != 0 {
		t.Errorf("after a change set: %+v, %v", k, err)
	}
	if k, err := w.ExecuteChangeSet(ctx, "s", "c1", false, nil); err != nil || k.Status != stack.CreateComplete || k.ChangeSetID != c.ID {
		t.Fatalf("ExecuteChangeSet = %+v, %v", k, err)
	}
	_, err = w.ExecuteChangeSet(ctx, "s", "c1", false, nil)
	w.refused(err, "ChangeSet ["+c.ID+"] cannot be executed in its current status of [CREATE_COMPLETE]")
	c, err = w.CreateChangeSet(ctx, "c2", "", "", in)
	if err != nil || c.Status != "FAILED" || c.StatusReason != cloudformation.NoChangesReason {
		t.Errorf("without changes: %+v, %v", c, err)
	}
	_, err = w.ExecuteChangeSet(ctx, "", c.ID, false, nil)
	w.refused(err, "ChangeSet ["+c.ID+"] cannot be executed in its current status of [FAILED]")
	in.Text = second
	c, err = w.CreateChangeSet(ctx, "c3", "UPDATE", "", in)
	if err != nil || len(c.Changes) != 4 || c.Changes[0].Operation != stack.Replace {
		t.Errorf("update: %+v, %v", c, err)
	}
	if k, err := w.ExecuteChangeSet(ctx, "s", "c3", false, nil); err != nil || k.Status != stack.UpdateComplete {
		t.Errorf("ExecuteChangeSet = %+v, %v", k, err)
	}
	if err := w.DeleteChangeSet(ctx, "s", "c3"); err != nil {
		t.Error(err)
	}
	_, err = w.DescribeChangeSet("s", "c3")
	w.refused(err, "ChangeSet [c3] does not exist")
	_, err = w.CreateChangeSet(ctx, "c4", "CREATE", "", in)
	w.refused(err, "Stack [s] already exists and cannot be created again with the changeSet [c4].")
}
