package policy_test

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/policy"
)

// allowed evaluates one statement for user alice.
func allowed(t *testing.T, version, statement, action, resource string, context policy.Map) bool {
	t.Helper()
	text := `{"Statement":` + statement + `}`
	if version != "" {
		text = `{"Version":"` + version + `","Statement":` + statement + `}`
	}
	d, err := policy.Load(policy.Identity, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r := &policy.Request{
		Principal: policy.Principal{Kind: policy.User, ARN: "arn:aws:iam::111122223333:user/alice", AccountID: "111122223333", UserID: "AIDAEXAMPLEEXAMPLE123"},
		Action:    action, Resource: resource, ResourceAccount: "111122223333", Context: context,
	}
	return policy.Evaluate(r, &policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}}).Allowed()
}

func TestAction(t *testing.T) {
	tests := []struct {
		name, element, action string
		want                  bool
	}{
		{"exact", `"Action":"execute-api:Invoke"`, "execute-api:Invoke", true},
		{"case does not matter", `"Action":"Execute-API:iNVOKE"`, "execute-api:Invoke", true},
		{"another action", `"Action":"execute-api:Invoke"`, "execute-api:InvalidateCache", false},
		{"star at the end", `"Action":"execute-api:Inv*"`, "execute-api:InvalidateCache", true},
		{"star in the middle", `"Action":"execute-api:I*e"`, "execute-api:Invoke", true},
		{"question mark is one character", `"Action":"s3:?etObject"`, "s3:GetObject", true},
		{"question mark is not none", `"Action":"s3:GetObject?"`, "s3:GetObject", false},
		{"bare star", `"Action":"*"`, "anything:Goes", true},
		{"star for the service too", `"Action":"*:*"`, "anything:Goes", true},
		{"one of a list", `"Action":["s3:*","sqs:SendMessage"]`, "sqs:SendMessage", true},
		{"a variable is no variable", `"Action":"s3:${aws:username}"`, "s3:alice", false},
		{"NotAction excludes", `"NotAction":["s3:*"]`, "s3:GetObject", false},
		{"NotAction grants everything else", `"NotAction":["s3:*"]`, "sqs:SendMessage", true},
		{"a prefix is not enough", `"Action":"s3:Get"`, "s3:GetObject", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := `{"Effect":"Allow",` + tt.element + `,"Resource":"*"}`
			if got := allowed(t, "2012-10-17", st, tt.action, "arn:aws:sqs:us-east-1:111122223333:q", nil); got != tt.want {
				t.Errorf("%s allows %s = %t, want %t", st, tt.action, got, tt.want)
			}
		})
	}
}

func TestResource(t *testing.T) {
	const api = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
	context := policy.NewMap(map[string]policy.Value{
		"aws:username": policy.One("alice"), "aws:PrincipalTag/star": policy.One("*"), "aws:PrincipalTag/Path": policy.One("a/b"),
		"aws:TagKeys": policy.Many("prod"), "aws:PrincipalTag/empty": policy.One(""),
	})
	tests := []struct {
		name, version, element, resource string
		want                             bool
	}{
		{"all", "", `"Resource":"*"`, api + "/prod/GET/pets", true},
		{"exact", "", `"Resource":"` + api + `/prod/GET/pets"`, api + "/prod/GET/pets", true},
		{"case matters", "", `"Resource":"` + api + `/prod/GET/Pets"`, api + "/prod/GET/pets", false},
		{"star crosses slashes in the rest", "", `"Resource":"` + api + `/*"`, api + "/prod/GET/pets/42", true},
		{"star crosses colons in the rest", "", `"Resource":"arn:aws:lambda:*:*:function:*"`, "arn:aws:lambda:us-east-1:111122223333:function:f:live", true},
		{"star does not cross the first colons", "", `"Resource":"arn:aws:execute-api:*:a1b2c3d4e5/*"`, api + "/prod/GET/pets", false},
		{"star matches the API's ID", "", `"Resource":"arn:aws:execute-api:us-east-1:111122223333:*/prod/GET/x"`, api + "/prod/GET/x", true},
		{"a part of stars and marks", "", `"Resource":"arn:aws:execute-api:us-*-?:1111*:*"`, api + "/prod/GET/x", true},
		{"below is not the thing itself", "", `"Resource":"` + api + `/*/*/pets/*"`, api + "/prod/GET/pets", false},
		{"the ID alone matches nothing", "", `"Resource":"` + api + `"`, api + "/prod/GET/pets", false},
		{"a short ARN matches what it leaves out", "2012-10-17", `"Resource":"arn:aws:execute-api"`, api + "/prod/GET/pets", true},
		{"a star alone for actions without resource", "", `"Resource":"*"`, "*", true},
		{"an ARN of stars is not for actions without resource", "", `"Resource":"arn:aws:*:*:*:*"`, "*", false},
		{"NotResource excludes", "", `"NotResource":"` + api + `/prod/*"`, api + "/prod/GET/pets", false},
		{"NotResource grants the rest", "", `"NotResource":"` + api + `/prod/*"`, api + "/test/GET/pets", true},

		{"a variable", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:username}"`, api + "/prod/GET/alice", true},
		{"keys have no case", "2012-10-17", `"Resource":"` + api + `/prod/GET/${AWS:UserName}"`, api + "/prod/GET/alice", true},
		{"a variable in a pattern", "2012-10-17", `"Resource":"` + api + `/*/${aws:username}/?"`, api + "/prod/GET/alice/x", true},
		{"a variable may hold a slash", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:PrincipalTag/path}/*"`, api + "/prod/GET/a/b/c", true},
		{"a star from a variable is a star", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:PrincipalTag/star}"`, api + "/prod/GET/pets", false},
		{"a star from a variable matches a star", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:PrincipalTag/star}"`, api + "/prod/GET/*", true},
		{"an empty variable is empty", "2012-10-17", `"Resource":"` + api + `/prod/GET/x${aws:PrincipalTag/empty}"`, api + "/prod/GET/x", true},
		{"an absent variable matches nothing", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:userid}*"`, api + "/prod/GET/", false},
		{"a default", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:userid, 'pets'}"`, api + "/prod/GET/pets", true},
		{"a default without a space", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:userid,'pe}ts'}"`, api + "/prod/GET/pe}ts", true},
		{"a default is for absent keys", "2012-10-17", `"Resource":"` + api + `/prod/GET/${aws:username, 'pets'}"`, api + "/prod/GET/pets", false},
		{"several values never resolve", "2012-10-17", `"Resource":"` + api + `/${aws:TagKeys}/GET/pets"`, api + "/prod/GET/pets", false},
		{"nor does their default", "2012-10-17", `"Resource":"` + api + `/${aws:TagKeys, 'prod'}/GET/pets"`, api + "/prod/GET/pets", false},
		{"an absent variable takes NotResource with it", "2012-10-17", `"NotResource":["` + api + `/x/*","` + api + `/${aws:userid}/*"]`, api + "/prod/GET/pets", false},
		{"an escaped star", "2012-10-17", `"Resource":"` + api + `/prod/GET/${*}"`, api + "/prod/GET/*", true},
		{"an escaped star is no wildcard", "2012-10-17", `"Resource":"` + api + `/prod/GET/${*}"`, api + "/prod/GET/x", false},
		{"an escaped question mark", "2012-10-17", `"Resource":"` + api + `/prod/GET/${?}"`, api + "/prod/GET/?", true},
		{"an escaped dollar", "2012-10-17", `"Resource":"` + api + `/prod/GET/${$}{a}"`, api + "/prod/GET/${a}", true},
		{"a dollar is a dollar", "2012-10-17", `"Resource":"` + api + `/$default/*"`, api + "/$default/GET/", true},
		{"braces are literal", "2012-10-17", `"Resource":"` + api + `/prod/GET/{id}"`, api + "/prod/GET/{id}", true},
		{"not closed is text", "2012-10-17", `"Resource":"` + api + `/prod/GET/${x"`, api + "/prod/GET/${x", true},
		{"before 2012 it is text", "2008-10-17", `"Resource":"` + api + `/prod/GET/${aws:username}"`, api + "/prod/GET/alice", false},
		{"before 2012 the text matches", "", `"Resource":"` + api + `/prod/GET/${aws:username}"`, api + "/prod/GET/${aws:username}", true},
		{"in the account it is no variable", "2012-10-17", `"Resource":"arn:aws:execute-api:us-east-1:${aws:username}:*"`, "arn:aws:execute-api:us-east-1:alice:x", false},
		{"nine variables", "2012-10-17", `"Resource":"` + api + `/` + strings.Repeat("${aws:username}", 9) + `"`, api + "/" + strings.Repeat("alice", 9), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := `{"Effect":"Allow","Action":"*",` + tt.element + `}`
			if got := allowed(t, tt.version, st, "execute-api:Invoke", tt.resource, context); got != tt.want {
				t.Errorf("%s on %s = %t, want %t", st, tt.resource, got, tt.want)
			}
		})
	}
}

func TestCondition(t *testing.T) {
	context := policy.NewMap(map[string]policy.Value{
		"a:text": policy.One("Blue"), "a:star": policy.One("*"), "a:number": policy.One("10"), "a:big": policy.One("9007199254740993"), "a:negative": policy.One("-1.50"),
		"a:date": policy.One("2031-03-09T10:00:00Z"), "a:epoch": policy.One("1930816800"), "a:bool": policy.One("True"), "a:bytes": policy.One("AQID"),
		"a:ip": policy.One("203.0.113.7"), "a:ip6": policy.One("2001:db8::1"), "a:mapped": policy.One("::ffff:203.0.113.7"),
		"a:arn": policy.One("arn:aws:iam::111122223333:role/a/b"), "a:set": policy.Many("a", "b"), "a:none": policy.Many(), "a:one": policy.Many("a"),
		"AWS:Tag/Team": policy.One("blue"),
	})
	tests := []struct {
		block string
		want  bool
	}{
		{`"StringEquals":{"a:text":"Blue"}`, true},
		{`"StringEquals":{"a:text":"blue"}`, false},
		{`"StringEquals":{"A:TEXT":["x","Blue"]}`, true},
		{`"StringEquals":{"a:text":"B*"}`, false},
		{`"StringEquals":{"a:star":"*"}`, true},
		{`"StringNotEquals":{"a:text":["x","Blue"]}`, false},
		{`"StringNotEquals":{"a:text":["x","y"]}`, true},
		{`"StringEqualsIgnoreCase":{"a:text":"bLUE"}`, true},
		{`"StringEqualsIgnoreCase":{"a:text":"${aws:tag/team}"}`, true},
		{`"StringNotEqualsIgnoreCase":{"a:text":"BLUE"}`, false},
		{`"StringLike":{"a:text":"B?u*"}`, true},
		{`"StringLike":{"a:text":"b*"}`, false},
		{`"StringLike":{"a:star":"${*}"}`, true},
		{`"StringLike":{"a:text":"${*}"}`, false},
		{`"StringNotLike":{"a:text":"B*"}`, false},
		{`"stringequals":{"a:text":"Blue"}`, true},
		{`"StringEquals":{"a:text":"Blue"},"Bool":{"a:bool":"false"}`, false},
		{`"StringEquals":{"a:text":"Blue","a:star":"x"}`, false},
		{`"StringEquals":{"a:text":[]}`, false},
		{`"StringNotEquals":{"a:text":[]}`, true},
		{`"StringEquals":{"a:text":"${a:gone}"}`, false},
		{`"StringNotEquals":{"a:text":"${a:gone}"}`, false},
		{`"StringNotEquals":{"a:text":"${a:gone, 'red'}"}`, true},

		{`"NumericEquals":{"a:number":10}`, true},
		{`"NumericEquals":{"a:number":"+010.00"}`, true},
		{`"NumericEquals":{"a:big":"9007199254740992"}`, false},
		{`"NumericGreaterThan":{"a:big":"9007199254740992"}`, true},
		{`"NumericLessThan":{"a:negative":"-1.4"}`, true},
		{`"NumericLessThan":{"a:negative":"-1.6"}`, false},
		{`"NumericLessThan":{"a:number":"9"}`, false},
		{`"NumericLessThanEquals":{"a:number":"10"}`, true},
		{`"NumericGreaterThanEquals":{"a:number":"10.01"}`, false},
		{`"NumericNotEquals":{"a:number":"11"}`, true},
		{`"NumericNotEquals":{"a:text":"11"}`, false},
		{`"NumericNotEquals":{"a:number":"eleven"}`, false},
		{`"NumericEquals":{"a:number":"1e1"}`, false},

		{`"DateEquals":{"a:date":"1930816800"}`, true},
		{`"DateEquals":{"a:epoch":"2031-03-09T18:00:00+08:00"}`, true},
		{`"DateEquals":{"a:date":"2031-03-09T10:00"}`, true},
		{`"DateLessThan":{"a:date":"2031-03-09T10:00:00.001Z"}`, true},
		{`"DateGreaterThan":{"a:date":"2031"}`, true},
		{`"DateGreaterThanEquals":{"a:date":"2031-03-10"}`, false},
		{`"DateLessThanEquals":{"a:epoch":"2031-03"}`, false},
		{`"DateNotEquals":{"a:date":"2031-03-09T10:00:00Z"}`, false},
		{`"DateNotEquals":{"a:text":"2031-03-09T10:00:00Z"}`, false},

		{`"DateNotEquals":{"a:date":"2031-02-30"}`, false},
		{`"DateNotEquals":{"a:date":"2031-02-28"}`, true},

		{`"Bool":{"a:bool":true}`, true},
		{`"Bool":{"a:bool":"FALSE"}`, false},
		{`"Bool":{"a:text":"Blue"}`, false},
		{`"BinaryEquals":{"a:bytes":"AQID"}`, true},
		{`"BinaryEquals":{"a:bytes":"AQIE"}`, false},
		{`"BinaryEquals":{"a:text":"!"}`, false},

		{`"IpAddress":{"a:ip":"203.0.113.0/24"}`, true},
		{`"IpAddress":{"a:ip":"203.0.113.7"}`, true},
		{`"IpAddress":{"a:ip":"203.0.113.99/24"}`, true},
		{`"IpAddress":{"a:ip":"0.0.0.0/0"}`, true},
		{`"IpAddress":{"a:ip":"203.0.113.8"}`, false},
		{`"IpAddress":{"a:mapped":"203.0.113.7"}`, true},
		{`"IpAddress":{"a:ip6":"2001:0db8:0::/32"}`, true},
		{`"IpAddress":{"a:ip6":"0.0.0.0/0"}`, false},
		{`"NotIpAddress":{"a:ip6":"10.0.0.0/8"}`, true},
		{`"NotIpAddress":{"a:ip":["203.0.113.0/24","10.0.0.0/8"]}`, false},

		{`"ArnLike":{"a:arn":"arn:aws:iam::*:role/*"}`, true},
		{`"ArnEquals":{"a:arn":"arn:aws:iam::1111*:role/a/?"}`, true},
		{`"ArnLike":{"a:arn":"arn:aws:*:role/a/b"}`, false},
		{`"ArnLike":{"a:arn":"arn:aws:iam::111122223333:role/A/*"}`, false},
		{`"ArnLike":{"a:arn":"*"}`, false},
		{`"ArnLike":{"a:text":"arn:*:*:*:*:*"}`, false},
		{`"ArnNotLike":{"a:arn":"arn:aws:iam::999999999999:*"}`, true},
		{`"ArnNotEquals":{"a:arn":"arn:aws:iam::*:*"}`, false},
		{`"ArnLike":{"a:arn":"arn:aws:iam::111122223333:role/${a:gone, 'a'}/b"}`, true},
		{`"ArnNotLike":{"a:arn":"arn:aws:iam::${a:gone}:*"}`, false},

		{`"Null":{"a:gone":"true"}`, true},
		{`"Null":{"a:gone":true}`, true},
		{`"Null":{"a:gone":"false"}`, false},
		{`"Null":{"a:text":"false"}`, true},
		{`"Null":{"a:text":["true","false"]}`, true},
		{`"Null":{"a:none":"false"}`, false},
		{`"Null":{"a:set":"false"}`, true},

		{`"StringEquals":{"a:gone":"x"}`, false},
		{`"StringNotEquals":{"a:gone":"x"}`, true},
		{`"NotIpAddress":{"a:gone":"10.0.0.0/8"}`, true},
		{`"ArnNotLike":{"a:gone":"arn:aws:iam::*:*"}`, true},
		{`"StringEqualsIfExists":{"a:gone":"x"}`, true},
		{`"StringEqualsIfExists":{"a:text":"x"}`, false},
		{`"BoolIfExists":{"a:gone":"true"}`, true},
		{`"ForAllValues:StringEquals":{"a:gone":"x"}`, true},
		{`"ForAnyValue:StringEquals":{"a:gone":"x"}`, false},
		{`"ForAnyValue:StringNotEquals":{"a:gone":"x"}`, false},
		{`"ForAnyValue:StringEqualsIfExists":{"a:gone":"x"}`, true},

		{`"ForAllValues:StringEquals":{"a:set":["a","b","c"]}`, true},
		{`"ForAllValues:StringEquals":{"a:set":["a"]}`, false},
		{`"ForAllValues:StringEquals":{"a:none":["a"]}`, true},
		{`"ForAnyValue:StringEquals":{"a:set":["b"]}`, true},
		{`"ForAnyValue:StringEquals":{"a:none":["b"]}`, false},
		{`"ForAllValues:StringNotEquals":{"a:set":["a"]}`, false},
		{`"ForAnyValue:StringNotEquals":{"a:set":["a"]}`, true},
		{`"ForAnyValue:StringNotEquals":{"a:set":["a","b"]}`, false},
		{`"ForAllValues:StringLike":{"a:text":"B*"}`, true},
		{`"StringEquals":{"a:set":"a"}`, false},
		{`"StringNotEquals":{"a:set":"x"}`, false},
		{`"StringEquals":{"a:one":"a"}`, false},
		{`"StringEqualsIfExists":{"a:set":"a"}`, false},
		{`"forallvalues:stringequals":{"a:set":["a","b"]}`, true},

		{`"StringEquals":{"aws:tag/TEAM":"blue"}`, true},
		{`"StringSame":{}`, true},
		{``, true},
	}
	for _, tt := range tests {
		t.Run(tt.block, func(t *testing.T) {
			st := `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + tt.block + `}}`
			if got := allowed(t, "2012-10-17", st, "s3:GetObject", "arn:aws:s3:::b/k", context); got != tt.want {
				t.Errorf("{%s} = %t, want %t", tt.block, got, tt.want)
			}
		})
	}
}

func TestNoContextMeansNoKeys(t *testing.T) {
	if allowed(t, "2012-10-17", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"c"}}}`, "s3:GetObject", "*", nil) {
		t.Error("a condition holds without a context")
	}
}
