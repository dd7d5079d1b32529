package policy

// A Kind says where a policy is attached, which decides what its statements
// must and must not contain.
type Kind uint8

// The kinds of policy.
const (
	Identity Kind = iota // managed or inline policy of a user, group or role
	Resource             // policy of an API, a function, a bucket …
	Trust                // who may assume a role
	Boundary             // permissions boundary of a user or role
	Session              // passed to STS with AssumeRole and its kin
	SCP                  // service control policy of an organization
	RCP                  // resource control policy of an organization
)

var kinds = [...]string{
	Identity: "identity-based policy", Resource: "resource-based policy", Trust: "role trust policy", Boundary: "permissions boundary",
	Session: "session policy", SCP: "service control policy", RCP: "resource control policy",
}

// String returns the kind in the words of AWS's error messages, such as
// "identity-based policy".
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return "policy"
}

// A Document is a compiled policy document. It does not change and is safe for
// concurrent use.
type Document struct {
	kind       Kind
	version    string // as written; "" when absent
	id         string
	text       string
	statements []statement
	warnings   []Warning
}

// Parse checks text as AWS does when a policy of that kind is saved, and
// compiles it. A refusal is a [*MalformedError] with AWS's message. What AWS
// accepts although it can never match is accepted, with [Document.Warnings].
func Parse(kind Kind, text []byte) (*Document, error) { return parse(kind, text, true) }

// Load compiles a document that was saved before. It refuses only what cannot
// be understood, not what AWS refuses for a reason of form: an old Version in an
// identity policy is evaluated, as AWS does with those that it still holds. It
// collects no warnings.
func Load(kind Kind, text []byte) (*Document, error) { return parse(kind, text, false) }

// Kind returns the kind that d was parsed as.
func (d *Document) Kind() Kind { return d.kind }

// Version returns the language version: "2012-10-17", or "2008-10-17" also when
// the document does not say.
func (d *Document) Version() string {
	if d.version == "" {
		return version2008
	}
	return d.version
}

// ID returns the document's Id element, if any.
func (d *Document) ID() string { return d.id }

// Text returns the document as it was parsed.
func (d *Document) Text() string { return d.text }

// Len returns the number of statements.
func (d *Document) Len() int { return len(d.statements) }

// Warnings returns what AWS accepts in d but cannot do what its author meant.
func (d *Document) Warnings() []Warning { return d.warnings }

// A Policy is a document with a name, under which explanations show it. Source
// may say where the document was written ("template.yaml:12").
type Policy struct {
	Name, ARN, Source string
	*Document
}

// New returns a policy. Name or arn may be empty.
func New(name, arn string, d *Document) *Policy { return &Policy{Name: name, ARN: arn, Document: d} }

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)
