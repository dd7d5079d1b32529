package endpoint_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

// keys are access keys whose callers may do what their policy says, by key id.
type keys map[string]string

func (k keys) Key(_ context.Context, id, _ string) (sigv4.Key, error) {
	text, ok := k[id]
	if !ok {
		return sigv4.Key{}, sigv4.ErrUnknownKey
	}
	d, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":`+text+`}`))
	if err != nil {
		return sigv4.Key{}, err
	}
	return sigv4.Key{SecretAccessKey: "secret", Caller: &access.Caller{
		Kind: policy.User, AccountID: "123456789012", ARN: "arn:aws:iam::123456789012:user/" + id, UserName: id, AccessKeyID: id,
		Policies: policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}},
	}}, nil
}

const (
	everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	deployer   = `{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"}`
	oneStack   = `[{"Effect":"Allow","Action":"cloudformation:*","Resource":"arn:aws:cloudformation:ap-northeast-1:123456789012:stack/mine/*"},
		{"Effect":"Allow","Action":"sns:*","Resource":"*"}]`
)

// topics is a fake resource type: it keeps the properties of what there is, by
// logical id.
type topics struct {
	mu   sync.Mutex
	have map[string]string
	fail bool
	hook func() // of creations
}

func (f *topics) put(r *stack.Request) (stack.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hook != nil {
		f.hook()
	}
	if f.fail {
		return stack.Result{}, awserr.Validation("no")
	}
	f.have[r.LogicalID] = string(r.Properties.JSON(""))
	return stack.Result{PhysicalID: r.ProposedName}, nil
}

func (f *topics) Create(_ context.Context, r *stack.Request) (stack.Result, error) { return f.put(r) }

func (f *topics) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	result, err := f.put(r)
	result.PhysicalID = r.PhysicalID
	return result, err
}

func (f *topics) Delete(_ context.Context, r *stack.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.have, r.LogicalID)
	return nil
}

func (f *topics) property(logicalID string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.have[logicalID]
}

// A formation is CloudFormation behind the front door.
type formation struct {
	*cloudformation.Service
	t      *testing.T
	topics *topics
	url    string
	stop   func()
	done   chan error // what Run returned
}

func startFormation(t *testing.T) *formation {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	st, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := &topics{have: map[string]string{}}
	s := cloudformation.New(cloudformation.Config{
		Store: st, Account: account, Region: region,
		Types: []stack.Type{{Name: "AWS::SNS::Topic", Level: stack.Real, Handler: f, Replace: []string{"Key"}}, {Name: "AWS::IAM::Role", Level: stack.Real, Handler: f}},
		Role:  deploymentRole(t),
	})
	ctx, stop := context.WithCancel(context.Background())
	c := &formation{Service: s, t: t, topics: f, stop: stop, done: make(chan error, 1)}
	go func() { c.done <- s.Run(ctx); close(c.done) }()
	server := httptest.NewServer(endpoint.New(endpoint.Config{
		Keys:     keys{"ADMINISTRATOR": everything, "DEPLOYER": deployer, "ONESTACK": oneStack},
		Services: []wire.Service{s.API()}, Account: account, Region: region,
	}))
	c.url = server.URL
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-c.done; err != nil {
			t.Error(err)
		}
	})
	return c
}

// call makes a call as the owner of a key; pairs are its parameters.
func (c *formation) call(key, action string, pairs ...string) string {
	c.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-15"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+"/", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	signer := &sigv4.Signer{Service: "cloudformation", Region: region}
	if err := signer.SignHTTP(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	_, body := send(c.t, r)
	return body
}

var element = regexp.MustCompile(`<(StackStatus|Code|Message)>([^<]*)<`)

// facts returns the status of a stack, or the code and the message of a refusal.
func facts(body string) string {
	var found []string
	for _, m := range element.FindAllStringSubmatch(body, -1) {
		found = append(found, m[2])
	}
	return strings.ReplaceAll(strings.Join(found, " "), "&#39;", "'")
}

// settled waits for a stack's outcome, as waiters do.
func (c *formation) settled(name string) string {
	c.t.Helper()
	for range 500 {
		status := facts(c.call("ADMINISTRATOR", "DescribeStacks", "StackName", name))
		if !strings.HasSuffix(status, "_IN_PROGRESS") {
			return status
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.t.Fatalf("stack %s does not settle", name)
	return ""
}

const topic = "Parameters: {Size: {Type: String, Default: s}}\nResources:\n  A: {Type: AWS::SNS::Topic, Properties: {Size: !Ref Size}}\nOutputs: {Id: {Value: !Ref A, Export: {Name: id}}}\n"

func TestWireLifeOfAStack(t *testing.T) {
	c := startFormation(t)
	if got := c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", topic, "Tags.member.1.Key", "team", "Tags.member.1.Value", "red"); !strings.Contains(got, "<StackId>arn:aws:cloudformation:ap-northeast-1:123456789012:stack/mine/") {
		t.Fatal(got)
	}
	if got := c.settled("mine"); got != "CREATE_COMPLETE" {
		t.Fatal(got)
	}
	for _, tt := range []struct {
		name  string
		call  []string
		wants []string
	}{
		{"a second creation", []string{"CreateStack", "StackName", "mine", "TemplateBody", topic}, []string{"<Code>AlreadyExistsException</Code>", "Stack [mine] already exists"}},
		{"an update without changes", []string{"UpdateStack", "StackName", "mine", "TemplateBody", topic}, []string{"<Code>ValidationError</Code>", "No updates are to be performed."}},
		{"an update of nothing", []string{"UpdateStack", "StackName", "none", "TemplateBody", topic}, []string{"Stack [none] does not exist"}},
		{"a deletion of nothing", []string{"DeleteStack", "StackName", "none"}, []string{"<DeleteStackResponse"}},
		{"no template", []string{"CreateStack", "StackName", "none"}, []string{"Either Template URL or Template Body must be specified."}},
		{"a template from elsewhere", []string{"CreateStack", "StackName", "none", "TemplateURL", "https://example.com/t"}, []string{"TemplateURL must reference a valid S3 object to which you have access."}},
		{"a bad template", []string{"CreateStack", "StackName", "none", "TemplateBody", "Resources: {}"}, []string{"<Code>ValidationError</Code>", "At least one Resources member must be defined."}},
		{"stacks", []string{"DescribeStacks"}, []string{"<StackName>mine</StackName>", "<OutputKey>Id</OutputKey>", "<ExportName>id</ExportName>", "<member><Key>team</Key><Value>red</Value></member>", "<ParameterKey>Size</ParameterKey><ParameterValue>s</ParameterValue>"}},
		{"no such stack", []string{"DescribeStacks", "StackName", "none"}, []string{"Stack with id none does not exist"}},
		{"events", []string{"DescribeStackEvents", "StackName", "mine"}, []string{"<ResourceStatusReason>User Initiated</ResourceStatusReason>", "<ResourceStatus>CREATE_COMPLETE</ResourceStatus>"}},
		{"events of no stack", []string{"DescribeStackEvents", "StackName", "none"}, []string{"Stack [none] does not exist"}},
		{"a resource", []string{"DescribeStackResource", "StackName", "mine", "LogicalResourceId", "A"}, []string{"<StackResourceDetail>", "<LastUpdatedTimestamp>"}},
		{"no such resource", []string{"DescribeStackResource", "StackName", "mine", "LogicalResourceId", "B"}, []string{"Resource B does not exist for stack mine"}},
		{"resources", []string{"DescribeStackResources", "StackName", "mine"}, []string{"<LogicalResourceId>A</LogicalResourceId>"}},
		{"a list of resources", []string{"ListStackResources", "StackName", "mine"}, []string{"<StackResourceSummaries><member>"}},
		{"a list of stacks by status", []string{"ListStacks", "StackStatusFilter.member.1", "DELETE_COMPLETE"}, []string{"<StackSummaries></StackSummaries>"}},
		{"exports", []string{"ListExports"}, []string{"<Name>id</Name>"}},
		{"imports of an export that nobody imports", []string{"ListImports", "ExportName", "id"}, []string{"Export &#39;id&#39; is not imported by any stack."}},
		{"the template", []string{"GetTemplate", "StackName", "mine"}, []string{"AWS::SNS::Topic", "<StagesAvailable><member>Original</member><member>Processed</member>"}},
		{"a summary", []string{"GetTemplateSummary", "StackName", "mine"}, []string{"<ResourceTypes><member>AWS::SNS::Topic</member>", "<ParameterType>String</ParameterType>"}},
		{"what needs a capability", []string{"ValidateTemplate", "TemplateBody", "Resources: {R: {Type: AWS::IAM::Role}}"}, []string{"<member>CAPABILITY_IAM</member>", "The following resource(s) require capabilities: [AWS::IAM::Role]"}},
		{"an invalid template", []string{"ValidateTemplate", "TemplateBody", "Resources: {R: {Type: AWS::SNS::Topic, Properties: {X: !Ref Y}}}"}, []string{"Template format error: Unresolved resource dependencies [Y] in the Resources block of the template"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.call("ADMINISTRATOR", tt.call[0], tt.call[1:]...)
			for _, want := range tt.wants {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
		})
	}
	if got := c.call("ADMINISTRATOR", "DescribeStackEvents", "StackName", "mine"); strings.Contains(got, "REVIEW_IN_PROGRESS") {
		t.Errorf("a stack that no change set made was under review\n%s", got)
	}
	if got := c.call("ADMINISTRATOR", "UpdateStack", "StackName", "mine", "UsePreviousTemplate", "true", "Parameters.member.1.ParameterKey", "Size", "Parameters.member.1.ParameterValue", "l"); !strings.Contains(got, "<StackId>") {
		t.Fatal(got)
	}
	if got := c.settled("mine"); got != "UPDATE_COMPLETE" || c.topics.property("A") != `{"Size":"l"}` {
		t.Errorf("after the update: %s, %s", got, c.topics.property("A"))
	}
	c.call("ADMINISTRATOR", "DeleteStack", "StackName", "mine")
	if got := c.settled("mine"); got != "ValidationError Stack with id mine does not exist" {
		t.Errorf("after the deletion: %s", got)
	}
}

func TestWireChangeSets(t *testing.T) {
	c := startFormation(t)
	change := func(name, kind, size string) string {
		return c.call("ADMINISTRATOR", "CreateChangeSet", "StackName", "mine", "ChangeSetName", name, "ChangeSetType", kind,
			"TemplateBody", topic, "Parameters.member.1.ParameterKey", "Size", "Parameters.member.1.ParameterValue", size)
	}
	if got := change("c1", "UPDATE", "s"); !strings.Contains(got, "Stack [mine] does not exist") {
		t.Error(got)
	}
	change("c1", "CREATE", "s")
	if got := facts(c.call("ADMINISTRATOR", "DescribeStacks", "StackName", "mine")); got != "REVIEW_IN_PROGRESS" {
		t.Errorf("stack under review: %s", got)
	}
	got := c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "mine", "ChangeSetName", "c1")
	for _, want := range []string{"<Status>CREATE_COMPLETE</Status>", "<ExecutionStatus>AVAILABLE</ExecutionStatus>", "<Action>Add</Action><LogicalResourceId>A</LogicalResourceId>"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	c.call("ADMINISTRATOR", "ExecuteChangeSet", "StackName", "mine", "ChangeSetName", "c1")
	if got := c.settled("mine"); got != "CREATE_COMPLETE" {
		t.Fatal(got)
	}
	if got := change("c1", "UPDATE", "l"); !strings.Contains(got, "<CreateChangeSetResult>") {
		t.Errorf("the name of an executed change set: %s", got)
	}
	if got := facts(change("c1", "UPDATE", "l")); got != "AlreadyExistsException ChangeSet [c1] already exists" {
		t.Errorf("the name of one that waits: %s", got)
	}
	change("c2", "UPDATE", "s")
	if got := c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "mine", "ChangeSetName", "c2"); !strings.Contains(got, "<Status>FAILED</Status><StatusReason>The submitted information didn&#39;t contain changes.") {
		t.Error(got)
	}
	if got := facts(c.call("ADMINISTRATOR", "ExecuteChangeSet", "StackName", "mine", "ChangeSetName", "c2")); !strings.HasPrefix(got, "InvalidChangeSetStatus ChangeSet [arn:") || !strings.HasSuffix(got, "cannot be executed in its current status of [FAILED]") {
		t.Error(got)
	}
	change("c3", "UPDATE", "l")
	if got := c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "mine", "ChangeSetName", "c3"); !strings.Contains(got, "<Replacement>False</Replacement><Scope><member>Properties</member></Scope>") {
		t.Error(got)
	}
	c.call("ADMINISTRATOR", "DeleteChangeSet", "StackName", "mine", "ChangeSetName", "c3")
	if got := facts(c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "mine", "ChangeSetName", "c3")); got != "ChangeSetNotFound ChangeSet [c3] does not exist" {
		t.Error(got)
	}
	if got := c.call("ADMINISTRATOR", "ListChangeSets", "StackName", "mine"); !strings.Contains(got, "<ChangeSetName>c2</ChangeSetName>") {
		t.Error(got)
	}
}

func TestWireFailureRollsBack(t *testing.T) {
	c := startFormation(t)
	c.topics.fail = true
	for onFailure, want := range map[string]string{
		"ROLLBACK": "ROLLBACK_COMPLETE", "DO_NOTHING": "CREATE_FAILED", "DELETE": "ValidationError Stack with id DELETE does not exist",
	} {
		name := strings.ReplaceAll(onFailure, "_", "")
		c.call("ADMINISTRATOR", "CreateStack", "StackName", name, "TemplateBody", topic, "OnFailure", onFailure)
		got := c.settled(name)
		for range 100 { // the deletion follows the rollback
			if onFailure != "DELETE" || got == want {
				break
			}
			time.Sleep(5 * time.Millisecond)
			got = c.settled(name)
		}
		if got != want {
			t.Errorf("OnFailure %s: %s; want %s", onFailure, got, want)
		}
	}
}

func TestWireAccess(t *testing.T) {
	c := startFormation(t)
	const role = "Resources: {R: {Type: AWS::IAM::Role}}"
	const named = "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}"
	const include = "Transform: AWS::LanguageExtensions\nResources: {A: {Type: AWS::SNS::Topic}}"
	capability := func(name string) []string { return []string{"Capabilities.member.1", name} }
	for _, tt := range []struct {
		name, key, stack, template string
		more                       []string
		want                       string
	}{
		{"IAM needs a capability", "ADMINISTRATOR", "a", role, nil, "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_IAM]"},
		{"named IAM needs its own", "ADMINISTRATOR", "a", named, capability("CAPABILITY_IAM"), "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_NAMED_IAM]"},
		{"transforms need one", "ADMINISTRATOR", "a", include, nil, "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_AUTO_EXPAND]"},
		{"granted", "ADMINISTRATOR", "b", role, capability("CAPABILITY_NAMED_IAM"), ""},
		{"a stack gives nobody what he has not", "DEPLOYER", "a", role, capability("CAPABILITY_IAM"), "AccessDenied User: arn:aws:iam::123456789012:user/DEPLOYER is not authorized to perform: iam:CreateRole on resource: * because no identity-based policy allows the iam:CreateRole action"},
		{"another stack", "ONESTACK", "other", topic, nil, "AccessDenied User: arn:aws:iam::123456789012:user/ONESTACK is not authorized to perform: cloudformation:CreateStack on resource: arn:aws:cloudformation:ap-northeast-1:123456789012:stack/other/* because no identity-based policy allows the cloudformation:CreateStack action"},
		{"one's own stack", "ONESTACK", "mine", topic, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := facts(c.call(tt.key, "CreateStack", append([]string{"StackName", tt.stack, "TemplateBody", tt.template}, tt.more...)...))
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			c.settled(tt.stack)
		})
	}
	c.call("ADMINISTRATOR", "CreateChangeSet", "StackName", "foreign", "ChangeSetName", "cs", "ChangeSetType", "CREATE", "TemplateBody", role, "Capabilities.member.1", "CAPABILITY_IAM")
	id := regexp.MustCompile(`<ChangeSetId>([^<]*)<`).FindStringSubmatch(c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "foreign", "ChangeSetName", "cs"))[1]
	for _, action := range []string{"DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet"} {
		if got := facts(c.call("ONESTACK", action, "StackName", "mine", "ChangeSetName", id)); !strings.HasPrefix(got, "AccessDenied") {
			t.Errorf("%s of a foreign change set under the name of one's own stack: %s", action, got)
		}
	}
	if got := facts(c.call("ONESTACK", "GetTemplate", "StackName", "mine", "ChangeSetName", id)); !strings.HasPrefix(got, "ChangeSetNotFound") {
		t.Errorf("GetTemplate of a foreign change set: %s", got)
	}
	if got := facts(c.call("DEPLOYER", "ExecuteChangeSet", "ChangeSetName", id)); !strings.Contains(got, "iam:CreateRole") {
		t.Errorf("execution by who may not: %s", got)
	}
}

func TestWireStopTakesBack(t *testing.T) {
	c := startFormation(t)
	c.topics.hook = c.stop
	c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", topic)
	if err := <-c.done; err != nil {
		t.Fatal(err)
	}
	if k, err := c.Describe("mine"); err != nil || strings.HasSuffix(string(k.Status), "_IN_PROGRESS") {
		t.Errorf("after Run: %v, %v", k, err)
	}
	if got := facts(c.call("ADMINISTRATOR", "CreateStack", "StackName", "late", "TemplateBody", topic)); got != "ServiceUnavailable The service is stopping." {
		t.Errorf("after the stop: %s", got)
	}
}
