package s3

import (
	"strings"
	"testing"
)

// Other services read for a caller what the object's tags allow.
func TestOtherServicesReadByTags(t *testing.T) {
	b := start(t)
	policyText := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::box/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}}}`
	if err := b.newBucket(t.Context(), &bucket{Name: "box", Policy: policyText}); err != nil {
		t.Fatal(err)
	}
	b.put("box", "k", "content")
	if _, err := b.Read(as(t, all), "box", "k", "", 100); err != nil {
		t.Error(err)
	}
	in := &putObjectTaggingInput{Tagging: &tagging{Tags: []tag{{"class", "secret"}}}}
	in.Bucket, in.Key = "box", "k"
	if _, err := b.putObjectTagging(as(t, all), in); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(as(t, all), "box", "k", "", 100); err == nil || !strings.Contains(err.Error(), "explicit deny") {
		t.Errorf("Read of what the tags deny: %v", err)
	}
	if _, err := b.deleteObjectTagging(as(t, all), &in.objectInput); err == nil {
		t.Error("tags that deny were removed")
	}
}
