package sns

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/emulator"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// fake is an endpoint that keeps the policies of its topics; those whose name
// begins with "gone" are not there.
type fake map[string]string

func (f fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if topic := r.FormValue("TopicArn"); strings.Contains(topic, ":gone") {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>")
	} else if r.FormValue("Action") == "SetTopicAttributes" && r.FormValue("AttributeName") == "Policy" {
		f[last(topic)] = r.FormValue("AttributeValue")
	}
}

func start(t *testing.T) (fake, *Service) {
	t.Helper()
	f := fake{}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	endpoint, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return f, New(Config{Client: &emulator.Client{Service: "sns", Endpoint: endpoint, Region: "eu-west-1"}})
}

func properties(t *testing.T, text string) *template.Node {
	t.Helper()
	n, _, err := template.ParseValue("", []byte("X: "+text))
	if err != nil {
		t.Fatal(err)
	}
	return n.Get("X")
}

func TestAPolicyIsTakenFromTopicsThatItNoLongerNames(t *testing.T) {
	f, s := start(t)
	policy := func(sid string, names ...string) *template.Node {
		var topics []string
		for _, name := range names {
			topics = append(topics, "'arn:aws:sns:eu-west-1:111122223333:"+name+"'")
		}
		return properties(t, "{PolicyDocument: {Sid: "+sid+"}, Topics: ["+strings.Join(topics, ", ")+"]}")
	}
	own := func(name string) string {
		return `{"Id":"__default_policy_ID","Statement":[{"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",` +
			`"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}},` +
			`"Effect":"Allow","Principal":{"AWS":"*"},"Resource":"arn:aws:sns:eu-west-1:111122223333:` + name + `","Sid":"__default_statement_ID"}],"Version":"2008-10-17"}`
	}
	h := topicPolicies{s}
	before := policy("one", "a", "b")
	if _, err := h.Create(t.Context(), &stack.Request{ProposedName: "p", Properties: before}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fake{"a": `{"Sid":"one"}`, "b": `{"Sid":"one"}`}, f); diff != "" {
		t.Errorf("after Create (-want +got):\n%s", diff)
	}
	r := &stack.Request{PhysicalID: "p", Properties: policy("two", "b")}
	if _, err := h.Update(t.Context(), r, policy("one", "a", "b", "gone")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fake{"a": own("a"), "b": `{"Sid":"two"}`}, f); diff != "" {
		t.Errorf("after Update (-want +got):\n%s", diff)
	}
	if err := h.Delete(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fake{"a": own("a"), "b": own("b")}, f); diff != "" {
		t.Errorf("after Delete (-want +got):\n%s", diff)
	}
}

func TestSubscriptionsToTopicsOfOtherRegionsAreRefused(t *testing.T) {
	_, s := start(t)
	for region, want := range map[string]string{"eu-west-1": "", "us-east-1": "hakone does not support Region: topics of us-east-1 are not here"} {
		n := properties(t, "{TopicArn: 'arn:aws:sns:"+region+":111122223333:gone', Protocol: sqs, Endpoint: q, Region: "+region+"}")
		got := ""
		if err := s.checkSubscription(n); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", region, got, want)
		}
		_, err := subscriptions{s}.Create(t.Context(), &stack.Request{Properties: n})
		if err == nil || (want != "") != strings.Contains(err.Error(), "hakone does not support Region") {
			t.Errorf("Create in %s: %v", region, err)
		}
	}
	if err := New(Config{}).checkSubscription(properties(t, "{Region: us-east-1}")); err != nil {
		t.Errorf("without an endpoint: %v", err)
	}
}

func TestOnlyWhatChangedIsSet(t *testing.T) {
	was := map[string]string{"Same": "1", "Other": "2", "Gone": "3"}
	is := map[string]string{"Same": "1", "Other": "4", "New": "5"}
	if diff := cmp.Diff(map[string]string{"Other": "4", "Gone": "", "New": "5"}, changed(was, is)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}
