package template

import "testing"

func TestFunctions(t *testing.T) {
	const given = `
Parameters: {P: {Type: String, Default: pv}, L: {Type: CommaDelimitedList, Default: 'a,b,c'}, N: {Type: Number, Default: 2}}
Mappings: {M: {ap-northeast-1: {arch: x86, list: [p, q], n: 5}, k.1-2: {v: w}}}
Conditions: {Yes: !Equals [a, a], No: !Equals [a, b]}
Resources:
  R: {Type: T}
  Gone: {Type: T, Condition: No}
`
	lookup := made{"R": "r-1", "R.Arn": "arn:r", "R.Outputs.X": "nested", "R.pv": "by parameter"}
	tests := []struct{ name, value, want string }{
		{"Ref of a parameter", "!Ref P", `"pv"`},
		{"Ref of a resource", "!Ref R", `"r-1"`},
		{"pseudo parameters", "!Sub '${AWS::Partition} ${AWS::Region} ${AWS::AccountId} ${AWS::StackName} ${AWS::URLSuffix}'", `"aws ap-northeast-1 111122223333 article amazonaws.com"`},
		{"NoValue leaves its place", "{a: !Ref 'AWS::NoValue', b: [1, !Ref 'AWS::NoValue', 2], c: [!Ref 'AWS::NoValue'], d: {e: !Ref 'AWS::NoValue'}}", `{"b":[1,2],"c":[],"d":{}}`},
		{"plain values stay", "{a: yes, b: 010, c: 1, d: true}", `{"a":"yes","b":"010","c":1,"d":true}`},
		{"Condition is a key like any other", "{Condition: {StringEquals: {a: !Ref P}}}", `{"Condition":{"StringEquals":{"a":"pv"}}}`},
		{"Condition alone with a name, too", "{Condition: Yes}", `{"Condition":"Yes"}`},
		{"Ref of a number", "!Ref", "Template error: every Ref object must have a single String value."},
		{"Ref of a list", "{Ref: [P]}", "Template error: every Ref object must have a single String value."},
		{"Ref of nothing", "!Ref Rr", "Template format error: Unresolved resource dependencies [Rr] in the Resources block of the template\n did you mean R?"},

		{"GetAtt", "!GetAtt R.Arn", `"arn:r"`},
		{"GetAtt with dots", "!GetAtt R.Outputs.X", `"nested"`},
		{"GetAtt in three parts", "{'Fn::GetAtt': [R, Outputs, X]}", `"nested"`},
		{"GetAtt with a computed attribute", "{'Fn::GetAtt': [R, !Ref P]}", `"by parameter"`},
		{"GetAtt of one part", "!GetAtt R", getAttShape},

		{"Sub", "!Sub 'a ${P} ${R} ${R.Arn}'", `"a pv r-1 arn:r"`},
		{"Sub leaves other dollars", "!Sub '$default $PATH $1 {x} $${P}'", `"$default $PATH $1 {x} $pv"`},
		{"Sub's literal", "!Sub '${!P} ${!a-b} ${P}'", `"${P} ${a-b} pv"`},
		{"Sub's variables shadow", "!Sub ['${P} ${R.Arn} ${Q}', {P: x, R.Arn: y, Q: !Ref N}]", `"x y 2"`},
		{"Sub with a boolean and a number", "!Sub ['${A} ${B}', {A: True, B: 1.0}]", `"true 1.0"`},
		{"Sub without an end", "!Sub 'a ${P'", `"a ${P"`},
		{"Sub of a list", "!Sub '${L}'", "Template error: variable L in Fn::Sub expression does not resolve to a string"},
		{"Sub keeps UTF-8 and newlines", "!Sub \"名 ${P}\\n\"", `"名 pv\n"`},

		{"Join", "!Join ['-', [a, !Ref P, 1, true, !Ref 'AWS::NoValue']]", `"a-pv-1-true"`},
		{"Join of a function", "!Join [',', !Ref L]", `"a,b,c"`},
		{"Join of a string", "!Join [',', a]", joinShape},
		{"Join of lists", "!Join [',', [[a], [b]]]", joinShape},
		{"Split", "!Split [',', 'a,,b']", `["a","","b"]`},
		{"Split without a delimiter", "!Split ['', a]", splitShape},
		{"Select", "!Select [1, !Ref L]", `"b"`},
		{"Select by text", "!Select ['0', [x, y]]", `"x"`},
		{"Select by a parameter", "!Select [!Ref N, !Ref L]", `"c"`},
		{"Select out of range", "!Select [3, !Ref L]", "Template error: Fn::Select cannot select nonexistent value at index 3\n the list has 3 items, counted from 0"},
		{"Select with NoValue", "!Select [0, [a, !Ref 'AWS::NoValue']]", selectShape + "\n the list has an item that is AWS::NoValue"},
		{"Select of a string", "!Select [0, a]", selectShape},
		{"Select by a word", "!Select [x, [a]]", selectShape},

		{"FindInMap", "!FindInMap [M, !Ref 'AWS::Region', arch]", `"x86"`},
		{"FindInMap of a list", "!FindInMap [M, ap-northeast-1, list]", `["p","q"]`},
		{"FindInMap of a number", "!FindInMap [M, ap-northeast-1, n]", `5`},
		{"FindInMap with computed keys", "!FindInMap [M, !Join ['.', [k, 1-2]], v]", `"w"`},
		{"FindInMap's default", "!FindInMap [M, nowhere, arch, {DefaultValue: !Ref P}]", `"pv"`},
		{"FindInMap of an unknown map", "!FindInMap [Mm, a, b]", "Template error: Unable to get mapping for Mm::a::b\n did you mean M?"},
		{"FindInMap of an unknown key", "!FindInMap [M, ap-northeast-1, arhc]", "Template error: Unable to get mapping for M::ap-northeast-1::arhc\n did you mean arch?"},
		{"FindInMap of two", "!FindInMap [M, a]", findShape},

		{"If", "!If [Yes, a, b]", `"a"`},
		{"If not", "!If [No, a, !Ref P]", `"pv"`},
		{"If resolves only its branch", "!If [Yes, a, !Ref Gone]", `"a"`},
		{"If removes", "{a: !If [No, x, !Ref 'AWS::NoValue'], b: 1}", `{"b":1}`},
		{"If with a condition function", "!If [!Not [!Condition No], a, b]", `"a"`},
		{"If of two", "!If [Yes, a]", "Template error: Fn::If requires a list argument with three elements"},
		{"If of an unknown condition", "!If [Yess, a, b]", "Template error: unresolved condition dependency Yess in Fn::If\n did you mean Yes?"},

		{"Base64", "{'Fn::Base64': !Sub '名$PATH~${P}'}", `"5ZCNJFBBVEh+cHY="`},
		{"Base64 of a list", "{'Fn::Base64': [a]}", "Template error: every Fn::Base64 object must have a String-typed value."},
		{"GetAZs", "!GetAZs ''", `["ap-northeast-1a","ap-northeast-1b","ap-northeast-1c"]`},
		{"GetAZs of a region", "!Select [1, !GetAZs us-east-1]", `"us-east-1b"`},
		{"ImportValue", "!ImportValue {'Fn::Sub': '${P}-vpc'}", `"export-of-pv-vpc"`},

		{"Cidr", "!Cidr [10.0.0.0/16, 3, 8]", `["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"]`},
		{"Cidr's default is 8 bits", "!Select [1, !Cidr [192.168.0.0/24, 1]]", "Template error: Fn::Select cannot select nonexistent value at index 1\n the list has 1 items, counted from 0"},
		{"Cidr of IPv6", "!Cidr ['2001:db8::/56', 2, 64]", `["2001:db8::/64","2001:db8:0:1::/64"]`},
		{"Cidr without room", "!Cidr [10.0.0.0/24, 3, 7]", "Template error: 10.0.0.0/24 has no room for 3 blocks of 7 bits"},
		{"Cidr of a word", "!Cidr [x, 1, 8]", "Template error: every Fn::Cidr object requires a valid CIDR block, x is none"},
		{"Cidr of too many", "!Cidr [10.0.0.0/8, 257, 8]", cidrShape},

		{"Length", "!Length [a, b]", `2`},
		{"Length of a function", "!Length {Ref: L}", `3`},
		{"Length of a string", "!Length {Ref: P}", "Template error: Fn::Length requires a list, or a function that returns one"},
		{"ToJsonString keeps the order", "!ToJsonString {z: 1, a: [!Ref P, true], n: !Ref 'AWS::NoValue'}", `"{\"z\":1,\"a\":[\"pv\",true]}"`},
		{"ToJsonString of a string", "!ToJsonString a", "Template error: Fn::ToJsonString requires a map or a list"},

		{"what is not there", "!Ref Gone", "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template"},
	}
	b, err := bind(given, nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		n, _, err := parseYAML(&source{file: "t", text: tt.value})
		if err != nil {
			t.Fatalf("%s: %+v", tt.name, err)
		}
		v, err := b.Resolve(n, lookup)
		got := short1(err)
		if err == nil {
			got = string(v.JSON(""))
		}
		if got != tt.want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestUnknownValuesSpread(t *testing.T) {
	b, err := bind("Resources: {R: {Type: T}}", nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	const unknown = `"(known after apply)"`
	tests := []struct{ value, want string }{
		{"!Ref R", unknown},
		{"!Sub 'x-${R.Arn}'", unknown},
		{"!Join ['', [a, !Ref R]]", unknown},
		{"!Select [0, !Split [':', !GetAtt R.Arn]]", unknown},
		{"!Select [1, [!Ref R, b]]", `"b"`},
		{"{'Fn::Base64': !Ref R}", unknown},
		{"{a: [!Ref R, b]}", `{"a":[` + unknown + `,"b"]}`},
		{"!ToJsonString {a: !Ref R}", unknown},
	}
	for _, tt := range tests {
		n, _, err := parseYAML(&source{text: tt.value})
		if err != nil {
			t.Fatal(err)
		}
		v, err := b.Resolve(n, NothingCreated)
		if got := string(v.JSON("")); err != nil || got != tt.want {
			t.Errorf("%s = %s, %v; want %s", tt.value, got, err, tt.want)
		}
		if v.HasUnknown() != (tt.want != `"b"`) {
			t.Errorf("HasUnknown(%s) = %t", tt.value, v.HasUnknown())
		}
	}
	env := testEnv
	env.Export = nil
	b.Env = env
	if _, err := b.Resolve(Map(P("Fn::ImportValue", Text("X"))), nil); short1(err) != "No export named X found" {
		t.Errorf("a missing export: %v", err)
	}
}

func TestResultsShareNothingWithTheTemplate(t *testing.T) {
	b, err := bind("Mappings: {M: {a: {b: [x]}}}\nResources: {R: {Type: T, Properties: {P: {Q: r}, L: !FindInMap [M, a, b]}}}", nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	before := string(b.Template.Root.JSON(""))
	v, err := b.Resolve(b.Template.Resource("R").Properties, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Get("P").Set("Q", Text("changed"))
	v.Get("L").Items[0].Value = "changed"
	if after := string(b.Template.Root.JSON("")); after != before {
		t.Errorf("the template became %s", after)
	}
}

func TestDoublingIsBounded(t *testing.T) {
	text := "{Ref: P}"
	for range 60 {
		text = "{'Fn::Sub': ['${A}${A}', {A: " + text + "}]}"
	}
	b, err := bind("Parameters: {P: {Type: String, Default: xxxxxxxxxxxxxxxx}}\nResources: {R: {Type: T}}", nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	n, _, err := parseYAML(&source{text: text})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resolve(n, nil); short1(err) != "Template error: the functions of this template produce more than 16777216 bytes" {
		t.Errorf("Resolve = %v", err)
	}
}
