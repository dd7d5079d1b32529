package iam

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// collections are those that a snapshot is made of.
var collections = []string{usersName, groupsName, rolesName, policiesName, keysName}

const (
	usersName    = "iam.users"
	groupsName   = "iam.groups"
	rolesName    = "iam.roles"
	policiesName = "iam.policies"
	keysName     = "iam.accesskeys"
)

// fullAfter is after how many changes everything is compiled anew at least, which
// forgets what is no longer used; also after as many as there are users.
const fullAfter = 1000

// follow makes the snapshot that comes after old, if all that happened since is
// that users and access keys were made or changed: what that costs does not depend
// on how many there are. Else it returns nil.
func (s *Service) follow(old *snapshot, revision uint64) *snapshot {
	changes, ok := s.store.ChangedSince(old.revision, collections...)
	if !ok || old.age+len(changes) > fullAfter+old.users.len() {
		return nil
	}
	next := *old
	next.revision, next.age = revision, old.age+len(changes)
	next.keys, next.users, next.names, next.owned = old.keys.branch(), old.users.branch(), old.names.branch(), old.owned.branch()
	c := compiler{Service: s, next: &next}
	touched := map[string]bool{} // folded names of users
	for _, change := range changes {
		switch change.Collection {
		case usersName:
			touched[change.Key] = true
		case keysName:
			k, ok := s.keys.Get(change.Key)
			if !ok || k.Status != active {
				return nil
			}
			name := fold(k.UserName)
			if owned, _ := next.owned.get(name); !slices.Contains(owned, change.Key) {
				next.owned.set(name, append(slices.Clone(owned), change.Key))
			}
			touched[name] = true
		default:
			return nil
		}
	}
	for name := range touched {
		u, ok := s.users.Get(name)
		if !ok || !c.again(name, &u) {
			return nil
		}
	}
	return &next
}

// again compiles a user and its keys. It is false if roles may be affected, whose
// trust is in who had an ARN when they were told.
func (c *compiler) again(name string, u *User) bool {
	before, ok := c.next.names.get(name)
	if ok && (before.ID != u.UserId || before.ARN != u.Arn) || !ok && c.trusted(u.Arn) {
		return false
	}
	c.user(name, u)
	compiled, _ := c.next.names.get(name)
	owned, _ := c.next.owned.get(name)
	for _, id := range owned {
		if k, ok := c.keys.Get(id); ok && k.Status == active {
			c.key(id, &k, compiled)
		}
	}
	return true
}

// trusted reports whether a role may name a user in its trust policy.
func (c *compiler) trusted(arn string) bool {
	for _, r := range c.roles.All() {
		if _, ok := r.TrustIDs[arn]; ok || strings.Contains(string(r.AssumeRolePolicyDocument), arn) {
			return true
		}
	}
	return false
}

// layers is a map that one snapshot takes over from another without copying it: a
// large part that both share, and a small one of what is new.
type layers[V any] struct{ base, top map[string]V }

// topMost is how large the small part gets.
const topMost = 256

func newLayers[V any]() layers[V] { return layers[V]{base: map[string]V{}} }

func (l *layers[V]) get(key string) (V, bool) {
	if v, ok := l.top[key]; ok {
		return v, true
	}
	v, ok := l.base[key]
	return v, ok
}

// set adds or replaces a value. The layers must not be shared: see branch.
func (l *layers[V]) set(key string, v V) {
	if l.top != nil {
		l.top[key] = v
	} else {
		l.base[key] = v
	}
}

// branch returns layers that can be changed without changing l.
func (l *layers[V]) branch() layers[V] {
	if len(l.top) < topMost {
		top := make(map[string]V, len(l.top)+1)
		maps.Copy(top, l.top)
		return layers[V]{l.base, top}
	}
	base := make(map[string]V, len(l.base)+len(l.top))
	maps.Copy(base, l.base)
	maps.Copy(base, l.top)
	return layers[V]{base, map[string]V{}}
}

// len is how many values there are, some of them counted twice.
func (l *layers[V]) len() int { return len(l.base) + len(l.top) }

func (l *layers[V]) all() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range l.top {
			if !yield(v) {
				return
			}
		}
		for key, v := range l.base {
			if _, newer := l.top[key]; !newer && !yield(v) {
				return
			}
		}
	}
}
