package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/stack"
)

func TestPlan(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "") + "  E: {Type: AWS::SNS::Topic, Properties: {Tags: [1, \"2\", TRUE]}}\n"))
	d := w.deployment(chain(", Key: new", ", Colour: red") + "  D: {Type: AWS::SNS::Topic, Properties: {X: !GetAtt C.Arn}}\n")
	p, err := d.Plan()
	w.must(err)
	var got []string
	for _, c := range p.Changes {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.Operation, c.LogicalID, strings.Join(c.Properties, ","), strings.Join(c.Replacing, ","))))
	}
	if diff := cmp.Diff([]string{"replace A Key Key", "update B From", "update C Colour", "create D", "delete E"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	p, err = w.deployment(chain("", "") + "  E: {Properties: {Tags: ['1', 2, true]}, Type: AWS::SNS::Topic}\n").Plan()
	w.must(err)
	if len(p.Changes) != 0 || len(p.Unchanged) != 4 {
		t.Errorf("plan of the same template: %+v", p)
	}
	if _, err = w.deployment("Resources:\n  A: {Type: AWS::SNS::Topic, Properties: {X: !GetAtt B.Nope}}\n  B: {Type: AWS::SNS::Topic}\n").Plan(); err == nil ||
		err.Error() != "Requested attribute Nope does not exist in schema for AWS::SNS::Topic" {
		t.Errorf("unknown attribute: %v", err)
	}
}

func TestUnservedTypesAreListedAtOnce(t *testing.T) {
	w := newWorld(t)
	d := w.deployment(`Resources:
  A: {Type: AWS::SNS::Topic}
  B: {Type: AWS::Glue::Job}
  C: {Type: AWS::Glue::Crawler}
  D: {Type: AWS::sns::Topic}
  E: {Type: Custom::Thing}
`)
	err := d.Types.Check(d.Bound, nil)
	if err == nil || err.Error() != "Template format error: Unrecognized resource types: [AWS::sns::Topic]" {
		t.Errorf("Check = %v", err)
	}
	text := fmt.Sprintf("%+v", err)
	for _, s := range []string{"t.yaml:5:", "did you mean AWS::SNS::Topic?", "[AWS::Glue::Job, AWS::Glue::Crawler, Custom::Thing]", "t.yaml:3:", "t.yaml:4:", "--placeholder AWS::Glue::Job"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is missing in\n%s", s, text)
		}
	}
	if err := d.Types.Check(d.Bound, func(string) bool { return true }); err == nil || strings.Contains(fmt.Sprintf("%+v", err), "Glue") {
		t.Errorf("Check with every placeholder allowed = %v; want only the type that AWS does not have", err)
	}
}

func TestPlaceholdersGiveMadeUpValues(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply("Resources:\n  J: {Type: AWS::Glue::Job}\n  A: {Type: AWS::SNS::Topic, Properties: {X: !GetAtt J.Arn}}\n"))
	w.want(stack.CreateComplete, map[string]string{"a-1": `{"X":"hakone-placeholder-J-Arn"}`})
	if l := w.resources["J"].Now.Level; l != stack.Placeholder {
		t.Errorf("level of J is %v", l)
	}
}

func TestProposedNamesKeepTheirSuffix(t *testing.T) {
	tests := []struct {
		name           string
		stack, logical string
		typ            stack.Type
		prefix         string
		length         int
	}{
		{"short", "shop", "Orders", stack.Type{}, "shop-Orders-", 24},
		{"long stack", strings.Repeat("s", 128), "Orders", stack.Type{MaxName: 64}, strings.Repeat("s", 44) + "-Orders-", 64},
		{"both long", strings.Repeat("s", 128), strings.Repeat("L", 200), stack.Type{MaxName: 64}, strings.Repeat("s", 25) + "-" + strings.Repeat("L", 25) + "-", 64},
		{"long logical", "shop", strings.Repeat("L", 200), stack.Type{MaxName: 64}, "shop-" + strings.Repeat("L", 46) + "-", 64},
		{"bucket", "Shop", "Orders", stack.Type{MaxName: 63, LowerName: true}, "shop-orders-", 24},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.typ.ProposeName(tt.stack, tt.logical)
			if !strings.HasPrefix(got, tt.prefix) || len(got) != tt.length {
				t.Errorf("ProposeName = %q (%d); want %d characters that start with %q", got, len(got), tt.length, tt.prefix)
			}
			if again := tt.typ.ProposeName(tt.stack, tt.logical); again == got {
				t.Errorf("two names are the same: %q", got)
			}
		})
	}
}
