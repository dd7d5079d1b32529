package sam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/template"
)

// The pairs are test data of aws/serverless-application-model; see
// testdata/pairs/NOTICE. They assume region ap-southeast-1 and two parameters.
func TestPairsTransformAsAWSDoes(t *testing.T) {
	inputs, err := filepath.Glob("testdata/pairs/*.input.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".input.yaml")
		t.Run(name, func(t *testing.T) {
			want := readJSON(t, filepath.Join("testdata/pairs", name+".expected.json"))
			got, err := transformFile(t, input, Options{
				Region:     "ap-southeast-1",
				Parameters: map[string]string{"param1": "value1", "param2": "value2"},
			})
			if message, ok := want.(map[string]any)["errorMessage"]; ok {
				if err == nil || err.Error() != message {
					t.Fatalf("error = %v\nwant    %v", err, message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(unordered(want, false), unordered(got, false)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestArticle(t *testing.T) {
	got, err := transformFile(t, "testdata/article/template.yaml", Options{Region: "ap-northeast-1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(readJSON(t, "testdata/article/template.expanded.json"), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func transformFile(t *testing.T, path string, opts Options) (any, error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return transformText(t, path, text, opts)
}

func transformText(t *testing.T, path string, text []byte, opts Options) (any, error) {
	t.Helper()
	root, _, err := template.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	before := root.JSON("")
	out, _, err := Transform(root, opts)
	if !bytes.Equal(before, root.JSON("")) {
		t.Error("Transform changed its input")
	}
	if err != nil {
		return nil, err
	}
	return decode(t, out.JSON("")), nil
}

func readJSON(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// unordered sorts lists, except those of Layers, whose order counts.
func unordered(v any, keep bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = unordered(value, key == "Layers")
		}
	case []any:
		for i := range v {
			v[i] = unordered(v[i], false)
		}
		if !keep {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(text64(a), text64(b)) })
		}
	}
	return v
}

func text64(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
