package awscurl

import (
	"strings"
	"testing"
)

// TestRequests are command lines and what they send, by the names of the
// compatibility list.
func TestRequests(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		stdin  string
		file   string // $HOME/f
		method string
		target string // /p if empty
		body   string
		fields map[string]string // "" means absent
	}{
		{name: "P3: --request=POST", args: []string{"--request=POST", "$U/p"}, method: "POST", fields: map[string]string{"Content-Length": "0"}},
		{name: "P3: short flags combine", args: []string{"-ks", "-XPOST", "-dabc", "$U/p"}, method: "POST", body: "abc"},
		{name: "P4: prefixes of the original", args: []string{"--req", "PUT", "--dat=1", "$U/p"}, method: ""},
		{name: "P4: --reg", args: []string{"--req", "PUT", "--reg", "eu-west-3", "$U/p"}, method: "PUT"},
		{name: "P5: the last wins", args: []string{"-X", "PUT", "-X", "POST", "$U/p"}, method: "POST"},
		{name: "P6: --", args: []string{"-s", "--", "$U/p"}, method: "GET"},
		{name: "P7: a value with a dash", args: []string{"-d-1", "$U/p"}, method: "GET", body: "-1"},
		{name: "D1: data leaves the method alone", args: []string{"-d", "x=1", "$U/p"}, method: "GET", body: "x=1", fields: map[string]string{"Content-Length": "3", "Content-Type": "application/json", "Accept": "application/xml"}},
		{name: "D2: GET without a body has no length", args: []string{"$U/p"}, method: "GET", fields: map[string]string{"Content-Length": ""}},
		{name: "D2: DELETE has", args: []string{"-X", "DELETE", "$U/p"}, method: "DELETE", fields: map[string]string{"Content-Length": "0"}},
		{name: "D3: CRLF stays", args: []string{"-d", "@$HOME/f", "$U/p"}, file: "a\r\nb", method: "GET", body: "a\r\nb"},
		{name: "D5: data joined", args: []string{"-d", "a", "-d", "b", "$U/p"}, method: "GET", body: "a&b"},
		{name: "D6: stdin", args: []string{"-d", "@-", "$U/p"}, stdin: "\xff\r\n", method: "GET", body: "\xff\r\n"},
		{name: "D7: --data-binary as a switch", args: []string{"--data-binary", "-d", "x", "$U/p"}, method: "GET", body: "x"},
		{name: "--data-binary after -d", args: []string{"-d", "x", "--data-binary", "$U/p"}, method: "GET", body: "x"},
		{name: "--data-binary with a file", args: []string{"--data-binary", "@$HOME/f", "$U/p"}, file: "z", method: "POST", body: "z"},
		{name: "--data-binary with data", args: []string{"--data-binary", "z", "$U/p"}, method: "POST", body: "z"},
		{name: "--data-binary with the URL after it", args: []string{"-XPUT", "--data-binary", "$U/p"}, method: "PUT"},
		{name: "D9: empty data", args: []string{"-d", "", "-X", "POST", "$U/p"}, method: "POST"},
		{name: "a header drops the defaults", args: []string{"-H", "x-Foo: b", "$U/p"}, method: "GET", fields: map[string]string{"Content-Type": "", "Accept": "*/*", "x-Foo": "b"}},
		{name: "H2: colons in the value", args: []string{"-H", "A: b: c", "$U/p"}, method: "GET", fields: map[string]string{"A": "b: c"}},
		{name: "H3: no blank", args: []string{"-H", "A:b", "$U/p"}, method: "GET", fields: map[string]string{"A": "b"}},
		{name: "H5: a default removed", args: []string{"-H", "User-Agent:", "$U/p"}, method: "GET", fields: map[string]string{"User-Agent": ""}},
		{name: "H7: headers of a file", args: []string{"-H", "@$HOME/f", "$U/p"}, file: "A: 1\r\nB: 2\n", method: "GET", fields: map[string]string{"A": "1", "B": "2"}},
		{name: "H10: Host", args: []string{"-H", "Host: Other.example.com", "$U/p"}, method: "GET", fields: map[string]string{"Host": "Other.example.com"}},
		{name: "H12: payload hash as given", args: []string{"-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "$U/p"}, method: "GET", fields: map[string]string{"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}},
		{name: "known methods in upper case", args: []string{"-X", "post", "$U/p"}, method: "POST"},
		{name: "the fragment stays here", args: []string{"$U/p#x"}, method: "GET"},
		{name: "--json", args: []string{"--json", "{}", "$U/p"}, method: "POST", body: "{}", fields: map[string]string{"Content-Type": "application/json", "Accept": "application/json"}},
		{name: "--data-raw", args: []string{"--data-raw", "@x", "$U/p"}, method: "POST", body: "@x", fields: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{name: "--data-urlencode", args: []string{"--data-urlencode", "a=b c&", "$U/p"}, method: "POST", body: "a=b%20c%26"},
		{name: "-G", args: []string{"-G", "-d", "a=1", "--data-urlencode", "b=é", "$U/p?z"}, method: "GET", target: "/p?z&a=1&b=%C3%A9"},
		{name: "--url-query", args: []string{"--url-query", "a=b c", "$U/p"}, method: "GET", target: "/p?a=b%20c"},
		{name: "-T", args: []string{"-T", "$HOME/f", "$U/d/"}, file: "up", method: "PUT", target: "/d/f", body: "up"},
		{name: "-I", args: []string{"-I", "$U/p"}, method: "HEAD"},
		{name: "-A -e -r", args: []string{"-A", "me", "-e", "http://r/", "-r", "0-9", "$U/p"}, method: "GET", fields: map[string]string{"User-Agent": "me", "Referer": "http://r/", "Range": "bytes=0-9"}},
		{name: "-b", args: []string{"-b", "a=1", "-b", "b=2", "$U/p"}, method: "GET", fields: map[string]string{"Cookie": "a=1; b=2"}},
		{name: "-u alone is Basic", args: []string{"-u", "a:b", "$U/p"}, method: "GET", fields: map[string]string{"Authorization": "Basic YTpi", "X-Amz-Date": ""}},
		{name: "--no-sign-request", args: []string{"--no-sign-request", "-H", "Authorization: Bearer x", "$U/p"}, method: "GET", fields: map[string]string{"Authorization": "Bearer x", "X-Amz-Date": ""}},
		{name: "--path-as-is", args: []string{"--path-as-is", "$U/a/../b"}, method: "GET", target: "/a/../b"},
		{name: "dots resolved", args: []string{"$U/a/../b"}, method: "GET", target: "/b"},
		{name: "H18: user in the URL", args: []string{"$V/p"}, method: "GET"},
		{name: "T7: no scheme on the machine itself", args: []string{"$B/p"}, method: "GET"},
		{name: "-K", args: []string{"-K", "$HOME/f", "$U/p"}, file: "# x\nrequest = \"PUT\"\n-d x\n", method: "PUT", body: "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := record(t)
			bare := strings.TrimPrefix(r.url, "http://")
			for i := range tt.args {
				tt.args[i] = strings.NewReplacer("$U", r.url, "$V", "http://u:p@"+bare, "$B", bare).Replace(tt.args[i])
			}
			status, _, stderr := invoke(t, surrounding{stdin: tt.stdin, files: map[string]string{"f": tt.file}}, tt.args...)
			if tt.method == "" {
				if r.none(t); status != exitUsage {
					t.Errorf("exit status %d, want 2", status)
				}
				return
			}
			if status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			got := r.last(t)
			if tt.target == "" {
				tt.target = "/p"
			}
			if got.method != tt.method || got.target != tt.target || got.body != tt.body {
				t.Errorf("sent %s %s %q, want %s %s %q", got.method, got.target, got.body, tt.method, tt.target, tt.body)
			}
			for name, want := range tt.fields {
				if value := got.get(name); value != want {
					t.Errorf("%s: %q, want %q", name, value, want)
				}
			}
		})
	}
}

// TestHeaderSpelling checks that HTTP/1.1 carries names as they were typed.
func TestHeaderSpelling(t *testing.T) {
	r := record(t)
	if status, _, stderr := invoke(t, surrounding{}, "-H", "x-lower: 1", "-H", "X-LOWER: 2", "-H", "user-agent: me", r.url); status != 0 {
		t.Fatal(stderr)
	}
	var got []string
	for _, f := range r.last(t).fields {
		if name := strings.ToLower(f[0]); name == "x-lower" || name == "user-agent" {
			got = append(got, f[0]+"="+f[1])
		}
	}
	if want := "user-agent=me x-lower=1 x-lower=2"; strings.Join(got, " ") != want {
		t.Errorf("sent %v, want %s", got, want)
	}
}

// TestWrongArguments are command lines that send nothing.
func TestWrongArguments(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		env    map[string]string
		files  map[string]string
		status int
		want   string
	}{
		{"P1: no URL", []string{"-v"}, nil, nil, 2, "the following arguments are required: uri"},
		{"P2: two URLs", []string{"http://a", "http://b"}, nil, nil, 2, "unrecognized arguments: http://b"},
		{"P2: unknown flag", []string{"--nope", "http://a"}, nil, nil, 2, "unrecognized arguments: --nope"},
		{"P4: ambiguous prefix", []string{"--se", "x", "http://a"}, nil, nil, 2, "ambiguous option"},
		{"value missing", []string{"http://a", "-X"}, nil, nil, 2, "needs a value"},
		{"a switch with a value", []string{"--insecure=1", "http://a"}, nil, nil, 2, "takes no value"},
		{"TLS version", []string{"--tls-min", "2", "http://a"}, nil, nil, 2, "invalid choice"},
		{"TLS order", []string{"--tls-min", "1.3", "--tls-max", "1.2", "http://a"}, nil, nil, 2, "above"},
		{"two bodies", []string{"-d", "x", "-F", "a=b", "http://a"}, nil, nil, 2, "one body"},
		{"header", []string{"-H", "nonsense", "http://a"}, nil, nil, 2, "Name: value"},
		{"date", []string{"-H", "X-Amz-Date: today", "http://127.0.0.1:1"}, nil, nil, 2, "20260102T030405Z"},
		{"presign", []string{"--presign=0", "http://a"}, nil, nil, 2, "1 to 604800"},
		{"--why without a server", []string{"--why", "http://a"}, nil, nil, 2, "hakone curl"},
		{"HTTP/3", []string{"--http3", "http://a"}, nil, nil, 2, "HTTP/3"},
		{"scheme", []string{"ftp://a"}, nil, nil, 3, "the scheme is"},
		{"port", []string{"http://a:x/"}, nil, nil, 3, "port"},
		{"no host", []string{"http:///x"}, nil, nil, 3, "no host"},
		{"missing data", []string{"-d", "@$HOME/none", "http://a"}, nil, nil, 26, "no such file"},
		{"output in no folder", []string{"-o", "$HOME/no/x", "http://127.0.0.1:1"}, nil, nil, 23, "no such file"},
		{"refused", []string{"http://127.0.0.1:1"}, nil, nil, 7, "could not connect"},
		{"CA file", []string{"--cacert", "$HOME/none", "https://127.0.0.1:1"}, nil, nil, 77, "--cacert"},
		{"C1: unknown profile", []string{"--profile", "x", "http://127.0.0.1:1"}, nil, map[string]string{".aws/config": "[profile y]\n"}, 2, "no profile x in"},
		{"C4: half a profile", []string{"--profile", "x", "http://127.0.0.1:1"}, nil, map[string]string{".aws/credentials": "[x]\naws_access_key_id=A\n"}, 2, "no aws_secret_access_key"},
		{"C5: half a pair", []string{"--access_key", "A", "http://127.0.0.1:1"}, nil, nil, 2, "needs both"},
		{"C6: half an environment", []string{"http://127.0.0.1:1"}, map[string]string{"AWS_ACCESS_KEY_ID": "A"}, nil, 1, "AWS_SECRET_ACCESS_KEY"},
		{"C12: nothing", []string{"http://127.0.0.1:1"}, map[string]string{}, nil, 1, "AWS_EC2_METADATA_DISABLED is true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := invoke(t, surrounding{env: tt.env, files: tt.files}, tt.args...)
			if status != tt.status || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("exit status %d, stdout %q, stderr %q; want %d and %q", status, stdout, stderr, tt.status, tt.want)
			}
		})
	}
}

// TestIdentity checks who signs.
func TestIdentity(t *testing.T) {
	keys := func(id string) string { return "aws_access_key_id = " + id + "\naws_secret_access_key = se%cret\n" }
	files := map[string]string{
		".aws/credentials": "[default]\n" + keys("DEFAULT") + "[dev]\n" + keys("DEV") + "aws_session_token = T\n",
		".aws/config":      "[profile cfg]\n" + keys("CFG") + "region = eu-west-9\n",
	}
	tests := []struct {
		name  string
		env   map[string]string
		args  []string
		want  string
		token string
	}{
		{"default profile", map[string]string{}, nil, "DEFAULT/", ""},
		{"C7: a stale token stays behind", map[string]string{"AWS_SESSION_TOKEN": "STALE"}, nil, "DEFAULT/", ""},
		{"environment", testKeys, nil, "AKIDEXAMPLE/", ""},
		{"C2: AWS_PROFILE of the config file", map[string]string{"AWS_PROFILE": "cfg"}, nil, "CFG/", ""},
		{"C3: --profile beats the environment", testKeys, []string{"--profile", "dev"}, "DEV/", "T"},
		{"R1: region of the profile", map[string]string{}, []string{"--profile", "cfg"}, "/eu-west-9/execute-api/", ""},
		{"R2: an empty region is none", testKeys, []string{"--region", "", "--service", ""}, "/us-east-1/execute-api/", ""},
		{"C9: old token name wins", map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SESSION_TOKEN": "N", "AWS_SECURITY_TOKEN": "O"}, nil, "A/", "O"},
		{"C9: a flag beats it", map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SECURITY_TOKEN": "O"}, []string{"--session_token", "F"}, "A/", "F"},
		{"empty --access_key hides the environment", testKeys, []string{"--access_key", ""}, "DEFAULT/", ""},
		{"curl's way", map[string]string{}, []string{"--aws-sigv4", "aws:amz:eu-north-1:es", "-u", "CURL:x"}, "CURL/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := record(t)
			status, _, stderr := invoke(t, surrounding{env: tt.env, files: files}, append(tt.args, r.url)...)
			if status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			got := r.last(t)
			if !strings.Contains(got.get("Authorization"), tt.want) || got.get("X-Amz-Security-Token") != tt.token {
				t.Errorf("signed as %s with token %q, want %s and %q", got.get("Authorization"), got.get("X-Amz-Security-Token"), tt.want, tt.token)
			}
		})
	}
}

// TestNoSecretIsPrinted scans everything that is printed.
func TestNoSecretIsPrinted(t *testing.T) {
	const secret, token = "TheSecretAccessKeyOfSomebody", "TheSessionTokenOfSomebody"
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
	for _, flags := range [][]string{
		{"-v"},
		{"-v", "--access_key", "A", "--secret_key", secret, "--session_token", token},
		{"--print-curl"},
		{"--dry-run"},
		{"--show-signing"},
		{"--trace", "-"},
		{"--trace-ascii", "-"},
		{"-v", "-H", "X-Amz-Security-Token: " + token, "--no-sign-request"},
		{"-v", "-u", "A:" + secret, "--aws-sigv4", "aws:amz"},
	} {
		r := record(t)
		_, stdout, stderr := invoke(t, surrounding{env: env}, append(flags, r.url)...)
		all := stdout + stderr
		if all == "" || strings.Contains(all, secret) || strings.Contains(all, token) || strings.Contains(all, "Somebody") {
			t.Errorf("%v printed\n%s", flags, all)
		}
	}
}

// TestScopeOfHosts checks what AWS's host names say.
func TestScopeOfHosts(t *testing.T) {
	tests := []struct{ host, service, region string }{
		{"abc.execute-api.eu-west-1.amazonaws.com", "execute-api", "eu-west-1"},
		{"vpce-1.execute-api.eu-west-1.vpce.amazonaws.com", "execute-api", "eu-west-1"},
		{"x.lambda-url.us-east-2.on.aws", "lambda", "us-east-2"},
		{"b.s3.eu-west-3.amazonaws.com", "s3", "eu-west-3"},
		{"b.s3-eu-west-3.amazonaws.com", "s3", "eu-west-3"},
		{"s3.amazonaws.com", "s3", "us-east-1"},
		{"b.c.s3.amazonaws.com", "s3", "us-east-1"},
		{"b.s3.dualstack.eu-west-3.amazonaws.com", "s3", "eu-west-3"},
		{"ap-1.s3-accesspoint.eu-west-3.amazonaws.com", "s3", "eu-west-3"},
		{"b.s3-accelerate.amazonaws.com", "s3", ""},
		{"ap.mrap.accesspoint.s3-global.amazonaws.com", "s3", "*"},
		{"b.s3express-use1-az4.us-east-1.amazonaws.com", "s3express", "us-east-1"},
		{"d.eu-west-1.es.amazonaws.com", "es", "eu-west-1"},
		{"i.eu-west-1.aoss.amazonaws.com", "aoss", "eu-west-1"},
		{"i.appsync-api.eu-west-1.amazonaws.com", "appsync", "eu-west-1"},
		{"api.pricing.us-east-1.amazonaws.com", "pricing", "us-east-1"},
		{"featurestore-runtime.sagemaker.eu-west-1.amazonaws.com", "sagemaker", "eu-west-1"},
		{"api-fips.sagemaker.us-east-1.amazonaws.com", "sagemaker", "us-east-1"},
		{"api.sagemaker-fips.us-gov-west-1.amazonaws.com", "sagemaker", "us-gov-west-1"},
		{"cloudhsmv2.eu-west-1.api.aws", "cloudhsm", "eu-west-1"},
		{"savingsplans.amazonaws.com", "savingsplans", "us-east-1"},
		{"nothing.known.eu-west-1.amazonaws.com", "", ""},
		{"c.x.eu-west-1.neptune.amazonaws.com", "neptune-db", "eu-west-1"},
		{"aps-workspaces.eu-west-1.amazonaws.com", "aps", "eu-west-1"},
		{"a1-ats.iot.eu-west-1.amazonaws.com", "iotdata", "eu-west-1"},
		{"bedrock-runtime.us-west-2.amazonaws.com", "bedrock", "us-west-2"},
		{"streams.dynamodb.us-west-2.amazonaws.com", "dynamodb", "us-west-2"},
		{"iam.amazonaws.com", "iam", "us-east-1"},
		{"sts.eu-west-1.amazonaws.com", "sts", "eu-west-1"},
		{"sqs.cn-north-1.amazonaws.com.cn", "sqs", "cn-north-1"},
		{"kms-fips.us-gov-west-1.amazonaws.com", "kms", "us-gov-west-1"},
		{"amazonaws.com.example.com", "", ""},
		{"localhost", "", ""},
	}
	for _, tt := range tests {
		if service, region := inferScope(tt.host); service != tt.service || region != tt.region {
			t.Errorf("inferScope(%s) = %q, %q, want %q, %q", tt.host, service, region, tt.service, tt.region)
		}
	}
}
