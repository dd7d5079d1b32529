package sam

import (
	_ "embed" // for the connections
	"slices"
	"strings"
	"sync"

	"github.com/hakonegate/hakone/internal/template"
)

// connectionText describes what connectors make. A line without indentation
// names the types of source and destination and how the one may use the other:
// by a policy on the role of source or destination, or by a permission, a queue
// policy or a topic policy for a service (its principal, and the source's ARN).
// Below a role's policy each line is a permission with its actions and, after
// "on", the resources; "only" lists the combinations of permissions that may be
// asked for, and "like" takes the lines of another source.
//
//go:embed connections.txt
var connectionText string

// A connection is what a connector between two types makes.
type connection struct {
	how        string // "source", "destination", "permission", "queue", "topic"
	principal  string
	sourceARN  string
	only       []string // combinations of permissions, such as "Read + Write"
	statements []connectionStatement
}

type connectionStatement struct {
	permission string
	actions    []string
	resources  []string
}

var connections = sync.OnceValue(func() map[[2]string]*connection {
	all := map[[2]string]*connection{}
	var current *connection
	var destination string
	for line := range strings.Lines(connectionText) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case line[0] != ' ':
			current, destination = &connection{how: fields[2]}, fields[1]
			if len(fields) > 3 {
				current.principal, current.sourceARN = fields[3], fields[4]
			}
			all[[2]string{fields[0], destination}] = current
		case fields[0] == "only":
			current.only = strings.Split(strings.TrimPrefix(strings.TrimSpace(line), "only "), ", ")
		case fields[0] == "like":
			*current = *all[[2]string{fields[1], destination}]
		default:
			on := slices.Index(fields, "on")
			current.statements = append(current.statements, connectionStatement{fields[0], fields[1:on], fields[on+1:]})
		}
	}
	return all
})

// permissions returns what may be asked for, in the order of AWS's texts.
func (c *connection) permissions() []string {
	if c.how == "permission" || c.how == "queue" || c.how == "topic" {
		return []string{"Write"}
	}
	var all []string
	for _, s := range c.statements {
		if !slices.Contains(all, s.permission) {
			all = append(all, s.permission)
		}
	}
	return all
}

// check refuses permissions that the connection does not have.
func (c *connection) check(m *macro, source, destination endpoint) error {
	n := m.get("Permissions")
	valid := "valid values are: " + strings.Join(c.permissions(), ", ") + "."
	if len(c.only) > 0 {
		valid = "valid combinations are: " + strings.Join(c.only, ", ") + "."
	}
	if !truthy(n) {
		return invalidResource(m.id, n, "'Permissions' cannot be empty; %s", valid)
	}
	asked := map[string]bool{}
	for _, p := range items(n) {
		asked[p.Str()] = true
	}
	fits := n.IsList()
	for p := range asked {
		fits = fits && slices.Contains(c.permissions(), p)
	}
	if len(c.only) > 0 {
		fits = fits && slices.Contains(c.only, strings.Join(sortedKeys(asked), " + "))
	}
	if !fits {
		return invalidResource(m.id, n, "Unsupported 'Permissions' provided for connector from %s to %s; %s", source.plain, destination.plain, valid)
	}
	return nil
}

// variables returns what the texts of a connection may name.
func (m *macro) variables(source, destination endpoint) map[string]connectionVariable {
	return map[string]connectionVariable{
		"SourceArn":        {"Source.Arn", source.arn},
		"SourceResourceId": {"Source.ResourceId", source.resourceID},
		"SourceQualifier":  {"Source.Qualifier", source.qualifier},
		"DestinationArn":   {"Destination.Arn", destination.arn},
		"DestinationName":  {"Destination.Name", destination.name},
	}
}

type connectionVariable struct {
	path  string
	value *template.Node
}

// fill returns a text with its variables: as they are when the text is nothing
// else.
func (m *macro) fill(text string, variables map[string]connectionVariable) (*template.Node, error) {
	values := template.Map()
	for _, match := range templateVariable.FindAllStringSubmatch(text, -1) {
		v := variables[match[1]]
		if v.value.IsNull() {
			return nil, invalidResource(m.id, m.node, "%s is missing.", v.path)
		}
		if match[0] == text {
			return v.value.Clone(), nil
		}
		values.Set(match[1], v.value.Clone())
	}
	if len(values.Pairs) == 0 {
		return template.Sub(text), nil
	}
	return sub(text, values.Pairs...), nil
}
