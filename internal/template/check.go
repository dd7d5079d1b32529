package template

import (
	"fmt"
	"slices"
	"strings"
)

// Check finds what CloudFormation finds after the transforms: references to
// what is not there, functions of the wrong shape, cycles. A refusal is an
// [*Error] whose More has the further faults.
func (b *Bound) Check() error {
	c := checker{b: b}
	c.declared()
	if c.faults.list == nil {
		c.exist()
	}
	if c.faults.list == nil {
		c.rehearse()
	}
	if c.faults.list == nil {
		c.faults.add(b.Dependencies().cycle())
	}
	return c.faults.err()
}

// CheckBefore is what [Bound.Check] can say before the SAM transform: names that
// refer to nothing, but for those of which made says that the transform may make
// them.
func (b *Bound) CheckBefore(made func(name string) bool) error {
	c := checker{b: b, made: made}
	c.declared()
	return c.faults.err()
}

type checker struct {
	b      *Bound
	faults faults
	made   func(name string) bool // what the transform will add; nil: it has run
}

// there reports whether a resource is declared, or may be made.
func (c *checker) there(id string) bool {
	return c.b.Template.resources[id] != nil || c.made != nil && c.made(id)
}

// An unresolved collects the names of one section that refer to nothing.
type unresolved struct {
	block string
	seen  map[string]bool
	names []string
	notes []Note
}

func (u *unresolved) add(name string, at Position, text string) {
	if u.seen == nil {
		u.seen = map[string]bool{}
	}
	if !u.seen[name] {
		u.seen[name] = true
		u.names = append(u.names, name)
	}
	if len(u.notes) < maxFaults {
		u.notes = append(u.notes, Note{Position: at, Text: text})
	}
}

func (u *unresolved) err(b *Bound) *Error {
	if u.names == nil {
		return nil
	}
	e := &Error{Message: fmt.Sprintf(unresolvedText, strings.Join(u.names, ", "), u.block), Notes: u.notes}
	var hints []string
	for i, name := range u.names {
		if i == 10 {
			break
		}
		if b.Template.resources[name] != nil || b.Template.parameters[name] != nil {
			continue
		}
		if h := b.suggest(name); h != "" && len(u.names) > 1 {
			hints = append(hints, name+": "+h)
		} else if h != "" {
			hints = append(hints, h)
		}
	}
	e.Hint = strings.Join(hints, "\n")
	return e
}

// declared checks that every name means something, in branches not taken and
// in resources that will not exist, too.
func (c *checker) declared() {
	inResources, inOutputs := unresolved{block: "Resources"}, unresolved{block: "Outputs"}
	for _, res := range c.b.Template.Resources {
		c.condition(res.Condition, "Resources", res.Node.Get("Condition"))
		w := walker{visit: func(r reference) { c.reference(r, &inResources) }}
		w.walkResource(res.Node, true)
		for _, d := range res.DependsOn {
			if !c.there(d.Value) {
				inResources.add(d.Value, d.Position, "DependsOn of "+res.ID)
			}
		}
	}
	for _, o := range c.b.Template.Outputs {
		c.condition(o.Condition, "Outputs", o.Value)
		w := walker{visit: func(r reference) { c.reference(r, &inOutputs) }}
		w.walk(o.Value, "/Value")
		w.walk(o.ExportName, "/Export/Name")
	}
	c.faults.add(inResources.err(c.b))
	c.faults.add(inOutputs.err(c.b))
}

func (c *checker) condition(name, block string, at *Node) {
	if name != "" && c.b.Template.conditions[name] == nil {
		c.faults.add(unresolvedCondition(name, block, at.position(), c.b.Template))
	}
}

func (c *checker) reference(r reference, u *unresolved) {
	t := c.b.Template
	if t.resources[r.name] != nil && strings.Contains(r.path, "/Fn::ImportValue") {
		c.faults.add(errorf(r.position(), importedNameText).withHint("the name is looked up before %s exists: make it of parameters, mappings and pseudo parameters", r.name))
		return
	}
	switch r.how {
	case "unknown function":
		c.faults.add(misplaced(r.name, r.node))
	case "Fn::If":
		if t.conditions[r.name] == nil {
			e := errorf(r.position(), "Template error: unresolved condition dependency %s in Fn::If", r.name)
			e.Hint = didYouMean(r.name, t.conditionNames())
			c.faults.add(e)
		}
	case "Fn::GetAtt":
		if !c.there(r.name) {
			c.faults.add(undefinedResource(r.name, r.position(), c.b))
		}
	case "Ref", "Fn::Sub":
		if c.there(r.name) {
			return
		}
		if r.attribute != "" || t.parameters[r.name] == nil && !slices.Contains(pseudoNames, r.name) {
			u.add(r.name, r.position(), "")
		}
	}
}

// exist checks that what exists refers only to what exists.
func (c *checker) exist() {
	b := c.b
	visit := func(u *unresolved) func(reference) {
		return func(r reference) {
			res := b.Template.resources[r.name]
			switch r.how {
			case "Ref", "Fn::Sub", "Fn::GetAtt":
				if res != nil && !b.has(r.name) && (b.Template.parameters[r.name] == nil || r.attribute != "") {
					u.add(r.name, r.position(), fmt.Sprintf("%s does not exist because its condition %s is false", r.name, res.Condition))
				}
			}
		}
	}
	inResources, inOutputs := unresolved{block: "Resources"}, unresolved{block: "Outputs"}
	for _, res := range b.Template.Resources {
		if b.has(res.ID) {
			w := walker{visit: visit(&inResources), branch: b.taken}
			w.walkResource(res.Node, true)
		}
	}
	for _, o := range b.Template.Outputs {
		if o.Condition == "" || b.Condition(o.Condition) {
			w := walker{visit: visit(&inOutputs), branch: b.taken}
			w.walk(o.Value, "/Value")
			w.walk(o.ExportName, "/Export/Name")
		}
	}
	c.faults.add(inResources.err(b))
	c.faults.add(inOutputs.err(b))
}

// rehearse resolves everything with unknown resources, which finds functions
// of the wrong shape and mappings without the key.
func (c *checker) rehearse() {
	for _, res := range c.b.Template.Resources {
		if !c.b.has(res.ID) {
			continue
		}
		for _, p := range res.Node.Pairs {
			if p.Key == "Type" {
				continue
			}
			v, err := c.rehearsal("Resources").resolve(p.Value)
			c.faults.addError(err)
			if err == nil && v.kind() != Unknown && slices.Contains(policyNames, p.Key) {
				c.faults.add(policyFault(res, p.Key, v))
			}
		}
	}
	for _, o := range c.b.Template.Outputs {
		if o.Condition != "" && !c.b.Condition(o.Condition) {
			continue
		}
		v, err := c.rehearsal("Outputs").resolve(o.Value)
		c.faults.addError(err)
		if err == nil && v.kind() != Scalar && v.kind() != Unknown {
			c.faults.add(errorf(o.Value.Position, outputNotString))
		}
		if o.ExportName != nil {
			_, err := c.rehearsal("Outputs").resolve(o.ExportName)
			c.faults.addError(err)
		}
	}
}

func (c *checker) rehearsal(block string) *resolver {
	r := c.b.resolver(NothingCreated)
	r.dry, r.block = true, block
	return r
}
