package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/server"
)

func TestDifferencesAreShownByProperty(t *testing.T) {
	var b strings.Builder
	err := printPreviews(&b, []server.StackPreview{{Name: "s", Operation: "UPDATE", Changes: []server.PreviewChange{
		{
			Action: "update", LogicalID: "F", Type: "T", Properties: []string{"Timeout", "Role", "Metadata"},
			Before: json.RawMessage(`{"Properties":{"Timeout":3}}`), After: json.RawMessage(`{"Properties":{"Timeout":"5","Role":"r"}}`),
		},
		{Action: "replace", LogicalID: "G", Type: "T", Conditional: true},
	}}, {Name: "same"}})
	const want = "Stack s: update\n  ~ update F (T)\n      Timeout: 3 → \"5\"\n      Role: none → \"r\"\n      Metadata\n  ± perhaps replace G (T)\nStack same: no changes of resources\n"
	if err != nil || b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "": false, "\n": false, "n\n": false, "yesterday\n": false} {
		if got, err := agreed(strings.NewReader(answer)); err != nil || got != want {
			t.Errorf("%q: %v, %v", answer, got, err)
		}
	}
}
