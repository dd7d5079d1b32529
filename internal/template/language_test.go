package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read parses, transforms and loads a template.
func read(text string, params map[string]string, env Env) (*Template, error) {
	root, _, err := Parse("t", []byte(text))
	if err != nil {
		return nil, err
	}
	if root, _, err = Macros(root, params, env); err != nil {
		return nil, err
	}
	return Load(root)
}

// bind reads a template and binds it.
func bind(text string, params map[string]string, env Env) (*Bound, error) {
	t, err := read(text, params, env)
	if err != nil {
		return nil, err
	}
	return t.Bind(params, env)
}

// check is all that is done before a deployment.
func check(text string, env Env) error {
	b, err := bind(text, nil, env)
	if err != nil {
		return err
	}
	return b.Check()
}

const oneResource = "\nResources: {R: {Type: 'AWS::S3::Bucket'}}\n"

func TestEarlyTexts(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no Resources", "Outputs: {}", "Template format error: At least one Resources member must be defined."},
		{"empty Resources", "Resources: {}", "Template format error: At least one Resources member must be defined."},
		{"a resource that is no map", "Resources: {R: x}", "Template format error: Any Resources member must be an object."},
		{"Resources that is no map", "Resources: [x]", "Template format error: Any Resources member must be an object."},
		{"no Type", "Resources: {R: {Properties: {}}}", "Template format error: [/Resources/R] Every Resources object must contain a Type member."},
		{"a bad resource key", "Resources: {R: {Type: T, Propertys: {}}}", "Invalid template resource property 'Propertys'\n did you mean Properties?"},
		{"a property beside Properties", "Resources: {R: {Type: T, BucketName: b}}", "Invalid template resource property 'BucketName'\n properties of the resource go under Properties"},
		{"a bad logical id", "Resources: {my-id: {Type: T}}", "Template format error: Resource name my-id is non alphanumeric."},
		{"NoValue as a logical id", "Resources: {'AWS::NoValue': {Type: T}}", "Template format error: Resource name AWS::NoValue is non alphanumeric."},
		{"a bad parameter name", "Parameters: {a_b: {Type: String}}" + oneResource, "Template format error: Parameter name a_b is non alphanumeric."},
		{"Properties of the wrong kind", "Resources: {R: {Type: T, Properties: [a]}}", "Template format error: [/Resources/R] resource definition is malformed"},
		{"null in a resource", "Resources: {R: {Type: T, Properties: {A: {B: ~}}}}", "[/Resources/R/Properties/A/B] 'null' values are not allowed in templates"},
		{"null Properties", "Resources: {R: {Type: T, Properties: }}", "[/Resources/R/Properties] 'null' values are not allowed in templates"},
		{"null in an output", "Outputs: {X: {Value: ~}}" + oneResource, "[/Outputs/X/Value] 'null' values are not allowed in templates"},
		{"an empty section", "Outputs:" + oneResource, "[/Outputs] 'null' values are not allowed in templates"},
		{"null Properties are fine for SAM", "Transform: AWS::Serverless-2016-10-31\nResources: {R: {Type: AWS::Serverless::SimpleTable, Properties: }}", ""},
		{"an output without Value", "Outputs: {X: {Description: d}}" + oneResource, "Template format error: Every Outputs member must contain a Value object"},
		{"a version of another year", "AWSTemplateFormatVersion: 2012-10-17" + oneResource, "Template format error: invalid template version\n the only version is 2010-09-09"},
		{"the version as a date", "AWSTemplateFormatVersion: 2010-09-09" + oneResource, ""},
		{"an unknown section", "Resource: {}" + oneResource, "Invalid template property or properties [Resource]\n did you mean Resources?"},
		{"Globals without SAM", "Globals: {}" + oneResource, "Invalid template property or properties [Globals]\n Globals belongs to SAM: add Transform: AWS::Serverless-2016-10-31"},
		{"a transform without a name", "Transform: {Names: x}" + oneResource, "Key Name of transform definition must be a string."},
		{"a user's macro", "Transform: Mine" + oneResource, "No transform named 111122223333::Mine found.\n macros run in an AWS account; here are AWS::Serverless-2016-10-31, AWS::LanguageExtensions, AWS::Include"},
		{"a mapping that is no map", "Mappings: {M: x}" + oneResource, "Template format error: Every Mappings member M must be a map"},
		{"a mapping of one level", "Mappings: {M: {A: x}}" + oneResource, "Template format error: Every Mappings member A must be a map"},
		{"a mapping of three levels", "Mappings: {M: {A: {B: {C: d}}}}" + oneResource, "Template format error: Every Mappings attribute must be a String or a List."},
		{"a mapping with a list", "Mappings: {M: {us-east-1: {B: [1, 2], c-d.e: x}}}" + oneResource, ""},
		{"an unknown DeletionPolicy", "Resources: {R: {Type: T, DeletionPolicy: Retained}}", "Template format error: Unrecognized DeletionPolicy Retained for resource R\n did you mean Retain?"},
		{"an unknown parameter type", "Parameters: {P: {Type: Strin}}" + oneResource, "Template format error: Unrecognized parameter type: Strin\n did you mean String?"},
		{"AllowedValues that is no list", "Parameters: {P: {Type: String, AllowedValues: a}}" + oneResource, "Template format error: Every AllowedValues member must be a list."},
		{"SAM's own resource keys", "Transform: AWS::Serverless-2016-10-31\nResources: {R: {Type: T, Connectors: {}, IgnoreGlobals: '*'}}", ""},
		{"a function as DeletionPolicy", "Resources: {R: {Type: T, DeletionPolicy: !Ref P}}", "Template format error: Every DeletionPolicy member must be a string.\n a function here needs Transform: AWS::LanguageExtensions"},
		{"Length without the transform", "Outputs: {X: {Value: !Length [a]}}" + oneResource, "Template error: Encountered unsupported function: Fn::Length Supported functions are: [" + supportedFunctions + "]\n Fn::Length needs Transform: AWS::LanguageExtensions"},
	}
	for _, tt := range tests {
		_, err := read(tt.text, nil, testEnv)
		if got := short1(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// short1 returns the text and the hint of an error, without places.
func short1(err error) string {
	if err == nil {
		return ""
	}
	e, ok := err.(*Error) //nolint:errorlint // the package returns it unwrapped
	if !ok {
		return err.Error()
	}
	if e.Hint != "" {
		return e.Message + "\n " + e.Hint
	}
	return e.Message
}

func TestAllEarlyFaultsAreListed(t *testing.T) {
	_, err := read("Resources:\n  a-b: {Type: T}\n  C: {}\nOutputs:\n  O: {}\n", nil, testEnv)
	want := `Template format error: Resource name a-b is non alphanumeric.
t:2:3
      a-b: {Type: T}
      ^
Template format error: [/Resources/C] Every Resources object must contain a Type member.
t:3:3
      C: {}
      ^
Template format error: Every Outputs member must contain a Value object
t:5:3
      O: {}
      ^`
	if diff := cmp.Diff(want, detail(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLateTexts(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unresolved Ref, Sub and DependsOn", "Resources: {R: {Type: T, DependsOn: [X], Properties: {A: !Ref Y, B: !Sub '${Z}-${Q.Arn}'}}}", "Template format error: Unresolved resource dependencies [Y, Z, Q, X] in the Resources block of the template"},
		{"unresolved in Outputs", "Outputs: {O: {Value: !Ref Bucke}}\nResources: {Bucket: {Type: T}}", "Template format error: Unresolved resource dependencies [Bucke] in the Outputs block of the template\n did you mean Bucket?"},
		{"unresolved in a branch not taken", "Conditions: {C: !Equals [a, b]}\nResources: {R: {Type: T, Properties: {A: !If [C, !Ref X, y]}}}", "Template format error: Unresolved resource dependencies [X] in the Resources block of the template"},
		{"GetAtt of nothing", "Resources: {R: {Type: T, Properties: {A: !GetAtt Roll.Arn}}, Role: {Type: T}}", "Template error: instance of Fn::GetAtt references undefined resource Roll\n did you mean Role?"},
		{"GetAtt without attribute", "Resources: {R: {Type: T, Properties: {A: !GetAtt R2}}, R2: {Type: T}}", getAttShape},
		{"GetAtt in the long form of a string", "Resources: {R: {Type: T, Properties: {A: {'Fn::GetAtt': R2.Arn}}}, R2: {Type: T}}", ""},
		{"a reference to what its condition keeps away", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T, Properties: {P: !Ref A}}}", "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"},
		{"the same by GetAtt", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T, Properties: {P: !GetAtt A.Arn}}}", "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"},
		{"the same in Outputs", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T}}\nOutputs: {O: {Value: !Ref A}}", "Template format error: Unresolved resource dependencies [A] in the Outputs block of the template"},
		{"fine in an output that is not there either", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T}}\nOutputs: {O: {Condition: C, Value: !Ref A}}", ""},
		{"fine in a branch that is not taken", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T, Properties: {P: !If [C, !Ref A, x]}}}", ""},
		{"a DependsOn of it is dropped", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T, DependsOn: A}}", ""},
		{"an unknown condition of a resource", "Resources: {A: {Type: T, Condition: C}}", "Template format error: Unresolved condition dependency C in the Resources block of the template"},
		{"an unknown condition of If", "Conditions: {Prod: !Equals [a, b]}\nResources: {A: {Type: T, Properties: {P: !If [Pord, a, b]}}}", "Template error: unresolved condition dependency Pord in Fn::If\n did you mean Prod?"},
		{"an unknown function", "Resources: {A: {Type: T, Properties: {P: {'Fn::Subb': x}}}}", "Template error: Encountered unsupported function: Fn::Subb Supported functions are: [" + supportedFunctions + "]\n did you mean Fn::Sub?"},
		{"a condition function as a value", "Resources: {A: {Type: T, Properties: {P: !Equals [a, b]}}}", "Template error: Fn::Equals is only allowed in Conditions and Rules, or as the condition of Fn::If"},
		{"an IAM Condition is no function", "Resources: {A: {Type: T, Properties: {P: {Condition: {StringEquals: {a: b}}}, Q: {Condition: NoSuch}}}}", ""},
		{"metadata refers to names, too", "Resources: {A: {Type: T, Metadata: {P: !Ref Nothing}}}", "Template format error: Unresolved resource dependencies [Nothing] in the Resources block of the template"},
		{"variables of Sub shadow names", "Resources: {A: {Type: T, Properties: {P: !Sub ['${X}', {X: y}]}}}", ""},
		{"a bad name in Sub", "Resources: {A: {Type: T, Properties: {P: !Sub '${a-b}'}}}", subNames + "\n for a literal ${a-b} write ${!a-b}"},
		{"a bad shape of Sub", "Resources: {A: {Type: T, Properties: {P: !Sub [a]}}}", subShape},
		{"an output that is a list", "Outputs: {O: {Value: !Split [',', 'a,b']}}" + oneResource, outputNotString},
		{"an output of a list attribute is not known to be one", "Outputs: {O: {Value: !Join [',', !GetAtt R.NameServers]}}" + oneResource, ""},
		{"a missing key of a mapping", "Mappings: {M: {a: {b: c}}}\nResources: {A: {Type: T, Properties: {P: !FindInMap [M, a, x]}}}", "Template error: Unable to get mapping for M::a::x"},
		{"a missing export only at the end", "Resources: {A: {Type: T, Properties: {P: !ImportValue X}}}", ""},
		{"an import of a resource's name", "Resources: {A: {Type: T, Properties: {P: !ImportValue {Ref: B}}}, B: {Type: T}}", importedNameText + "\n the name is looked up before B exists: make it of parameters, mappings and pseudo parameters"},
		{"a function that gives no DeletionPolicy", "Transform: AWS::LanguageExtensions\nConditions: {C: !Equals [a, a]}\nResources: {A: {Type: T, DeletionPolicy: !If [C, Keep, Delete]}}", "Template format error: Unrecognized DeletionPolicy Keep for resource A"},
		{"a function that gives one", "Transform: AWS::LanguageExtensions\nConditions: {C: !Equals [a, a]}\nResources: {A: {Type: T, DeletionPolicy: !If [C, Retain, Delete]}}", ""},
		{"Fn::GetStackOutput", "Resources: {A: {Type: T, Properties: {P: !GetStackOutput [a, b]}}}", "Template error: Fn::GetStackOutput is not supported here\n export the output and use Fn::ImportValue"},
	}
	env := testEnv
	env.Export = nil
	for _, tt := range tests {
		if got := short1(check(tt.text, env)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestCyclesAreExplained(t *testing.T) {
	const text = `Resources:
  Api:
    Type: T
    Properties:
      Body: !Sub '${Function.Arn}/invocations'
  Function:
    Type: T
    Properties:
      Environment:
        URL: !Ref Api
  Permission:
    Type: T
    DependsOn: Function
    Properties: {SourceArn: !Sub 'x/${Api}'}
  Alone: {Type: T}
`
	want := `Circular dependency between resources: [Api, Function]
t:5:19: Api needs Function in Properties/Body: Fn::Sub ${Function.Arn}
          Body: !Sub '${Function.Arn}/invocations'
                      ^
t:10:14: Function needs Api in Properties/Environment/URL: Ref Api
            URL: !Ref Api
                 ^
the circle closes here; one of these edges must go: write a name or ARN with Fn::Sub and pseudo parameters instead of a reference`
	if diff := cmp.Diff(want, detail(check(text, testEnv))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := short1(check("Resources: {A: {Type: T, DependsOn: A}}", testEnv)); !strings.HasPrefix(got, "Circular dependency between resources: [A]") {
		t.Errorf("a resource that depends on itself: %s", got)
	}
}

func TestDependencies(t *testing.T) {
	const text = `
Conditions: {No: !Equals [a, b]}
Parameters: {P: {Type: String, Default: x}}
Resources:
  A: {Type: T, Properties: {X: !Ref P, Y: !Ref B, Z: !GetAtt B.Arn}}
  B: {Type: T, Metadata: {M: !Ref C}}
  C: {Type: T, DependsOn: [A, Gone], Properties: {X: !If [No, !Ref Gone, !Sub '${B.Arn}']}}
  Gone: {Type: T, Condition: No}
`
	b, err := bind(text, nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	g := b.Dependencies()
	var got []string
	for _, id := range g.IDs() {
		for _, d := range g.Of(id) {
			got = append(got, d.From+" needs "+d.To+" by "+d.How)
		}
	}
	want := []string{"A needs B by Ref B", "C needs B by Fn::Sub ${B.Arn}", "C needs A by DependsOn A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"B", "A", "C"}, g.Order()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
