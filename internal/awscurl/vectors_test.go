package awscurl

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// TestOriginalsSignatures are signatures that PyPI's awscurl 0.44 made at a
// frozen clock; the recording server stands where that one's stood.
func TestOriginalsSignatures(t *testing.T) {
	const host, date = "127.0.0.1:19191", "20260102T030405Z"
	tests := []struct {
		name  string
		args  []string
		bytes string
		want  string
	}{
		{"root", []string{"$U/"}, "", "ec6003ac04331163ee757b09b0d6bec056302575b0d503a2981fc8c850d0e840"},
		{"query is sorted", []string{"$U/p?b=2&a=1&A=3"}, "", "430162fce111ba93266991e916499d816924c208934648081f6451ae6a4d88fd"},
		{"escaped blank", []string{"$U/a%20b"}, "", "717c737cfaef994a35458029807e234e6a62f2edcf4793f1e5ab5198c0a664ef"},
		{"@ and = in the path", []string{"$U/test/@connections/abc="}, "", "4de0b71c09ede87a42d3eebb80160f11b5eb15afc5221cdec3b5c158ccc2e2db"},
		{"s3", []string{"--service", "s3", "$U/k:1"}, "", "231d3777ddd4eb235316c4668d9421bf49c3923ebb6fa33733ba6f82c7466601"},
		{"GET with a body", []string{"--region", "eu-west-1", "--service", "es", "-d", `{"q":1}`, "$U/_search"}, "", "4ac0a6afca43b3475d029efeaf1c7cdf9b9213c3e58f19d45233af95a78e328a"},
		{"UTF-8", []string{"-X", "POST", "-d", "é", "$U/p"}, "", "d7dd2efbf327d566988716e34762ffc64b78316e93ceaf64bc2933de600923f7"},
		{"session token", []string{"--session_token", "TOK", "--access_key", "AKIDEXAMPLE", "--secret_key", testSecret, "$U/p"}, "", "f42732b7512a9f8de8c669315123592bc3bc669bf97b6b5fb1e36c6506ece81e"},
		{"DELETE", []string{"-X", "DELETE", "$U/p"}, "", "b689688b773c651fc6a7461d7ce02627aa272436f44ba7b51d55fff8656711d3"},
		{"bytes of a file", []string{"-X", "PUT", "--data-binary", "-d", "@$HOME/f", "$U/p"}, "\xff\xfe\x00bin", "9d67ce93da5dd51819dde45c742f95bbf910b05c7c443a43da4ea20e5dc30dc3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := record(t)
			o, err := parse(append([]string{"--connect-to", host + ":" + strings.TrimPrefix(r.url, "http://")}, tt.args...), nil)
			if err != nil {
				t.Fatal(err)
			}
			// A -H for the time would drop the default Content-Type, so that
			// the header goes in behind the command line.
			x := newTestExchange(t, o, tt.args, host, tt.bytes)
			x.header = x.header.add("X-Amz-Date", date)
			response, err := x.follow(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := r.last(t).get("Authorization"); !strings.HasSuffix(got, "Signature="+tt.want) {
				t.Errorf("Authorization: %s\nwant signature %s of\n%s", got, tt.want, x.canonical)
			}
		})
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a header drops the defaults", []string{"-X", "POST", "-H", "X-Foo: bar", "-d", `{"a":1}`, "$U/p"}, "6946622e0f7e92c649987be9ea654c756f18b443209438959df621b2728509ef"},
		{"X-Amz-Target is signed", []string{"-H", "X-Amz-Target: T.Op", "-H", "Content-Type: application/x-amz-json-1.1", "-X", "POST", "-d", "{}", "$U/"}, "2458e398fa31916485871137139dc26e265fe231db97d0472f548322e4f03309"},
		{"Host", []string{"-H", "Host: api.example.com", "$U/p"}, "7c4e783e2acee4eac07485cd770264fcfbd6da42e2d2ee3a6836121569c72e9f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := record(t)
			_, port, _ := net.SplitHostPort(strings.TrimPrefix(r.url, "http://"))
			args := append([]string{"--connect-to", host + ":127.0.0.1:" + port, "-H", "X-Amz-Date: " + date}, tt.args...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "$U", "http://"+host)
			}
			if status, _, stderr := invoke(t, surrounding{}, args...); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if got := r.last(t).get("Authorization"); !strings.HasSuffix(got, "Signature="+tt.want) {
				t.Errorf("Authorization: %s\nwant signature %s", got, tt.want)
			}
		})
	}
}

// newTestExchange prepares o as Main does.
func newTestExchange(t *testing.T, o *options, args []string, host, file string) *exchange {
	t.Helper()
	home := t.TempDir()
	o.url = strings.ReplaceAll(args[len(args)-1], "$U", "http://"+host)
	for i := range o.data {
		if strings.Contains(o.data[i].value, "$HOME") {
			o.data[i].value = "@" + writeFile(t, file)
		}
	}
	s := &streams{stdin: strings.NewReader(""), stdout: &strings.Builder{}, stderr: &strings.Builder{}, getenv: func(name string) string {
		if name == "HOME" {
			return home
		}
		return testKeys[name]
	}}
	log, err := newWireLog(o, s)
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{o: o, s: s, log: log}
	if err := x.prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.payload.close)
	return x
}

// TestOriginalsUnitVectors are of the tests of PyPI's awscurl, at the first
// second of 1970. Its third one, without any keys, is refused here; package
// sigv4 computes it.
func TestOriginalsUnitVectors(t *testing.T) {
	for _, tt := range []struct {
		name, host  string
		credentials sigv4.Credentials
		want        string
	}{
		{"a token", "host:123", sigv4.Credentials{AccessKeyID: "ABC", SecretAccessKey: "DEF", SessionToken: "GHI"}, "ea6289aa4b2d606a25398ae763129ae05f8767240215ab605d8f0c728b02a94b"},
		{"another host", "some.other.host.address.com", sigv4.Credentials{AccessKeyID: "ABC", SecretAccessKey: "DEF", SessionToken: "GHI"}, "d470f8a8988b7de8ed1a9a9bf29b68706100fc8bdadd2db5fb9f602de4b49778"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target, err := parseTarget("https://user:pass@host:123/path/?a=b&c=d", "")
			if err != nil {
				t.Fatal(err)
			}
			var canonical string
			signer := (&scope{service: "ec2", region: "region"}).signer(&options{})
			signer.Trace = func(request, _ string) { canonical = request }
			r := &sigv4.Request{Method: "GET", Host: tt.host, Path: target.path, RawQuery: target.query}
			added, err := signer.Sign(r, tt.credentials, time.Unix(0, 0).UTC())
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range added {
				if field.Name == "Authorization" && !strings.HasSuffix(field.Value, "Signature="+tt.want) {
					t.Errorf("%s\nwant signature %s of\n%s", field.Value, tt.want, canonical)
				}
			}
			if _, err := signer.Sign(r, sigv4.Credentials{}, time.Unix(0, 0)); err == nil {
				t.Error("signed by nobody")
			}
		})
	}
}
