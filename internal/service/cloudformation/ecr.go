package cloudformation

import (
	"cmp"
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// ecrRepository records AWS::ECR::Repository, which every bootstrap of CDK has:
// with names of the right shape and no registry behind them.
type ecrRepository struct{ s *Service }

type ecrProperties struct {
	RepositoryName                     string
	ImageTagMutability                 string
	ImageTagMutabilityExclusionFilters *template.Node
	ImageScanningConfiguration         *template.Node
	EncryptionConfiguration            *template.Node
	LifecyclePolicy                    *template.Node
	RepositoryPolicyText               *template.Node
	EmptyOnDelete                      bool
	Tags                               *template.Node
}

func (e ecrRepository) result(name string) stack.Result {
	c := e.s.cfg
	return stack.Result{PhysicalID: name, Attributes: map[string]string{
		"Arn":           "arn:" + c.Partition + ":ecr:" + c.Region + ":" + c.Account + ":repository/" + name,
		"RepositoryUri": c.Account + ".dkr.ecr." + c.Region + ".amazonaws.com/" + name,
	}}
}

// Create implements [stack.Handler].
func (e ecrRepository) Create(_ context.Context, r *stack.Request) (stack.Result, error) {
	var p ecrProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	return e.result(cmp.Or(p.RepositoryName, r.ProposedName)), nil
}

// Update implements [stack.Handler].
func (e ecrRepository) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p ecrProperties
	return e.result(r.PhysicalID), r.Properties.Decode(&p)
}

// Delete has nothing to delete.
func (ecrRepository) Delete(context.Context, *stack.Request) error { return nil }
