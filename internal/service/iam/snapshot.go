package iam

import (
	"context"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// A snapshot is everything that the request path asks of IAM, compiled. It does
// not change; a new one replaces it.
type snapshot struct {
	revision uint64
	keys     layers[sigv4.Key]       // active keys by access key id
	users    layers[*access.User]    // by unique id
	names    layers[*access.User]    // by folded name
	owned    layers[[]string]        // ids of access keys by their user's folded name
	roles    map[string]*access.Role // by unique id
	roleIDs  map[string]string       // unique ids by ARN
	managed  map[string]*policy.Policy

	// Of who compiles.
	cache     map[text]*policy.Policy
	groups    map[string][]*policy.Policy // by folded name
	documents map[string]Document         // of the account's managed policies, by ARN
	policies  map[string]string           // their names
	age       int                         // records compiled since everything was
}

func newSnapshot(revision uint64) *snapshot {
	return &snapshot{
		revision:  revision,
		keys:      newLayers[sigv4.Key](),
		users:     newLayers[*access.User](),
		names:     newLayers[*access.User](),
		owned:     newLayers[[]string](),
		roles:     map[string]*access.Role{},
		roleIDs:   map[string]string{},
		managed:   map[string]*policy.Policy{},
		cache:     map[text]*policy.Policy{},
		groups:    map[string][]*policy.Policy{},
		documents: map[string]Document{},
		policies:  map[string]string{},
	}
}

const denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`

// A text identifies a compiled document, so that a new snapshot takes over what
// did not change.
type text struct {
	kind      policy.Kind
	name, arn string
	document  Document
}

// Key returns the secret and the caller of a long-term access key. A session
// token beside one is refused.
func (s *Service) Key(_ context.Context, accessKeyID, sessionToken string) (sigv4.Key, error) {
	key, ok := s.compiled.Load().keys.get(accessKeyID)
	switch {
	case !ok:
		return sigv4.Key{}, sigv4.ErrUnknownKey
	case sessionToken != "":
		return sigv4.Key{}, sigv4.ErrInvalidToken
	default:
		return key, nil
	}
}

// RoleByID returns the role with a unique id.
func (s *Service) RoleByID(id string) (*access.Role, bool) {
	r, ok := s.compiled.Load().roles[id]
	return r, ok
}

// RoleByARN returns the role with an ARN, path included.
func (s *Service) RoleByARN(arn string) (*access.Role, bool) {
	now := s.compiled.Load()
	r, ok := now.roles[now.roleIDs[arn]]
	return r, ok
}

// RoleByName returns the role with a name, without regard to case.
func (s *Service) RoleByName(name string) (*access.Role, bool) {
	for _, r := range s.compiled.Load().roles {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return nil, false
}

// UserByID returns the user with a unique id.
func (s *Service) UserByID(id string) (*access.User, bool) {
	return s.compiled.Load().users.get(id)
}

// ManagedPolicy returns a managed policy by its ARN, compiled as a session
// policy has it.
func (s *Service) ManagedPolicy(arn string) (*policy.Policy, bool) {
	if p, ok := s.compiled.Load().managed[arn]; ok {
		return p, true
	}
	p, ok := s.aws[arn]
	if !ok {
		return nil, false
	}
	return p.compiled, true
}

// Revision grows when any answer of the snapshot may have changed.
func (s *Service) Revision() uint64 { return s.compiled.Load().revision }

// compile builds a new snapshot if the store has moved. What cannot be compiled
// or opened gives no access, and is logged.
func (s *Service) compile() {
	s.compiling.Lock()
	defer s.compiling.Unlock()
	revision := s.store.RevisionOf(collections...)
	old := s.compiled.Load()
	if old != nil && old.revision == revision {
		return
	}
	if old != nil {
		if next := s.follow(old, revision); next != nil {
			s.compiled.Store(next)
			return
		}
	}
	c := compiler{Service: s, next: newSnapshot(revision)}
	if old != nil {
		c.old = old.cache
	}
	c.run()
	s.compiled.Store(c.next)
}

// A compiler builds one snapshot.
type compiler struct {
	*Service
	next *snapshot
	old  map[text]*policy.Policy
	ids  map[string]string // unique ids of users and roles, by ARN
}

func (c *compiler) run() {
	c.ids = map[string]string{}
	for arn, p := range c.policies.All() {
		c.next.documents[arn], c.next.policies[arn] = p.document(), p.PolicyName
		if compiled := c.policy(policy.Identity, p.PolicyName, arn, p.document()); compiled != nil {
			c.next.managed[arn] = compiled
		}
	}
	for key, g := range c.groups.All() {
		c.next.groups[key] = c.grants(g.Grants)
	}
	for key, u := range c.users.All() {
		c.user(key, &u)
		c.ids[u.Arn] = u.UserId
	}
	roles := []Role{}
	for _, r := range c.roles.All() {
		roles = append(roles, r)
		c.ids[r.Arn] = r.RoleId
	}
	for i := range roles {
		c.role(&roles[i])
	}
	for id, k := range c.keys.All() {
		name := fold(k.UserName)
		owned, _ := c.next.owned.get(name)
		c.next.owned.set(name, append(owned, id))
		if u, ok := c.next.names.get(name); ok && k.Status == active {
			c.key(id, &k, u)
		}
	}
}

func (c *compiler) key(id string, k *accessKey, u *access.User) {
	secret, err := c.seal.Open(sealPurpose, k.Secret, []byte(id))
	if err != nil {
		c.log.Error("access key cannot be opened", "access_key_id", id, "error", err)
		return
	}
	c.next.keys.set(id, sigv4.Key{SecretAccessKey: string(secret), Caller: u.Caller(id)})
}

func (c *compiler) user(key string, u *User) {
	compiled := &access.User{
		Name: u.UserName, ARN: u.Arn, ID: u.UserId, AccountID: c.account, Tags: tagMap(u.Tags),
		Policies: policy.Set{Identity: c.grants(u.Grants), Boundary: c.boundaryPolicy(u.PermissionsBoundary)},
	}
	for _, g := range u.Groups {
		compiled.Policies.Identity = append(compiled.Policies.Identity, c.next.groups[g]...)
	}
	c.next.users.set(u.UserId, compiled)
	c.next.names.set(key, compiled)
}

func (c *compiler) role(r *Role) {
	trust := pinned(r.AssumeRolePolicyDocument, r.TrustIDs, func(arn string) string { return c.ids[arn] })
	c.next.roles[r.RoleId] = &access.Role{
		Name: r.RoleName, ARN: r.Arn, ID: r.RoleId, AccountID: c.account,
		MaxSession: time.Duration(r.MaxSessionDuration) * time.Second,
		Tags:       tagMap(r.Tags),
		Policies:   policy.Set{Identity: c.grants(r.Grants), Boundary: c.boundaryPolicy(r.PermissionsBoundary)},
		Trust:      c.policy(policy.Trust, "AssumeRolePolicyDocument", r.Arn, trust),
	}
	c.next.roleIDs[r.Arn] = r.RoleId
}

// grants compiles attached and inline policies.
func (c *compiler) grants(g Grants) []*policy.Policy {
	list := make([]*policy.Policy, 0, len(g.Attached)+len(g.Inline))
	for _, arn := range g.Attached {
		if p := c.attached(arn); p != nil {
			list = append(list, p)
		}
	}
	for _, name := range sortedKeys(g.Inline) {
		if p := c.policy(policy.Identity, name, "", g.Inline[name]); p != nil {
			list = append(list, p)
		}
	}
	return list
}

func (c *compiler) attached(arn string) *policy.Policy {
	if p, ok := c.aws[arn]; ok {
		return p.compiled
	}
	return c.next.managed[arn]
}

// boundaryPolicy compiles a boundary. One that cannot be compiled still limits:
// to nothing.
func (c *compiler) boundaryPolicy(b *Boundary) *policy.Policy {
	if b == nil {
		return nil
	}
	arn := b.PermissionsBoundaryArn
	if p, ok := c.aws[arn]; ok {
		return p.boundary
	}
	return c.policy(policy.Boundary, c.next.policies[arn], arn, c.next.documents[arn])
}

// policy compiles a document, or takes it over from the last snapshot. Equal
// documents of the same name are compiled once. One that cannot be compiled might
// have held a Deny, so everything is denied instead; a trust policy then trusts
// nobody.
func (c *compiler) policy(kind policy.Kind, name, arn string, document Document) *policy.Policy {
	id := text{kind, name, arn, document}
	p, ok := c.next.cache[id]
	if !ok {
		p, ok = c.old[id]
	}
	if !ok {
		d, err := policy.Load(kind, []byte(document))
		if err != nil {
			c.log.Error("policy cannot be compiled; its holders are denied everything", "policy", name, "arn", arn, "error", err)
			if kind == policy.Trust {
				return nil
			}
			if d, err = policy.Load(kind, []byte(denyAll)); err != nil {
				return nil
			}
		}
		p = policy.New(name, arn, d)
	}
	if p.Text() == string(document) {
		id.document = Document(p.Text()) // one copy of the text is enough
	}
	c.next.cache[id] = p
	return p
}
