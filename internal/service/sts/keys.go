package sts

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// Key implements [access.Keys] for all keys: long-term ones are IAM's, and are
// refused with a session token; temporary ones are opened from their token, and
// refused without.
func (s *Service) Key(ctx context.Context, accessKeyID, sessionToken string) (sigv4.Key, error) {
	if !strings.HasPrefix(accessKeyID, prefixKey) {
		return s.identities.Key(ctx, accessKeyID, sessionToken)
	}
	e, err := s.entry(accessKeyID, sessionToken)
	if err != nil {
		return sigv4.Key{}, err
	}
	expires := time.Unix(e.session.Expires, 0)
	if !s.now().Before(expires) {
		return sigv4.Key{}, sigv4.ErrExpiredToken
	}
	caller, err := s.caller(e)
	if err != nil {
		return sigv4.Key{}, err
	}
	return sigv4.Key{SecretAccessKey: e.secret, Expires: expires, Caller: caller}, nil
}

// opened remembers tokens that were opened, so that a request costs a hash
// instead of a decryption and the compilation of its session policies.
type opened struct {
	mu        sync.Mutex
	now, then map[[sha256.Size]byte]*entry
}

const maxOpened = 5000 // in each of two generations

// An entry is one opened token.
type entry struct {
	accessKeyID string
	session     *session
	secret      string
	inline      *policy.Policy // session policy, nil without

	mu       sync.Mutex
	revision uint64
	caller   *access.Caller
}

func (s *Service) entry(accessKeyID, token string) (*entry, error) {
	id := sha256.Sum256([]byte(accessKeyID + "\x00" + token))
	if e := s.opened.get(id); e != nil {
		return e, nil
	}
	in, secret, err := s.open(accessKeyID, token)
	if err != nil {
		return nil, err
	}
	e := &entry{accessKeyID: accessKeyID, session: in, secret: secret}
	if in.Policy != "" {
		d, err := policy.Load(policy.Session, []byte(in.Policy))
		if err != nil {
			return nil, fmt.Errorf("load the session policy: %w", err)
		}
		e.inline = policy.New("session policy", "", d)
	}
	s.opened.put(id, e)
	return e, nil
}

func (o *opened) get(id [sha256.Size]byte) *entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e := o.now[id]; e != nil {
		return e
	}
	e := o.then[id]
	if e != nil {
		o.keep(id, e)
	}
	return e
}

func (o *opened) put(id [sha256.Size]byte, e *entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(id, e)
}

// keep is called with mu held.
func (o *opened) keep(id [sha256.Size]byte, e *entry) {
	if o.now == nil || len(o.now) >= maxOpened {
		o.now, o.then = map[[sha256.Size]byte]*entry{}, o.now
	}
	o.now[id] = e
}

// caller returns the caller of a session with the policies of this moment.
func (s *Service) caller(e *entry) (*access.Caller, error) {
	revision := s.identities.Revision()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.caller != nil && e.revision == revision {
		return e.caller, nil
	}
	c, err := s.compose(e)
	if err != nil {
		return nil, err
	}
	e.caller, e.revision = c, revision
	return c, nil
}

// compose makes a caller from a session and whoever is behind it. A role or user
// that was deleted, also when one of the same name exists now, has no sessions.
func (s *Service) compose(e *entry) (*access.Caller, error) {
	in := e.session
	c := &access.Caller{
		AccountID: in.Account, AccessKeyID: e.accessKeyID, SessionName: in.Name, SourceIdentity: in.Source,
		SessionTags: in.Tags, TransitiveTagKeys: in.Transitive, FederatedProvider: in.Provider,
		Temporary: true, IssuedAt: time.Unix(in.Issued, 0), Expires: time.Unix(in.Expires, 0), Direct: in.Direct,
	}
	if in.MFA != 0 {
		t := time.Unix(in.MFA, 0)
		c.MFA = &t
	}
	if in.Origin != nil {
		c.Origin = *in.Origin
	}
	if in.Kind == roleSession {
		role, ok := s.identities.RoleByID(in.ID)
		if !ok {
			return nil, sigv4.ErrInvalidToken
		}
		c.Kind, c.RoleID, c.PrincipalARN = policy.AssumedRole, role.ID, role.ARN
		c.ARN, c.UserID = s.sessionARN(role.Name, in.Name), role.ID+":"+in.Name
		c.Tags, c.Policies = overlay(role.Tags, in.Tags), role.Policies
		s.limit(c, e)
		return c, nil
	}
	user, ok := s.identities.UserByID(in.ID)
	if !ok {
		return nil, sigv4.ErrInvalidToken
	}
	c.Policies, c.NoSTS = user.Policies, true
	c.Tags = overlay(user.Tags, in.Tags)
	if in.Kind == userSession {
		c.Kind, c.ARN, c.PrincipalARN, c.UserID, c.UserName = policy.User, user.ARN, user.ARN, user.ID, user.Name
		c.NoIAM, c.MayAssume = c.MFA == nil, true
		return c, nil
	}
	c.Kind, c.NoIAM = policy.FederatedUser, true
	c.ARN = fmt.Sprintf("arn:%s:sts::%s:federated-user/%s", s.partition, in.Account, in.Name)
	c.PrincipalARN, c.UserID = c.ARN, in.Account+":"+in.Name
	c.Policies.HasSession = true
	s.limit(c, e)
	return c, nil
}

// limit adds the session policies. One that no longer exists allows nothing, but
// the session stays limited.
func (s *Service) limit(c *access.Caller, e *entry) {
	if e.inline != nil {
		c.Policies.Session = append(c.Policies.Session, e.inline)
	}
	for _, arn := range e.session.PolicyARNs {
		if p, ok := s.identities.ManagedPolicy(arn); ok {
			c.Policies.Session = append(c.Policies.Session, p)
		}
	}
	c.Policies.HasSession = c.Policies.HasSession || e.inline != nil || len(e.session.PolicyARNs) > 0
}

// sessionARN names a session; it has no path, whatever the role has.
func (s *Service) sessionARN(role, name string) string {
	return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", s.partition, s.account, role, name)
}

// overlay returns tags with those of a session over them; keys are the same
// without regard to case.
func overlay(tags, session map[string]string) map[string]string {
	if len(session) == 0 {
		return tags
	}
	merged := make(map[string]string, len(tags)+len(session))
	maps.Copy(merged, tags)
	for k, v := range session {
		for old := range merged {
			if strings.EqualFold(old, k) {
				delete(merged, old)
			}
		}
		merged[k] = v
	}
	return merged
}
