package lambda

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/store"
)

// CreateFunctionInput is what makes a function. FunctionName, Role and Code are
// required, and with a zip package Runtime and Handler; nil means the default.
type CreateFunctionInput struct {
	FunctionName string
	Code         Code
	Publish      bool
	Tags         map[string]string
	Reserved     *int // ReservedConcurrentExecutions
	Settings
}

// Settings are the parts of a configuration that an update may change. What is
// nil, or an empty Runtime, Handler or Role, stays as it is.
type Settings struct {
	Runtime          string
	Role             string
	Handler          string
	Description      *string
	Timeout          *int
	MemorySize       *int
	Environment      *Environment
	Layers           []string // ARNs; nil keeps them, empty removes them
	EphemeralStorage *int
	Architectures    []string
	PackageType      string
	TracingMode      string
	KMSKeyArn        *string
	DeadLetterArn    *string
	VpcConfig        *VpcConfig
	LoggingConfig    *LoggingConfig
}

// CreateFunction makes a function. It is ready to be called when CreateFunction
// returns.
func (s *Service) CreateFunction(ctx context.Context, in *CreateFunctionInput) (*Function, error) {
	var bad violations
	name := s.newName(in.FunctionName, &bad)
	v := version{Function: Function{
		FunctionName: name, FunctionArn: s.arn(name, ""), Version: latest, Timeout: 3, MemorySize: 128,
		PackageType: "Zip", Architectures: []string{"x86_64"}, TracingConfig: TracingConfig{"PassThrough"},
		EphemeralStorage: EphemeralStorage{512}, SnapStart: SnapStart{"None", "Off"},
		LoggingConfig: LoggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + name},
	}}
	if err := in.Settings.apply(s, &v); err != nil {
		return nil, err
	}
	if err := s.check(&v, bad); err != nil {
		return nil, err
	}
	if len(name) > maxName {
		return nil, invalidParameter("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64", name)
	}
	if _, ok := s.functions.Get(name); ok {
		return nil, conflict("Function already exist: %s", name)
	}
	a, err := s.store(ctx, in.Code, v.Runtime)
	if err != nil {
		return nil, err
	}
	v.setCode(a)
	v.touch()
	f := record{Latest: v, Next: 1, Tags: in.Tags, Reserved: in.Reserved}
	if in.Publish {
		s.publish(&f, "")
	}
	err = s.functions.Create(ctx, name, f)
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("Function already exist: %s", name)
	}
	if err != nil {
		return nil, err
	}
	s.refresh()
	made := f.Latest.Function
	if in.Publish {
		made = f.Versions["1"].Function
	}
	return &made, nil
}

// apply changes a configuration by what is set.
func (in *Settings) apply(s *Service, v *version) error {
	set(&v.Runtime, in.Runtime)
	set(&v.Role, in.Role)
	set(&v.Handler, in.Handler)
	set(&v.PackageType, in.PackageType)
	set(&v.TracingConfig.Mode, in.TracingMode)
	setTo(&v.Description, in.Description)
	setTo(&v.Timeout, in.Timeout)
	setTo(&v.MemorySize, in.MemorySize)
	setTo(&v.EphemeralStorage.Size, in.EphemeralStorage)
	setTo(&v.KMSKeyArn, in.KMSKeyArn)
	if in.Architectures != nil {
		v.Architectures = in.Architectures
	}
	if in.Environment != nil {
		if v.Environment = in.Environment; in.Environment.Variables == nil {
			v.Environment = nil
		}
	}
	if in.VpcConfig != nil {
		v.VpcConfig = in.VpcConfig
	}
	if in.DeadLetterArn != nil {
		if err := s.checkTarget(*in.DeadLetterArn); err != nil {
			return err
		}
		if v.DeadLetterConfig = nil; *in.DeadLetterArn != "" {
			v.DeadLetterConfig = &DeadLetterConfig{*in.DeadLetterArn}
		}
	}
	if in.LoggingConfig != nil {
		v.LoggingConfig = in.LoggingConfig.complete(v.FunctionName)
	}
	if in.Layers != nil {
		return s.useLayers(v, in.Layers)
	}
	return nil
}

// complete fills in the defaults.
func (l *LoggingConfig) complete(name string) LoggingConfig {
	c := *l
	if c.LogFormat == "" {
		c.LogFormat = "Text"
	}
	if c.LogGroup == "" {
		c.LogGroup = "/aws/lambda/" + name
	}
	if c.LogFormat == "JSON" {
		if c.ApplicationLogLevel == "" {
			c.ApplicationLogLevel = "INFO"
		}
		if c.SystemLogLevel == "" {
			c.SystemLogLevel = "INFO"
		}
	}
	return c
}

func set(to *string, value string) {
	if value != "" {
		*to = value
	}
}

func setTo[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

func (v *version) setCode(a archive) { v.Code, v.CodeSize, v.CodeSha256 = a.hash, a.size, a.sha256 }

// touch marks a version as changed.
func (v *version) touch() {
	v.RevisionId, v.LastModified = uuid.NewString(), now()
	v.State, v.LastUpdateStatus = "Active", "Successful"
}

// UpdateFunction changes code, configuration, or both at once; a nil part
// stays. RevisionID, if set, must be the current one. Calls that began before
// finish with what they began with.
func (s *Service) UpdateFunction(ctx context.Context, name string, code *Code, settings *Settings, revisionID string) (*Function, error) {
	r, err := s.resolve(name, "")
	if err != nil {
		return nil, err
	}
	f, err := s.read(r)
	if err != nil {
		return nil, err
	}
	next := f.Latest
	if settings != nil {
		if err := settings.apply(s, &next); err != nil {
			return nil, err
		}
		if err := s.check(&next, nil); err != nil {
			return nil, err
		}
	}
	var a archive
	if code != nil {
		if a, err = s.store(ctx, *code, next.Runtime); err != nil {
			return nil, err
		}
	}
	var made Function
	err = s.change(ctx, r.name, func(f *record) error {
		if revisionID != "" && revisionID != f.Latest.RevisionId {
			return staleRevision("GetFunction/GetAlias")
		}
		if settings != nil {
			if err := settings.apply(s, &f.Latest); err != nil {
				return err
			}
		}
		if code != nil {
			f.Latest.setCode(a)
		}
		f.Latest.touch()
		made = f.Latest.Function
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// UpdateFunctionCode replaces the code.
func (s *Service) UpdateFunctionCode(ctx context.Context, name string, code Code, revisionID string) (*Function, error) {
	return s.UpdateFunction(ctx, name, &code, nil, revisionID)
}

// UpdateFunctionConfiguration changes what is set in in.
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, name string, in Settings, revisionID string) (*Function, error) {
	return s.UpdateFunction(ctx, name, nil, &in, revisionID)
}

// DeleteFunction deletes a function with all versions, aliases and permissions,
// or one version of it.
func (s *Service) DeleteFunction(ctx context.Context, name, qualifier string) error {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return err
	}
	switch {
	case r.qualifier == latest:
		return invalidParameter("$LATEST version cannot be deleted without deleting the function.")
	case r.qualifier != "":
		return s.deleteVersion(ctx, r)
	}
	err = s.functions.Delete(ctx, r.name)
	if errors.Is(err, store.ErrNotFound) {
		return functionNotFound(s.arn(r.name, ""))
	}
	if err != nil {
		return err
	}
	s.refresh()
	return nil
}

// GetFunction returns the configuration that a name and qualifier lead to.
func (s *Service) GetFunction(name, qualifier string) (*Function, error) {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return nil, err
	}
	f, ok := s.functions.Get(r.name)
	if !ok {
		return nil, functionNotFound(s.arn(r.name, r.qualifier))
	}
	v, ok := f.version(r.qualifier)
	if !ok {
		return nil, functionNotFound(s.arn(r.name, r.qualifier))
	}
	if r.qualifier != "" {
		v.FunctionArn = s.arn(r.name, r.qualifier)
	}
	return &v.Function, nil
}

// version returns the version that a qualifier leads to; of an alias with two,
// the first.
func (f *record) version(qualifier string) (version, bool) {
	if qualifier == "" || qualifier == latest {
		return f.Latest, true
	}
	if a, ok := f.Aliases[qualifier]; ok {
		qualifier = a.FunctionVersion
	}
	if qualifier == latest {
		return f.Latest, true
	}
	v, ok := f.Versions[qualifier]
	return v, ok
}

// ListFunctions returns the $LATEST versions of all functions, by name.
func (s *Service) ListFunctions() []Function {
	var list []Function
	for _, f := range s.functions.All() {
		list = append(list, f.Latest.Function)
	}
	return list
}

// Tags returns the tags of a function.
func (s *Service) Tags(name string) (map[string]string, error) {
	r, err := s.resolve(name, "")
	if err != nil {
		return nil, err
	}
	f, err := s.read(r)
	return f.Tags, err
}

// SetTags replaces the tags of a function.
func (s *Service) SetTags(ctx context.Context, name string, tags map[string]string) error {
	r, err := s.resolve(name, "")
	if err != nil {
		return err
	}
	return s.change(ctx, r.name, func(f *record) error {
		f.Tags = tags
		return nil
	})
}

// SetReserved sets the function's reserved concurrency; nil removes it.
func (s *Service) SetReserved(ctx context.Context, name string, n *int) error {
	r, err := s.resolve(name, "")
	if err != nil {
		return err
	}
	return s.change(ctx, r.name, func(f *record) error {
		f.Reserved = n
		return nil
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
