package policy

import "fmt"

// Resolve returns a copy of d whose principals carry the unique IDs that users
// and roles have now. AWS does this when a policy is saved, so that a user who
// is deleted and created again is not the one that the policy names.
//
// It asks lookup once for each user and role ARN. What does not exist is a
// [*MalformedError], as in AWS. An empty ID with true leaves the ARN as it is:
// use it for other accounts.
func (d *Document) Resolve(lookup func(arn string) (uniqueID string, exists bool)) (*Document, error) {
	resolved := *d
	resolved.statements = append([]statement(nil), d.statements...)
	for i := range resolved.statements {
		st := &resolved.statements[i]
		if st.principals == nil {
			continue
		}
		p := &principals{not: st.principals.not, entries: append([]principal(nil), st.principals.entries...)}
		for k := range p.entries {
			e := &p.entries[k]
			if e.kind != entryUser && e.kind != entryRole {
				continue
			}
			id, ok := lookup(e.value)
			if !ok {
				return nil, &MalformedError{
					Message:  fmt.Sprintf(msgBadPrincipal, e.label, e.text),
					Detail:   "there is no such user or role",
					Element:  fmt.Sprintf("Statement[%d].Principal", i),
					Position: st.span.start(),
				}
			}
			e.id = id
		}
		st.principals = p
	}
	return &resolved, nil
}
