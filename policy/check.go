package policy

import (
	"strings"
)

// statement compares a statement with the request and keeps every comparison.
func (x *explainer) statement(st *statement, index int, n naming) ExplainedStatement {
	e := ExplainedStatement{Sid: st.sid, Index: index, Start: st.span.start(), End: st.span.end(), Effect: "Allow"}
	if st.deny {
		e.Effect = "Deny"
	}
	env := &x.judge.env
	e.Checks.Action = checkAction(st, x.request.Action)
	e.Checks.Resource = checkResource(st, env)
	principal := true
	switch {
	case st.principals != nil:
		c := x.checkPrincipal(st.principals)
		e.Checks.Principal, principal = &c, c.Matches
	case n == mustName:
		principal = false
		e.Checks.Principal = &PatternCheck{
			Element: "Principal", Got: x.request.Principal.name(),
			Note: "the statement names no principal; on a resource it applies to nobody",
		}
	}
	conditions := true
	for i := range st.conditions {
		c := checkCondition(&st.conditions[i], env)
		conditions = conditions && c.Result
		e.Checks.Conditions = append(e.Checks.Conditions, c)
	}
	switch {
	case !e.Checks.Action.Matches:
		e.Differs = "action"
	case e.Checks.Resource != nil && !e.Checks.Resource.Matches:
		e.Differs = "resource"
	case !principal:
		e.Differs = "principal"
	case !conditions:
		e.Differs = "condition"
	default:
		e.Applies = true
	}
	return e
}

func checkAction(st *statement, action string) PatternCheck {
	c := PatternCheck{Element: "Action", Matches: st.matchAction(action), Got: action}
	if st.notAction {
		c.Element = "NotAction"
	}
	best := -1
	for i := range st.actions {
		p := &st.actions[i]
		score := commonPrefixFold(p.text, action)
		if p.match(action, nil, true) == matched {
			score = 1 << 20
		}
		if score > best {
			best, c.Pattern = score, p.text
		}
	}
	if c.Matches {
		return c
	}
	if st.notAction {
		c.Note = "NotAction lists the action"
		return c
	}
	wantService, wantName, _ := strings.Cut(c.Pattern, ":")
	service, name, _ := strings.Cut(action, ":")
	if !strings.EqualFold(wantService, service) {
		c.Part, c.Want, c.Have = "service", wantService, service
	} else {
		c.Part, c.Want, c.Have = "action name", wantName, name
	}
	return c
}

func commonPrefixFold(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && lower(a[n]) == lower(b[n]) {
		n++
	}
	return n
}

// checkResource returns nil for a statement without resources.
func checkResource(st *statement, e *env) *PatternCheck {
	if st.anyResource {
		return nil
	}
	c := &PatternCheck{Element: "Resource", Matches: st.matchResource(e), Got: e.request.Resource}
	if st.notResource {
		c.Element = "NotResource"
	}
	best := -1
	for i := range st.resources {
		r := &st.resources[i]
		d := r.difference(e)
		score := d.score
		switch r.match(e) {
		case matched:
			score = 1 << 20
		case meaningless:
			score, d.note = score+1<<10, unresolvedNote(&r.rest, e)
		case noMatch:
		}
		if score > best {
			best = score
			c.Pattern, c.Part, c.Want, c.Have, c.Note = r.text, d.part, d.want, d.have, d.note
		}
	}
	switch {
	case c.Matches:
		c.Part, c.Want, c.Have, c.Note = "", "", "", ""
	case st.notResource && c.Note == "":
		c.Part, c.Want, c.Have, c.Note = "", "", "", "NotResource lists the resource"
	}
	return c
}

// unresolvedNote names the variable that keeps a pattern from matching.
func unresolvedNote(p *pattern, e *env) string {
	if p.program == nil {
		return ""
	}
	for i := range p.program.variables {
		v := &p.program.variables[i]
		if _, ok := v.resolve(e); ok {
			continue
		}
		if _, ok := e.value(v.key); ok {
			return "${" + v.key + "} has several values, and a variable needs exactly one"
		}
		return "the request has no " + v.key + ", so ${" + v.key + "} matches nothing"
	}
	return ""
}

func (x *explainer) checkPrincipal(p *principals) PatternCheck {
	caller := &x.request.Principal
	c := PatternCheck{Element: "Principal", Matches: p.match(caller, x.judge.bounded) != grantNone, Got: caller.name()}
	if p.not {
		c.Element = "NotPrincipal"
	}
	best := -1
	for i := range p.entries {
		e := &p.entries[i]
		score := int(e.match(caller)) << 20
		if score == 0 {
			score = commonPrefixFold(e.text, caller.ARN+caller.Service)
		}
		if score > best {
			best, c.Pattern = score, e.text
			if e.id != "" && e.value == caller.ARN || e.id != "" && e.value == caller.RoleARN {
				c.Note = "the policy was saved for " + e.id + "; who has the name now was created later"
			}
		}
	}
	if p.not && !c.Matches {
		c.Note = "NotPrincipal lists the caller"
	}
	if c.Matches {
		c.Note = ""
	}
	return c
}

func checkCondition(c *condition, e *env) ConditionCheck {
	check := ConditionCheck{Operator: c.operator.String(), Key: c.written, Wanted: []string{}, Result: c.holds(e)}
	got, ok := e.value(c.key)
	if ok {
		check.Got = &got
	} else {
		check.Absent = true
	}
	for i := range c.operands {
		o := &c.operands[i]
		check.Wanted = append(check.Wanted, o.text.text)
		if o.text.program == nil {
			continue
		}
		for k := range o.text.program.variables {
			v := &o.text.program.variables[k]
			text, resolved := v.resolve(e)
			if !resolved {
				check.Note = unresolvedNote(&o.text, e)
				continue
			}
			if check.Variables == nil {
				check.Variables = map[string]string{}
			}
			check.Variables[v.key] = text
		}
	}
	if check.Note == "" {
		check.Note = conditionNote(c, got, ok)
	}
	return check
}

// conditionNote says what surprises people about a condition's result.
func conditionNote(c *condition, got Value, present bool) string {
	o := &c.operator
	_, single := got.Single()
	switch {
	case o.base.compare == compareNull:
		return ""
	case !present && o.ifExists:
		return "the request has no such key, and …IfExists is then true"
	case !present && o.set == forAllValues:
		return "the request has no such key, and ForAllValues is then true"
	case !present && o.set == forAnyValue:
		return "the request has no such key, and ForAnyValue is then false"
	case !present && o.base.negated:
		return "the request has no such key, and " + o.base.name + " is then true"
	case !present:
		return "the request has no such key, and " + o.base.name + " is then false"
	case !single && o.set == noSet:
		return "the key has several values: only ForAllValues and ForAnyValue compare those"
	case o.set == noSet && single && c.meaningless(got.text):
		return "the value cannot be compared: it or the policy's is of another type"
	}
	return ""
}

// meaningless reports whether value and the policy's values cannot be compared.
func (c *condition) meaningless(value string) bool {
	if len(c.operands) == 0 {
		return false
	}
	for i := range c.operands {
		if c.operands[i].compare(c.operator.base.compare, value, nil) != meaningless {
			return false
		}
	}
	return true
}
