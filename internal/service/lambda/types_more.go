package lambda

import (
	"context"
	"errors"
	"strings"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// aliases is AWS::Lambda::Alias.
type aliases struct{ s *Service }

type aliasProperties struct {
	FunctionName, FunctionVersion, Name string
	Description                         string
	ProvisionedConcurrencyConfig        *provisionProperties
	RoutingConfig                       *struct {
		AdditionalVersionWeights []struct {
			FunctionVersion string
			FunctionWeight  float64
		}
	}
}

func (p *aliasProperties) routing() *RoutingConfig {
	r := &RoutingConfig{AdditionalVersionWeights: map[string]float64{}}
	if p.RoutingConfig != nil {
		for _, w := range p.RoutingConfig.AdditionalVersionWeights {
			r.AdditionalVersionWeights[w.FunctionVersion] = w.FunctionWeight
		}
	}
	return r
}

func aliasResult(a *Alias) stack.Result {
	return stack.Result{PhysicalID: a.AliasArn, Attributes: map[string]string{"AliasArn": a.AliasArn}}
}

// Create makes the alias.
func (h aliases) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p aliasProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	in := &CreateAliasInput{FunctionName: p.FunctionName, Name: p.Name, FunctionVersion: p.FunctionVersion, Description: p.Description}
	if p.RoutingConfig != nil {
		in.RoutingConfig = p.routing()
	}
	a, err := h.s.CreateAlias(ctx, in)
	if err == nil && p.ProvisionedConcurrencyConfig != nil {
		err = h.s.provision(ctx, p.FunctionName, p.Name, p.ProvisionedConcurrencyConfig)
	}
	if err != nil {
		return stack.Result{}, err
	}
	return aliasResult(a), nil
}

// Update moves the alias at once, also where CodeDeploy would do it by and by.
func (h aliases) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p aliasProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	a, err := h.s.UpdateAlias(ctx, &UpdateAliasInput{
		FunctionName: p.FunctionName, Name: p.Name, FunctionVersion: p.FunctionVersion, Description: &p.Description, RoutingConfig: p.routing(),
	})
	if err == nil {
		err = h.s.provision(ctx, p.FunctionName, p.Name, p.ProvisionedConcurrencyConfig)
	}
	if err != nil {
		return stack.Result{}, err
	}
	return aliasResult(a), nil
}

// Delete deletes the alias.
func (h aliases) Delete(ctx context.Context, r *stack.Request) error {
	i := strings.LastIndexByte(r.PhysicalID, ':')
	if i < 0 {
		return nil
	}
	return gone(h.s.DeleteAlias(ctx, r.PhysicalID[:i], r.PhysicalID[i+1:]))
}

// layerVersions is AWS::Lambda::LayerVersion.
type layerVersions struct{ s *Service }

type layerProperties struct {
	LayerName, Description, LicenseInfo         string
	Content                                     struct{ S3Bucket, S3Key, S3ObjectVersion string }
	CompatibleRuntimes, CompatibleArchitectures []string
}

// Create publishes the layer version.
func (h layerVersions) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p layerProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	v, err := h.s.PublishLayerVersion(ctx, &PublishLayerVersionInput{
		LayerName: orElse(p.LayerName, r.ProposedName), Description: p.Description, LicenseInfo: p.LicenseInfo,
		Content:            Code{S3Bucket: p.Content.S3Bucket, S3Key: p.Content.S3Key, S3ObjectVersion: p.Content.S3ObjectVersion},
		CompatibleRuntimes: p.CompatibleRuntimes, CompatibleArchitectures: p.CompatibleArchitectures,
	})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: v.LayerVersionArn, Attributes: map[string]string{"LayerVersionArn": v.LayerVersionArn}}, nil
}

// Update is never called: every change makes another version.
func (h layerVersions) Update(context.Context, *stack.Request, *template.Node) (stack.Result, error) {
	return stack.Result{}, errors.New("a layer version cannot be changed")
}

// Delete deletes the layer version.
func (h layerVersions) Delete(ctx context.Context, r *stack.Request) error {
	return h.s.DeleteLayerVersion(ctx, r.PhysicalID)
}

// urls is AWS::Lambda::Url.
type urls struct{ s *Service }

type urlProperties struct {
	TargetFunctionArn, Qualifier string
	AuthType                     string `oneof:"NONE,AWS_IAM"`
	InvokeMode                   string `oneof:"BUFFERED,RESPONSE_STREAM"`
	Cors                         *Cors
}

func (p *urlProperties) input() *FunctionURLInput {
	return &FunctionURLInput{FunctionName: p.TargetFunctionArn, Qualifier: p.Qualifier, AuthType: p.AuthType, InvokeMode: p.InvokeMode, Cors: p.Cors}
}

func urlResult(u *FunctionURL) stack.Result {
	return stack.Result{PhysicalID: u.FunctionArn, Attributes: map[string]string{"FunctionArn": u.FunctionArn, "FunctionUrl": u.FunctionUrl}}
}

// Create makes the function URL.
func (h urls) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p urlProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	u, err := h.s.CreateFunctionURLConfig(ctx, p.input())
	if err != nil {
		return stack.Result{}, err
	}
	return urlResult(u), nil
}

// Update changes the function URL.
func (h urls) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p urlProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	in := p.input()
	in.InvokeMode = orElse(in.InvokeMode, "BUFFERED")
	if in.Cors == nil {
		in.Cors = &Cors{}
	}
	u, err := h.s.UpdateFunctionURLConfig(ctx, in)
	if err != nil {
		return stack.Result{}, err
	}
	return urlResult(u), nil
}

// Delete removes the function URL.
func (h urls) Delete(ctx context.Context, r *stack.Request) error {
	return gone(h.s.DeleteFunctionURLConfig(ctx, r.PhysicalID, ""))
}

// eventInvokeConfigs is AWS::Lambda::EventInvokeConfig.
type eventInvokeConfigs struct{ s *Service }

type eventInvokeProperties struct {
	FunctionName, Qualifier                        string
	MaximumEventAgeInSeconds, MaximumRetryAttempts *int
	DestinationConfig                              struct {
		OnSuccess, OnFailure struct{ Destination string }
	}
}

func (h eventInvokeConfigs) put(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p eventInvokeProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	_, err := h.s.PutFunctionEventInvokeConfig(ctx, p.FunctionName, p.Qualifier, EventInvokeConfig{
		MaximumRetryAttempts: p.MaximumRetryAttempts, MaximumEventAgeInSeconds: p.MaximumEventAgeInSeconds,
		OnSuccess: p.DestinationConfig.OnSuccess.Destination, OnFailure: p.DestinationConfig.OnFailure.Destination,
	})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: orElse(r.PhysicalID, r.ProposedName)}, nil
}

// Create records the configuration.
func (h eventInvokeConfigs) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return h.put(ctx, r)
}

// Update records the configuration.
func (h eventInvokeConfigs) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return h.put(ctx, r)
}

// Delete removes the configuration.
func (h eventInvokeConfigs) Delete(ctx context.Context, r *stack.Request) error {
	var p eventInvokeProperties
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	return gone(h.s.DeleteFunctionEventInvokeConfig(ctx, p.FunctionName, p.Qualifier))
}
