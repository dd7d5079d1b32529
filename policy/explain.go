package policy

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Explain evaluates r once more, slowly, and keeps everything. Its decision is
// that of [Evaluate].
func Explain(r *Request, s *Set) *Explanation {
	var v verdict
	v.evaluate(r, s)

	asked := &recorder{context: r.Context, asked: map[string]bool{}}
	recorded := *r
	recorded.Context = asked
	x := &explainer{
		request: r,
		set:     s,
		verdict: &v,
		judge:   judge{bounded: s.Boundary != nil, env: newEnv(&recorded)},
		out: &Explanation{
			Decision: v.decision.Effect.String(),
			Rule:     int(v.step),
			Reason:   v.decision.Sentence(r),
		},
	}
	x.layers()
	x.decisive()
	if !v.decision.Allowed() {
		x.nearest()
		x.missing()
		x.hints()
	}
	x.describeRequest(asked)
	return x.out
}

// An explainer builds an [Explanation].
type explainer struct {
	request *Request
	set     *Set
	verdict *verdict
	judge   judge
	out     *Explanation
	refs    []layerRef // what out.Layers was made of
	found   []foundHint
}

// A layerRef is a layer with its policies.
type layerRef struct {
	kind     Kind
	endpoint bool
	policies []*Policy
	naming   naming
	binds    bool // the layer has a say about this caller
}

// A recorder is a Context that remembers which keys were asked for.
type recorder struct {
	context Context
	asked   map[string]bool
}

// Value implements Context.
func (c *recorder) Value(key string) (Value, bool) {
	c.asked[key] = true
	if c.context == nil {
		return Value{}, false
	}
	return c.context.Value(key)
}

func (x *explainer) describeRequest(asked *recorder) {
	p := x.request.Principal
	out := &x.out.Request
	*out = ExplainedRequest{
		Principal: ExplainedPrincipal{
			Kind: p.Kind.String(), ARN: p.ARN, RoleARN: p.RoleARN, ID: p.UserID, AccountID: p.AccountID, Service: p.Service, Provider: p.Provider,
		},
		Action: x.request.Action, Resource: x.request.Resource, ResourceAccount: x.request.ResourceAccount,
		Context: map[string]Value{},
	}
	if all, ok := x.request.Context.(interface {
		All() iter.Seq2[string, Value]
	}); ok {
		maps.Insert(out.Context, all.All())
	}
	for _, key := range slices.Sorted(maps.Keys(asked.asked)) {
		if v, ok := asked.Value(key); ok {
			out.Context[key] = v
		} else {
			out.Absent = append(out.Absent, key)
		}
	}
}

// layers lays out the policies in the order of AWS's documentation.
func (x *explainer) layers() {
	s, caller := x.set, &x.request.Principal
	one := func(p *Policy) []*Policy {
		if p == nil {
			return nil
		}
		return []*Policy{p}
	}
	resource := Resource
	if s.Resource != nil && s.Resource.Document != nil && s.Resource.kind == Trust {
		resource = Trust
	}
	in, organized := caller.inAccount(), !caller.serviceLinked()
	x.add(layerRef{kind: Identity, policies: s.Identity, binds: in}, 0)
	x.add(layerRef{kind: resource, policies: one(s.Resource), naming: mustName, binds: true}, 0)
	x.add(layerRef{kind: Boundary, policies: one(s.Boundary), binds: in}, 0)
	if s.HasSession || len(s.Session) > 0 {
		x.add(layerRef{kind: Session, policies: s.Session, binds: in}, 0)
	}
	for i, level := range s.SCPs {
		x.add(layerRef{kind: SCP, policies: level, binds: in && organized}, i+1)
	}
	for i, level := range s.RCPs {
		x.add(layerRef{kind: RCP, policies: level, binds: organized}, i+1)
	}
	if s.Endpoint != nil {
		x.add(layerRef{kind: Resource, endpoint: true, policies: s.Endpoint, naming: mustName, binds: true}, 0)
	}
}

func (x *explainer) add(ref layerRef, level int) {
	l := ExplainedLayer{Type: ref.kind.String(), Level: level, Present: len(ref.policies) > 0, Outcome: LayerAbsent}
	if ref.endpoint {
		l.Type = NoEndpointAllow.PolicyType()
	}
	// An empty list where there must be an allow is silent, not absent.
	if l.Present || ref.kind == Session || ref.kind == SCP || ref.endpoint {
		l.Outcome = LayerSilent
	}
	for _, p := range ref.policies {
		ep := ExplainedPolicy{Statements: []ExplainedStatement{}}
		if p != nil {
			ep.Name, ep.ARN, ep.Source = p.Name, p.ARN, p.Source
		}
		if p != nil && p.Document != nil {
			for i := range p.statements {
				st := x.statement(&p.statements[i], i, ref.naming)
				if st.Applies && st.Effect == "Deny" {
					l.Outcome = LayerDenies
				} else if st.Applies && l.Outcome == LayerSilent {
					l.Outcome = LayerAllows
				}
				ep.Statements = append(ep.Statements, st)
			}
		}
		l.Policies = append(l.Policies, ep)
	}
	if !ref.binds && l.Outcome != LayerAbsent {
		l.Outcome = LayerUnused
	}
	x.refs = append(x.refs, ref)
	x.out.Layers = append(x.out.Layers, l)
}

// at returns the statement that p points to.
func (x *explainer) at(p Pointer) *ExplainedStatement {
	return &x.out.Layers[p.Layer].Policies[p.Policy].Statements[p.Statement]
}

// statements yields every statement of the layers that bind the caller.
func (x *explainer) statements() iter.Seq2[Pointer, *ExplainedStatement] {
	return func(yield func(Pointer, *ExplainedStatement) bool) {
		for l := range x.out.Layers {
			if !x.refs[l].binds {
				continue
			}
			for p := range x.out.Layers[l].Policies {
				for s := range x.out.Layers[l].Policies[p].Statements {
					at := Pointer{l, p, s}
					if !yield(at, x.at(at)) {
						return
					}
				}
			}
		}
	}
}

// decisive points to every Deny that applies, or to the allows that let the
// request through.
func (x *explainer) decisive() {
	d := x.verdict.decision
	for at, st := range x.statements() {
		if !st.Applies {
			continue
		}
		switch layer := x.refs[at.Layer].kind; {
		case d.Effect == ExplicitlyDenied && st.Effect == "Deny":
		case d.Effect != Allowed || st.Effect != "Allow":
			continue
		case d.Reason == AllowedByIdentity && layer == Identity:
		case d.Reason == AllowedByResource && (layer == Resource || layer == Trust):
		case x.verdict.step == stepCrossAccount && layer == Identity:
		default:
			continue
		}
		x.out.Decisive = append(x.out.Decisive, at)
	}
}

// name returns how people call the statement: by its Sid, or by its number.
func (x *explainer) name(p Pointer) string { return x.out.Name(p) }

// Name returns how to call the statement that p points to: by its Sid or number
// and its policy's name.
func (e *Explanation) Name(p Pointer) string {
	layer := &e.Layers[p.Layer]
	policy := &layer.Policies[p.Policy]
	st := &policy.Statements[p.Statement]
	s := fmt.Sprintf("statement %d", st.Index+1)
	if st.Sid != "" {
		s = fmt.Sprintf("statement %q", st.Sid)
	}
	switch {
	case policy.Name != "":
		s += " of policy " + policy.Name
	case policy.ARN != "":
		s += " of policy " + policy.ARN
	default:
		s += " of the " + layer.Type
	}
	if policy.Source != "" {
		s += " (" + policy.Source + ")"
	}
	return s
}
