package lambda

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// The inputs as clients send them.
type (
	functionRequest struct {
		FunctionName string
		Qualifier    string `rest:"query=Qualifier"`
	}
	listRequest struct {
		FunctionVersion string `rest:"query=FunctionVersion"`
		MasterRegion    string `rest:"query=MasterRegion"`
		paging
	}
	createRequest struct {
		FunctionName string
		Code         Code
		Publish      bool
		Tags         map[string]string
		configuration
	}
	updateConfigurationRequest struct {
		FunctionName string
		RevisionId   string
		configuration
	}
	updateCodeRequest struct {
		FunctionName string
		Code
		Architectures []string
		Publish       bool
		DryRun        bool
		RevisionId    string
	}
	concurrencyRequest struct {
		FunctionName                 string
		ReservedConcurrentExecutions *int
	}
)

// configuration is what Create- and UpdateFunctionConfiguration have in common.
type configuration struct {
	Runtime          string
	Role             string
	Handler          string
	Description      *string
	Timeout          *int
	MemorySize       *int
	Environment      *Environment
	Layers           []string
	EphemeralStorage *EphemeralStorage
	Architectures    []string
	PackageType      string
	TracingConfig    TracingConfig
	KMSKeyArn        *string
	DeadLetterConfig *DeadLetterConfig
	VpcConfig        *VpcConfig
	LoggingConfig    *LoggingConfig
	unsupported
}

func (c *configuration) settings() Settings {
	out := Settings{
		Runtime: c.Runtime, Role: c.Role, Handler: c.Handler, Description: c.Description, Timeout: c.Timeout, MemorySize: c.MemorySize,
		Environment: c.Environment, Layers: c.Layers, Architectures: c.Architectures, PackageType: c.PackageType,
		TracingMode: c.TracingConfig.Mode, KMSKeyArn: c.KMSKeyArn, VpcConfig: c.VpcConfig, LoggingConfig: c.LoggingConfig,
	}
	if c.EphemeralStorage != nil {
		out.EphemeralStorage = &c.EphemeralStorage.Size
	}
	if c.DeadLetterConfig != nil {
		out.DeadLetterArn = &c.DeadLetterConfig.TargetArn
	}
	return out
}

type functionList struct {
	Functions  []Function
	NextMarker string `json:",omitempty"`
}

func (s *Service) listFunctions(_ context.Context, in *listRequest) (*functionList, error) {
	list := s.ListFunctions()
	if in.FunctionVersion == "ALL" {
		list = nil
		for _, f := range s.functions.All() {
			list = append(list, allVersions(&f)...)
		}
	}
	if in.MasterRegion != "" && in.MasterRegion != "ALL" && in.MasterRegion != s.cfg.Region {
		return nil, invalidParameter("hakone has no functions that are replicated from another region: MasterRegion %s", in.MasterRegion)
	}
	list, next, err := page(in.paging, 50, bare(list), func(f *Function) string { return f.FunctionName + ":" + f.Version }, byFunction)
	return &functionList{list, next}, err
}

// bare leaves out what lists of functions do not tell.
func bare(list []Function) []Function {
	for i := range list {
		f := &list[i]
		f.State, f.StateReason, f.StateReasonCode = "", "", ""
		f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonCode = "", "", ""
	}
	return list
}

// allVersions returns $LATEST and then the published versions by number.
func allVersions(f *record) []Function {
	list := []Function{f.Latest.Function}
	list[0].FunctionArn += ":" + latest
	numbers := slices.SortedFunc(maps.Keys(f.Versions), func(a, b string) int {
		x, _ := strconv.Atoi(a) // they are numbers
		y, _ := strconv.Atoi(b)
		return x - y
	})
	for _, number := range numbers {
		v := f.Versions[number]
		list = append(list, v.Function)
	}
	return list
}

type creating struct{ state, reason, code string }

// underway is what Lambda answers while it prepares a function. Here it is
// ready at once, but clients expect to wait.
var underway = creating{"Pending", "The function is being created.", "Creating"}

func (s *Service) createFunction(ctx context.Context, in *createRequest) (*Function, error) {
	if err := in.unsupported.check(); err != nil {
		return nil, err
	}
	arn := s.newFunctionARN(in)
	if err := s.mayUse(ctx, arn, &in.configuration); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		if err := s.ask(ctx, "lambda:TagResource", arn, policy.Map{}); err != nil {
			return nil, err
		}
	}
	in.Code.Source = "" // a template's, not the API's
	made, err := s.CreateFunction(ctx, &CreateFunctionInput{
		FunctionName: in.FunctionName, Code: in.Code, Publish: in.Publish, Tags: in.Tags, Settings: in.settings(),
	})
	if err != nil {
		return nil, err
	}
	made.State, made.StateReason, made.StateReasonCode, made.LastUpdateStatus = underway.state, underway.reason, underway.code, ""
	return made, nil
}

func (s *Service) updateFunctionConfiguration(ctx context.Context, in *updateConfigurationRequest) (*Function, error) {
	if err := in.unsupported.check(); err != nil {
		return nil, err
	}
	if err := s.mayUse(ctx, s.bareARN(in.FunctionName), &in.configuration); err != nil {
		return nil, err
	}
	return updating(s.UpdateFunctionConfiguration(ctx, in.FunctionName, in.settings(), in.RevisionId))
}

func (s *Service) updateFunctionCode(ctx context.Context, in *updateCodeRequest) (*Function, error) {
	if in.DryRun {
		return nil, invalidParameter("hakone does not check code without storing it: DryRun of UpdateFunctionCode is missing.")
	}
	in.Source = ""
	settings := &Settings{Architectures: in.Architectures}
	if in.Publish {
		if _, err := s.UpdateFunction(ctx, in.FunctionName, &in.Code, settings, in.RevisionId); err != nil {
			return nil, err
		}
		return updating(s.PublishVersion(ctx, &PublishVersionInput{FunctionName: in.FunctionName}))
	}
	return updating(s.UpdateFunction(ctx, in.FunctionName, &in.Code, settings, in.RevisionId))
}

func updating(f *Function, err error) (*Function, error) {
	if err != nil {
		return nil, err
	}
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonCode = "InProgress", underway.reason, underway.code
	return f, nil
}

func (s *Service) deleteFunction(ctx context.Context, in *functionRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.DeleteFunction(ctx, in.FunctionName, in.Qualifier)
}

type functionAnswer struct {
	Configuration *Function
	Code          codeLocation
	Concurrency   *concurrency      `json:",omitempty"`
	Tags          map[string]string `json:",omitempty"`
}

// codeLocation says where code is kept; there is no address to fetch it from.
type codeLocation struct{ RepositoryType string }

type concurrency struct {
	ReservedConcurrentExecutions *int `json:",omitempty"`
}

func (s *Service) getFunction(_ context.Context, in *functionRequest) (*functionAnswer, error) {
	f, err := s.GetFunction(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &functionAnswer{Configuration: f, Code: codeLocation{"S3"}}
	if r, ok := s.functions.Get(f.FunctionName); ok {
		out.Tags = r.Tags
		if r.Reserved != nil {
			out.Concurrency = &concurrency{r.Reserved}
		}
	}
	return out, nil
}

func (s *Service) getFunctionConfiguration(_ context.Context, in *functionRequest) (*Function, error) {
	return s.GetFunction(in.FunctionName, in.Qualifier)
}

// find returns the record that a bare name leads to.
func (s *Service) find(name string) (*record, error) {
	r, err := s.resolve(name, "")
	if err != nil {
		return nil, err
	}
	f, err := s.read(r)
	return &f, err
}

func (s *Service) getConcurrency(_ context.Context, in *functionRequest) (*concurrency, error) {
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &concurrency{f.Reserved}, nil
}

func (s *Service) putConcurrency(ctx context.Context, in *concurrencyRequest) (*concurrency, error) {
	n := in.ReservedConcurrentExecutions
	var v violations
	switch {
	case n == nil:
		v = append(v, "Value null at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must not be null")
	case *n < 0:
		v.add(strconv.Itoa(*n), "reservedConcurrentExecutions", "have value greater than or equal to 0")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	r, err := s.resolve(in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if r.qualifier != "" {
		return nil, invalidParameter("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	f, ok := s.functions.Get(r.name)
	if !ok {
		return nil, functionNotFound(s.arn(r.name, latest))
	}
	{
		total := 0
		for _, p := range f.Provisioned {
			total += p.Requested
		}
		if total > *n {
			return nil, overLimit(" ReservedConcurrentExecutions  %d should not be lower than function's total provisioned concurrency [%d].", *n, total)
		}
	}
	if s.unreserved(r.name)-*n < leastUnreserved {
		return nil, overLimit("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", leastUnreserved)
	}
	return &concurrency{n}, s.SetReserved(ctx, in.FunctionName, n)
}

func (s *Service) deleteConcurrency(ctx context.Context, in *functionRequest) (*wire.Nothing, error) {
	return &wire.Nothing{}, s.SetReserved(ctx, in.FunctionName, nil)
}
