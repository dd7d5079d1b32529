package iam

import (
	"encoding/json"
	"errors"
	"sort"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/query"
	"github.com/hakonegate/hakone/policy"
)

// Quotas (AWS: "IAM and AWS STS quotas"); those of sizes are in package policy.
const (
	maxDocument = 131072 // of any text at all
	maxVersions = 5
	maxAttached = 10
)

// A Document is a policy's text as it was given.
type Document = query.Document

// checkDocument refuses a policy that IAM would, in IAM's words.
func checkDocument(kind policy.Kind, text Document) error {
	if len(text) > maxDocument {
		return limit("Maximum policy size of %d bytes exceeded", maxDocument)
	}
	_, err := policy.Parse(kind, []byte(text))
	var malformed *policy.MalformedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &malformed):
		return &awserr.Error{Code: "MalformedPolicyDocument", Status: 400, Message: malformed.Message, Err: err}
	default:
		return err
	}
}

// checkTrust refuses a trust policy, also one that names a user or role of this
// account which does not exist. It returns the unique ids of those named: a policy
// stays bound to them when the name is given to somebody else later.
func (s *Service) checkTrust(text Document) (map[string]string, error) {
	if err := checkDocument(policy.Trust, text); err != nil {
		return nil, err
	}
	if policy.Size(string(text)) > policy.MaxTrustSize {
		return nil, limit("Cannot exceed quota for ACLSizePerRole: %d", policy.MaxTrustSize)
	}
	ids := map[string]string{}
	for _, principal := range awsPrincipals(text) {
		id, ours := s.principalID(principal)
		if !ours {
			continue
		}
		if id == "" {
			return nil, awserr.New("MalformedPolicyDocument", 400, `Invalid principal in policy: "AWS":"%s"`, principal)
		}
		ids[principal] = id
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return ids, nil
}

// principalID returns the unique id of a user or role of this account; ours is
// false for every other principal.
func (s *Service) principalID(arn string) (id string, ours bool) {
	rest, ok := strings.CutPrefix(arn, "arn:"+s.partition+":iam::"+s.account+":")
	if !ok {
		return "", false
	}
	kind, path, ok := strings.Cut(rest, "/")
	if !ok {
		return "", false // root
	}
	name := path[strings.LastIndex(path, "/")+1:]
	switch kind {
	case "user":
		if u, ok := s.users.Get(fold(name)); ok && u.Arn == arn {
			return u.UserId, true
		}
	case "role":
		if r, ok := s.roles.Get(fold(name)); ok && r.Arn == arn {
			return r.RoleId, true
		}
	default:
		return "", false
	}
	return "", true
}

// awsPrincipals lists the texts under "AWS" in the Principal elements.
func awsPrincipals(text Document) []string {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	type statement struct{ Principal, NotPrincipal json.RawMessage }
	var list []statement
	if json.Unmarshal(doc.Statement, &list) != nil {
		var one statement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil
		}
		list = []statement{one}
	}
	var found []string
	for _, st := range list {
		for _, raw := range []json.RawMessage{st.Principal, st.NotPrincipal} {
			var p struct{ AWS json.RawMessage }
			if len(raw) == 0 || json.Unmarshal(raw, &p) != nil || len(p.AWS) == 0 {
				continue
			}
			var many []string
			var one string
			if json.Unmarshal(p.AWS, &many) == nil {
				found = append(found, many...)
			} else if json.Unmarshal(p.AWS, &one) == nil {
				found = append(found, one)
			}
		}
	}
	return found
}

// pinned returns a trust policy whose principals that were deleted, or deleted
// and created again, are replaced by their old unique ids, as AWS shows them.
func pinned(text Document, ids map[string]string, current func(arn string) string) Document {
	if len(ids) == 0 {
		return text
	}
	for arn, id := range ids {
		if current(arn) == id {
			continue
		}
		quoted, err := json.Marshal(arn)
		if err != nil {
			continue
		}
		text = Document(strings.ReplaceAll(string(text), string(quoted), `"`+id+`"`))
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}
