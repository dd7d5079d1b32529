package lambda

import (
	"context"
	"net/http"
	"strconv"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

// A Provision says how many environments of a version or alias are kept ready.
type Provision struct {
	Requested    int
	LastModified string
}

// SetProvisioned keeps n environments of a published version, or of the one that
// an alias leads to, ready for calls.
func (s *Service) SetProvisioned(ctx context.Context, name, qualifier string, n int) (*Provision, error) {
	r, err := s.provisionable(name, qualifier, "Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	if err != nil {
		return nil, err
	}
	var v violations
	atLeast(&v, n, "provisionedConcurrentExecutions", 1)
	if err := v.err(); err != nil {
		return nil, err
	}
	p := Provision{n, now()}
	return &p, s.change(ctx, r.name, func(f *record) error {
		if err := s.qualified(f, r); err != nil {
			return err
		}
		total := n
		for q, other := range f.Provisioned {
			if q == r.qualifier {
				continue
			}
			total += other.Requested
			switch {
			case f.Aliases[r.qualifier].FunctionVersion == q:
				return conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
			case f.Aliases[q].FunctionVersion == r.qualifier:
				return conflict("Version is pointed by a Provisioned Concurrency alias")
			}
		}
		if f.Reserved != nil && total > *f.Reserved {
			return invalidParameter("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
		}
		unreserved := s.unreserved(r.name)
		if f.Reserved == nil && total > unreserved {
			return overLimit("Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [%d].", unreserved)
		}
		if f.Reserved == nil && unreserved-total < leastUnreserved {
			return overLimit("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", leastUnreserved)
		}
		if f.Provisioned == nil {
			f.Provisioned = map[string]Provision{}
		}
		f.Provisioned[r.qualifier] = p
		return nil
	})
}

// provisionProperties is ProvisionedConcurrencyConfiguration of CloudFormation.
type provisionProperties struct {
	ProvisionedConcurrentExecutions int `required:"true"`
}

// provision makes the provisioned concurrency of a version or alias what a
// template says; nil ends it.
func (s *Service) provision(ctx context.Context, name, qualifier string, p *provisionProperties) error {
	if p == nil {
		return s.DeleteProvisioned(ctx, name, qualifier)
	}
	_, err := s.SetProvisioned(ctx, name, qualifier, p.ProvisionedConcurrentExecutions)
	return err
}

func (s *Service) provisionable(name, qualifier, otherwise string) (reference, error) {
	r, err := s.resolve(name, qualifier)
	if err == nil && (r.qualifier == "" || r.qualifier == latest) {
		err = invalidParameter("%s", otherwise)
	}
	return r, err
}

// DeleteProvisioned ends it. Deleting what is gone succeeds.
func (s *Service) DeleteProvisioned(ctx context.Context, name, qualifier string) error {
	r, err := s.provisionable(name, qualifier, "The function resource provided must be an alias or a published version.")
	if err != nil {
		return err
	}
	if _, ok := s.functions.Get(r.name); !ok {
		return s.qualified(&record{}, r)
	}
	return s.change(ctx, r.name, func(f *record) error {
		if err := s.qualified(f, r); err != nil {
			return err
		}
		delete(f.Provisioned, r.qualifier)
		return nil
	})
}

// provisions are the environments to keep ready, by version.
func (f *record) provisions() map[string]int {
	out := make(map[string]int, len(f.Provisioned))
	for qualifier, p := range f.Provisioned {
		if a, ok := f.Aliases[qualifier]; ok {
			qualifier = a.FunctionVersion
		}
		out[qualifier] = p.Requested
	}
	return out
}

type (
	provisionRequest struct {
		FunctionName                    string
		Qualifier                       string `rest:"query=Qualifier"`
		ProvisionedConcurrentExecutions int
	}
	getProvisionRequest struct {
		FunctionName string
		Qualifier    string `rest:"query=Qualifier"`
		List         string `rest:"query=List"` // ALL: ListProvisionedConcurrencyConfigs has the same path
		paging
	}
	provisionAnswer struct {
		FunctionArn                              string `json:",omitempty"` // in lists
		RequestedProvisionedConcurrentExecutions int
		AvailableProvisionedConcurrentExecutions int
		AllocatedProvisionedConcurrentExecutions int
		Status                                   string
		StatusReason                             string `json:",omitempty"`
		LastModified                             string
	}
	// provisionAnswers is the answer of Get and of List.
	provisionAnswers struct {
		provisionAnswer                                 // lists have its members empty, which clients pass over
		ProvisionedConcurrencyConfigs []provisionAnswer `json:",omitempty"`
		NextMarker                    string            `json:",omitempty"`
	}
)

func (s *Service) putProvisioned(ctx context.Context, in *provisionRequest) (*provisionAnswer, error) {
	p, err := s.SetProvisioned(ctx, in.FunctionName, in.Qualifier, in.ProvisionedConcurrentExecutions)
	if err != nil {
		return nil, err
	}
	return &provisionAnswer{RequestedProvisionedConcurrentExecutions: p.Requested, Status: "IN_PROGRESS", LastModified: p.LastModified}, nil
}

func (s *Service) deleteProvisioned(ctx context.Context, in *functionRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.DeleteProvisioned(ctx, in.FunctionName, in.Qualifier)
}

func (s *Service) getProvisioned(ctx context.Context, in *getProvisionRequest) (*provisionAnswers, error) {
	if in.List != "" {
		return s.listProvisioned(ctx, in)
	}
	r, err := s.provisionable(in.FunctionName, in.Qualifier, "The function resource provided must be an alias or a published version.")
	if err != nil {
		return nil, err
	}
	f, _ := s.functions.Get(r.name)
	if err := s.qualified(&f, r); err != nil {
		return nil, err
	}
	p, ok := f.Provisioned[r.qualifier]
	if !ok {
		return nil, awserr.New("ProvisionedConcurrencyConfigNotFoundException", http.StatusNotFound, "No Provisioned Concurrency Config found for this function")
	}
	a := s.provisionedNow(&f, r.name, r.qualifier, p)
	return &provisionAnswers{provisionAnswer: a}, nil
}

func (s *Service) listProvisioned(ctx context.Context, in *getProvisionRequest) (*provisionAnswers, error) {
	if in.List != "ALL" {
		return nil, invalidParameter("List must be ALL, not %s", strconv.Quote(in.List))
	}
	if err := s.ask(ctx, "lambda:ListProvisionedConcurrencyConfigs", s.bareARN(in.FunctionName), nil); err != nil {
		return nil, err
	}
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	var all []provisionAnswer
	for _, qualifier := range sortedKeys(f.Provisioned) {
		a := s.provisionedNow(f, f.Latest.FunctionName, qualifier, f.Provisioned[qualifier])
		a.FunctionArn = s.arn(f.Latest.FunctionName, qualifier)
		all = append(all, a)
	}
	list, next, err := page(in.paging, 50, all, func(a *provisionAnswer) string { return a.FunctionArn }, byText)
	return &provisionAnswers{ProvisionedConcurrencyConfigs: list, NextMarker: next}, err
}

// provisionedNow tells how far the pool is.
func (s *Service) provisionedNow(f *record, name, qualifier string, p Provision) provisionAnswer {
	version := qualifier
	if a, ok := f.Aliases[qualifier]; ok {
		version = a.FunctionVersion
	}
	ready, failed := s.cfg.Pool.Provisioned(s.arn(name, ""), version)
	a := provisionAnswer{
		RequestedProvisionedConcurrentExecutions: p.Requested, AvailableProvisionedConcurrentExecutions: ready,
		AllocatedProvisionedConcurrentExecutions: ready, Status: "IN_PROGRESS", LastModified: p.LastModified,
	}
	switch {
	case failed:
		a.Status, a.StatusReason = "FAILED", "FUNCTION_ERROR_INIT_FAILURE"
	case ready >= p.Requested:
		a.Status = "READY"
	}
	return a
}
