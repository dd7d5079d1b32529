package template

import "strings"

// shortTags are YAML's short forms of the intrinsic functions.
var shortTags = map[string]string{
	"Ref":       "Ref",
	"Condition": "Condition",

	"And": "Fn::And", "Base64": "Fn::Base64", "Cidr": "Fn::Cidr", "Equals": "Fn::Equals", "FindInMap": "Fn::FindInMap",
	"GetAtt": "Fn::GetAtt", "GetAZs": "Fn::GetAZs", "GetStackOutput": "Fn::GetStackOutput", "If": "Fn::If",
	"ImportValue": "Fn::ImportValue", "Join": "Fn::Join", "Length": "Fn::Length", "Not": "Fn::Not", "Or": "Fn::Or",
	"Select": "Fn::Select", "Split": "Fn::Split", "Sub": "Fn::Sub", "ToJsonString": "Fn::ToJsonString",
	"Transform": "Fn::Transform",

	// Of the Rules section.
	"Contains": "Fn::Contains", "EachMemberEquals": "Fn::EachMemberEquals", "EachMemberIn": "Fn::EachMemberIn",
	"RefAll": "Fn::RefAll", "ValueOf": "Fn::ValueOf", "ValueOfAll": "Fn::ValueOfAll",
}

func tagNames() []string {
	names := make([]string, 0, len(shortTags))
	for name := range shortTags {
		names = append(names, name)
	}
	return names
}

// longForm returns {function: argument}. !GetAtt A.B.C splits at the first
// dot: attributes may hold dots, logical ids may not.
func longForm(function string, argument *Node) *Node {
	at := argument.Position
	if function == "Fn::GetAtt" && argument.IsScalar() {
		argument = getAttArgument(argument)
	}
	return &Node{Kind: Mapping, Position: at, Pairs: []Pair{{Key: function, KeyPosition: at, Value: argument}}}
}

// getAttArgument returns the list form of "A.B.C".
func getAttArgument(scalar *Node) *Node {
	list := &Node{Kind: Sequence, Position: scalar.Position}
	for part := range strings.SplitSeq(replaceFirst(scalar.Value), "\x00") {
		list.Items = append(list.Items, &Node{Kind: Scalar, Value: part, Quoted: true, Position: scalar.Position})
	}
	return list
}

func replaceFirst(s string) string { return strings.Replace(s, ".", "\x00", 1) }
