package s3

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/wire/restxml"
)

// refusalOf returns the code of a refusal, "" if there is none.
func refusalOf(err error) string {
	if refusal, ok := errors.AsType[*awserr.Error](err); ok {
		return refusal.Code
	}
	return ""
}

func TestLifecycleCheck(t *testing.T) {
	const (
		status = "<Status>Enabled</Status>"
		days   = "<Expiration><Days>1</Days></Expiration>"
		every  = "<Filter/>" + status
		tagged = "<Tag><Key>a</Key><Value>b</Value></Tag>"
	)
	newer := func(n string) string {
		return every + "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>" + n + "</NewerNoncurrentVersions></NoncurrentVersionExpiration>"
	}
	for name, tt := range map[string]struct {
		rules []string
		want  string
	}{
		"an empty filter":                  {[]string{every + days}, ""},
		"a filter of an empty prefix":      {[]string{"<Filter><Prefix/></Filter>" + status + days}, ""},
		"a filter of a tag":                {[]string{"<Filter>" + tagged + "</Filter>" + status + days}, ""},
		"a filter of a size":               {[]string{"<Filter><ObjectSizeLessThan>5</ObjectSizeLessThan></Filter>" + status + days}, ""},
		"several conditions in And":        {[]string{"<Filter><And><Prefix>p</Prefix>" + tagged + "</And></Filter>" + status + days}, ""},
		"a prefix of its own":              {[]string{"<Prefix>p</Prefix>" + status + days}, ""},
		"an empty prefix of its own":       {[]string{"<Prefix/>" + status + days}, ""},
		"neither prefix nor filter":        {[]string{status + days}, "MalformedXML"},
		"a prefix and a filter":            {[]string{"<Prefix>p</Prefix>" + every + days}, "MalformedXML"},
		"an empty prefix and a filter":     {[]string{"<Prefix/>" + every + days}, "MalformedXML"},
		"a filter of two conditions":       {[]string{"<Filter><Prefix>p</Prefix>" + tagged + "</Filter>" + status + days}, "MalformedXML"},
		"an empty prefix and a tag":        {[]string{"<Filter><Prefix/>" + tagged + "</Filter>" + status + days}, "MalformedXML"},
		"a range of sizes without And":     {[]string{"<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan></Filter>" + status + days}, "MalformedXML"},
		"a condition beside And":           {[]string{"<Filter><Prefix>p</Prefix><And>" + tagged + "</And></Filter>" + status + days}, "MalformedXML"},
		"a filter after a prefix":          {[]string{"<Prefix>p</Prefix>" + status + days, every + days}, "InvalidRequest"},
		"a prefix after a filter":          {[]string{every + days, "<Prefix>p</Prefix>" + status + days}, "InvalidRequest"},
		"some newer versions":              {[]string{newer("100")}, ""},
		"a negative number of versions":    {[]string{newer("-2")}, "InvalidArgument"},
		"too many versions":                {[]string{newer("101")}, "InvalidArgument"},
		"more days than a duration counts": {[]string{every + "<Expiration><Days>106752</Days></Expiration>"}, ""},
		"a day and days":                   {[]string{every + "<Expiration><Date>2031-03-09T00:00:00Z</Date><Days>1</Days></Expiration>"}, "MalformedXML"},
		"negative days":                    {[]string{every + "<Expiration><Days>-1</Days></Expiration>"}, "InvalidArgument"},
	} {
		text := "<LifecycleConfiguration>"
		for _, r := range tt.rules {
			text += "<Rule>" + r + "</Rule>"
		}
		var c lifecycleConfiguration
		if err := restxml.DecodeXML([]byte(text+"</LifecycleConfiguration>"), &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.check(); refusalOf(err) != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestDue(t *testing.T) {
	since := time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC)
	midnight := time.Date(2031, 3, 9, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		since time.Time
		days  int
		now   time.Time
		want  bool
	}{
		{"a day is over at the second midnight", since, 1, midnight.AddDate(0, 0, 2), true},
		{"not before", since, 1, midnight.AddDate(0, 0, 2).Add(-1), false},
		{"at midnight, too", midnight, 1, midnight.AddDate(0, 0, 2), true},
		{"not before midnight's", midnight, 1, midnight.AddDate(0, 0, 2).Add(-1), false},
		{"in another zone", since.In(time.FixedZone("", 14*3600)), 1, midnight.AddDate(0, 0, 2).Add(-1), false},
		{"more days than a duration counts", since, 106752, since.AddDate(1, 0, 0), false},
		{"more than a calendar has", since, 1<<63 - 1, since.AddDate(200, 0, 0), false},
	} {
		if got := due(tt.since, tt.days, tt.now); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A rule that was kept before such rules were refused does not end the sweep.
func TestNoncurrentOfANegativeNumber(t *testing.T) {
	long := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	o := &object{Versions: []version{{ID: "2", Modified: long}, {ID: "1", Modified: long}}}
	r := lifecycleRule{NoncurrentVersionExpiration: &noncurrentExpiration{NoncurrentDays: 1, NewerNoncurrentVersions: -5}}
	if got := r.noncurrent("k", o, long.AddDate(1, 0, 0)); !slices.Equal(got, []string{"1"}) {
		t.Errorf("noncurrent = %v, want the version that is not current", got)
	}
}

func TestBucketTypeRefuses(t *testing.T) {
	b := start(t)
	h := bucketType{b.Service}
	rule := func(text string) string { return "LifecycleConfiguration: {Rules: [{Status: Enabled, " + text + "}]}" }
	for name, tt := range map[string]struct{ text, want string }{
		"negative days alone":            {rule("ExpirationInDays: -1"), "InvalidArgument"},
		"negative days and an action":    {rule("ExpirationInDays: -1, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}"), "InvalidArgument"},
		"no days and an action":          {rule("ExpirationInDays: 0, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}"), "InvalidArgument"},
		"negative days of versions":      {rule("NoncurrentVersionExpirationInDays: -1, ExpirationInDays: 1"), "InvalidArgument"},
		"both days of versions":          {rule("NoncurrentVersionExpirationInDays: 3, NoncurrentVersionExpiration: {NoncurrentDays: 5}"), "InvalidRequest"},
		"a negative number of versions":  {rule("NoncurrentVersionExpiration: {NoncurrentDays: 5, NewerNoncurrentVersions: -1}"), "InvalidArgument"},
		"the older days of versions":     {rule("NoncurrentVersionExpirationInDays: 3"), ""},
		"a prefix, tags and sizes":       {rule("ExpirationInDays: 3, Prefix: p, TagFilters: [{Key: a, Value: b}], ObjectSizeLessThan: 7"), ""},
		"a day and days":                 {rule("ExpirationInDays: 3, ExpirationDate: '2031-03-09T00:00:00Z'"), "MalformedXML"},
		"everything, with a delete mark": {rule("ExpiredObjectDeleteMarker: true"), ""},
	} {
		_, err := h.Create(t.Context(), &stack.Request{ProposedName: "box-" + randomID(8), Properties: properties(t, tt.text)})
		if refusalOf(err) != tt.want || tt.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	for text, ok := range map[string]bool{"{Status: Enabled}": true, "{Status: Suspended}": true, "{Status: enabled}": false, "{Status: Off}": false, "{}": false} {
		if err := properties(t, "VersioningConfiguration: "+text).Verify(bucketProperties{}); (err == nil) != ok {
			t.Errorf("VersioningConfiguration %s: %v", text, err)
		}
	}
}
