package sigv4

import (
	"testing"
	"time"
)

// TestStages gives the steps of a signature alone: the vectors of the tests of
// PyPI's awscurl that take a step by itself, and one signed with an empty
// secret, which Sign refuses.
func TestStages(t *testing.T) {
	ec2 := func(region string) *Signer { return &Signer{Service: "ec2", Region: region} }
	for _, tt := range []struct {
		name      string
		signer    *Signer
		host      string
		path      string
		query     string
		headers   []Header
		secret    string
		time      time.Time
		canonical string // "" where the vector does not give it
		toSign    string
		signature string
	}{
		{
			name: "a query call of EC2", signer: ec2("us-east-1"), host: "ec2.amazonaws.com", path: "/",
			query:  "Action=DescribeInstances&Version=2013-10-15",
			secret: "dummytestsecretkey", time: time.Date(2019, 9, 21, 2, 20, 8, 0, time.UTC),
			canonical: "GET\n/\nAction=DescribeInstances&Version=2013-10-15\nhost:ec2.amazonaws.com\nx-amz-date:20190921T022008Z\n\nhost;x-amz-date\n" + emptyHash,
			toSign:    "AWS4-HMAC-SHA256\n20190921T022008Z\n20190921/us-east-1/ec2/aws4_request\n4a3b77321aca7e671d4945f0b3b826112e5ca3f2a10c4357e54f518798e7c8ff",
			signature: "9164aea23e266890838ff6e51eea552e2ee39c63896ac61d91990f200bb16362",
		},
		{
			name: "a query is sorted and encoded", signer: ec2("us-east-1"), host: "my-gateway-id.execute-api.us-east-1.amazonaws.com", path: "/stage/my-path",
			query: "arg1=true&arg3=c,b,a&arg2=false&noEncoding=ABC-abc_1.23~tilde/slash", secret: "dummytestsecretkey",
			time: time.Date(2019, 9, 21, 2, 20, 8, 0, time.UTC),
			canonical: "GET\n/stage/my-path\narg1=true&arg2=false&arg3=c%2Cb%2Ca&noEncoding=ABC-abc_1.23~tilde%2Fslash\n" +
				"host:my-gateway-id.execute-api.us-east-1.amazonaws.com\nx-amz-date:20190921T022008Z\n\nhost;x-amz-date\n" + emptyHash,
		},
		{
			name: "an empty secret", signer: ec2("region"), host: "host:123", path: "/path/", query: "a=b&c=d",
			headers: []Header{{"X-Amz-Content-Sha256", emptyHash}}, time: time.Unix(0, 0).UTC(),
			signature: "591b7ad3b09e1a58bfb44a2cce310a3474643d2feb56bae3fe707638e6001fd9",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var canonical, toSign string
			tt.signer.Trace = func(c, s string) { canonical, toSign = c, s }
			r := &Request{Method: "GET", Host: tt.host, Path: tt.path, RawQuery: tt.query}
			stamp := tt.time.Format(basicTime)
			w := newWorkspace()
			defer w.release()
			headers := append([]Header{{"X-Amz-Date", stamp}}, tt.headers...)
			tt.signer.choose(w, headers)
			if !w.parseQuery(r.RawQuery) {
				t.Fatal("query refused")
			}
			signature, err := tt.signer.sign(w, r, headers, "", emptyHash, Credentials{SecretAccessKey: tt.secret}, stamp)
			if err != nil {
				t.Fatal(err)
			}
			for _, check := range []struct{ what, got, want string }{
				{"canonical request", canonical, tt.canonical}, {"string to sign", toSign, tt.toSign}, {"signature", signature, tt.signature},
			} {
				if check.want != "" && check.got != check.want {
					t.Errorf("%s %q\nwant %q", check.what, check.got, check.want)
				}
			}
			if tt.secret == "" {
				if _, err := tt.signer.Sign(r, Credentials{}, tt.time); err == nil {
					t.Error("signed by nobody")
				}
			}
		})
	}
}
