package template

import "errors"

// An Env is what a template sees of the world outside it. AccountID, Region,
// Partition, StackName and StackID are the pseudo parameters; the functions
// may be nil, which means that there is nothing to find.
type Env struct {
	AccountID        string
	Region           string
	Partition        string // "" means the region's
	StackName        string
	StackID          string
	NotificationARNs []string

	// SSM returns a parameter of the parameter store by its name, which may
	// end in ":VERSION".
	SSM func(name string) (SSMParameter, bool)

	// Export returns the value of a stack's export.
	Export func(name string) (string, bool)

	// Secret returns the SecretString of a Secrets Manager secret; stage and
	// version are "" when the template does not say.
	Secret func(id, stage, version string) (string, bool)

	// Include reads what an AWS::Include's Location names. from is where the
	// template says so; relative paths are relative to its file. The name
	// returned stands in positions.
	Include func(from Position, location string) (name string, text []byte, err error)

	// Partial leaves what only an AWS account can run where it stands, with a
	// warning, instead of refusing it: files in S3, macros, and functions that
	// wait for AWS::LanguageExtensions. It is for printing a template.
	Partial bool

	// Exists reports whether an id, such as a subnet's, exists; t is the
	// parameter's type. nil accepts every id.
	Exists func(t, id string) bool

	// Assume lets parameters without a value have a made-up one and does not
	// ask for SSM parameters: for validation, where nobody gives values.
	Assume bool
}

// An SSMParameter is a parameter of the parameter store.
type SSMParameter struct {
	Type  string // String, StringList, SecureString
	Value string
}

// A Lookup gives the values of resources to [Bound.Resolve].
type Lookup interface {
	// Ref returns the value of {"Ref": id}.
	Ref(id string) (string, error)
	// GetAtt returns the value of {"Fn::GetAtt": [id, attribute]}.
	GetAtt(id, attribute string) (*Node, error)
}

// ErrUnknown is what a [Lookup] returns for a value that is not known yet;
// what depends on it becomes a node of kind [Unknown].
var ErrUnknown = errors.New("the value is not known before the resource is created")

// NothingCreated is the [Lookup] before a deployment: all is unknown.
var NothingCreated Lookup = nothing{}

type nothing struct{}

func (nothing) Ref(string) (string, error)           { return "", ErrUnknown }
func (nothing) GetAtt(string, string) (*Node, error) { return nil, ErrUnknown }

// partition returns the partition that the region is in.
func (e *Env) partition() string {
	switch {
	case e.Partition != "":
		return e.Partition
	case len(e.Region) > 3 && e.Region[:3] == "cn-":
		return "aws-cn"
	case len(e.Region) > 7 && e.Region[:7] == "us-gov-":
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// pseudo returns the value of a pseudo parameter other than AWS::NoValue, or
// nil.
func (e *Env) pseudo(name string) *Node {
	switch name {
	case "AWS::AccountId":
		return Text(e.AccountID)
	case "AWS::Region":
		return Text(e.Region)
	case "AWS::Partition":
		return Text(e.partition())
	case "AWS::StackName":
		return Text(e.StackName)
	case "AWS::StackId":
		return Text(e.StackID)
	case "AWS::NotificationARNs":
		return Texts(e.NotificationARNs...)
	case "AWS::URLSuffix":
		if e.partition() == "aws-cn" {
			return Text("amazonaws.com.cn")
		}
		return Text("amazonaws.com")
	default:
		return nil
	}
}

var pseudoNames = []string{
	"AWS::AccountId", "AWS::NotificationARNs", noValue, "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}
