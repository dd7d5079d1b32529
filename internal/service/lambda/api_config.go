package lambda

import (
	"context"
	"net/http"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
)

// The inputs of event invoke and function URL configurations.
type (
	eventInvokeRequest struct {
		FunctionName             string
		Qualifier                string `rest:"query=Qualifier"`
		MaximumRetryAttempts     *int
		MaximumEventAgeInSeconds *int
		DestinationConfig        *destinationConfig
	}
	urlRequest struct {
		FunctionName string
		Qualifier    string `rest:"query=Qualifier"`
		AuthType     string
		InvokeMode   string
		Cors         *Cors
	}
	listOfFunctionRequest struct {
		FunctionName    string
		FunctionVersion string `rest:"query=FunctionVersion"`
		paging
	}
)

type destination struct {
	Destination string `json:",omitempty"`
}

type destinationConfig struct{ OnFailure, OnSuccess destination }

type eventInvokeAnswer struct {
	FunctionArn              string
	LastModified             float64
	MaximumRetryAttempts     *int `json:",omitempty"`
	MaximumEventAgeInSeconds *int `json:",omitempty"`
	DestinationConfig        destinationConfig
}

func eventInvokeAnswerOf(c *EventInvokeConfig) *eventInvokeAnswer {
	return &eventInvokeAnswer{
		c.FunctionArn, c.LastModified, c.MaximumRetryAttempts, c.MaximumEventAgeInSeconds,
		destinationConfig{destination{c.OnFailure}, destination{c.OnSuccess}},
	}
}

func (s *Service) putEventInvoke(ctx context.Context, in *eventInvokeRequest) (*eventInvokeAnswer, error) {
	c := EventInvokeConfig{MaximumRetryAttempts: in.MaximumRetryAttempts, MaximumEventAgeInSeconds: in.MaximumEventAgeInSeconds}
	if d := in.DestinationConfig; d != nil {
		c.OnFailure, c.OnSuccess = d.OnFailure.Destination, d.OnSuccess.Destination
	}
	made, err := s.PutFunctionEventInvokeConfig(ctx, in.FunctionName, in.Qualifier, c)
	if err != nil {
		return nil, err
	}
	return eventInvokeAnswerOf(made), nil
}

// updateEventInvoke keeps what the request does not name.
func (s *Service) updateEventInvoke(ctx context.Context, in *eventInvokeRequest) (*eventInvokeAnswer, error) {
	c, err := s.eventInvoke(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if in.MaximumRetryAttempts == nil {
		in.MaximumRetryAttempts = c.MaximumRetryAttempts
	}
	if in.MaximumEventAgeInSeconds == nil {
		in.MaximumEventAgeInSeconds = c.MaximumEventAgeInSeconds
	}
	if in.DestinationConfig == nil {
		in.DestinationConfig = &destinationConfig{destination{c.OnFailure}, destination{c.OnSuccess}}
	}
	return s.putEventInvoke(ctx, in)
}

func (s *Service) eventInvoke(name, qualifier string) (*EventInvokeConfig, error) {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return nil, err
	}
	f, _ := s.functions.Get(r.name)
	c, ok := f.Async[orLatest(r.qualifier)]
	if !ok {
		return nil, notFound("The function %s doesn't have an EventInvokeConfig", s.arn(r.name, orLatest(r.qualifier)))
	}
	return &c, nil
}

func (s *Service) getEventInvoke(_ context.Context, in *functionRequest) (*eventInvokeAnswer, error) {
	c, err := s.eventInvoke(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return eventInvokeAnswerOf(c), nil
}

func (s *Service) deleteEventInvoke(ctx context.Context, in *functionRequest) (*wire.Nothing, error) {
	if _, err := s.eventInvoke(in.FunctionName, in.Qualifier); err != nil {
		return nil, err
	}
	return &wire.Nothing{}, s.DeleteFunctionEventInvokeConfig(ctx, in.FunctionName, in.Qualifier)
}

type eventInvokeList struct {
	FunctionEventInvokeConfigs []eventInvokeAnswer
	NextMarker                 string `json:",omitempty"`
}

func (s *Service) listEventInvoke(_ context.Context, in *listOfFunctionRequest) (*eventInvokeList, error) {
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	var all []eventInvokeAnswer
	for _, qualifier := range sortedKeys(f.Async) {
		c := f.Async[qualifier]
		all = append(all, *eventInvokeAnswerOf(&c))
	}
	list, next, err := page(in.paging, 50, all, func(a *eventInvokeAnswer) string { return a.FunctionArn }, byText)
	return &eventInvokeList{list, next}, err
}

type urlAnswer struct {
	AuthType         string
	Cors             *Cors `json:",omitempty"`
	CreationTime     string
	FunctionArn      string
	FunctionUrl      string
	InvokeMode       string `json:",omitempty"`
	LastModifiedTime string `json:",omitempty"`
}

func urlAnswerOf(u *FunctionURL) *urlAnswer {
	return &urlAnswer{u.AuthType, u.Cors, u.CreationTime, u.FunctionArn, u.FunctionUrl, u.InvokeMode, u.LastModifiedTime}
}

func (in *urlRequest) input() *FunctionURLInput {
	return &FunctionURLInput{FunctionName: in.FunctionName, Qualifier: in.Qualifier, AuthType: in.AuthType, InvokeMode: in.InvokeMode, Cors: in.Cors}
}

// createURL answers without InvokeMode unless it was asked for, as AWS does.
func (s *Service) createURL(ctx context.Context, in *urlRequest) (*urlAnswer, error) {
	u, err := s.CreateFunctionURLConfig(ctx, in.input())
	if err != nil {
		return nil, err
	}
	a := urlAnswerOf(u)
	a.InvokeMode, a.LastModifiedTime = in.InvokeMode, ""
	return a, nil
}

func (s *Service) updateURL(ctx context.Context, in *urlRequest) (*urlAnswer, error) {
	u, err := s.UpdateFunctionURLConfig(ctx, in.input())
	if err != nil {
		return nil, err
	}
	a := urlAnswerOf(u)
	a.InvokeMode = in.InvokeMode
	return a, nil
}

func (s *Service) getURL(_ context.Context, in *functionRequest) (*urlAnswer, error) {
	u, err := s.GetFunctionURLConfig(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return urlAnswerOf(u), nil
}

func (s *Service) deleteURL(ctx context.Context, in *functionRequest) (*wire.Nothing, error) {
	if _, err := s.GetFunctionURLConfig(in.FunctionName, in.Qualifier); err != nil {
		return nil, err
	}
	return &wire.Nothing{}, s.DeleteFunctionURLConfig(ctx, in.FunctionName, in.Qualifier)
}

type urlList struct {
	FunctionUrlConfigs []urlAnswer
	NextMarker         string `json:",omitempty"`
}

func (s *Service) listURLs(_ context.Context, in *listOfFunctionRequest) (*urlList, error) {
	f, err := s.find(in.FunctionName)
	if gone(err) == nil && err != nil {
		return nil, notFound("Function does not exist")
	}
	if err != nil {
		return nil, err
	}
	var all []urlAnswer
	for _, qualifier := range sortedKeys(f.URLs) {
		u := f.URLs[qualifier]
		all = append(all, *urlAnswerOf(&u))
	}
	list, next, err := page(in.paging, 50, all, func(a *urlAnswer) string { return a.FunctionArn }, byText)
	return &urlList{list, next}, err
}

// What Terraform and others read of every function.
type (
	signingAnswer struct {
		FunctionName         string
		CodeSigningConfigArn string `json:",omitempty"`
	}
	runtimeManagementAnswer struct{ FunctionArn, UpdateRuntimeOn string }
	recursionAnswer         struct{ RecursiveLoop string }
)

// getCodeSigning answers that there is none.
func (s *Service) getCodeSigning(_ context.Context, in *functionRequest) (*signingAnswer, error) {
	f, err := s.find(in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &signingAnswer{FunctionName: f.Latest.FunctionName}, nil
}

// getRuntimeManagement answers that a function runs on whatever is installed.
func (s *Service) getRuntimeManagement(_ context.Context, in *functionRequest) (*runtimeManagementAnswer, error) {
	f, err := s.GetFunction(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return &runtimeManagementAnswer{f.FunctionArn, "Auto"}, nil
}

// getRecursion answers that loops are not looked for.
func (s *Service) getRecursion(_ context.Context, in *functionRequest) (*recursionAnswer, error) {
	if _, err := s.find(in.FunctionName); err != nil {
		return nil, err
	}
	return &recursionAnswer{"Allow"}, nil
}

type accountAnswer struct {
	AccountLimit struct {
		TotalCodeSize, CodeSizeUnzipped, CodeSizeZipped      int64
		ConcurrentExecutions, UnreservedConcurrentExecutions int
	}
	AccountUsage struct {
		TotalCodeSize int64
		FunctionCount int
	}
}

const (
	accountConcurrency = 1000
	leastUnreserved    = 100
)

func (s *Service) accountSettings(context.Context, *wire.Nothing) (*accountAnswer, error) {
	a := &accountAnswer{}
	l, u := &a.AccountLimit, &a.AccountUsage
	l.TotalCodeSize, l.CodeSizeUnzipped, l.CodeSizeZipped = 80530636800, 262144000, maxZip
	l.ConcurrentExecutions, l.UnreservedConcurrentExecutions = accountConcurrency, s.unreserved("")
	for _, f := range s.functions.All() {
		u.FunctionCount++
		u.TotalCodeSize += f.Latest.CodeSize
		for _, v := range f.Versions {
			u.TotalCodeSize += v.CodeSize
		}
	}
	return a, nil
}

// unreserved is the concurrency that no function but the named one reserved.
func (s *Service) unreserved(name string) int {
	n := accountConcurrency
	for other, f := range s.functions.All() {
		if f.Reserved != nil && other != name {
			n -= *f.Reserved
		}
	}
	return n
}

// unsupported are members of a configuration that cannot be honoured here.
type unsupported struct {
	FileSystemConfigs, ImageConfig, CapacityProviderConfig, DurableConfig, TenancyConfig any
	CodeSigningConfigArn                                                                 string
	SnapStart                                                                            struct{ ApplyOn string }

	RecursiveLoop, UpdateRuntimeOn string // of templates
}

func (u *unsupported) check() error {
	var names []string
	for _, m := range []struct {
		name string
		set  bool
	}{
		{"FileSystemConfigs", given(u.FileSystemConfigs)},
		{"ImageConfig", given(u.ImageConfig)},
		{"CapacityProviderConfig", given(u.CapacityProviderConfig)},
		{"DurableConfig", given(u.DurableConfig)},
		{"TenancyConfig", given(u.TenancyConfig)},
		{"CodeSigningConfigArn", u.CodeSigningConfigArn != ""},
		{"RecursiveLoop: Terminate", u.RecursiveLoop == "Terminate"},
		{"RuntimeManagementConfig: " + u.UpdateRuntimeOn, u.UpdateRuntimeOn != "" && u.UpdateRuntimeOn != "Auto"},
		{"SnapStart", u.SnapStart.ApplyOn != "" && u.SnapStart.ApplyOn != "None"},
	} {
		if m.set {
			names = append(names, m.name)
		}
	}
	if len(names) > 0 {
		return awserr.New("InvalidParameterValueException", http.StatusBadRequest, "hakone does not have what these members ask for: %s", strings.Join(names, ", "))
	}
	return nil
}

// given reports whether a member says anything: clients send empty lists and
// objects for nothing.
func given(member any) bool {
	switch m := member.(type) {
	case nil:
		return false
	case []any:
		return len(m) > 0
	case map[string]any:
		return len(m) > 0
	default:
		return true
	}
}
