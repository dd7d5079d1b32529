package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text returns the explanation for a person who reads it in a terminal and may
// not know IAM well.
func (e *Explanation) Text() string {
	var b strings.Builder
	e.verdictText(&b)
	if n := e.Nearest; n != nil {
		fmt.Fprintf(&b, "\nNearest: %s, line %d.\nIt does not apply: %s.\n", n.Name, e.statement(n.Pointer).Start.Line, n.Text)
		if r := e.statement(n.Pointer).Checks.Resource; r != nil && !r.Matches {
			fmt.Fprintf(&b, "  policy   %s\n  request  %s\n", r.Pattern, r.Got)
		}
	}
	for i, h := range e.Hints {
		if i == 0 {
			b.WriteString("\nLikely:\n")
		}
		fmt.Fprintf(&b, "  - %s\n", h.Text)
	}
	e.missingText(&b)
	e.layersText(&b)
	return b.String()
}

func (e *Explanation) statement(p Pointer) *ExplainedStatement {
	return &e.Layers[p.Layer].Policies[p.Policy].Statements[p.Statement]
}

func (e *Explanation) verdictText(b *strings.Builder) {
	r := &e.Request
	switch e.Decision {
	case Allowed.String():
		b.WriteString("Allowed")
	case ExplicitlyDenied.String():
		b.WriteString("Denied by a statement")
	default:
		b.WriteString("Denied: nothing allows it")
	}
	fmt.Fprintf(b, "\n  action    %s\n  resource  %s\n  caller    %s\n", r.Action, r.Resource, r.Principal.words())
	fmt.Fprintf(b, "\n%s.\n", e.Reason)
	for _, at := range e.Decisive {
		fmt.Fprintf(b, "  %s, line %d: %s\n", e.Name(at), e.statement(at).Start.Line, e.statement(at).Effect)
		for _, c := range e.statement(at).Checks.Conditions {
			fmt.Fprintf(b, "    %s\n", c.line())
		}
	}
}

func (p *ExplainedPrincipal) words() string {
	switch {
	case p.RoleARN != "" && p.ARN != "":
		return p.ARN + " (a session of " + p.RoleARN + ")"
	case p.ARN != "":
		return p.ARN
	case p.Service != "":
		return "the service " + p.Service
	case p.Provider != "":
		return "a web identity of " + p.Provider
	default:
		return "anonymous (the request was not signed)"
	}
}

// line shows the condition's comparison.
func (c *ConditionCheck) line() string {
	got := "absent"
	if c.Got != nil {
		got = strings.Join(c.Got.All(), ", ")
	}
	s := fmt.Sprintf("%s %s: wanted %s, got %s", c.Operator, c.Key, strings.Join(c.Wanted, " or "), got)
	if c.Note != "" {
		s += " (" + c.Note + ")"
	}
	return s
}

func (e *Explanation) missingText(b *strings.Builder) {
	for i, m := range e.Missing {
		switch {
		case m.Change != nil:
			fmt.Fprintf(b, "\nIn the way: %s", m.Where)
		case i == 0:
			fmt.Fprintf(b, "\nTo allow it, add to %s:\n", m.Where)
		default:
			fmt.Fprintf(b, "\nand to %s:\n", m.Where)
		}
		if m.Statement != nil {
			b.WriteString(indent(m.Statement))
		}
		if m.Note != "" {
			fmt.Fprintf(b, "\n  (%s)", m.Note)
		}
		b.WriteString("\n")
	}
}

func indent(statement json.RawMessage) string {
	var st newStatement
	if json.Unmarshal(statement, &st) != nil {
		return "  " + string(statement)
	}
	var b strings.Builder
	b.WriteString("  {\n")
	for _, f := range []struct {
		name  string
		value any
	}{{"Effect", st.Effect}, {"Principal", st.Principal}, {"Action", st.Action}, {"Resource", st.Resource}, {"Condition", st.Condition}} {
		if f.value == nil || f.value == "" {
			continue
		}
		text, err := encode(f.value)
		if err != nil {
			continue
		}
		if b.Len() > len("  {\n") {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "    %q: %s", f.name, text)
	}
	b.WriteString("\n  }")
	return b.String()
}

func (e *Explanation) layersText(b *strings.Builder) {
	b.WriteString("\nWhat each policy says:\n")
	for _, l := range e.Layers {
		if l.Outcome == LayerAbsent && l.Type != Identity.String() {
			continue
		}
		name := l.Type
		if l.Level > 0 {
			name += fmt.Sprintf(", level %d", l.Level)
		}
		fmt.Fprintf(b, "  %-32s %s\n", name, layerWords[l.Outcome])
		for _, p := range l.Policies {
			others := 0
			for _, st := range p.Statements {
				if !st.Applies && st.Differs == "action" && len(p.Statements) > 3 {
					others++
					continue
				}
				title := p.title()
				if st.Sid != "" {
					title += " " + st.Sid
				} else {
					title += fmt.Sprintf(" statement %d", st.Index+1)
				}
				what := "applies"
				if !st.Applies {
					what = "does not apply: " + st.difference()
				}
				fmt.Fprintf(b, "    %-5s %s: %s\n", st.Effect, strings.TrimSpace(title), what)
			}
			if others > 0 {
				fmt.Fprintf(b, "          %s: %d more are about other actions\n", p.title(), others)
			}
		}
	}
}

func (p *ExplainedPolicy) title() string {
	if p.Name != "" {
		return p.Name
	}
	return p.ARN
}

var layerWords = map[string]string{
	LayerAllows: "allows it", LayerDenies: "denies it", LayerSilent: "says nothing", LayerAbsent: "there is none",
	LayerUnused: "does not bind this caller",
}
