package policy

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// FuzzParse: no document makes the parser panic, what is accepted is JSON to
// encoding/json too, and what it accepts can be evaluated and explained.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/validation.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var v struct{ Document string }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(v.Document), uint8(Identity))
		f.Add([]byte(v.Document), uint8(Trust))
	}
	for _, s := range []string{
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/a"},"NotAction":"a:*","NotResource":"arn:aws:s3:::${aws:username, 'x}y'}/${*}"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ForAllValues:ArnLikeIfExists":{"a:b":["arn:a:${c:d}:*:*:?","*"]},"BinaryEquals":{"a:b":"YWI="},"NumericNotEquals":{"a:b":"-01.50"},"DateEquals":{"a:b":"2031-02-03T04:05:06.7+08:00"},"NotIpAddress":{"a:b":"::/0"}}}}`,
		`{"Statement":[],"Statement":[]}`, `{"Id":"\ud83d\ude00\u00e9"}`, "{/* x */}", `[1e+9,]`,
	} {
		f.Add([]byte(s), uint8(Resource))
	}
	f.Fuzz(func(t *testing.T, text []byte, kind uint8) {
		k := Kind(kind % 7)
		d, err := Parse(k, text)
		loaded, loadErr := Load(k, text)
		if err == nil && loadErr != nil {
			t.Fatalf("Load refuses what Parse accepts: %v", loadErr)
		}
		if loadErr != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("accepted, but not JSON: %q", text)
		}
		if d == nil {
			d = loaded
		}
		p := New("p", "", d)
		for _, value := range []Value{One("arn:aws:iam::111122223333:role/R"), One("-1.5"), One(""), Many("a", "2031"), Many()} {
			r := &Request{
				Principal: Principal{Kind: User, ARN: "arn:aws:iam::111122223333:user/a", AccountID: "111122223333"},
				Action:    "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:111122223333:a/b/GET/c?*/d", Context: constant(value),
			}
			s := &Set{Identity: []*Policy{p}, Resource: p, Boundary: p, Session: []*Policy{p}, SCPs: [][]*Policy{{p}}, RCPs: [][]*Policy{{p}}}
			decision := Evaluate(r, s)
			e := Explain(r, s)
			if e.Decision != decision.Effect.String() {
				t.Fatalf("Explain says %s, Evaluate %s", e.Decision, decision.Effect)
			}
			if e.Text() == "" {
				t.Fatal("no text")
			}
		}
	})
}

// A constant is a Context in which every key has one value.
type constant Value

func (c constant) Value(string) (Value, bool) { return Value(c), true }

// FuzzMatch: a pattern without variables matches what a regular expression says of
// it, and a resource what its pattern does.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"a*b?c", "axxbyc"}, {"*", ""}, {"a*a*a*a*b", strings.Repeat("a", 50)}, {"?é*", "ééé"}, {"*?*?", "ab"}, {"", ""}, {"**a", "ba"}, {"*??", "\U000e79e7"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		p := compilePattern(text, syntax{wildcards: true})
		got := p.match(s, nil, false) == matched
		if !valid(text) || !valid(s) {
			return
		}
		for _, account := range []string{"1", "*"} { // as the request has it, and not
			r := compileResource(Identity, "arn:aws:sns:r:"+account+":"+text, false)
			e := newEnv(&Request{Resource: "arn:aws:sns:r:1:" + s})
			if whole := r.match(&e) == matched; whole != got {
				t.Errorf("%q of account %s matches %q: %t, want %t", text, account, s, whole, got)
			}
		}
		if p.match(s, nil, true) != matched && got {
			t.Errorf("%q matches %q only with regard to case", text, s)
		}
		want := regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text)) + `\z`).MatchString(s)
		if got != want {
			t.Errorf("%q matches %q: %t, want %t", text, s, got, want)
		}
		if isASCII(text) && isASCII(s) && glob(text, s) != want {
			t.Errorf("glob(%q, %q) = %t, want %t", text, s, !want, want)
		}
	})
}

func valid(s string) bool { return strings.ToValidUTF8(s, "") == s }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c > 127 }) < 0
}

// FuzzInstant and FuzzNumber: nothing panics, and what is read compares equal to
// itself.
func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2031", "2031-03", "2031-03-09T10:00:00Z", "2031-03-09T10:00:00.123+0530", "1925000000", "-5", "1.5", "2031-02-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a := parseInstant(s); a.ok && a.compare(a) != 0 {
			t.Errorf("%q is not itself", s)
		}
		if n := parseNumber(s); n.ok && n.compare(&n) != 0 {
			t.Errorf("%q is not itself", s)
		}
	})
}
