package stack_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// outside serves Custom::X: what it does is not in the store, so it says with an
// error what it began.
type outside struct {
	begun string // physical id that a failed call reports
	fail  string // property value that makes a call fail
	calls []string
}

func (o *outside) act(verb string, r *stack.Request) (stack.Result, error) {
	value := r.Properties.Get("V").Str()
	o.calls = append(o.calls, strings.TrimSpace(verb+" "+r.PhysicalID+" "+value))
	if value == o.fail && verb != "delete" {
		return stack.Result{PhysicalID: o.begun}, errors.New("broken")
	}
	return stack.Result{PhysicalID: "id-" + value}, nil
}

func (o *outside) Create(_ context.Context, r *stack.Request) (stack.Result, error) {
	return o.act("create", r)
}

func (o *outside) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	result, err := o.act("update", r)
	if result.PhysicalID != "" {
		result.PhysicalID = r.PhysicalID
	}
	return result, err
}

func (o *outside) Delete(_ context.Context, r *stack.Request) error {
	_, err := o.act("delete", r)
	return err
}

func (o *outside) deployment(w *world, text string) *stack.Deployment {
	d := w.deployment(text)
	d.Types["AWS::CloudFormation::CustomResource"] = stack.Type{
		Name: "AWS::CloudFormation::CustomResource", Level: stack.Real, Outside: true, Handler: o, Replace: []string{"R"},
	}
	return d
}

func one(properties string) string {
	return "Resources:\n  X:\n    Type: Custom::X\n    Properties: {" + properties + "}\n"
}

func TestWhatIsOutsideTheStoreIsTakenBackByTheHandler(t *testing.T) {
	tests := []struct {
		name, before, after, begun string
		want                       []string // calls, of the second deployment if there are two
	}{
		{"a failed creation that began is deleted", "", "V: bad", "half", []string{"create  bad", "delete half bad"}},
		{"a failed creation that did not begin is not", "", "V: bad", "", []string{"create  bad"}},
		{"a failed update that began is turned back", "V: a", "V: bad", "yes", []string{"update id-a bad", "update id-a a"}},
		{"a failed update that did not begin is not", "V: a", "V: bad", "", []string{"update id-a bad"}},
		{"a failed replacement that began is deleted", "V: a", "V: bad, R: 1", "half", []string{"create  bad", "delete half bad"}},
		{"a failed replacement that did not begin is not", "V: a", "V: bad, R: 1", "", []string{"create  bad"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, o := newWorld(t), &outside{begun: tt.begun, fail: "bad"}
			if tt.before != "" {
				w.must(o.deployment(w, one(tt.before)).Apply(t.Context(), true))
				o.calls = nil
			}
			err := o.deployment(w, one(tt.after)).Apply(t.Context(), tt.before == "")
			if failed, ok := errors.AsType[*stack.FailedError](err); !ok || failed.Causes["X"] != "broken" {
				t.Fatalf("err = %v, want X broken", err)
			}
			if !slices.Equal(o.calls, tt.want) {
				t.Errorf("calls = %q, want %q", o.calls, tt.want)
			}
		})
	}
}

func TestWhatTheProcessDiedInIsTakenBackByTheHandler(t *testing.T) {
	tests := []struct {
		name, before, after string
		verb                string
		want                []string
	}{
		{"a creation is deleted by its proposed name", "", "V: b", "create", []string{"delete NAME b"}},
		{"an update is turned back", "V: a", "V: b", "update", []string{"update id-a a"}},
		{"a replacement is deleted by its proposed name", "V: a", "V: b, R: 1", "create", []string{"delete NAME b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, o := newWorld(t), &outside{}
			if tt.before != "" {
				w.must(o.deployment(w, one(tt.before)).Apply(t.Context(), true))
			}
			d := o.deployment(w, one(tt.after))
			dying := &dying{Journal: w}
			d.Journal = dying
			if err := d.Apply(t.Context(), tt.before == ""); err == nil {
				t.Fatal("the deployment went on after the process died")
			}
			o.calls = nil
			end := o.deployment(w, "")
			end.ID = d.ID
			status := stack.CreateInProgress
			if tt.before != "" {
				status = stack.UpdateInProgress
			}
			_ = end.Resume(t.Context(), status)
			for i, call := range o.calls {
				if words := strings.Fields(call); words[0] == "delete" {
					if !strings.HasPrefix(words[1], "test-X-") {
						t.Errorf("deleted %s, want the proposed name", words[1])
					}
					o.calls[i] = words[0] + " NAME " + words[2]
				}
			}
			if !slices.Equal(o.calls, tt.want) {
				t.Errorf("calls = %q, want %q", o.calls, tt.want)
			}
		})
	}
}

// dying is a journal whose process dies after the second save: when the handler
// was called and before that is known.
type dying struct {
	stack.Journal
	saves int
}

func (d *dying) Save(ctx context.Context, r *stack.Resource, events ...stack.Event) error {
	if d.saves++; d.saves > 1 {
		return errors.New("dead")
	}
	return d.Journal.Save(ctx, r, events...)
}
