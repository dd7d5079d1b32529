package policy

import "unique"

// parse reads, checks and compiles a document.
func parse(kind Kind, text []byte, strict bool) (*Document, error) {
	s, err := readSource(kind, string(text), strict)
	if err != nil {
		return nil, err
	}
	if strict {
		if err := s.validate(); err != nil {
			return nil, err
		}
	}
	d := s.compile()
	if strict {
		d.warnings = s.warnings(d)
	}
	return d, nil
}

func (s *source) compile() *Document {
	d := &Document{kind: s.kind, text: s.text, statements: make([]statement, len(s.statements))}
	if v := s.root.get("Version"); v != nil {
		d.version = unique.Make(v.text).Value()
	}
	if id := s.root.get("Id"); id != nil {
		d.id = id.text
	}
	for i, st := range s.statements {
		s.compileStatement(&d.statements[i], st, d.version == version2012)
	}
	return d
}

func (s *source) compileStatement(c *statement, st *node, variables bool) {
	c.span = makeSpan(s.locator.position(st.offset), s.locator.position(st.end))
	c.language2012 = variables
	c.deny = st.get("Effect").text != "Allow" // "allow" is no Allow
	if sid := st.get("Sid"); sid != nil {
		c.sid = sid.text
	}

	actions := st.get("Action")
	if not := st.get("NotAction"); not != nil {
		actions, c.notAction = not, true
	}
	c.actions = make([]pattern, 0, len(actions.list()))
	for _, a := range actions.list() {
		p := compilePattern(a.text, syntax{wildcards: true})
		if a.text == "*:*" {
			p.shape = shapeAll
		}
		c.actions = append(c.actions, p)
	}

	resources := st.get("Resource")
	if not := st.get("NotResource"); not != nil {
		resources, c.notResource = not, true
	}
	c.anyResource = resources == nil && s.kind == Trust
	c.resources = make([]resource, 0, len(resources.list()))
	for _, r := range resources.list() {
		c.resources = append(c.resources, compileResource(s.kind, r.text, variables))
	}

	c.principals = s.compilePrincipals(st)
	if block := st.get("Condition"); block != nil {
		c.conditions = compileConditions(block, variables)
	}
}

func (s *source) compilePrincipals(st *node) *principals {
	v := st.get("Principal")
	p := &principals{}
	if not := st.get("NotPrincipal"); not != nil {
		v, p.not = not, true
	}
	switch {
	case v == nil && s.kind == RCP:
		p.entries = []principal{compilePrincipal("", "*")}
	case v == nil:
		return nil
	case v.kind == nodeString:
		p.entries = []principal{compilePrincipal("", v.text)}
	}
	if v != nil {
		for _, m := range v.members {
			for _, item := range m.value.list() {
				p.entries = append(p.entries, compilePrincipal(m.key, item.text))
			}
		}
	}
	return p
}

func compileConditions(block *node, variables bool) []condition {
	var list []condition
	for _, m := range block.members {
		o, ok := parseOperator(m.key)
		if !ok {
			continue // an unknown operator with an empty block
		}
		for _, key := range m.value.members {
			values := key.value.list()
			c := condition{operator: o, written: key.key, key: lowerKey(key.key), operands: make([]operand, 0, len(values))}
			for _, v := range values {
				c.operands = append(c.operands, compileOperand(o.base.compare, v.text, variables))
			}
			list = append(list, c)
		}
	}
	return list
}
