package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/emulator"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// fake is an endpoint that has tables by name, and is slow to make them active.
type fake struct {
	t *testing.T

	mu     sync.Mutex
	tables map[string]map[string]any
	asked  map[string]int // DescribeTable since the last change
	calls  []string
	fail   string // an operation that is refused
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/dynamodb/aws4_request") {
		f.t.Errorf("the call is not signed for DynamoDB: %s", r.Header.Get("Authorization"))
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		f.t.Error(err)
	}
	name, _ := in["TableName"].(string)
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type": "com.amazonaws.dynamodb.v20120810#%s", "message": "refused: %s"}`, code, code)
	}
	if operation != "DescribeTable" {
		f.calls = append(f.calls, operation)
		f.asked[name] = 0
	}
	switch {
	case operation == f.fail:
		refuse("LimitExceededException")
	case operation == "CreateTable":
		f.tables[name] = in
		_, _ = fmt.Fprint(w, "{}")
	case f.tables[name] == nil:
		refuse("ResourceNotFoundException")
	case operation == "DeleteTable":
		delete(f.tables, name)
		_, _ = fmt.Fprint(w, "{}")
	case operation == "DescribeTable":
		status := "CREATING"
		if f.asked[name]++; f.asked[name] > 1 {
			status = "ACTIVE"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Table": map[string]any{"TableStatus": status, "LatestStreamArn": "arn:stream", "TableArn": "arn:theirs"}})
	default:
		_, _ = fmt.Fprint(w, "{}")
	}
}

func start(t *testing.T) (*fake, tables) {
	t.Helper()
	f := &fake{t: t, tables: map[string]map[string]any{}, asked: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	endpoint, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), e.Close() })
	return f, tables{New(Config{
		Client: &emulator.Client{Service: "dynamodb", Endpoint: endpoint, Region: "eu-west-1"}, Ledger: emulator.NewLedger(s),
		Account: "111122223333", Region: "eu-west-1", Partition: "aws",
	})}
}

func request(t *testing.T, properties string) *stack.Request {
	t.Helper()
	n, _, err := template.ParseValue("", []byte("X: "+properties))
	if err != nil {
		t.Fatal(err)
	}
	return &stack.Request{StackID: "s", LogicalID: "T", ProposedName: "stack-T-ABC", PhysicalID: "stack-T-ABC", ClientToken: "1", Properties: n.Get("X")}
}

const keys = "AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]"

func TestATableIsMadeAtTheEndpoint(t *testing.T) {
	f, h := start(t)
	r := request(t, "{"+keys+", BillingMode: PAY_PER_REQUEST, StreamSpecification: {StreamViewType: NEW_IMAGE}, TimeToLiveSpecification: {AttributeName: e, Enabled: true}}")
	got, err := h.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := stack.Result{PhysicalID: "stack-T-ABC", Attributes: map[string]string{"Arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/stack-T-ABC", "StreamArn": "arn:stream"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	sent, err := json.Marshal(f.tables["stack-T-ABC"])
	if err != nil || !strings.Contains(string(sent), `"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}`) {
		t.Errorf("CreateTable got %s", sent)
	}
	if err := h.Delete(t.Context(), r); err != nil || len(f.tables) != 0 {
		t.Errorf("Delete = %v, left %v", err, f.tables)
	}
	if diff := cmp.Diff([]string{"CreateTable", "UpdateTimeToLive", "DeleteTable"}, f.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestOnlyWhatAStackMadeIsDeleted(t *testing.T) {
	f, h := start(t)
	f.tables["mine"] = map[string]any{}
	r := request(t, "{TableName: mine, "+keys+"}")
	got, err := h.Create(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "Table already exists: mine") || got.PhysicalID != "" {
		t.Errorf("Create = %+v, %v", got, err)
	}
	if err := h.Delete(t.Context(), r); err != nil || f.tables["mine"] == nil {
		t.Errorf("Delete = %v, left %v", err, f.tables)
	}
}

func TestATableThatIsRefusedLeavesNothing(t *testing.T) {
	f, h := start(t)
	f.fail = "UpdateTimeToLive"
	r := request(t, "{"+keys+", TimeToLiveSpecification: {AttributeName: e, Enabled: true}}")
	got, err := h.Create(t.Context(), r)
	if err == nil || got.PhysicalID != "stack-T-ABC" {
		t.Errorf("Create = %+v, %v, want an error that names what was begun", got, err)
	}
	if err := h.Delete(t.Context(), r); err != nil || len(f.tables) != 0 {
		t.Errorf("Delete = %v, left %v", err, f.tables)
	}
}

func TestALostTableIsMadeAgain(t *testing.T) {
	f, h := start(t)
	r := request(t, "{"+keys+"}")
	if _, err := h.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if made, err := h.Restore(t.Context(), r); made || err != nil {
		t.Errorf("Restore of what is there = %v, %v", made, err)
	}
	clear(f.tables)
	if made, err := h.Restore(t.Context(), r); !made || err != nil || f.tables["stack-T-ABC"] == nil {
		t.Errorf("Restore = %v, %v", made, err)
	}
}

func TestUpdatesGoOneAfterTheOther(t *testing.T) {
	decode := func(text string) *tableProperties {
		var p tableProperties
		if err := request(t, text).Properties.Decode(&p); err != nil {
			t.Fatal(err)
		}
		return &p
	}
	index := func(name, projection string) string {
		return "{IndexName: " + name + ", KeySchema: [{AttributeName: id, KeyType: HASH}], Projection: {ProjectionType: " + projection + "}}"
	}
	tests := []struct{ name, before, after, want string }{
		{"nothing", "{" + keys + "}", "{" + keys + "}", ""},
		{
			"the billing", "{BillingMode: PAY_PER_REQUEST}", "{ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 2}}",
			`{"TableName":"t","BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}}`,
		},
		{
			"a stream of another view ends first", "{StreamSpecification: {StreamViewType: NEW_IMAGE}}", "{StreamSpecification: {StreamViewType: OLD_IMAGE}}",
			`{"TableName":"t","StreamSpecification":{"StreamEnabled":false}} {"TableName":"t","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}}`,
		},
		{
			"indexes go before others come", "{GlobalSecondaryIndexes: [" + index("a", "ALL") + "]}", "{GlobalSecondaryIndexes: [" + index("b", "ALL") + "]}",
			`{"TableName":"t","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"a"}}]} {"TableName":"t","GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"b","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`,
		},
	}
	for _, tt := range tests {
		var got []string
		for _, u := range updates("t", decode(tt.before), decode(tt.after)) {
			text, err := json.Marshal(u)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(text))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestThePolicyOfAStreamIsRefused(t *testing.T) {
	_, h := start(t)
	r := request(t, "{"+keys+", StreamSpecification: {StreamViewType: NEW_IMAGE, ResourcePolicy: {PolicyDocument: {Statement: []}}}}")
	const want = "hakone does not support StreamSpecification/ResourcePolicy: nobody asks the policy of a stream"
	if err := r.Properties.Refused(h.s.Types()[0].Properties); err == nil || err.Error() != want {
		t.Errorf("Refused = %v", err)
	}
}
