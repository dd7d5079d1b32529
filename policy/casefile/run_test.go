package casefile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/policy/casefile"
)

const allowed = `{"id":"a","request":{"principal":"arn:aws:iam::111122223333:user/alice","action":"sqs:SendMessage",` +
	`"resource":"arn:aws:sqs:us-east-1:111122223333:q","resourceAccount":"111122223333","context":{}},` +
	`"identityPolicies":[{"Version":"2012-10-17","Statement":{"Sid":"Send","Effect":"Allow","Action":"sqs:*","Resource":"*"}}],` +
	`"resourcePolicy":null,"permissionBoundaries":[],"sessionPolicies":[],"scps":[],"expected":"Allowed"}`

func TestRun(t *testing.T) {
	tests := []struct {
		name, in, want string
		failed         int
	}{
		{"a case that holds", allowed, `{"id":"a","decision":"Allowed","reason":"User: arn:aws:iam::111122223333:user/alice is authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:111122223333:q because an identity-based policy allows it","statements":[{"policy":"identityPolicies[0]","index":0,"sid":"Send","effect":"Allow"}]}` + "\n", 0},
		{"a case that differs says what was expected", strings.Replace(allowed, `"sqs:*"`, `"sns:*"`, 1), `{"id":"a","decision":"ImplicitlyDenied","reason":"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:111122223333:q because no identity-based policy allows the sqs:SendMessage action","statements":[],"expected":"Allowed"}` + "\n", 1},
		{"a malformed policy denies and fails", strings.Replace(allowed, `"Effect":"Allow"`, `"Effect":"Permit"`, 1), `{"id":"a","decision":"ImplicitlyDenied","reason":"identityPolicies[0]: Syntax errors in policy.","statements":[],"expected":"Allowed"}` + "\n", 1},
		{"a case without expectation cannot differ", strings.Replace(allowed, `,"expected":"Allowed"`, "", 1) + "\n\n", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			failed, err := casefile.Run(strings.NewReader(tt.in), &out)
			if err != nil || failed != tt.failed {
				t.Fatalf("Run = %d, %v, want %d", failed, err, tt.failed)
			}
			if diff := cmp.Diff(tt.want, out.String()); tt.want != "" && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRunRefusesWhatIsNoCase(t *testing.T) {
	_, err := casefile.Run(strings.NewReader(allowed+"\n{"), io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("error is %v, want one for line 2", err)
	}
}

func TestRunReportsAFailedWriter(t *testing.T) {
	want := errors.New("disk full")
	if _, err := casefile.Run(strings.NewReader(allowed), failing{want}); !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRecordedCasesHold(t *testing.T) {
	f, err := os.Open("../testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out bytes.Buffer
	if failed, err := casefile.Run(f, &out); failed != 0 || err != nil {
		t.Errorf("Run = %d, %v", failed, err)
	}
	if n := strings.Count(out.String(), "\n"); n != 243 {
		t.Errorf("%d results, want 243", n)
	}
}
