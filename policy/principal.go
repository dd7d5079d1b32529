package policy

import "strings"

// A principals is a Principal or NotPrincipal element.
type principals struct {
	not     bool
	entries []principal
}

// A principal is one entry of a Principal element.
type principal struct {
	kind  principalEntry
	label string // "AWS", "Service", "Federated"; "" for the bare "*"
	text  string // as written
	value string // what is compared: an account, an ARN, a name, an ID
	id    string // unique ID that the ARN had when the policy was saved; "" when not known
}

type principalEntry uint8

const (
	entryNever principalEntry = iota
	entryEveryone
	entryAccount
	entryUser    // user ARN
	entryRole    // role ARN
	entrySession // assumed-role or federated-user session ARN
	entryID      // AIDA… or AROA…
	entryService
	entryFederated
)

// A grant says how a Principal element names the caller, from the weakest. How
// strong an allow is depends on it.
type grant uint8

const (
	grantNone    grant = iota
	grantAccount       // the caller's account
	grantRole          // the role of the caller's session
	grantDirect        // the caller itself, or everyone
)

// compilePrincipal classifies one entry.
func compilePrincipal(label, text string) principal {
	p := principal{label: label, text: text, value: text}
	switch label {
	case "":
		p.kind = entryEveryone
	case "Service":
		p.kind = entryService
	case "Federated":
		p.kind = entryFederated
	case "AWS":
		p.kind = p.classify()
	}
	return p
}

func (p *principal) classify() principalEntry {
	switch {
	case p.text == "*":
		return entryEveryone
	case isAccount(p.text):
		return entryAccount
	case isUniqueID(p.text):
		return entryID
	}
	parts, n := cutARN(p.text)
	if n < partCount || parts[partPrefix] != "arn" || parts[partRegion] != "" || !isAccount(parts[partAccount]) {
		return entryNever
	}
	name := parts[partRest]
	switch parts[partService] {
	case "iam":
		switch {
		case name == "root":
			p.value = parts[partAccount]
			return entryAccount
		case strings.ContainsAny(name, "*?"):
			return entryNever
		case strings.HasPrefix(name, "user/"):
			return entryUser
		case strings.HasPrefix(name, "role/"):
			return entryRole
		}
	case "sts":
		if strings.ContainsAny(name, "*?") {
			return entryNever
		}
		if strings.HasPrefix(name, "assumed-role/") || strings.HasPrefix(name, "federated-user/") {
			return entrySession
		}
	}
	return entryNever
}

// isAccount reports whether s is an account ID.
func isAccount(s string) bool { return len(s) == 12 && digits(s) }

// isUniqueID reports whether s is the unique ID of a user or role.
func isUniqueID(s string) bool {
	if len(s) < 16 || !strings.HasPrefix(s, "AIDA") && !strings.HasPrefix(s, "AROA") {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') }) < 0
}

// match returns the strongest way in which the entry names the caller.
func (p *principal) match(c *Principal) grant {
	ok := false
	switch p.kind {
	case entryEveryone:
		if c.Kind == WebIdentity {
			return grantAccount // an allow for everyone lets no foreign token in
		}
		return grantDirect
	case entryAccount:
		if c.Kind != Anonymous && c.Kind != ServicePrincipal && c.Kind != WebIdentity && c.AccountID == p.value {
			return grantAccount
		}
		return grantNone
	case entryUser:
		ok = c.Kind == User && c.ARN == p.value && (p.id == "" || p.id == c.UserID)
	case entryRole:
		if c.Kind == AssumedRole && c.RoleARN == p.value && (p.id == "" || p.id == c.uniqueID()) {
			return grantRole
		}
		return grantNone
	case entrySession:
		ok = (c.Kind == AssumedRole || c.Kind == FederatedUser) && c.ARN == p.value
	case entryID:
		switch {
		case c.Kind == AssumedRole && c.uniqueID() == p.value:
			return grantRole
		default:
			ok = c.Kind == User && c.UserID == p.value
		}
	case entryService:
		ok = c.Kind == ServicePrincipal && c.Service == p.value
	case entryFederated:
		ok = c.Kind == WebIdentity && c.Provider == p.value
	case entryNever:
	}
	if ok {
		return grantDirect
	}
	return grantNone
}

// uniqueID returns the ID of a session's role or of a user.
func (p *Principal) uniqueID() string {
	id, _, _ := strings.Cut(p.UserID, ":")
	return id
}

// match returns how the element names the caller. bounded says that the caller
// has a permissions boundary: NotPrincipal always applies to such callers.
func (p *principals) match(c *Principal, bounded bool) grant {
	best := grantNone
	for i := range p.entries {
		g := p.entries[i].match(c)
		if p.not && g == grantAccount && c.Kind != Root {
			g = grantNone // naming the account does not exempt its users
		}
		best = max(best, g)
	}
	if !p.not {
		return best
	}
	if best == grantNone || bounded {
		return grantDirect
	}
	return grantNone
}
