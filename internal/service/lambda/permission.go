package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
)

// A resourcePolicy says who may call a function, version or alias. It is made
// of permissions; Lambda takes no whole documents.
type resourcePolicy struct {
	RevisionId string
	Statements []Statement
}

// A Statement is what one permission becomes, in AWS's order of members.
type Statement struct {
	Sid       string
	Effect    string
	Principal any // "*", or {"Service": …} or {"AWS": …}
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// text is the policy document.
func (p *resourcePolicy) text() string {
	b, err := json.Marshal(struct {
		Version   string
		Id        string
		Statement []Statement
	}{"2012-10-17", "default", p.Statements})
	if err != nil { // texts and maps of them
		panic(err)
	}
	return string(b)
}

// AddPermissionInput grants one principal one action on a function.
type AddPermissionInput struct {
	FunctionName        string
	Qualifier           string
	StatementId         string
	Action              string
	Principal           string // service, account, ARN or *
	SourceArn           string
	SourceAccount       string
	EventSourceToken    string
	FunctionUrlAuthType string
	PrincipalOrgID      string
	RevisionId          string

	InvokedViaFunctionUrl bool
}

// AddPermission adds a statement to the policy of a function, version or alias
// and returns it as JSON, as Lambda's API does.
func (s *Service) AddPermission(ctx context.Context, in *AddPermissionInput) (string, error) {
	r, err := s.resolve(in.FunctionName, in.Qualifier)
	if err != nil {
		return "", err
	}
	if r.qualifier == latest {
		return "", invalidParameter("We currently do not support adding policies for $LATEST.")
	}
	if err := in.check(); err != nil {
		return "", err
	}
	st, err := in.statement(s.arn(r.name, r.qualifier), s.cfg.Partition)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, r.name, func(f *record) error {
		if err := s.qualified(f, r); err != nil {
			return err
		}
		p := f.Policies[r.qualifier]
		if in.RevisionId != "" && in.RevisionId != p.RevisionId {
			return staleRevision("GetPolicy")
		}
		if slices.ContainsFunc(p.Statements, func(other Statement) bool { return other.Sid == st.Sid }) {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
		p.Statements = append(p.Statements, st)
		p.RevisionId = uuid.NewString()
		const most = 20480
		if len(p.text()) > most {
			return awserr.New("PolicyLengthExceededException", http.StatusBadRequest, "The final policy size (%d) is bigger than the limit (%d).", len(p.text()), most)
		}
		if f.Policies == nil {
			f.Policies = map[string]resourcePolicy{}
		}
		f.Policies[r.qualifier] = p
		return nil
	})
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(st)
	return string(b), err
}

// qualified checks that a version or alias exists.
func (s *Service) qualified(f *record, r reference) error {
	if r.qualifier == "" || r.qualifier == latest {
		return nil
	}
	if _, ok := f.Versions[r.qualifier]; ok {
		return nil
	}
	if _, ok := f.Aliases[r.qualifier]; ok {
		return nil
	}
	if isNumber(r.qualifier) {
		return functionNotFound(s.arn(r.name, r.qualifier))
	}
	return notFound("Cannot find alias arn: %s", s.arn(r.name, r.qualifier))
}

var (
	sidRE       = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	actionRE    = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountRE   = regexp.MustCompile(`^\d{12}$`)
	serviceRE   = regexp.MustCompile(`^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|alexa\.amazon\.com|amazon\.com)$`)
	principalRE = regexp.MustCompile(`^arn:[a-z-]+:(iam|sts)::\d{12}:.+$`)
)

func (in *AddPermissionInput) check() error {
	var v violations
	if !sidRE.MatchString(in.StatementId) {
		v.add(in.StatementId, "statementId", "satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	}
	if len(in.StatementId) > 100 {
		v.add(in.StatementId, "statementId", "have length less than or equal to 100")
	}
	if !actionRE.MatchString(in.Action) {
		v.add(in.Action, "action", "satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])")
	}
	if in.SourceAccount != "" && !accountRE.MatchString(in.SourceAccount) {
		v.add(in.SourceAccount, "sourceAccount", `satisfy regular expression pattern: \d{12}`)
	}
	if t := in.FunctionUrlAuthType; t != "" && t != "NONE" && t != "AWS_IAM" {
		v.add(t, "functionUrlAuthType", "satisfy enum value set: [NONE, AWS_IAM]")
	}
	return v.err()
}

func (in *AddPermissionInput) statement(resource, partition string) (Statement, error) {
	st := Statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action, Resource: resource}
	switch p := in.Principal; {
	case p == "*":
		st.Principal = "*"
	case accountRE.MatchString(p):
		st.Principal = map[string]string{"AWS": "arn:" + partition + ":iam::" + p + ":root"}
	case principalRE.MatchString(p):
		st.Principal = map[string]string{"AWS": p}
	case serviceRE.MatchString(p):
		st.Principal = map[string]string{"Service": p}
	default:
		return Statement{}, invalidParameter("The provided principal was invalid. Please check the principal and try again.")
	}
	when := func(operator, key, value string) {
		if value == "" {
			return
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string]string{}
		}
		if st.Condition[operator] == nil {
			st.Condition[operator] = map[string]string{}
		}
		st.Condition[operator][key] = value
	}
	when("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	when("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	when("StringEquals", "lambda:FunctionUrlAuthType", in.FunctionUrlAuthType)
	when("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	when("ArnLike", "AWS:SourceArn", in.SourceArn)
	if in.InvokedViaFunctionUrl {
		when("Bool", "lambda:InvokedViaFunctionUrl", "true")
	}
	return st, nil
}

// RemovePermission removes a statement. RevisionID may be empty.
func (s *Service) RemovePermission(ctx context.Context, name, qualifier, statementID, revisionID string) error {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return err
	}
	if _, ok := s.functions.Get(r.name); !ok {
		return notFound("No policy found for: %s", s.arn(r.name, r.qualifier))
	}
	return s.change(ctx, r.name, func(f *record) error {
		p, ok := f.Policies[r.qualifier]
		if !ok {
			return notFound("No policy is associated with the given resource.")
		}
		i := slices.IndexFunc(p.Statements, func(st Statement) bool { return st.Sid == statementID })
		if i < 0 {
			return notFound("Statement %s is not found in resource policy.", statementID)
		}
		if revisionID != "" && revisionID != p.RevisionId {
			return staleRevision("GetPolicy")
		}
		p.Statements = slices.Delete(p.Statements, i, i+1)
		p.RevisionId = uuid.NewString()
		if f.Policies[r.qualifier] = p; len(p.Statements) == 0 {
			delete(f.Policies, r.qualifier)
		}
		return nil
	})
}

// GetPolicy returns the policy document of a function, version or alias, and
// its revision.
func (s *Service) GetPolicy(name, qualifier string) (document, revisionID string, err error) {
	r, err := s.resolve(name, qualifier)
	if err != nil {
		return "", "", err
	}
	f, err := s.read(r)
	if err != nil {
		return "", "", err
	}
	p, ok := f.Policies[r.qualifier]
	if !ok {
		return "", "", notFound("The resource you requested does not exist.")
	}
	return p.text(), p.RevisionId, nil
}

func staleRevision(operation string) error {
	return awserr.New("PreconditionFailedException", http.StatusPreconditionFailed,
		"The Revision Id provided does not match the latest Revision Id. Call the %s API to retrieve the latest Revision Id", operation)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
