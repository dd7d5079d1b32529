package iam

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

const (
	maxAccessKeys = 2
	active        = "Active"
	inactive      = "Inactive"
	sealPurpose   = "iam access key"
)

// accessKey is the record of an access key. The secret is sealed, bound to the
// id.
type accessKey struct {
	UserName    string
	AccessKeyId string
	Status      string
	CreateDate  time.Time
	Secret      []byte
}

// An AccessKey is a new key; its secret is shown this once.
type AccessKey struct {
	UserName        string
	AccessKeyId     string
	Status          string
	SecretAccessKey string
	CreateDate      time.Time
}

// AccessKeyOutput is the answer of CreateAccessKey.
type AccessKeyOutput struct{ AccessKey *AccessKey }

// CreateAccessKey makes a key for a user; without a name, for the caller.
func (s *Service) CreateAccessKey(ctx context.Context, in *UserNameInput) (*AccessKeyOutput, error) {
	name, err := ownName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	u, ok := s.users.Get(fold(name))
	if !ok {
		return nil, noUser(name)
	}
	k := &AccessKey{
		UserName: u.UserName, AccessKeyId: access.NewKeyID(prefixAccessKey, s.account), Status: active,
		SecretAccessKey: access.NewSecret(), CreateDate: s.timestamp(),
	}
	sealed, err := s.seal.Seal(sealPurpose, []byte(k.SecretAccessKey), []byte(k.AccessKeyId))
	if err != nil {
		return nil, err
	}
	record := accessKey{UserName: k.UserName, AccessKeyId: k.AccessKeyId, Status: active, CreateDate: k.CreateDate, Secret: sealed}
	err = s.store.Atomically(ctx, func(tx *store.Tx) error {
		// Writing the user makes the transaction fail if somebody else makes a key
		// for the same user now.
		user, ok := s.users.In(tx).Get(fold(name))
		if !ok {
			return noUser(name)
		}
		if len(s.keysOf(user.UserName)) >= maxAccessKeys {
			return limit("Cannot exceed quota for AccessKeysPerUser: %d", maxAccessKeys)
		}
		if err := s.users.In(tx).Put(fold(name), user); err != nil {
			return err
		}
		return s.keys.In(tx).Create(record.AccessKeyId, record)
	})
	if err != nil {
		return nil, err
	}
	s.compile()
	return &AccessKeyOutput{k}, nil
}

// keysOf lists the keys of a user.
func (s *Service) keysOf(user string) []accessKey {
	s.compile()
	var list []accessKey
	ids, _ := s.compiled.Load().owned.get(fold(user))
	for _, id := range ids {
		if k, ok := s.keys.Get(id); ok {
			list = append(list, k)
		}
	}
	return list
}

// AccessKeyInput names a key, of a user or of the caller.
type AccessKeyInput struct {
	UserName    string
	AccessKeyId string
	Status      string
	Page
}

// AccessKeyMetadata is a key without its secret.
type AccessKeyMetadata struct {
	UserName    string
	AccessKeyId string
	Status      string
	CreateDate  time.Time
}

// ListAccessKeysOutput is a page of keys.
type ListAccessKeysOutput struct {
	AccessKeyMetadata []AccessKeyMetadata
	Paging
}

// ListAccessKeys lists the keys of a user, or of the caller.
func (s *Service) ListAccessKeys(ctx context.Context, in *AccessKeyInput) (*ListAccessKeysOutput, error) {
	name, err := ownName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, ok := s.users.Get(fold(name)); !ok {
		return nil, noUser(name)
	}
	list := []AccessKeyMetadata{}
	for _, k := range s.keysOf(name) {
		list = append(list, AccessKeyMetadata{k.UserName, k.AccessKeyId, k.Status, k.CreateDate})
	}
	list, paging, err := page(list, in.Page, func(k AccessKeyMetadata) string { return k.AccessKeyId })
	if err != nil {
		return nil, err
	}
	return &ListAccessKeysOutput{list, paging}, nil
}

// UpdateAccessKey makes a key active or inactive.
func (s *Service) UpdateAccessKey(ctx context.Context, in *AccessKeyInput) (*wire.Nothing, error) {
	if in.Status != active && in.Status != inactive {
		return nil, awserr.Validation("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]", in.Status)
	}
	if err := s.ownKey(ctx, in); err != nil {
		return nil, err
	}
	return s.done(s.keys.Update(ctx, in.AccessKeyId, func(k *accessKey) error { k.Status = in.Status; return nil }))
}

// DeleteAccessKey deletes a key; requests signed with it fail from now on.
func (s *Service) DeleteAccessKey(ctx context.Context, in *AccessKeyInput) (*wire.Nothing, error) {
	if err := s.ownKey(ctx, in); err != nil {
		return nil, err
	}
	return s.done(s.keys.Delete(ctx, in.AccessKeyId))
}

// ownKey checks that a key is the named user's, or the caller's.
func (s *Service) ownKey(ctx context.Context, in *AccessKeyInput) error {
	k, ok := s.keys.Get(in.AccessKeyId)
	if in.UserName == "" && ok {
		if caller, _ := access.From(ctx); caller.UserName == "" {
			return nil // a role's session may omit the name too
		}
	}
	name, err := ownName(ctx, in.UserName)
	if err != nil {
		return err
	}
	if !ok || fold(k.UserName) != fold(name) {
		return noSuch("The Access Key with id %s cannot be found.", in.AccessKeyId)
	}
	return nil
}

// The administrator of a fresh account.
const (
	administrator       = "Administrator"
	administratorKey    = "administrator-access-key"
	administratorAccess = "AdministratorAccess"
)

// Bootstrap gives a fresh account its administrator: a user with
// AdministratorAccess and a generated access key. Afterwards, and on every later
// start, it returns that key; nil once somebody has deleted it. The key is as
// good as the account: show it only to its owner.
func (s *Service) Bootstrap(ctx context.Context) (*access.Credentials, error) {
	mark, done := s.settings.Get(administratorKey)
	if !done {
		id, err := s.createAdministrator(ctx)
		if err != nil {
			return nil, fmt.Errorf("create the administrator: %w", err)
		}
		mark.Value = id
	}
	if _, ok := s.keys.Get(mark.Value); !ok {
		return nil, nil
	}
	secret, err := s.secret(mark.Value)
	if err != nil {
		return nil, err
	}
	return &access.Credentials{AccessKeyID: mark.Value, SecretAccessKey: secret}, nil
}

// secret opens the secret of an access key.
func (s *Service) secret(id string) (string, error) {
	k, ok := s.keys.Get(id)
	if !ok {
		return "", noSuch("The Access Key with id %s cannot be found.", id)
	}
	secret, err := s.seal.Open(sealPurpose, k.Secret, []byte(id))
	if err != nil {
		return "", fmt.Errorf("open the access key %s: %w", id, err)
	}
	return string(secret), nil
}

// createAdministrator makes user, key and mark together, so that a start that
// was killed half-way leaves nothing.
func (s *Service) createAdministrator(ctx context.Context) (keyID string, err error) {
	now := s.timestamp()
	u := User{
		Path: "/", UserName: administrator, UserId: newID(prefixUser), Arn: s.arn("user", "/", administrator), CreateDate: now,
		Grants: Grants{Attached: []string{"arn:" + s.partition + ":iam::aws:policy/" + administratorAccess}},
	}
	k := accessKey{UserName: administrator, AccessKeyId: access.NewKeyID(prefixAccessKey, s.account), Status: active, CreateDate: now}
	if k.Secret, err = s.seal.Seal(sealPurpose, []byte(access.NewSecret()), []byte(k.AccessKeyId)); err != nil {
		return "", err
	}
	err = s.store.Atomically(ctx, func(tx *store.Tx) error {
		return errors.Join(
			s.users.In(tx).Create(fold(u.UserName), u),
			s.keys.In(tx).Create(k.AccessKeyId, k),
			s.settings.In(tx).Create(administratorKey, setting{k.AccessKeyId}),
		)
	})
	if errors.Is(err, store.ErrExists) { // another node was faster
		if mark, ok := s.settings.Get(administratorKey); ok {
			return mark.Value, nil
		}
	}
	s.compile()
	return k.AccessKeyId, err
}
