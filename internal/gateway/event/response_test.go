package event

import (
	"fmt"
	"testing"
)

// show writes a response in one line.
func show(r *Response, err error) string {
	if err != nil {
		return "500"
	}
	return fmt.Sprintf("%d %v %s", r.Status, r.Headers, r.Body)
}

func TestParseV2(t *testing.T) {
	const asJSON, asText = "[{content-type application/json}]", "[{content-type text/plain; charset=utf-8}]"
	tests := []struct{ name, payload, want string }{
		{"a string is unquoted", `"Hello, World!"`, "200 " + asJSON + " Hello, World!"},
		{"escapes are decoded", `"a\"\u00e9\n"`, "200 " + asJSON + " a\"é\n"},
		{"the empty string", `""`, "200 " + asJSON + " "},
		{"a number", `42`, "200 " + asJSON + " 42"},
		{"a boolean", `true`, "200 " + asJSON + " true"},
		{"a list", `[1,2]`, "200 " + asJSON + " [1,2]"},
		{"an object without statusCode", `{"a":1}`, `200 ` + asJSON + ` {"a":1}`},
		{"an object with statusCode deeper", `{"a":{"statusCode":1}}`, `200 ` + asJSON + ` {"a":{"statusCode":1}}`},
		{"case counts", `{"StatusCode":201}`, `200 ` + asJSON + ` {"StatusCode":201}`},
		{"broken JSON", `{"a":`, `200 ` + asJSON + ` {"a":`},
		{"no JSON", `hello`, `200 ` + asJSON + ` hello`},
		{"null", `null`, `200 ` + asJSON + ` null`},
		{"nothing", ``, `200 ` + asJSON + ` `},
		{"structured", `{"statusCode":200,"body":"x"}`, "200 " + asText + " x"},
		{"structured without body", `{"statusCode":201}`, "201 " + asText + " "},
		{"own content type", `{"statusCode":200,"headers":{"Content-Type":"a/b"},"body":"x"}`, "200 [{content-type a/b}] x"},
		{"status 0", `{"statusCode":0}`, "500"},
		{"status with a fraction", `{"statusCode":200.5}`, "500"},
		{"status 99", `{"statusCode":99}`, "500"},
		{"status 600", `{"statusCode":600}`, "500"},
		{"status null", `{"statusCode":null}`, "500"},
		{"status as an object", `{"statusCode":{}}`, "500"},
		{"status as text", `{"statusCode":"200","body":"x"}`, "200 " + asText + " x"},
		{"status as other text", `{"statusCode":"OK"}`, "500"},
		{"body not a string", `{"statusCode":200,"body":{"a":1}}`, "500"},
		{"body a number", `{"statusCode":200,"body":1}`, "500"},
		{"body null", `{"statusCode":200,"body":null}`, "200 " + asText + " "},
		{"header value a list", `{"statusCode":200,"headers":{"a":["b"]}}`, "500"},
		{"header value a number or a boolean", `{"statusCode":200,"headers":{"a":1,"b":true,"content-type":"c"}}`, "200 [{a 1} {b true} {content-type c}] "},
		{"header value with a comma", `{"statusCode":200,"headers":{"a":"b,c","content-type":"c"}}`, "200 [{a b,c} {content-type c}] "},
		{"header name that is none", `{"statusCode":200,"headers":{"a b":"c"}}`, "500"},
		{"header value with a line break", `{"statusCode":200,"headers":{"a":"b\r\nc: d"}}`, "500"},
		{"headers not an object", `{"statusCode":200,"headers":[]}`, "500"},
		{"base64", `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, "200 " + asText + " hi"},
		{"not base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, "500"},
		{
			"cookies before Set-Cookie of headers", `{"statusCode":200,"headers":{"Set-Cookie":"c=3","content-type":"t"},"cookies":["a=1; Path=/","b=2"]}`,
			"200 [{set-cookie a=1; Path=/} {set-cookie b=2} {content-type t} {set-cookie c=3}] ",
		},
		{"unknown members", `{"statusCode":200,"what":1,"multiValueHeaders":{"a":["1"]}}`, "200 " + asText + " "},
		{
			"headers of the connection are dropped",
			`{"statusCode":200,"headers":{"Connection":"x","content-length":"9","Date":"x","transfer-encoding":"x","upgrade":"x","x":"y"}}`,
			"200 [{content-type text/plain; charset=utf-8} {x y}] ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(ParseV2([]byte(tt.payload))); got != tt.want {
				t.Errorf("ParseV2(%s) = %s, want %s", tt.payload, got, tt.want)
			}
		})
	}
}

func TestParseV1(t *testing.T) {
	const asText = "[{content-type text/plain; charset=utf-8}]"
	tests := []struct{ name, payload, want string }{
		{"structured", `{"statusCode":200,"body":"x"}`, "200 " + asText + " x"},
		{"a string", `"x"`, "500"},
		{"null", `null`, "500"},
		{"nothing", ``, "500"},
		{"broken JSON", `{"statusCode":200`, "500"},
		{"an object without statusCode", `{"body":"x"}`, "500"},
		{"status as text", `{"statusCode":"200"}`, "500"},
		{"status with a fraction", `{"statusCode":200.5}`, "500"},
		{
			"single values before multiple ones",
			`{"statusCode":200,"headers":{"A":"1","content-type":"t"},"multiValueHeaders":{"a":["2","3"],"b":["4"]}}`,
			"200 [{a 1} {a 2} {a 3} {b 4} {content-type t}] ",
		},
		{"multiple values not a list", `{"statusCode":200,"multiValueHeaders":{"a":"2"}}`, "500"},
		{"no cookies member", `{"statusCode":200,"cookies":["a=1"]}`, "200 " + asText + " "},
		{"base64", `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, "200 " + asText + " hi"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(ParseV1([]byte(tt.payload))); got != tt.want {
				t.Errorf("ParseV1(%s) = %s, want %s", tt.payload, got, tt.want)
			}
		})
	}
}

// FuzzParse checks that whatever a function answers gives a status that can be
// sent and headers that cannot break the response apart.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`"x"`, `{"statusCode":200,"headers":{"a":"b"},"cookies":["c"],"body":"d"}`, `{"statusCode":"200","isBase64Encoded":true,"body":"aGk="}`, `{`, `null`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, parse := range []func([]byte) (*Response, error){ParseV1, ParseV2} {
			r, err := parse(payload)
			if err != nil {
				continue
			}
			if r.Status < 200 || r.Status > 599 {
				t.Errorf("status %d", r.Status)
			}
			for _, h := range r.Headers {
				if !isToken(h.Name) {
					t.Errorf("header name %q", h.Name)
				}
				for _, c := range []byte(h.Value) {
					if c < ' ' && c != '\t' || c == 0x7f {
						t.Errorf("header value %q", h.Value)
					}
				}
			}
		}
	})
}

func BenchmarkParseV2(b *testing.B) {
	payload := []byte(`{"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"Hello, World"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseV2(payload); err != nil {
			b.Fatal(err)
		}
	}
}
