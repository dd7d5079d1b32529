package query

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
)

type inner struct{ Key, Value string }

type embedded struct{ Marker string }

type shape struct {
	Name    string
	Count   *int
	Flag    bool
	Tags    []inner
	Names   []string
	Env     map[string]string
	When    time.Time
	Data    []byte
	Renamed string `query:"renamed"`
	Hidden  string `query:"-"`
	embedded
}

func TestDecode(t *testing.T) {
	seven := 7
	tests := []struct {
		name, form string
		want       shape
	}{
		{"scalars", "Name=n&Count=7&Flag=true&renamed=r", shape{Name: "n", Count: &seven, Flag: true, Renamed: "r"}},
		{"a list of structures", "Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c", shape{Tags: []inner{{"a", "b"}, {"c", ""}}}},
		{"a flattened list", "Names.1=x&Names.2=y", shape{Names: []string{"x", "y"}}},
		{"a list ends at the first gap", "Names.member.1=x&Names.member.3=z", shape{Names: []string{"x"}}},
		{"a map", "Env.entry.1.key=a&Env.entry.1.value=b", shape{Env: map[string]string{"a": "b"}}},
		{"a time", "When=2031-03-09T10:00:00Z", shape{When: time.Date(2031, 3, 9, 10, 0, 0, 0, time.UTC)}},
		{"bytes", "Data=aGk%3D", shape{Data: []byte("hi")}},
		{"embedded fields are the structure's own", "Marker=m", shape{embedded: embedded{"m"}}},
		{"unknown and hidden keys are ignored", "Nope=1&Hidden=h&Action=X", shape{}},
		{"a key that is too deep is ignored", "Name" + strings.Repeat(".a", 50) + "=1", shape{}},
	}
	for _, tt := range tests {
		form, err := url.ParseQuery(tt.form)
		if err != nil {
			t.Fatal(err)
		}
		var got shape
		if err := Decode(form, &got); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(shape{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, form := range []string{"Count=x", "Flag=maybe", "When=today", "Data=*", "Count=99999999999999999999"} {
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(values, &shape{}); err == nil || !strings.Contains(err.Error(), "MalformedInput") {
			t.Errorf("Decode(%s) = %v, want MalformedInput", form, err)
		}
	}
}

func TestEncode(t *testing.T) {
	type output struct {
		Name     string
		Empty    string
		Document Document
		List     []inner
		None     []string
		Nil      []string
		Size     *int
		Flag     bool
		When     time.Time
		Map      map[string]string
	}
	got, err := Encode("GetThing", "https://x/", "id-1", &output{
		Name: "<&>", Document: `{"a b":"*"}`, List: []inner{{"k", "v"}}, None: []string{}, When: time.Date(2031, 3, 9, 10, 0, 0, 5, time.UTC),
		Map: map[string]string{"b": "2", "a": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `<GetThingResponse xmlns="https://x/">
  <GetThingResult><Name>&lt;&amp;&gt;</Name><Document>%7B%22a%20b%22%3A%22%2A%22%7D</Document><List><member><Key>k</Key><Value>v</Value></member></List><None></None><Flag>false</Flag><When>2031-03-09T10:00:00Z</When><Map><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Map></GetThingResult>
  <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>
</GetThingResponse>
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEC2HasShapesOfItsOwn(t *testing.T) {
	text, err := EncodeEC2("DescribeThings", "urn:ec2", "id-1", &struct {
		Things []inner `query:"thingSet"`
		VpcId  string
		Empty  []inner
	}{Things: []inner{{"a", "<b>"}}, VpcId: "vpc-1", Empty: []inner{}})
	if err != nil {
		t.Fatal(err)
	}
	want := `<DescribeThingsResponse xmlns="urn:ec2">
  <requestId>id-1</requestId><thingSet><item><key>a</key><value>&lt;b&gt;</value></item></thingSet><vpcId>vpc-1</vpcId><empty></empty>
</DescribeThingsResponse>
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	refusal := string(EncodeEC2Error("id-1", awserr.New("InvalidVpcID.NotFound", 400, "none")))
	if want := "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>none</Message></Error></Errors><RequestID>id-1</RequestID></Response>\n"; refusal != want {
		t.Errorf("refusal %s", refusal)
	}
}

func TestEncodeErrorNamesTheFault(t *testing.T) {
	for status, want := range map[int]string{400: "<Type>Sender</Type>", 500: "<Type>Receiver</Type>"} {
		got := string(EncodeError("", "r", awserr.New("C", status, "a < b")))
		if !strings.Contains(got, want) || !strings.Contains(got, "a &lt; b") {
			t.Errorf("EncodeError(%d) = %s", status, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"Name=n&Count=7", "Tags.member.1.Key=a", "Env.entry.1.key=a&Env.entry.1.value=b", "Names.member.1.2.3=x", "...=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			t.Skip()
		}
		var s shape
		if Decode(form, &s) != nil {
			return
		}
		if len(s.Tags) > maxItems || len(s.Names) > maxItems {
			t.Errorf("%d tags, %d names", len(s.Tags), len(s.Names))
		}
		if _, err := Encode("X", "", "", &s); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
