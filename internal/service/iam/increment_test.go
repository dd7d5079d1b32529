package iam_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/policy"
)

// What is compiled change by change is what a service compiles that starts now.
func TestEveryChangeIsCompiledAsAllOfThemAtOnce(t *testing.T) {
	st, ring := newStore(t)
	s, err := iam.New(iam.Config{Store: st, Seal: ring, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	ctx, random := t.Context(), rand.New(rand.NewPCG(1, 2))
	var keys []string
	groups := []string{"g1", "g2"}
	for _, g := range groups {
		if _, err := s.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: g}); err != nil {
			t.Fatal(err)
		}
	}
	mustRole(t, s, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}}`)
	document := func() iam.Document {
		return iam.Document([]string{invoke, denyAll}[random.IntN(2)])
	}
	changes := []func(user string) error{
		func(user string) error {
			_, err := s.CreateUser(ctx, &iam.CreateUserInput{UserName: user})
			return err
		},
		func(user string) error {
			out, err := s.CreateAccessKey(ctx, &iam.UserNameInput{UserName: user})
			if err == nil {
				keys = append(keys, out.AccessKey.AccessKeyId)
			}
			return err
		},
		func(user string) error {
			_, err := s.PutUserPolicy(ctx, &iam.UserPolicyInput{UserName: user, PolicyName: "p", PolicyDocument: document()})
			return err
		},
		func(user string) error {
			_, err := s.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: user, GroupName: groups[random.IntN(2)]})
			return err
		},
		func(string) error {
			_, err := s.PutGroupPolicy(ctx, &iam.GroupPolicyInput{GroupName: groups[random.IntN(2)], PolicyName: "p", PolicyDocument: document()})
			return err
		},
		func(user string) error {
			if len(keys) == 0 {
				return nil
			}
			status := []string{"Active", "Inactive"}[random.IntN(2)]
			id, err := keys[random.IntN(len(keys))], errors.New("nobody's")
			for _, owner := range []string{user, "new-" + user} {
				if err != nil {
					_, err = s.UpdateAccessKey(ctx, &iam.AccessKeyInput{UserName: owner, AccessKeyId: id, Status: status})
				}
			}
			return err
		},
		func(user string) error {
			name := "new-" + user
			_, err := s.UpdateUser(ctx, &iam.UpdateUserInput{UserName: user, NewUserName: &name})
			return err
		},
		func(user string) error {
			if len(keys) == 0 {
				return nil
			}
			_, err := s.DeleteAccessKey(ctx, &iam.AccessKeyInput{UserName: user, AccessKeyId: keys[random.IntN(len(keys))]})
			return err
		},
		func(user string) error {
			path := fmt.Sprintf("/p%d/", random.IntN(3))
			_, err := s.UpdateUser(ctx, &iam.UpdateUserInput{UserName: user, NewPath: &path})
			return err
		},
	}
	succeeded := map[int]int{}
	for n := range 300 {
		which := random.IntN(len(changes))
		if random.IntN(2) == 0 {
			which = random.IntN(3) // most of them are what is followed
		}
		if changes[which](fmt.Sprint("u", random.IntN(4))) == nil {
			succeeded[which]++
		}
		fresh, err := iam.New(iam.Config{Store: st, Seal: ring, Account: account})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(known(fresh, keys), known(s, keys)); diff != "" {
			t.Fatalf("after change %d, of kind %d (-at once +change by change):\n%s", n, which, diff)
		}
	}
	if len(succeeded) != len(changes) {
		t.Errorf("changes that succeeded: %v, want some of each of %d", succeeded, len(changes))
	}
}

// known is what a service says of keys.
func known(s *iam.Service, keys []string) map[string]string {
	out := map[string]string{}
	for _, id := range keys {
		key, err := s.Key(context.Background(), id, "")
		if err != nil {
			out[id] = err.Error()
			continue
		}
		c := key.Caller.(*access.Caller)
		out[id] = fmt.Sprint(key.SecretAccessKey, c.ARN, c.UserName, c.UserID, texts(c.Policies))
	}
	return out
}

func texts(set policy.Set) (out []string) {
	for _, p := range set.Identity {
		out = append(out, p.Text())
	}
	return out
}

func TestKeyThatIsActiveAgainWorksAgain(t *testing.T) {
	s := start(t)
	mustUser(t, s, "u")
	out, err := s.CreateAccessKey(t.Context(), &iam.UserNameInput{UserName: "u"})
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"Inactive", "Active"} {
		id := out.AccessKey.AccessKeyId
		if _, err := s.UpdateAccessKey(t.Context(), &iam.AccessKeyInput{UserName: "u", AccessKeyId: id, Status: status}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Key(t.Context(), id, ""); (err == nil) != (status == "Active") {
			t.Errorf("%s: %v", status, err)
		}
	}
}
