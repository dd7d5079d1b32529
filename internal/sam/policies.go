package sam

import (
	_ "embed" // for the list of managed policies
	"errors"
	"strings"
	"sync"

	"github.com/hakonegate/hakone/internal/template"
)

// managedPolicyNames lists AWS's managed policies, one a line, with their
// paths: what follows arn:aws:iam::aws:policy/ in their ARNs.
//
//go:embed managedpolicies.txt
var managedPolicyNames string

var managedPolicies = sync.OnceValue(func() map[string]string {
	paths := map[string]string{}
	for path := range strings.Lines(managedPolicyNames) {
		path = strings.TrimSpace(path)
		paths[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	return paths
})

// A policyKind is what an entry of Policies is.
type policyKind uint8

const (
	policyUnknown policyKind = iota
	policyStatement
	policyManaged
	policyTemplate
)

// policyEntries returns the entries of a Policies property.
func policyEntries(n *template.Node) []*template.Node {
	switch {
	case !truthy(n):
		return nil
	case n.IsList():
		return n.Items
	default:
		return []*template.Node{n}
	}
}

var errDifferentKinds = errors.New("Different policy types within the same Fn::If statement is unsupported. Separate different policy types into different Fn::If statements") //nolint:staticcheck // AWS's text

var errNotThree = errors.New("Fn::If requires 3 arguments")

func kindOfPolicy(n *template.Node) (policyKind, error) {
	switch {
	case n.IsText():
		return policyManaged, nil
	case n.IsMap() && len(n.Pairs) == 1 && n.Has("Fn::If"):
		arg := n.Get("Fn::If")
		if !arg.IsList() || len(arg.Items) != 3 {
			return policyUnknown, errNotThree
		}
		then, err := kindOfPolicy(arg.Items[1])
		if err != nil {
			return then, err
		}
		otherwise, err := kindOfPolicy(arg.Items[2])
		switch {
		case err != nil:
			return otherwise, err
		case then == otherwise || arg.Items[2].IsNoValue():
			return then, nil
		case arg.Items[1].IsNoValue():
			return otherwise, nil
		default:
			return policyUnknown, errDifferentKinds
		}
	case isIntrinsic(n):
		return policyManaged, nil
	case n.Has("Statement"):
		return policyStatement, nil
	case n.IsMap() && len(n.Pairs) == 1 && policyTemplates()[n.Pairs[0].Key] != nil:
		return policyTemplate, nil
	default:
		return policyUnknown, nil
	}
}

// managedPolicy returns the ARN for the name of a managed policy of AWS, also
// in the branches of a Fn::If; anything else as it is.
func (t *translator) managedPolicy(n *template.Node) *template.Node {
	if path, ok := managedPolicies()[n.Str()]; ok && n.IsText() {
		return t.awsPolicy(path)
	}
	if isIf(n) {
		arg := n.Get("Fn::If")
		return template.Map(template.P("Fn::If", template.List(arg.Items[0], t.managedPolicy(arg.Items[1]), t.managedPolicy(arg.Items[2]))))
	}
	return n
}

func (t *translator) awsPolicy(path string) *template.Node {
	return template.Text("arn:" + t.partition() + ":iam::aws:policy/" + path)
}
