package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A rehearsal is what a template would make of IAM and API Gateway, in a store
// that is thrown away. The resource handlers are those of a deployment, so names,
// policies and routes come out the same; every other resource only has made-up
// references.
type rehearsal struct {
	account, region string
	bound           *template.Bound
	iam             *iam.Service
	apis            *apigatewayv2.Service
	types           map[string]string       // by logical id, of all resources
	made            map[string]stack.Result // by logical id, of those that were rehearsed

	dir    string
	engine *engine.Engine
	store  *store.Store
}

// rehearse makes the identities and APIs of a template, without a server. The
// caller must close what it returns.
func (p *program) rehearse(ctx context.Context, file string, o *offlineOptions) (_ *rehearsal, err error) {
	config, err := readSAMConfig(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	options, err := config.deployment("default", filepath.Base(file))
	if err != nil {
		return nil, err
	}
	h := &rehearsal{
		account: firstOf(p.account, "123456789012"),
		region:  firstOf(p.region, options.Region, p.getenv("AWS_REGION"), p.getenv("AWS_DEFAULT_REGION"), "us-east-1"),
		types:   map[string]string{}, made: map[string]stack.Result{},
	}
	if h.bound, err = p.bind(file, o, h); err != nil {
		return nil, templateProblem(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err = h.open(ctx); err != nil {
		return nil, err
	}
	return h, h.run(stack.WithWarnings(ctx, func(text string) { p.say("warning: %s", text) }))
}

// bind reads the template and gives its parameters values: those given, their
// defaults, or made-up ones.
func (p *program) bind(file string, o *offlineOptions, h *rehearsal) (*template.Bound, error) {
	root, warnings, err := p.transform(file, o, false)
	for _, warning := range warnings {
		p.say("warning: %s", warning)
	}
	if err != nil {
		return nil, err
	}
	loaded, err := template.Load(root)
	if err != nil {
		return nil, err
	}
	parameters, err := parseOverrides(o.parameters)
	if err != nil {
		return nil, usagef("--parameter-overrides: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("find template: %w", err)
	}
	name := stackNameFor(file, dir)
	bound, err := loaded.Bind(parameters, template.Env{
		AccountID: h.account, Region: h.region, StackName: name, Assume: true,
		StackID: "arn:aws:cloudformation:" + h.region + ":" + h.account + ":stack/" + name + "/00000000-0000-4000-8000-000000000000",
		Export:  func(name string) (string, bool) { return name, true },
	})
	if err != nil {
		return nil, err
	}
	return bound, bound.Check()
}

func (h *rehearsal) open(ctx context.Context) (err error) {
	if h.dir, err = os.MkdirTemp("", "hakone-simulate-"); err != nil {
		return fmt.Errorf("make temporary directory: %w", err)
	}
	if h.engine, err = engine.Start(ctx, engine.Config{Dir: h.dir}); err != nil {
		return err
	}
	if h.store, err = store.Open(ctx, h.engine); err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	ring, err := seal.Open(ctx, h.store)
	if err != nil {
		return fmt.Errorf("open seals: %w", err)
	}
	if h.iam, err = iam.New(iam.Config{Store: h.store, Seal: ring, Account: h.account}); err != nil {
		return err
	}
	h.apis = apigatewayv2.New(apigatewayv2.Config{Store: h.store, Account: h.account, Region: h.region})
	return nil
}

func (h *rehearsal) close() error {
	var errs []error
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.engine != nil {
		errs = append(errs, h.engine.Close())
	}
	if h.dir != "" {
		errs = append(errs, os.RemoveAll(h.dir))
	}
	return errors.Join(errs...)
}

// run creates the resources in the order of their dependencies.
func (h *rehearsal) run(ctx context.Context) error {
	served := stack.Collect(h.iam.Types(), h.apis.Types())
	resources := map[string]*template.Resource{}
	for _, r := range h.bound.Resources() {
		resources[r.ID], h.types[r.ID] = r, r.Type
	}
	for _, id := range h.bound.Dependencies().Order() {
		r, t := resources[id], served[h.types[id]]
		if r == nil || t.Handler == nil {
			continue
		}
		properties := template.Map()
		if r.Properties != nil {
			var err error
			if properties, err = h.bound.Resolve(r.Properties, h); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
		result, err := t.Handler.Create(ctx, &stack.Request{
			Account: h.account, Region: h.region, Partition: "aws", StackName: h.bound.Env.StackName, StackID: h.bound.Env.StackID,
			LogicalID: id, Type: r.Type, Properties: properties, ProposedName: t.ProposeName(h.bound.Env.StackName, id), ClientToken: uuid.NewString(),
		})
		if err != nil {
			return fmt.Errorf("%s (%s) could not be created: %w", id, r.Type, err)
		}
		h.made[id] = result
	}
	return nil
}

// Ref implements [template.Lookup].
func (h *rehearsal) Ref(id string) (string, error) {
	if r, ok := h.made[id]; ok {
		return firstOf(r.Ref, r.PhysicalID), nil
	}
	return id, nil
}

// GetAtt implements [template.Lookup]: an ARN of the right shape, or a name.
func (h *rehearsal) GetAtt(id, attribute string) (*template.Node, error) {
	if r, ok := h.made[id]; ok {
		if value, ok := r.Attributes[attribute]; ok {
			return template.Text(value), nil
		}
	}
	if !strings.HasSuffix(attribute, "Arn") {
		return template.Text(id + "-" + attribute), nil
	}
	parts := strings.Split(h.types[id], "::")
	service := strings.ToLower(parts[min(1, len(parts)-1)])
	resource := id
	if h.types[id] == "AWS::Lambda::Function" {
		resource = "function:" + id
	}
	return template.Text("arn:aws:" + service + ":" + h.region + ":" + h.account + ":" + resource), nil
}
