package gateway

import (
	"bytes"
	"encoding/json"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// maxSelectable is how much of a body a path is applied to.
const maxSelectable = 100 << 10

// selectBody returns what a path selects of a body: a text as it is, anything
// else as JSON. What lies behind the first 100 KB is not found, and neither is
// null.
func selectBody(body []byte, path []apigatewayv2.Selector) (string, bool) {
	if len(path) == 0 {
		return string(body), len(body) > 0
	}
	d := json.NewDecoder(bytes.NewReader(body[:min(len(body), maxSelectable)]))
	for _, s := range path {
		if !enter(d, s) {
			return "", false
		}
	}
	var value json.RawMessage
	if d.Decode(&value) != nil || string(value) == "null" {
		return "", false
	}
	return jsonText(value), true
}

// enter moves d, which stands before a value, before what s selects of it.
func enter(d *json.Decoder, s apigatewayv2.Selector) bool {
	begin, err := d.Token()
	if err != nil {
		return false
	}
	want := json.Delim('{')
	if s.Item {
		want = '['
	}
	if begin != want {
		return false
	}
	for n := 0; d.More(); n++ {
		if s.Item && n == s.Index {
			return true
		}
		if !s.Item {
			name, err := d.Token()
			if err != nil {
				return false
			}
			if name == s.Name {
				return true
			}
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// jsonText returns a JSON value as text: that of a string, or the JSON itself
// without blanks.
func jsonText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	return compact.String()
}
