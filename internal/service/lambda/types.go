package lambda

import (
	"context"
	"errors"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type {
	return []stack.Type{
		{
			Name: "AWS::Lambda::Function", Level: stack.Real, Handler: functions{s}, Properties: functionProperties{}, Check: functions{s}.check,
			Replace: []string{"FunctionName", "PackageType"}, Required: []string{"Code", "Role"},
			Attributes:   []string{"Arn", "SnapStartResponse", "SnapStartResponse.ApplyOn", "SnapStartResponse.OptimizationStatus"},
			NameProperty: "FunctionName", MaxName: maxName,
		},
		{
			Name: "AWS::Lambda::Permission", Level: stack.Real, Handler: permissions{s}, Properties: permissionProperties{},
			Replace: []string{"*"}, Required: []string{"Action", "FunctionName", "Principal"}, Attributes: []string{"Id"}, MaxName: 100,
		},
		{
			Name: "AWS::Lambda::Version", Level: stack.Real, Handler: versions{s}, Properties: versionProperties{},
			Replace:    []string{"FunctionName", "CodeSha256", "Description", "ProvisionedConcurrencyConfig", "RuntimePolicy", "FunctionScalingConfig"},
			Required:   []string{"FunctionName"},
			Attributes: []string{"Version", "FunctionArn"},
		},
		{
			Name: "AWS::Lambda::Alias", Level: stack.Real, Handler: aliases{s}, Properties: aliasProperties{},
			Replace: []string{"FunctionName", "Name"}, Required: []string{"FunctionName", "FunctionVersion", "Name"},
			Attributes: []string{"AliasArn"},
		},
		{
			Name: "AWS::Lambda::LayerVersion", Level: stack.Real, Handler: layerVersions{s}, Properties: layerProperties{},
			Replace: []string{"*"}, Required: []string{"Content"}, Attributes: []string{"LayerVersionArn"},
		},
		{
			Name: "AWS::Lambda::Url", Level: stack.Real, Handler: urls{s}, Properties: urlProperties{},
			Replace: []string{"TargetFunctionArn", "Qualifier"}, Required: []string{"AuthType", "TargetFunctionArn"},
			Attributes: []string{"FunctionArn", "FunctionUrl"},
		},
		{
			Name: "AWS::Lambda::EventInvokeConfig", Level: stack.Real, Handler: eventInvokeConfigs{s}, Properties: eventInvokeProperties{},
			Replace: []string{"FunctionName", "Qualifier"}, Required: []string{"FunctionName", "Qualifier"},
		},
	}
}

// gone turns "there is none" into the success that deleting it is.
func gone(err error) error {
	var no *awserr.Error
	if errors.As(err, &no) && no.Code == "ResourceNotFoundException" {
		return nil
	}
	return err
}

// functions is AWS::Lambda::Function.
type functions struct{ s *Service }

// functionProperties are the properties of AWS::Lambda::Function.
type functionProperties struct {
	FunctionName                 string
	Code                         *template.Node `required:"true"`
	Role                         string
	Runtime                      string
	Handler                      string
	Description                  *string
	Timeout                      *int
	MemorySize                   *int
	Environment                  *Environment
	Layers                       []string
	EphemeralStorage             *EphemeralStorage
	Architectures                []string
	PackageType                  string `oneof:"Zip,Image"`
	TracingConfig                *TracingConfig
	KmsKeyArn                    *string
	DeadLetterConfig             *struct{ TargetArn string }
	VpcConfig                    *VpcConfig
	LoggingConfig                *LoggingConfig
	Tags                         []struct{ Key, Value string }
	ReservedConcurrentExecutions *int

	// Refused, unless they ask for nothing.
	CodeSigningConfigArn    string
	FileSystemConfigs       *template.Node
	ImageConfig             *template.Node
	RecursiveLoop           string
	RuntimeManagementConfig *struct {
		UpdateRuntimeOn   string
		RuntimeVersionArn string `refuse:"runtimes are those of this machine"`
	}
	SnapStart     *struct{ ApplyOn string }
	TenancyConfig *template.Node
}

// refused are the properties that cannot be honoured here.
func (p *functionProperties) refused() error {
	u := unsupported{CodeSigningConfigArn: p.CodeSigningConfigArn, RecursiveLoop: p.RecursiveLoop}
	for _, member := range []struct {
		node *template.Node
		to   *any
	}{{p.FileSystemConfigs, &u.FileSystemConfigs}, {p.ImageConfig, &u.ImageConfig}, {p.TenancyConfig, &u.TenancyConfig}} {
		if n := member.node; n != nil && len(n.Items)+len(n.Pairs)+len(n.Value) > 0 {
			*member.to = true
		}
	}
	if p.SnapStart != nil {
		u.SnapStart.ApplyOn = p.SnapStart.ApplyOn
	}
	if p.RuntimeManagementConfig != nil {
		u.UpdateRuntimeOn = p.RuntimeManagementConfig.UpdateRuntimeOn
	}
	return u.check()
}

// codeProperties are those of AWS::Lambda::Function.Code.
type codeProperties struct {
	ZipFile, S3Bucket, S3Key, S3ObjectVersion, ImageUri string
	SourceKMSKeyArn                                     string `refuse:"there are no keys that decrypt archives"`
}

func decodeFunction(n *template.Node) (functionProperties, *Code, error) {
	var p functionProperties
	if err := n.Decode(&p); err != nil {
		return p, nil, err
	}
	var c codeProperties
	if p.Code != nil {
		if p.Code.Kind == template.Scalar {
			return p, nil, invalidParameter("Code is the local path %q; package the template before it is deployed, so that it names an S3 object.", p.Code.Value)
		}
		if err := errors.Join(p.Code.Refused(c), p.Code.Decode(&c)); err != nil {
			return p, nil, err
		}
	}
	return p, &Code{
		Source: c.ZipFile, S3Bucket: c.S3Bucket, S3Key: c.S3Key, S3ObjectVersion: c.S3ObjectVersion, ImageUri: c.ImageUri,
	}, nil
}

// settings makes an update of the properties. What a template no longer has
// goes back to the default.
func (p *functionProperties) settings() Settings {
	in := Settings{
		Runtime: p.Runtime, Role: p.Role, Handler: p.Handler, Description: orZero(p.Description, ""), Timeout: orZero(p.Timeout, 3),
		MemorySize: orZero(p.MemorySize, 128), Environment: p.Environment, Layers: p.Layers, Architectures: p.Architectures, PackageType: p.PackageType,
		KMSKeyArn: orZero(p.KmsKeyArn, ""), VpcConfig: p.VpcConfig, LoggingConfig: p.LoggingConfig, TracingMode: "PassThrough",
	}
	if in.Environment == nil {
		in.Environment = &Environment{}
	}
	if in.Layers == nil {
		in.Layers = []string{}
	}
	if in.Architectures == nil {
		in.Architectures = []string{"x86_64"}
	}
	if in.LoggingConfig == nil {
		in.LoggingConfig = &LoggingConfig{}
	}
	size, dead := 512, ""
	if p.EphemeralStorage != nil {
		size = p.EphemeralStorage.Size
	}
	if p.DeadLetterConfig != nil {
		dead = p.DeadLetterConfig.TargetArn
	}
	if p.TracingConfig != nil {
		in.TracingMode = p.TracingConfig.Mode
	}
	in.EphemeralStorage, in.DeadLetterArn = &size, &dead
	return in
}

func orZero[T any](v *T, otherwise T) *T {
	if v != nil {
		return v
	}
	return &otherwise
}

func (p *functionProperties) tags() map[string]string {
	tags := make(map[string]string, len(p.Tags))
	for _, t := range p.Tags {
		tags[t.Key] = t.Value
	}
	return tags
}

// Create makes the function.
func (h functions) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, code, err := decodeFunction(r.Properties)
	if err == nil {
		err = p.refused()
	}
	if err != nil {
		return stack.Result{}, err
	}
	in := &CreateFunctionInput{
		FunctionName: orElse(p.FunctionName, r.ProposedName), Code: *code, Tags: p.tags(), Reserved: p.ReservedConcurrentExecutions, Settings: p.settings(),
	}
	fn, err := h.s.CreateFunction(ctx, in)
	if err != nil {
		return stack.Result{}, err
	}
	return functionResult(fn), nil
}

func functionResult(fn *Function) stack.Result {
	return stack.Result{PhysicalID: fn.FunctionName, Attributes: map[string]string{
		"Arn":                                  fn.FunctionArn,
		"SnapStartResponse.ApplyOn":            fn.SnapStart.ApplyOn,
		"SnapStartResponse.OptimizationStatus": fn.SnapStart.OptimizationStatus,
	}}
}

// Update changes code and configuration in one step.
func (h functions) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	p, code, err := decodeFunction(r.Properties)
	if err == nil {
		err = p.refused()
	}
	if err != nil {
		return stack.Result{}, err
	}
	settings := p.settings()
	fn, err := h.s.UpdateFunction(ctx, r.PhysicalID, code, &settings, "")
	if err != nil {
		return stack.Result{}, err
	}
	if err := h.s.SetTags(ctx, r.PhysicalID, p.tags()); err != nil {
		return stack.Result{}, err
	}
	if err := h.s.SetReserved(ctx, r.PhysicalID, p.ReservedConcurrentExecutions); err != nil {
		return stack.Result{}, err
	}
	return functionResult(fn), nil
}

// Delete deletes the function.
func (h functions) Delete(ctx context.Context, r *stack.Request) error {
	return gone(h.s.DeleteFunction(ctx, r.PhysicalID, ""))
}

// permissions is AWS::Lambda::Permission.
type permissions struct{ s *Service }

type permissionProperties struct {
	FunctionName, Action, Principal, SourceArn, SourceAccount string
	EventSourceToken, PrincipalOrgID                          string
	FunctionUrlAuthType                                       string `oneof:"NONE,AWS_IAM"`
	InvokedViaFunctionUrl                                     bool
}

// Create adds the permission under the name that CloudFormation proposes.
func (h permissions) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p permissionProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	_, err := h.s.AddPermission(ctx, &AddPermissionInput{
		FunctionName: p.FunctionName, StatementId: r.ProposedName, Action: p.Action, Principal: p.Principal, SourceArn: p.SourceArn,
		SourceAccount: p.SourceAccount, EventSourceToken: p.EventSourceToken, FunctionUrlAuthType: p.FunctionUrlAuthType,
		PrincipalOrgID: p.PrincipalOrgID, InvokedViaFunctionUrl: p.InvokedViaFunctionUrl,
	})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Id": r.ProposedName}}, nil
}

// Update is never called: every change replaces a permission.
func (h permissions) Update(context.Context, *stack.Request, *template.Node) (stack.Result, error) {
	return stack.Result{}, errors.New("a permission cannot be changed in place")
}

// Delete removes the permission.
func (h permissions) Delete(ctx context.Context, r *stack.Request) error {
	var p permissionProperties
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	return gone(h.s.RemovePermission(ctx, p.FunctionName, "", r.PhysicalID, ""))
}

// versions is AWS::Lambda::Version.
type versions struct{ s *Service }

type versionProperties struct {
	FunctionName, CodeSha256     string
	Description                  *string
	ProvisionedConcurrencyConfig *provisionProperties
	RuntimePolicy                *template.Node `refuse:"runtimes are those of this machine"`
	FunctionScalingConfig        *template.Node `refuse:"there are no capacity providers"`
}

// Create publishes a version.
func (h versions) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p versionProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	fn, err := h.s.PublishVersion(ctx, &PublishVersionInput{FunctionName: p.FunctionName, Description: p.Description, CodeSha256: p.CodeSha256})
	if err == nil && p.ProvisionedConcurrencyConfig != nil {
		err = h.s.provision(ctx, p.FunctionName, fn.Version, p.ProvisionedConcurrencyConfig)
	}
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: fn.FunctionArn, Attributes: map[string]string{"Version": fn.Version, "FunctionArn": fn.FunctionArn}}, nil
}

// Update has nothing to change.
func (h versions) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	number := r.PhysicalID[strings.LastIndexByte(r.PhysicalID, ':')+1:]
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Version": number, "FunctionArn": r.PhysicalID}}, nil
}

// Delete deletes the version.
func (h versions) Delete(ctx context.Context, r *stack.Request) error {
	return gone(h.s.DeleteFunction(ctx, r.PhysicalID, ""))
}
