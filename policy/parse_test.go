package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/policy"
)

func TestParseRefuses(t *testing.T) {
	const ok = `"Effect":"Allow","Action":"a:B","Resource":"*"`
	doc := func(statement string) string { return `{"Version":"2012-10-17","Statement":{` + statement + `}}` }
	const syntax = "Syntax errors in policy."
	tests := []struct {
		name, text, want string
		kind             policy.Kind
	}{
		{"a comment", doc(ok + "/* x */"), syntax, policy.Identity},
		{"a trailing comma", doc(ok + ","), syntax, policy.Identity},
		{"a trailing comma in a list", doc(`"Effect":"Allow","Action":["a:B",],"Resource":"*"`), syntax, policy.Identity},
		{"the same element twice", doc(ok + `,"Effect":"Deny"`), syntax, policy.Identity},
		{"the same condition key twice", doc(ok + `,"Condition":{"StringEquals":{"a:b":"1","a:b":"2"}}`), syntax, policy.Identity},
		{"text after the end", doc(ok) + "x", syntax, policy.Identity},
		{"nothing", "", syntax, policy.Identity},
		{"an element in lower case", doc(`"Effect":"Allow","action":"a:B","Resource":"*"`), syntax, policy.Identity},
		{"a null value", doc(ok + `,"Condition":{"StringEquals":{"a:b":null}}`), syntax, policy.Identity},
		{"an operator that cannot have IfExists", doc(ok + `,"Condition":{"NullIfExists":{"a:b":"true"}}`), syntax, policy.Identity},
		{"a set form that does not exist", doc(ok + `,"Condition":{"ForNoValues:StringEquals":{"a:b":"true"}}`), syntax, policy.Identity},
		{"a character beyond Latin-1", doc(ok + `,"Sid":"→"`), syntax, policy.Identity},
		{"a control character", doc(ok + ",\"Sid\":\"\x01\""), syntax, policy.Identity},
		{"an unpaired surrogate", doc(ok + `,"Sid":"\ud800"`), syntax, policy.Identity},
		{"nesting without end", strings.Repeat(`[`, 100000), syntax, policy.Identity},
		{"a large text", strings.Repeat(" ", 2<<20), syntax, policy.Identity},
		{"an unknown type of principal", doc(ok + `,"Principal":{"Users":"*"}`), syntax, policy.Resource},
		{"Principal and NotPrincipal", doc(ok + `,"Principal":"*","NotPrincipal":"*"`), syntax, policy.Resource},
		{"a Sid with a space", doc(ok + `,"Sid":"a b"`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*", policy.Identity},
		{"syntax before everything else", `{"Statement":{"Effect":"allow","Nope":1}}`, syntax, policy.Identity},
		{"the version before the effect's case", `{"Statement":{"Effect":"allow","Action":"a:B","Resource":"x"}}`, "Policy document must be version 2012-10-17 or greater.", policy.Identity},
		{"a later statement's Sid before an earlier one's action", `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Resource":"*"},{"Sid":"A",` + ok + `}]}`, "Statement IDs (SID) in a single policy must be unique.", policy.Identity},
		{"resources before actions", doc(`"Effect":"Allow","Action":"B","Resource":"x"`), `Resource x must be in ARN format or "*".`, policy.Identity},
		{"a short ARN with two colons", doc(`"Effect":"Allow","Action":"a:B","Resource":"arn:aws:s3::x"`), "The policy failed legacy parsing", policy.Identity},
		{"no service", doc(`"Effect":"Allow","Action":"a:B","Resource":"arn:aws"`), "Resource vendor must be fully qualified and cannot contain regexes.", policy.Identity},
		{"a partition that does not exist shows stars", doc(`"Effect":"Allow","Action":"a:B","Resource":"arn:moon"`), `Partition "moon" is not valid for resource "arn:moon:*:*:*:*".`, policy.Identity},
		{"a region in an IAM ARN", doc(`"Effect":"Allow","Action":"a:B","Resource":"arn:aws:iam:us-east-1:111122223333:role/R"`), "IAM resource arn:aws:iam:us-east-1:111122223333:role/R cannot contain region information.", policy.Identity},
		{"a user that cannot be", doc(`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/*"},"Action":"sts:AssumeRole"`), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"`, policy.Trust},
		{"NotPrincipal with Allow", doc(ok + `,"NotPrincipal":{"AWS":"111122223333"}`), "Has prohibited field NotPrincipal", policy.Resource},
		{"a resource policy without principal", doc(ok), "Missing required field Principal", policy.Resource},
		{"bare star in a trust policy", doc(`"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"`), `AssumeRolepolicy contained an invalid principal: "STAR":"*".`, policy.Trust},
		{"every action in a trust policy", doc(`"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"`), "AssumeRole policy may only specify STS AssumeRole actions.", policy.Trust},
		{"another service in a trust policy", doc(`"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject"`), "AssumeRole policy may only specify STS AssumeRole actions.", policy.Trust},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse(tt.kind, []byte(tt.text))
			var malformed *policy.MalformedError
			if !errors.As(err, &malformed) || malformed.Message != tt.want {
				t.Errorf("Parse = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMalformedErrorSaysWhere(t *testing.T) {
	const text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Acton\": \"a:B\", \"Resource\": \"*\"}\n  ]\n}"
	_, err := policy.Parse(policy.Identity, []byte(text))
	want := &policy.MalformedError{
		Message: "Syntax errors in policy.", Detail: "a statement has no such element; did you mean Action?", Element: "Statement[0].Acton",
		Position: policy.Position{Line: 4, Column: 25},
	}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Error(diff)
	}
	if got := want.Explain(); got != "Syntax errors in policy. (a statement has no such element; did you mean Action?) at 4:25 in Statement[0].Acton" {
		t.Errorf("Explain = %q", got)
	}
}

func TestParseReadsEscapes(t *testing.T) {
	d, err := policy.Parse(policy.Resource, []byte(`{"Id":"\u0041\ud83d\ude00\n\"","Statement":{"Effect":"Allow","Principal":"\u002a","Action":"a:B","Resource":"\u002A"}}`))
	if err != nil || d.ID() != "A😀\n\"" || d.Version() != "2008-10-17" || d.Len() != 1 {
		t.Errorf("Parse = %+v, %v", d, err)
	}
}

func TestSizeLeavesOutWhiteSpace(t *testing.T) {
	if n := policy.Size("{ \"a\":\n\t\"é\" }"); n != 9 {
		t.Errorf("Size = %d, want 9", n)
	}
}

func TestWarnings(t *testing.T) {
	const api = "arn:aws:execute-api:us-east-1:111122223333:abc"
	tests := []struct {
		name, statement string
		kind            policy.Kind
		want, likely    string // "" as want: no warning
	}{
		{"nothing", `"Action":"execute-api:Invoke","Resource":"` + api + `/*/GET/pets/*"`, 0, "", ""},
		{"a misspelt action", `"Action":"execute-api:Invok","Resource":"*"`, 0, "there is no action execute-api:Invok", "execute-api:Invoke"},
		{"letters swapped", `"Action":"lambda:InvokeFunctoin","Resource":"*"`, 0, "there is no action", "lambda:InvokeFunction"},
		{"an abbreviated action", `"Action":"lambda:Invoke","Resource":"*"`, 0, "there is no action", "lambda:InvokeFunction"},
		{"a misspelt action with a star", `"Action":"lambda:Invoks*","Resource":"*"`, 0, "there is no action", "lambda:Invoke*"},
		{"a misspelt service", `"Action":"execut-api:Invoke","Resource":"*"`, 0, "there is no action", "execute-api:Invoke"},
		{"another name for a service", `"Action":"cloudwatchlogs:PutLogEvents","Resource":"*"`, 0, "there is no action", "logs:PutLogEvents"},
		{"the service that manages APIs", `"Action":"apigateway:Invoke","Resource":"*"`, 0, "there is no action", "execute-api:Invoke"},
		{"an unknown service like no other", `"Action":"xyzzyx:Do","Resource":"*"`, 0, "", ""},
		{"a resource of another service", `"Action":"execute-api:Invoke","Resource":"arn:aws:apigateway:us-east-1::/restapis/*"`, 0, "no resource of execute-api has such an ARN", ""},
		{"the API's ID alone", `"Action":"execute-api:Invoke","Resource":"` + api + `"`, 0, "the API's ID alone matches no request", api + "/*"},
		{"a method in lower case", `"Action":"execute-api:Invoke","Resource":"` + api + `/prod/get/pets"`, 0, "methods are in capitals", api + "/prod/GET/pets"},
		{"the method ANY", `"Action":"execute-api:Invoke","Resource":"` + api + `/prod/ANY/pets"`, 0, "ANY is a route's method", api + "/prod/*/pets"},
		{"a leading slash", `"Action":"execute-api:Invoke","Resource":"` + api + `/prod/GET//pets"`, 0, "no leading slash", api + "/prod/GET/pets"},
		{"a route's path", `"Action":"execute-api:Invoke","Resource":"` + api + `/prod/GET/pets/{id}"`, 0, "not the route's", ""},
		{"a short ARN", `"Action":"s3:GetObject","Resource":"arn:aws:s3"`, 0, "the missing ones match everything", ""},
		{"a variable of a template", `"Action":"s3:GetObject","Resource":"arn:aws:s3:::${Bucket}/*"`, 0, "${Bucket} is not a condition key and never has a value; in a template it needs Fn::Sub", ""},
		{"a misspelt variable", `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:usernme}/*"`, 0, "there is no condition key aws:usernme", "${aws:username}"},
		{"a variable for the region", `"Action":"s3:GetObject","Resource":"arn:aws:sqs:${aws:RequestedRegion}:1:q"`, 0, "before the fifth colon", ""},
		{"a variable that is not closed", `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username"`, 0, "not closed", ""},
		{"a misspelt key", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpcee":"x"}}`, 0, "there is no condition key", "aws:SourceVpce"},
		{"a key without prefix", `"Action":"a:B","Resource":"*","Condition":{"IpAddress":{"SourceIp":"10.0.0.0/8"}}`, 0, "there is no condition key", "aws:SourceIp"},
		{"a misspelt tag key", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"aws:PrincipleTag/team":"x"}}`, 0, "there is no condition key", "aws:PrincipalTag/team"},
		{"a global key that does not exist", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"aws:QueryString":"x"}}`, 0, "there is no global condition key", ""},
		{"a key of a service", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"dynamodb:LeadingKeys":"x"}}`, 0, "", ""},
		{"a key with several values", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"x"}}`, 0, "several values", "ForAnyValue:StringEquals"},
		{"ForAllValues that allows absence", `"Action":"a:B","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"x"}}`, 0, "ForAllValues is true when", ""},
		{"ForAllValues with Null", `"Action":"a:B","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"x"},"Null":{"aws:TagKeys":"false"}}`, 0, "", ""},
		{"a star where there are no wildcards", `"Action":"a:B","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalArn":"arn:*"}}`, 0, "knows no wildcards", "StringLike"},
		{"not an ARN", `"Action":"a:B","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"*"}}`, 0, "is not an ARN", ""},
		{"not a number", `"Action":"a:B","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"an hour"}}`, 0, "is not what NumericLessThan compares", ""},
		{"not a network", `"Action":"a:B","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`, 0, "no address or CIDR block", ""},
		{"bits after the prefix", `"Action":"a:B","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.1/8"}}`, 0, "bits after its prefix", "10.0.0.0/8"},
		{"neither true nor false", `"Action":"a:B","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"yes"}}`, 0, "neither true nor false", ""},
		{"a variable in a number", `"Action":"a:B","Resource":"*","Condition":{"NumericEquals":{"aws:EpochTime":"${aws:EpochTime}"}}`, 0, "has no variables", ""},
		{"an unknown operator without keys", `"Action":"a:B","Resource":"*","Condition":{"StringEqual":{}}`, 0, "there is no such operator", "StringEquals"},
		{"a service principal without its end", `"Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"`, policy.Trust, "end in .amazonaws.com", "lambda.amazonaws.com"},
		{"a misspelt service principal", `"Principal":{"Service":"lamda.amazonaws.com"},"Action":"sts:AssumeRole"`, policy.Trust, "there is no service principal", "lambda.amazonaws.com"},
		{"a variable before 2012", `"Principal":"*","Action":"a:B","Resource":"arn:aws:s3:::${aws:username}"`, policy.Resource, "plain text", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			version := `"Version":"2012-10-17",`
			if strings.Contains(tt.name, "before 2012") {
				version = ""
			}
			d, err := policy.Parse(tt.kind, []byte(`{`+version+`"Statement":[{"Effect":"Allow",`+tt.statement+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			w := d.Warnings()
			switch {
			case tt.want == "" && len(w) > 0:
				t.Errorf("warnings: %v", w)
			case tt.want != "" && (len(w) != 1 || !strings.Contains(w[0].Message, tt.want) || w[0].Likely != tt.likely):
				t.Errorf("warnings are %v, want %q, likely %q", w, tt.want, tt.likely)
			}
		})
	}
}

func TestWarningsOfDenies(t *testing.T) {
	tests := []struct{ name, kindOf, statement, want string }{
		{"MFA that long-term keys do not have", "", `"Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`, "long-term keys"},
		{"an endpoint that calls do not come through", "", `"Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`, "does not come through an endpoint"},
		{"NotPrincipal", "resource", `"NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"`, "ArnNotLike"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind := policy.Identity
			if tt.kindOf != "" {
				kind = policy.Resource
			}
			d, err := policy.Parse(kind, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny",`+tt.statement+`}}`))
			if err != nil {
				t.Fatal(err)
			}
			if w := d.Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, tt.want) {
				t.Errorf("warnings are %v, want %q", w, tt.want)
			}
		})
	}
}
